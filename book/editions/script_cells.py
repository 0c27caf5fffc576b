"""Machinery of the notebooks: cells of Python in place of a command that starts a script.

`python xor/xor.py --seed 4` becomes a cell that imports what the script's main uses, and one with
the hyperparameters, as the command sets them, and main below them. There an option is the variable
of its name; what needs the command line, such as results.json, is left out. A function that reads a
hyperparameter stands in a cell between the two: an imported one would read that of the script.
Nothing is written twice: whoever changes the script changes the cells.
"""

import argparse
import ast
import importlib
import re
import shlex
import textwrap
from pathlib import Path
from unittest import mock

from book.editions.code_names import is_definition, loads, missing, targets
from utils.runs import NEW, ROOT

IMPORT = "# What the next cell takes from {path} and from libraries: run it once."
CARRY = "# Parts of {path} that read the numbers of the next cell."
WORK = "# As {path} does it: change a number, and run this cell again."
# What a cell may need that the script does not import.
OTHERS = {
    "Path": "from pathlib import Path",
    "make_folder": "from utils.runs import make_folder",
    "show_curves": "from book.editions.in_notebook import show_curves",
    "show_figures": "from book.editions.in_notebook import show_figures",
}


class ParsedError(Exception):
    """Ends a script as soon as it knows its options."""


def options_of(module, argv):
    """Return what the options of a script are with argv, their defaults, and their help."""
    parse = argparse.ArgumentParser.parse_args

    def stop(parser, args=None):
        helps = {one.dest: one.help for one in parser._actions}
        raise ParsedError(vars(parse(parser, args)), vars(parse(parser, [])), helps)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", stop):
        try:
            module.main(argv)
        except ParsedError as parsed:
            return parsed.args
    raise ValueError(f"{module.__name__}: main reads no options")


def as_code(value):
    """Return Python for the value of an option."""
    if isinstance(value, Path):
        path = value.relative_to(ROOT) if value.is_relative_to(ROOT) else value
        return f'Path("{path.as_posix()}")'
    return f"{value:_}" if type(value) is int else repr(value).replace("'", '"')


class Script:
    """A script, and its options as a command sets them."""

    def __init__(self, path, argv):
        self.path, self.module = path, path.removesuffix(".py").replace("/", ".")
        self.outputs = f'"{path.split("/")[0]}/outputs/{NEW}"'
        self.lines = (ROOT / path).read_text(encoding="utf-8").split("\n")
        body = ast.parse("\n".join(self.lines)).body
        self.imports = [one for one in body if isinstance(one, ast.Import | ast.ImportFrom)]
        self.defined = {one.name: one for one in body if is_definition(one)}
        constants = [one for one in body if isinstance(one, ast.Assign)]
        for one in constants:
            self.defined |= dict.fromkeys(sorted(targets(one)), one)
        # The hyperparameters: the constants above the first line that is empty or a comment.
        above = [self.lines[constants[0].lineno - 1 : one.lineno] for one in constants]
        first = [
            one
            for one, lines in zip(constants, above, strict=True)
            if not any(line[:1] in ("", "#") for line in lines)
        ]
        self.first = set().union(*map(targets, first))
        self.values, self.defaults, self.helps = options_of(
            importlib.import_module(self.module), argv
        )
        main = self.defined.pop("main").body
        end = next(n for n, one in enumerate(main) if ".parse_args(" in self.text(one))
        (self.args,) = targets(main[end])
        self.lost = {"argv", "__file__"}.union(*map(targets, main[: end + 1]))
        self.code = self.finish(main[end + 1 :], main[end].end_lineno)

    def text(self, node):
        first = min(one.lineno for one in (node, *getattr(node, "decorator_list", [])))
        return "\n".join(self.lines[first - 1 : node.end_lineno])

    def is_fixed(self, option):
        """Return whether an option is a switch or unset, and has no constant."""
        fixed = self.values[option] is None or isinstance(self.values[option], bool)
        return fixed and option.upper() not in self.defined

    def is_lost(self, node):
        """Return whether a node needs the command line; `args.epochs` does not."""
        options = [one for one in ast.walk(node) if isinstance(one, ast.Attribute)]
        known = {id(one.value) for one in options if ast.unparse(one.value) == self.args}
        read = [one for one in ast.walk(node) if isinstance(one, ast.Name) and id(one) not in known]
        return any(one.id in self.lost and isinstance(one.ctx, ast.Load) for one in read)

    def finish(self, main, start):
        """Return main as code for a cell."""
        *others, made, last = main
        only = isinstance(made, ast.Assign) and isinstance(made.value, ast.Dict)
        if only and isinstance(last, ast.Return) and not targets(made) & loads(*others):
            main = others  # it is made to be saved
        code = textwrap.dedent("\n".join(self.keep(main, start))).strip()
        code = re.sub(rf"\b{self.args}\.(\w+)", self.variable, code)
        if "folder" not in loads(code):
            code = re.sub(r"^folder = make_folder.*\n+", "", code, flags=re.MULTILINE)
        elif "folder = make_folder(" not in code:
            code = f"folder = make_folder({self.outputs})\n{code}"
        code = re.sub(r"\n{3,}", "\n\n", code) + "\n"
        if "model.fit(" in code and not re.search(r"\bdraw\w*\(.*\bhistory\b", code):
            code += "\nshow_curves(model)"
        return code + "\nshow_figures(folder)" if '.png"' in code or "draw_" in code else code

    def variable(self, match):
        """Return what stands in a cell for an option."""
        if match[1] == "outputs":
            return self.outputs
        return repr(self.values[match[1]]) if self.is_fixed(match[1]) else match[1].upper()

    def keep(self, statements, start):
        """Return the lines of statements that a cell needs; start: of the line below what is above.

        A comment goes with the statement below it.
        """
        kept = []
        for one in statements:
            above, start = self.lines[start : one.lineno - 1], one.end_lineno
            lines = self.keep_one(one)
            kept += [*above, *lines] if lines else [line for line in above if not line.strip()]
        return kept

    def keep_one(self, one):
        if isinstance(one, ast.Return) or "shown(folder)" in self.text(one).split("\n")[0]:
            return []  # the latter tells a shell where the run is
        if isinstance(one, ast.If):
            option = ast.unparse(one.test).removeprefix(f"{self.args}.")
            if option in self.values and self.is_fixed(option):
                body = one.body if self.values[option] else one.orelse
                return [line[4:] for line in self.keep(body, body[0].lineno - 1)] if body else []
        if isinstance(one, ast.If | ast.For | ast.With):
            inner = one.body[0].lineno - 1
            heads = [one.iter] if isinstance(one, ast.For) else getattr(one, "items", [])
            lost = any(map(self.is_lost, heads or [one.test]))
            body = [] if lost else self.keep(one.body, inner)
            below = self.lines[one.body[-1].end_lineno : one.end_lineno]  # else
            return [*self.lines[one.lineno - 1 : inner], *body, *below] if body else []
        if not self.is_lost(one):
            return self.text(one).split("\n")
        call = one.value if isinstance(one, ast.Expr) else None
        alone = isinstance(call, ast.Call) and ast.unparse(call.func) != "place_run"
        if alone and call.args and not self.is_lost(call.args[0]):
            call.args = [part for part in call.args if not self.is_lost(part)]
            return [" " * one.col_offset + ast.unparse(one).replace("'", '"')]
        self.lost |= targets(one)
        return []

    def used(self):
        """Return what of the script main needs, itself or by way of another part of it."""
        found, new = set(), loads(self.code) & set(self.defined)
        while new:
            found |= new
            new = loads(*map(self.text, map(self.defined.get, new))) & set(self.defined) - found
        return found

    def number(self, name):
        """Return the lines that set a hyperparameter to what the command says, with its comment."""
        option, node = name.lower(), self.defined.get(name)
        new = f"{name} = {as_code(self.values.get(option))}"
        if not node:
            about = f"{new}  # {self.helps[option]}"
            return about if self.helps[option] and len(about) < 100 else new
        begin = node.lineno - 1
        while self.lines[begin - 1].startswith("# "):
            begin -= 1
        text = "\n".join(self.lines[begin : node.end_lineno])
        same = self.values.get(option) == self.defaults.get(option)
        return text if same else re.sub(rf"^{name} = .*?(?=  #|$)", lambda _: new, text)

    def import_lines(self, wanted):
        """Return what imports these names, from the script, too."""
        lines = []
        for one in self.imports:
            one.names = [alias for alias in one.names if (alias.asname or alias.name) in wanted]
            lines += [ast.unparse(one)] if one.names else []
            wanted = wanted - {alias.asname or alias.name for alias in one.names}
        if own := sorted(wanted & set(self.defined)):
            lines.append(f"from {self.module} import {', '.join(own)}")
        lines += [OTHERS[name] for name in sorted(wanted - set(own))]
        return "\n".join(wrap(line) for line in lines)


