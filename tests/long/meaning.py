"""Machinery of the tests: which lines carry the meaning of a lesson, for tests/long/rules.py.

Those that compute: not those that draw, print, read options or refuse bad input.
"""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_LESSONS = {"book", "exercises", "playground", "teaching", "tests"}
DRAWING = re.compile(r"(draw|plot|show|print|caption)(_|$)|.*parser$")
SAYING = {
    "print", "fail", "error", "warn", "add_argument", "add", "format", "imshow", "plot", "scatter",
    "bar", "barh", "hist", "text", "annotate", "set", "set_title", "legend", "axhline", "axvline",
    "fill_between", "set_xlim", "set_ylim", "set_xticks", "set_yticks", "subplots", "savefig",
    "exit", "join", "colorbar", "pcolormesh", "contourf", "errorbar", "subplots_adjust",
}  # fmt: skip


def lessons():
    """Return the files of chapters and utils, without those that only draw."""
    paths = sorted(path for depth in ("*", "*/*", "*/*/*") for path in ROOT.glob(f"{depth}/*.py"))
    return [
        path
        for path in paths
        if path.relative_to(ROOT).parts[0] not in NOT_LESSONS | {".venv"}
        and path.name not in ("chapter.py", "figures.py")
        and not path.name.startswith(("draw_", "test_"))
    ]


def name_of(node):
    """Return the last part of the name of what is called or meant: fit of model.fit(x)."""
    node = node.func if isinstance(node, ast.Call) else node
    return getattr(node, "attr", getattr(node, "id", ""))


def is_said(node):
    """Tell whether a node draws, prints, reads options or refuses bad input."""
    if isinstance(node, ast.FunctionDef):
        return bool(DRAWING.match(node.name))
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.value) == "sys.argv"
    if isinstance(node, ast.If):
        first = node.body[0]
        return isinstance(first, ast.Raise) or name_of(getattr(first, "value", None)) in SAYING
    saying = isinstance(node, ast.Call) and (
        name_of(node) in SAYING or DRAWING.match(name_of(node))
    )
    return bool(saying) or isinstance(node, ast.JoinedStr | ast.Assert | ast.Raise)


def computing(node, inside=None):
    """Yield each node in one, but for what is said, and the statement of a function it is in."""
    if not is_said(node):
        inside = node if isinstance(node, ast.stmt) and inside else inside
        yield node, inside
        for child in ast.iter_child_nodes(node):
            body = isinstance(node, ast.FunctionDef) and child in node.body
            yield from computing(child, child if body else inside)


@cache
def required():
    """Return {(function, parameter)} of the project's parameters that must be given."""
    found = set()
    for path in lessons():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef):
                args = node.args
                needed = args.args[: len(args.args) - len(args.defaults)]
                needed += [
                    a for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None
                ]
                found |= {(node.name, one.arg) for one in needed}
    return found
