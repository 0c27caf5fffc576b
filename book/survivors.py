"""Machinery of the book: put small faults into its scripts and see which of them no test notices.

    python book/survivors.py --outputs FOLDER   # 150 faults; stopped? The same command goes on
    python book/survivors.py --count 10 --only utils/options.py mlp/splits.py

A fault is another number, operator or comparison, or a call, a bound or a line less: the rules are
those of exercises/mutants.py. Faults are drawn at random from all places in `utils/` and in the
chapters, put one at a time into a copy of the project, and judged by the quick tests of the files
in tests/ that name the script, by the commands of the READMEs that run it, then by the slow tests.
(Run all tests before: what fails without a fault notices each.) Left out is what the reader is
invited to change or judges by eye: constants at the top of a lesson, figures, texts, and lines that
are printed. Takes about half a minute for each fault on two cores. What came of the last run, and
why each fault that lived may live, is in book/survivors.toml.
"""

from chapter import OUTPUTS, ROOT

import ast
import copy
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from mutants import change, replace
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, read_json, save_results, write_json

NOT_SCRIPTS = {"chapter.py", "__init__.py", "outputs", "tasks", "checks", "faults", "solutions"}
# These read the lines of a script, and would notice a change of each that they show.
READ = {"test_readmes.py", "test_edition.py", "test_notebooks.py", "test_glossary.py"}
MOST_FILES = 3  # of tests for a script
LIMIT = 600  # seconds for the tests of a fault; one that hangs is noticed as well
ALIVE = "alive"


def read_all(paths):
    """Return {path in the project: text}."""
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


CHAPTERS = [path.parent for path in ROOT.glob("*/chapter.py") if path.parent.name != "book"]
SCRIPTS = read_all(
    path
    for folder in sorted([ROOT / "utils", *CHAPTERS])
    for path in sorted(folder.rglob("*.py"))
    if not NOT_SCRIPTS & set(path.relative_to(ROOT).parts)
)
TESTS = read_all(path for path in ROOT.glob("tests/test_*.py") if path.name not in READ)


def is_left_out(node, tree, script):
    """Tell whether all that is in a node is for the reader's eye or for the reader to change."""
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith("draw")
    if isinstance(node, ast.Expr):
        return getattr(getattr(node.value, "func", None), "id", "") == "print"
    if isinstance(node, ast.Assign) and node in tree.body:
        return not script.startswith("utils") and getattr(node.targets[0], "id", "").isupper()
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "__name__ == '__main__'"
    return isinstance(node, ast.JoinedStr | ast.AnnAssign)


def faults_of(node):
    """Yield what may take the place of a node."""
    for fault in change(node):
        new = copy.copy(node)
        fault(new)
        yield new
    yield from (new for new in replace(node) if not isinstance(new, ast.Starred))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()  # a line less


def faults(script):
    """Yield each fault of a script: line and column, what was there, what is there, the source."""
    source, starts = SCRIPTS[script].encode(), [0]
    tree = ast.parse(source)
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    hidden = [node for node in ast.walk(tree) if is_left_out(node, tree, script)]
    hidden = {id(inner) for node in hidden for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in hidden or not hasattr(node, "lineno"):
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        for new in faults_of(node):
            text = ast.unparse(ast.fix_missing_locations(new))
            if isinstance(new, ast.expr) and not isinstance(new, ast.Slice):
                text = f"({text})"
            whole = source[:start] + text.encode() + source[end:]
            place = f"{node.lineno}:{node.col_offset}"
            yield place, source[start:end].decode(), text, whole.decode()


def find_tests(script):
    """Return the files of tests that name a script most often; if none does, its folder.

    Of a module of utils/, those that import it come before those of the scripts that do.
    """
    folder, _, stem = script.removesuffix(".py").rpartition("/")
    direct = re.compile(rf"{re.escape(script)}|import .*\b{stem}\b")
    others = [f"{folder}/"]
    if folder == "utils":
        direct = re.compile(rf"utils(?:\.{stem}\b| import .*\b{stem}\b)|\b{stem}\.(?=[a-z_]+\()")
        imports = re.compile(rf"from utils(?:\.{stem} import| import .*\b{stem}\b)")
        others = [name for name, source in SCRIPTS.items() if imports.search(source)]
    found = {
        path: (len(direct.findall(text)), sum(map(text.count, others)))
        for path, text in TESTS.items()
    }
    by_name = [path for path, (times, _) in found.items() if times]
    some = by_name or [path for path, (_, times) in found.items() if times]
    return sorted(some, key=found.get, reverse=True)[: MOST_FILES if by_name else 2]


def run_tests(project, options):
    """Return which test failed, "time" if they took too long, or ALIVE."""
    started = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-x", "-rfE", "-p", "no:cacheprovider", *options],
        cwd=project,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = started.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "time"
    finally:
        if started.poll() is None:  # as after Ctrl-C
            os.killpg(started.pid, signal.SIGKILL)
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    nothing_failed = started.returncode in (0, 5)  # 5: there is no such test
    return ALIVE if nothing_failed else found[1] if found else output[-500:]


def judge(script, source, project):
    """Return the test that notices a fault, or ALIVE."""
    (project / script).write_text(source, encoding="utf-8")
    tests = find_tests(script)
    chosen = f"test_commands_run and {Path(script).stem}"
    commands = ["--slow", "tests/test_readmes.py", "-k", chosen]
    rounds = (tests, commands, ["--slow", "-m", "slow", *tests])
    answers = (run_tests(project, options) for options in rounds)
    noticed = next((answer for answer in answers if answer != ALIVE), ALIVE)
    (project / script).write_text(SCRIPTS[script], encoding="utf-8")
    return noticed


def main(argv=None):
    """Return how many faults were noticed, of each script, and those that were not."""
    parser = make_parser("Looks for faults that no test notices.", OUTPUTS)
    parser.add_argument("--count", type=positive(int), default=150, help="number of faults")
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, metavar="SCRIPT", default=SCRIPTS)
    parser.add_argument("--seed", type=seed, default=1, help="of the drawing")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    places = [(script, number) for script in args.only for number, _ in enumerate(faults(script))]
    random.Random(args.seed).shuffle(places)
    file = folder / "judged.json"
    judged = read_json(file) if file.exists() else {}
    with tempfile.TemporaryDirectory() as parent:
        project = Path(parent) / "book"
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".git", ".venv", "outputs"))
        for script, number in places[: args.count]:
            place, old, new, source = next(islice(faults(script), number, None))
            name, start = f"{script}:{place} {old} -> {new}", time.monotonic()
            if name not in judged:
                noticed = judge(script, source, project)
                seconds = round(time.monotonic() - start, 1)
                judged[name] = {"script": script, "noticed": noticed, "seconds": seconds}
                print(f"{name}: {noticed}, {seconds} s", flush=True)
                write_json(judged, file)
    alive = [name for name, one in judged.items() if one["noticed"] == ALIVE]
    print(f"{len(judged)} of {len(places)} possible faults, {len(alive)} not noticed")
    scripts = Counter(one["script"] for one in judged.values())
    left = Counter(judged[name]["script"] for name in alive)
    results = {"possible": len(places), "faults": len(judged), "alive": len(alive)}
    results["scripts"] = {name: {"faults": n, "alive": left[name]} for name, n in scripts.items()}
    results["seconds"] = sum(one["seconds"] for one in judged.values())
    return save_results(results | {"survivors": alive}, folder, __file__, argv)


if __name__ == "__main__":
    main()
