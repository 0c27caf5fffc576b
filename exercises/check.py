"""Check your solutions of the exercises.

    python exercises/check.py              # all of them
    python exercises/check.py softmax      # one: right, or what is wrong with it
    python exercises/check.py softmax --hint    # a hint; the next one with each call, up to three

You will see a sentence for the one that you name, or a table of all. A check takes a second
or two, all of them five to ten.
Chapter: exercises/README.md#how-it-works
"""

from chapter import OUTPUTS

import contextlib
import hashlib
import json
import os
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exercises.running import run_judge
from utils.options import make_parser
from utils.runs import shown, write_json

FOLDER = Path(__file__).resolve().parent

TASKS, SOLUTIONS = FOLDER / "tasks", FOLDER / "solutions"
NAMES = sorted(path.stem for path in FOLDER.glob("checks/*.py"))
SUMS = FOLDER / "checks" / "SHA256SUMS"
SHOWN_HINTS = OUTPUTS / "hints.json"  # how many of each exercise were shown
WIDTH = 90  # of a line


def find_tasks(folder=TASKS):
    """Return {name: file} in the order of the exercises: 09_softmax.py is called softmax.

    Other files, such as a backup 09_softmax_old.py, do not count.
    """
    files = {path.stem.partition("_")[2]: path for path in sorted(folder.glob("[0-9]*_*.py"))}
    return {name: path for name, path in files.items() if name in NAMES}


def number_of(path):
    return int(path.stem.partition("_")[0])


def sums():
    """Return {file: its SHA-256}, of all that judges; ends of lines do not count."""
    files = [FOLDER / "bench.py", FOLDER / "judging.py", FOLDER / "checks" / "solutions.txt"]
    files += sorted([*FOLDER.glob("checks/*.py"), *FOLDER.glob("solutions/*.py")])
    texts = {path: path.read_bytes().replace(b"\r\n", b"\n") for path in files}
    return {
        path.relative_to(FOLDER).as_posix(): hashlib.sha256(text).hexdigest()
        for path, text in texts.items()
    }


def changed_files():
    """Return which of the files that judge are not those of the book.

    A copy for students has no solutions; the checks do without them.
    """
    with contextlib.suppress(OSError, ValueError):
        lines = SUMS.read_text(encoding="utf-8").splitlines()
        wanted = {file: digest for digest, file in (line.split() for line in lines)}
        found = sums()
        changed = {file for file in wanted | found if wanted.get(file) != found.get(file)}
        return sorted(changed if SOLUTIONS.exists() else changed & {*found})
    return [SUMS.relative_to(FOLDER).as_posix()]


def next_hint(name, step):
    """Return up to which hint to show, from 1 to 3, and remember it; step: as asked for, or 0."""
    counts = {}
    with contextlib.suppress(OSError, ValueError):
        counts = json.loads(SHOWN_HINTS.read_text(encoding="utf-8"))
    counts = counts if isinstance(counts, dict) else {}  # whoever has written into it
    known = counts.get(name)
    step = step or min(known + 1 if isinstance(known, int) else 1, 3)
    with contextlib.suppress(OSError):  # a folder that cannot be written only forgets
        SHOWN_HINTS.parent.mkdir(exist_ok=True)
        write_json(counts | {name: step}, SHOWN_HINTS)
    return step


def show_hints(name, step):
    from exercises.judging import load  # with numpy, which the rest of this script does without

    step = next_hint(name, step)
    for number, hint in enumerate(load(FOLDER / "checks" / f"{name}.py").HINTS[:step], 1):
        print(textwrap.fill(f"{number}. {hint}", WIDTH, subsequent_indent="   "))
    solution = SOLUTIONS / f"{name}.py"
    if step == 3 and solution.exists():
        print(f"All else is in {shown(solution)}: a solution of ours.")


def report(name, path, verdict):
    """Print the verdict on one exercise."""
    state, sentence = verdict["state"], verdict["sentence"]
    if state == "right":
        print(f"{name}: right.")
    elif state == "broken":
        print(f"{name}: its check does not run ({sentence}). Restore the folder exercises/checks.")
    elif state == "not yet":
        print(f"{name}: not done: it ends with raise NotImplementedError, in {shown(path)}.")
    else:
        print(f"{name}: not right yet.\n{textwrap.fill(sentence, WIDTH)}")
        print(f"A hint: python exercises/check.py {name} --hint")


def title_of(path):
    """Return what a task's docstring begins with, if it still has one."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        return first.removeprefix('"""').partition(":")[0] if first.startswith('"""') else ""
    return ""


def report_all(tasks):
    """Judge all tasks, as many at once as there are processors, print a table; return verdicts."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda name: run_judge(name, [tasks[name]])[0], tasks)
    verdicts = dict(zip(tasks, found, strict=True))
    words = {"right": "done", "not yet": "not yet", "wrong": "wrong", "broken": "no check"}
    for name, verdict in verdicts.items():
        number, title = number_of(tasks[name]), title_of(tasks[name])
        print(f"{number:2}  {name:16} {words[verdict['state']]:9} {title}")
    if missing := [name for name in NAMES if name not in tasks]:
        print(textwrap.fill(f"No file: {', '.join(missing)}", WIDTH))
    left = [name for name, verdict in verdicts.items() if verdict["state"] != "right"]
    ending = "" if missing else " That is all of them!"
    ending = f" Go on with: python exercises/check.py {left[0]}" if left else ending
    print(f"{len(verdicts) - len(left)} of {len(NAMES)} done.{ending}")
    return verdicts


def main(argv=None):
    """Return {name: verdict}; of a single exercise that is not right, the status is 1."""
    parser = make_parser("Check your solutions of the exercises.")
    add = parser.add_argument
    add("name", nargs="?", metavar="NAME", help="of an exercise, or its number; none: all")
    add("--hint", nargs="?", type=int, choices=[1, 2, 3], const=0, help="show one more, or up to 3")
    about = "where the solutions lie; whatever is in these files is run, with your rights"
    add("--tasks", type=Path, default=TASKS, metavar="FOLDER", help=about)
    args = parser.parse_args(argv)
    tasks = find_tasks(args.tasks.absolute())
    if not tasks:
        parser.error(f"{args.tasks} holds no exercises such as 01_neuron.py")
    name = args.name
    if name and name.isdigit():
        name = next((one for one in tasks if number_of(tasks[one]) == int(name)), name)
    if name and name not in tasks:
        parser.error(f"{name} is not one of {', '.join(tasks)}")
    if args.hint is not None and not name:
        parser.error("of which exercise? Write its NAME before --hint")
    for file in changed_files():
        print(f"exercises/{file} is not the book's: its word may be wrong until it is restored.")
    if args.hint is not None:
        show_hints(name, args.hint)
        return {}
    if not name:
        return report_all(tasks)
    (verdict,) = run_judge(name, [tasks[name]], show=True)
    report(name, tasks[name], verdict)
    return {name: verdict}


if __name__ == "__main__":
    verdicts = main()
    alone = len(verdicts) == 1
    sys.exit(alone and any(verdict["state"] != "right" for verdict in verdicts.values()))
