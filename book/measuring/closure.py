"""Machinery of the book: which files of the project a script stands on, and their lines.

python book/measuring/closure.py xor/xor.py    # of one script
python book/measuring/closure.py               # of all lessons: the median, and the longest
"""

import ast
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def imports(path):
    """Return the files of the project that a file imports; its packages count, chapter.py too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *[f"{node.module}.{name}" for name in names]]
        elif not isinstance(node, ast.Import):
            continue
        for name in names:
            place = ROOT.joinpath(*name.split("."))
            places = [place.with_suffix(".py"), place / "__init__.py"]
            places += [path.parent / "chapter.py"] if name == "chapter" else []
            found.update(one for one in places if one.exists())
    if any(one.parent.name == "utils" for one in found):
        found.add(ROOT / "utils" / "__init__.py")
    return found


def closure(path):
    """Return a script and all files of the project that it needs."""
    needed, new = set(), {path}
    while new:
        needed |= new
        new = set().union(*map(imports, new)) - needed
    return needed


def without_words(code):
    """Return what a text of Python does: the same for two that differ in comments or docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):  # a docstring
            first.value.value = ""
    return ast.dump(tree)


@cache
def computes_as_in(commit, name):
    """Return whether a file of the project does what it did in a commit; words do not count."""
    words = ["git", "show", f"{commit}:{name}"]
    before = subprocess.run(words, cwd=ROOT, capture_output=True, encoding="utf-8")
    if before.returncode or not (ROOT / name).is_file():  # it is new, or gone
        return False
    return without_words(before.stdout) == without_words((ROOT / name).read_text("utf-8"))


def size(path):
    """Return how many files a script stands on, with itself, and how many lines they have."""
    files = closure(path)
    return len(files), sum(one.read_text(encoding="utf-8").count("\n") for one in files)


def lessons():
    """Return the scripts that a reader starts: those of the chapters with a main, no machinery."""
    paths = sorted(path for depth in ("*", "*/*", "*/*/*") for path in ROOT.glob(f"{depth}/*.py"))
    aside = {"book", "tests", "utils", "exercises", ".venv"}
    return [
        path
        for path in paths
        if path.relative_to(ROOT).parts[0] not in aside
        and 'if __name__ == "__main__"' in (text := path.read_text(encoding="utf-8"))
        and not text.startswith('"""Machinery')
    ]


if __name__ == "__main__":
    if sys.argv[1:]:
        for one in sorted(closure(ROOT / sys.argv[1])):
            print(one.relative_to(ROOT), one.read_text(encoding="utf-8").count("\n"))
    sizes = {path: size(path) for path in map(ROOT.joinpath, sys.argv[1:] or lessons())}
    files, lines = zip(*sizes.values(), strict=True)
    print(f"{len(sizes)} lessons: {statistics.median(files):g} files, {statistics.median(lines):g}")
    for path, (files, lines) in sorted(sizes.items(), key=lambda item: item[1])[-8:]:
        print(f"{path.relative_to(ROOT)}: {files} files, {lines} lines")
