"""Check your solutions of the exercises.

    python exercises/check.py              # all of them
    python exercises/check.py softmax      # one: right, or what is wrong with it
    python exercises/check.py softmax --hint    # the hint that fits; another one with each call
    python exercises/check.py --tasks CLASS     # a folder of folders, one of each student

You will see a sentence for each that you name, a table of all, or the line of each student. A
check takes a second or two, all of them a quarter of a minute.
Chapter: exercises/README.md#how-it-works
"""

from chapter import OUTPUTS

import contextlib
import hashlib
import os
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exercises.grading import grade_class
from exercises.judging import SEED, judge, load
from utils.options import make_parser, seed
from utils.runs import printable, read_bytes, read_json, shown, write_json

FOLDER = Path(__file__).resolve().parent
TASKS, SOLUTIONS = FOLDER / "tasks", FOLDER / "solutions"
NAMES = sorted(path.stem for path in FOLDER.glob("checks/*.py"))
SUMS = FOLDER / "checks" / "SHA256SUMS"
SHOWN_HINTS = OUTPUTS / "hints.json"  # of each exercise the one that fits, and how many were shown
WIDTH = 90  # of a line


def find_tasks(folder=TASKS):
    """Return {name: file} in the order of the exercises: 09_softmax.py is called softmax.

    Other files, such as a backup 09_softmax_old.py, do not count, nor do links.
    """
    own = [path for path in sorted(folder.glob("[0-9][0-9]_*.py")) if not path.is_symlink()]
    files = {path.stem.partition("_")[2]: path for path in own}
    return {name: path for name, path in files.items() if name in NAMES}


def find_students(folder):
    """Return {student: {name: file}}, a student for each folder in it; {} if none has exercises."""
    paths = sorted(folder.glob("[!._]*/"))
    found = {one.name: {} if one.is_symlink() else find_tasks(one) for one in paths}  # a link: none
    return found if any(found.values()) else {}


def number_of(path):
    return int(path.stem.partition("_")[0])


def sums():
    """Return {file: its SHA-256}, of all that judges; ends of lines do not count."""
    names = "answering.py", "bench.py", "judging.py", "running.py", "checks/solutions.txt"
    files = [FOLDER / name for name in names]
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


def count_hints(name, fits, step):
    """Return how many hints to show, from 1 to 3, and remember it.

    fits: the number of the hint that fits; if it is another one than last time, the count begins
    anew. step: how many were asked for, 0 for one more.
    """
    known = {}
    with contextlib.suppress(OSError, ValueError):
        known = read_json(SHOWN_HINTS)
    known = known if isinstance(known, dict) else {}  # whoever has written into it
    last = known.get(name)
    before = last[1] if isinstance(last, list) and last[:1] == [fits] else 0
    step = step or min(before + 1, 3)
    with contextlib.suppress(OSError):  # a folder that cannot be written only forgets
        SHOWN_HINTS.parent.mkdir(exist_ok=True)
        write_json(known | {name: [fits, step]}, SHOWN_HINTS)
    return step


def show_hints(name, fits, step):
    """Print hints, the one that fits first, then the others in their order."""
    step = count_hints(name, fits, step)
    hints = load(FOLDER / "checks" / f"{name}.py").HINTS
    for hint in [hints[fits - 1], *hints[: fits - 1], *hints[fits:]][:step]:
        print(textwrap.fill(f"- {hint}", WIDTH, subsequent_indent="  "))
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
    with contextlib.suppress(OSError):
        first = printable(read_bytes(path, 200).decode(errors="replace").partition("\n")[0])
        return first.removeprefix('"""').partition(":")[0] if first.startswith('"""') else ""
    return ""


def report_all(tasks, seed):
    """Judge all tasks, as many at once as there are processors, print a table; return verdicts."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda name: judge(name, tasks[name], seed=seed), tasks)
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
    """Return {name: verdict}, or of a class {student: {name: verdict}}."""
    parser = make_parser("Check your solutions of the exercises.", OUTPUTS)
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="of exercises, or their numbers; none: all")
    add("--hint", nargs="?", type=int, choices=[1, 2, 3], const=0, help="show one more, or so many")
    about = "where the solutions lie, of one student or, in folders, of a class; their code is run"
    add("--tasks", type=Path, default=TASKS, metavar="FOLDER", help=about)
    add("--seed", type=seed, default=SEED, help="of the arguments that are drawn")
    args = parser.parse_args(argv)
    folder = args.tasks.absolute()
    tasks, students = find_tasks(folder), find_students(folder)
    if not tasks and not students:
        parser.error(f"{args.tasks} holds no exercises such as 01_neuron.py")
    if tasks and students and folder != TASKS:
        parser.error(f"{args.tasks} holds exercises and, in folders, those of a class; divide them")
    students = {} if tasks else students
    own = find_tasks() | tasks
    names = [next((one for one in own if str(number_of(own[one])) == n), n) for n in args.names]
    known = NAMES if students else tasks
    if bad := [name for name in names if name not in known]:
        parser.error(f"{bad[0]} is not one of {', '.join(known)}")
    if args.hint is not None and (len(names) != 1 or students):
        parser.error("of which exercise? Write its NAME before --hint")
    if changed := changed_files():
        files = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
        print(f"Not as in the book, so what they say may be wrong: {files}, in exercises/")
    if students:
        return grade_class(folder, students, names or NAMES, args, argv)
    if not names:
        return report_all(tasks, args.seed)
    verdicts = {}
    for name in names:
        verdict = verdicts[name] = judge(name, tasks[name], show=args.hint is None, seed=args.seed)
        if args.hint is None:
            report(name, tasks[name], verdict)
        elif verdict["state"] == "right":
            print(f"{name}: right. It needs no hint.")
        else:
            show_hints(name, verdict["hint"], args.hint)
    return verdicts


if __name__ == "__main__":
    verdicts = main()
    states = [verdict.get("state", "right") for verdict in verdicts.values()]
    sys.exit(len(states) == 1 and states != ["right"])  # a single one that is not right
