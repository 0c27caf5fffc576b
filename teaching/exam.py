"""Machinery for teachers: draw an exam of 45 minutes, in two variants, and the key of each.

    python teaching/exam.py
    python teaching/exam.py --seed 2027    # the same again

The words are those of teaching/keys/questions.toml. The numbers are such as can be computed with by
hand, the answers are computed from them, and code whose output is asked for is run.
Without --seed a number is drawn by lot that nobody else knows: the keys name it. Writes each
variant and each key as Markdown and as a page to print. Takes about 5 seconds on two cores.
Chapter: teaching/TEACHING.md#the-exam
"""

from chapter import OUTPUTS, ROOT

import contextlib
import html
import io
import random
import re
import secrets
import textwrap
import tomllib

import keras
import numpy as np
from jinja2 import Environment, StrictUndefined
from keras import layers

from teaching.exam_numbers import DRAWN, HELPERS, written
from utils.options import make_parser, seed
from utils.runs import make_folder, shown

SAMPLE = 1  # the seed of the exam that is printed in EXAM.md
WORDS = tomllib.loads((ROOT / "teaching" / "keys" / "questions.toml").read_text("utf-8"))
CODE = Environment(undefined=StrictUndefined)
TEXT = CODE.overlay(finalize=written)
PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
@page {{ size: A4; margin: 16mm }}
body {{ font: 11pt/1.4 Georgia, serif; max-width: 46em; margin: auto }}
code, pre {{ font: 9pt/1.35 monospace }}
code {{ white-space: nowrap }}
pre {{ border: 1px solid; padding: 0.4em 0.8em; white-space: pre-wrap }}
section {{ break-inside: avoid }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


def draw(number):
    """Return {"A": questions, "B": questions}, drawn with a seed: dicts, ready to be printed."""
    dice, papers = random.Random(number), {"A": [], "B": []}
    for question in WORDS["questions"]:
        other, numbers = None, {}
        for paper in papers.values():
            taken = {one["topic"] for one in paper}
            fresh = [one for one in question["cases"] if one is not other]
            fresh = [one for one in fresh if topic(question, one) not in taken]
            other = dice.choice(fresh or question["cases"])  # of some there is only one case
            if question["kind"] in DRAWN:
                candidates, keys = DRAWN[question["kind"]]
                last = numbers
                found = [one for one in candidates if all(one[k] != last.get(k) for k in keys)]
                numbers = dice.choice(found)
            row = numbers or dice.choice(other.get("numbers", [{}]))
            paper.append(fill_in(question, other, row))
    return papers


def fill_in(question, case, numbers):
    """Return a question with its numbers: a dict with title, points, ask, answer, code and more.

    Code that the case has under run is run, and its answer knows what came out.
    """

    def fill(text):
        return " ".join(TEXT.from_string(text).render(known).split())

    def write(name):
        return CODE.from_string(case.get(name, "").strip()).render(numbers)

    code = write("run" if "run" in case else "code")
    known = {"line": lambda text: 1 + code[: code.index(text)].count("\n"), **HELPERS, **numbers}
    if "run" in case:
        known |= run(code)
    texts = {key: fill(f"{question.get(key, '')} {case[key]}") for key in ("ask", "answer")}
    more = {"setup": write("setup"), "shows": write("shows"), "code": code, "numbers": numbers}
    more |= {"topic": topic(question, case)}
    return {key: question[key] for key in ("kind", "title", "points", "lesson")} | texts | more


def topic(question, case):
    return case.get("topic", question["kind"])


def run(code):
    """Run code and return the names that it leaves, with what it has printed, a list of lines."""
    printed, names = io.StringIO(), {"keras": keras, "layers": layers, "np": np}
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return names | {"printed": printed.getvalue().split("\n")[:-1]}


def parts(questions, key):
    """Yield for each question, or for its answer, the head, the text and the code, if any."""
    for number, one in enumerate(questions, 1):
        if key:
            yield f"{number}.", one["answer"], ""
        else:
            about = f"({one['points']} points, lesson {one['lesson']})"
            yield f"{number}. {one['title']} {about}:", one["ask"], numbered(one["code"])


def numbered(code):
    return "\n".join(f"{number}  {line}" for number, line in enumerate(code.splitlines(), 1))


def as_markdown(questions, key=False):
    """Return questions, or the answers to them, as Markdown in lines of at most 100 characters."""
    text = ""
    for head, said, code in parts(questions, key):
        text += wrap(f"**{head}** {said}") + "\n\n" + (f"```text\n{code}\n```\n\n" if code else "")
    return text.removesuffix("\n")


def wrap(text):
    """Break a paragraph into lines, none of which begins with what would be a list or a heading."""
    kept = re.sub(r" (?=[-+*×#>=] |\d+\. )|(?<= [-+*×=]) ", "\0", text)
    lines = textwrap.wrap(kept, 100, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def as_page(title, intro, questions, key=False):
    """Return the same as a page of HTML, which prints with no question cut in two."""
    body = "" if key else "<p>Name: ____________________ Date: __________ Points: ______</p>\n"
    body += f"<p>{marked(intro)}</p>"
    for head, said, code in parts(questions, key):
        block = f"<pre>{html.escape(code)}</pre>" if code else ""
        body += f"\n<section><p><b>{head}</b> {marked(said)}</p>{block}</section>"
    return PAGE.format(title=title, body=body)


def marked(text):
    """Return a text as HTML, with its pieces of code, and each of its parts on a line."""
    lines = re.sub(r" (?=[a-d]\)[ ,])", "<br>", html.escape(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", lines)


def sample():
    """Return {path: text} of the exam that the project prints, and of its key."""
    papers = draw(SAMPLE)
    texts = {
        "EXAM.md": f"# A sample of an exam\n\n{wrap(WORDS['sample'])}\n\n{wrap(WORDS['rules'])}\n"
    }
    texts["keys/EXAM.md"] = (
        f"# Answers to the sample\n\n{wrap(WORDS['key'])}\n\n{wrap(WORDS['marking'])}\n"
    )
    for name, questions in papers.items():
        for path, key in (("EXAM.md", False), ("keys/EXAM.md", True)):
            texts[path] += f"\n## Variant {name}\n\n{as_markdown(questions, key)}"
    return {ROOT / "teaching" / path: text for path, text in texts.items()}


def main(argv=None):
    """Write the papers and their keys to a folder, and return them."""
    parser = make_parser("Draw an exam in two variants, with their keys.", OUTPUTS)
    parser.add_argument("--seed", type=seed, help="the same exam again; if not given, by lot")
    parser.add_argument("--sample", action="store_true", help="write the sample of the project")
    args = parser.parse_args(argv)
    if args.sample:
        for path, text in sample().items():
            path.write_text(text, encoding="utf-8", newline="\n")
        return draw(SAMPLE)
    folder = make_folder(args.outputs)
    number = secrets.randbelow(2**32) if args.seed is None else args.seed
    papers = draw(number)
    for name, questions in papers.items():
        for file, title, intro, key in (
            (f"exam_{name}", f"Exam, variant {name}", WORDS["rules"], False),
            (f"key_{name}", f"Key, variant {name}", f"Seed {number}. {WORDS['marking']}", True),
        ):
            text = f"# {title}\n\n{wrap(intro)}\n\n{as_markdown(questions, key)}"
            (folder / f"{file}.md").write_text(text, encoding="utf-8")
            page = as_page(title, intro, questions, key)
            (folder / f"{file}.html").write_text(page, encoding="utf-8")
    print(f"In {shown(folder)}: exam_A, exam_B, key_A and key_B, each as .md and as .html to print")
    print(f"The seed is {number}: keep it to yourself until the exam is over.")
    return papers


if __name__ == "__main__":
    main()