def wrap(line):
    if len(line) <= 88:
        return line
    start, _, rest = line.partition(" import ")
    return f"{start} import (\n{textwrap.indent(textwrap.fill(rest + ',', 84), '    ')}\n)"


def check_defaults(script, shown, carried):
    """Refuse a function whose default is a hyperparameter: it would be that of the script."""
    code = [ast.parse(script.code), *(script.defined[name] for name in carried)]
    calls = [call for part in code for call in ast.walk(part) if isinstance(call, ast.Call)]
    for call in calls:
        name = ast.unparse(call.func)
        one = script.defined.get(name)
        if not isinstance(one, ast.FunctionDef) or not one.args.defaults:
            continue
        places = [arg.arg for arg in one.args.args]
        defaults = dict(zip(places[-len(one.args.defaults) :], one.args.defaults, strict=True))
        given = {*places[: len(call.args)], *(word.arg for word in call.keywords)}
        bad = {place for place, default in defaults.items() if loads(default) & shown}
        if untold := bad if name in carried else bad - given:
            raise ValueError(f"{script.path}: main shall give {name} its {sorted(untold)}")


def cells_of_command(command):
    """Return the sources of the cells that stand for a command such as python xor/xor.py."""
    _, path, *argv = shlex.split(command)
    script = Script(path, argv)
    used, read = script.used(), loads(script.code)
    known = set(script.defined)
    data = {name for name in read & known if not loads(script.defined[name]) & known}
    shown = [name for name in script.defined if name.isupper() and name in used]
    shown = [name for name in shown if name in script.first | data]
    shown += [name for name in map(str.upper, script.values) if name in read - set(shown)]
    carried, before = set(), None
    while carried != before:
        before, follow = carried, {*shown, *carried}
        carried = {one for one in used - set(shown) if loads(script.defined[one]) & follow}
    check_defaults(script, set(shown), carried)
    parts = {script.text(one): one.lineno for one in map(script.defined.get, carried)}
    numbers = dict.fromkeys(map(script.number, shown))  # some share a line
    work = "\n".join([*numbers, "", script.code])
    parts = [*sorted(parts, key=parts.get), work]
    imported = script.import_lines(missing("\n".join(parts)))
    heads = [IMPORT, *[CARRY] * bool(carried), WORK]
    sources = [imported, *["\n\n\n".join(parts[:-1])] * bool(carried), work]
    return [f"{head.format(path=path)}\n{one}" for head, one in zip(heads, sources, strict=True)]
