"""Machinery of the book: a copy of the project for students, without the keys.

    python book/editions/student_copy.py ../keras-tutorial-class
    python book/editions/student_copy.py ../keras-tutorial-class --without-answers

Copies what the reader needs; leaves out the solutions, the exam, the tests, runs and environments.
With --without-answers the pages lose what is folded under the questions of a quiz, under an
experiment and under a task: the questions stay. Takes seconds.
"""

from chapter import ROOT

import argparse
import re
import shutil
from pathlib import Path

from book.pages.texts import FENCE, KEYS, is_key
from utils.runs import fail

# What is of one computer only, or belongs to the developers.
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "wheels", "notebooks", "*.claims.toml")
# The sections whose folds are answers; the others stay, but for those that call themselves so.
ASKING = {"Quiz", "Experiment", "Your turn"}
FOLD = re.compile(r"<details>\n<summary>((?:(?!</summary>).)*)</summary>.*?</details>", re.DOTALL)
# What a fold is called that says nothing else; in the others, the question itself is up there.
ANSWER = re.compile(
    r"What (?:we|to) (?:measured|saw|did|expect)\b|(?:The|An?|Our) (?:answer|solution)\b"
)


def without_answers(text):
    """Return a page without the answers to its questions; text: Markdown with folds."""

    def keep_question(fold):
        heading = re.findall(r"^#+ (.+)$", FENCE.sub("", text[: fold.start()]), re.MULTILINE)[-1]
        if ANSWER.match(fold[1]):
            return f"*Not in this copy: {fold[1]}.*"
        return fold[1] if heading in ASKING or fold[1].startswith("Experiment:") else fold[0]

    return re.sub(r",\s+then unfold\.", ".", FOLD.sub(keep_question, text))


def main(argv=None):
    parser = argparse.ArgumentParser(description="Copy the project without its keys.")
    parser.add_argument("folder", type=Path, help="where the copy goes; must not exist")
    about = "also without the answers to quizzes, experiments and tasks"
    parser.add_argument("--without-answers", action="store_true", help=about)
    args = parser.parse_args(argv)
    folder = args.folder
    if folder.exists():
        fail(f"{folder} exists already. Name a new folder.")
    if folder.resolve().is_relative_to(ROOT):
        fail(f"{folder} lies in the project. Name a folder outside.")
    tasks = sorted((ROOT / "exercises" / "tasks").glob("*.py"))
    if solved := [one for one in tasks if "NotImplementedError" not in one.read_text("utf-8")]:
        fail(f"{solved[0].name} has a solution in it. Make the copy from a fresh clone.")

    def leave_out(place, names):
        if Path(place).name == "outputs":
            return names  # the folder stays, since programs of the text write into it
        inside = Path(place).relative_to(ROOT)
        keys = {name for name in names if is_key(inside / name)}
        return keys | LEFT_OUT(place, names)

    shutil.copytree(ROOT, folder, ignore=leave_out)
    for page in folder.rglob("*.md") if args.without_answers else ():
        text = page.read_text(encoding="utf-8")
        page.write_text(without_answers(text), encoding="utf-8", newline="\n")
    print(f"The copy for students is in {folder}, without {', '.join(sorted(KEYS))}")


if __name__ == "__main__":
    main()
