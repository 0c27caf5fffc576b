"""Fingerprints: what a result was made by, so that one can tell when that has changed.

A fingerprint has a hash of each definition (a function, a class, a constant) that a script uses:
its own, and those of the project's modules that it imports. The data files that these name are in
it, too. Nothing is executed: the code is read as a tree. So comments and empty lines do not count,
and nor does what is only said: docstrings, print, the help of options. A definition that only
moves to another file keeps its hash.
"""

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path

# What reads options, opens files or refuses them, writes results, and gives figures their style.
LEFT_OUT = {"chapter.py", "utils/bands.py", "utils/figures.py", "utils/fingerprints.py"}
LEFT_OUT |= {"utils/finished.py", "utils/models.py", "utils/options.py", "utils/runs.py"}
LEFT_OUT |= {"utils/startup.py"}
DATA = {".csv", ".json", ".keras", ".npz", ".tsv", ".txt"}
PLACES = [".", "assets/data", "assets/models"]  # of data files, apart from the script's folder
SAID = {"help", "metavar", "description"}  # arguments that nothing is computed from


def short_hash(data):
    return hashlib.sha256(data).hexdigest()[:6]


@cache
def file_hash(path, _modified):
    return short_hash(path.read_bytes())


def is_said(node):
    """Tell whether a statement or an argument only says something."""
    if isinstance(node, ast.keyword):
        return node.arg in SAID
    value = getattr(node, "value", None) if isinstance(node, ast.Expr) else None
    printing = isinstance(value, ast.Call) and getattr(value.func, "id", "") == "print"
    return printing or isinstance(value, ast.Constant)


def plain(node):
    """Return a tree as nested lists that are the same in all versions of Python."""
    if isinstance(node, list):
        return [plain(one) for one in node if not is_said(one)]
    if isinstance(node, ast.AST):
        fields = [(name, plain(value)) for name, value in ast.iter_fields(node)]
        if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some with an empty string
            fields = [("values", [one for one in fields[0][1] if ("value", "''") not in one])]
        return [type(node).__name__, *((name, value) for name, value in fields if value)]
    return repr(node)


def bound(node):
    """Return the names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        return [name.id for one in targets for name in ast.walk(one) if hasattr(name, "id")]
    return []


def references(node):
    """Yield the names that a tree uses as (name, attribute), the second None if there is none."""
    seen = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            seen.add(one.value)
            yield one.value.id, one.attr
        elif isinstance(one, ast.Name) and one not in seen:
            yield one.id, None


class Module:
    """A file of code: its definitions by name, what it imports, and its other statements."""

    def __init__(self, path, root):
        self.path, self.root, self.looked_at = path, root, {}
        self.definitions, self.imports, self.others = {}, {}, []
        tree = ast.parse(path.read_bytes())
        for node in tree.body:
            names = bound(node)
            for name in names:
                self.definitions.setdefault(name, []).append(node)
            guard = "__name__" in {name for name, _ in references(node)}
            imports = isinstance(node, ast.Import | ast.ImportFrom)
            if not (names or guard or imports or is_said(node)):
                self.others.append(node)
        # What a decorator of this module enters into one of its constants.
        pairs = [
            (decorator.id, name)
            for name, (node, *_) in self.definitions.items()
            for decorator in getattr(node, "decorator_list", [])
            if getattr(decorator, "id", None) in self.definitions
        ]
        self.decorators, self.entered = {one for one, _ in pairs}, {name for _, name in pairs}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    name = one.asname or one.name.split(".")[0]
                    self.imports[name] = find_module(one.name, path.parent, root), None
            elif isinstance(node, ast.ImportFrom):
                for one in node.names:
                    whole = find_module(f"{node.module}.{one.name}", path.parent, root)
                    found = whole or find_module(node.module, path.parent, root)
                    self.imports[one.asname or one.name] = found, None if whole else one.name

    def look_at(self, name):
        """Return of a definition, or of the other statements: their hash, names and files."""
        if name not in self.looked_at:
            nodes = self.definitions.get(name, self.others)
            names = {pair for node in nodes for pair in references(node)}
            files = {path for node in nodes for path in files_of(node, self.path, self.root)}
            self.looked_at[name] = short_hash(repr(plain(nodes)).encode()), names, files
        return self.looked_at[name]


@cache
def read_module(path, root, _modified):
    return Module(path, root)


@cache
def scripts_of(root):
    """Return the project's files of code by their names, those that lie higher first."""
    found = {}
    for place in ("*/*.py", "*/*/*.py"):
        for path in sorted(root.glob(place)):
            found.setdefault(path.name, []).append(path)
    return found


@cache
def find_module(name, folder, root):
    """Return the file of a module of the project as a script in folder imports it, or None."""
    if not name or name.split(".")[0] in sys.stdlib_module_names:
        return None
    tail = Path(*name.split(".")).with_suffix(".py")
    known = scripts_of(root).get(tail.name, [])
    near = [base / tail for base in (folder, folder.parent, root)]
    far = [path for path in known if path.parts[-len(tail.parts) :] == tail.parts]
    far = [path for path in far if path.relative_to(root).parts[0] not in ("utils", "tests")]
    return next((path for path in [*near, *far] if path in known), None)


def files_of(node, path, root):
    """Return the files that strings in a module's tree name: data, and scripts it starts."""
    found, here = set(), path.parent
    strings = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    for text in [text for text in strings if isinstance(text, str) and 0 < len(text) < 200]:
        word = text.partition(" ")[0]
        if word.endswith(".py") and "/" in word[1:] and word[0] != "/":
            found |= {root / word}
        elif Path(text).suffix in DATA and "\n" not in text:
            places = [here, here / "data", here.parent, *(root / place for place in PLACES)]
            found |= {next((place / text for place in places if (place / text).is_file()), None)}
    return {path for path in found if path and path.is_file()}


class Reach:
    """What a script uses of the project; found: {hash: (name, file)}, of definitions and files."""

    def __init__(self, script, root):
        self.root, self.found, self.seen = root, {}, set()
        self.waiting = [(script, None, False)]  # the last: whether a decorator uses it
        while self.waiting:
            self.visit(*self.waiting.pop())

    def visit(self, path, name, decorating):
        """Add a definition of a file, or all that it has: name None."""
        place = path.relative_to(self.root).as_posix()
        if (path, name, decorating) in self.seen or {place, path.name} & LEFT_OUT:
            return
        self.seen.add((path, name, decorating))
        try:
            modified = path.stat().st_mtime_ns
            module = read_module(path, self.root, modified) if path.suffix == ".py" else None
        except (FileNotFoundError, SyntaxError):  # somebody edits it just now
            return
        if module is None:
            self.found[file_hash(path, modified)] = path.name, place
            return
        if name is None:
            self.waiting += [(path, one, decorating) for one in module.definitions]
        if name in module.definitions:
            self.add(name, bound(module.definitions[name][0])[0], module, place)
        elif name in module.imports:
            self.follow(module, name, None, decorating)
        if module.others:
            self.add(None, path.name, module, place)
        constant = isinstance(module.definitions.get(name, [None])[0], ast.Assign)
        if constant and not decorating:
            self.waiting += [(path, one, False) for one in module.entered]

    def add(self, name, label, module, place):
        """Add a definition, or other statements (name None), and see to what they use."""
        hash_, names, files = module.look_at(name)
        self.found[hash_] = label, place
        self.waiting += [(path, None, False) for path in files]
        for used, attribute in names:
            self.follow(module, used, attribute, name in module.decorators)

    def follow(self, module, name, attribute, decorating):
        """Go on with what a name means in a module."""
        if name in module.definitions:
            self.waiting.append((module.path, name, decorating))
        elif name in module.imports:
            path, of_it = module.imports[name]
            if path:
                self.waiting.append((path, of_it or attribute, decorating))


def state(file, root):
    """Return the hash of all that is in a file of the project."""
    path = Path(root).resolve() / file
    if path.suffix != ".py":
        return file_hash(path, path.stat().st_mtime_ns)
    module = read_module(path, Path(root).resolve(), path.stat().st_mtime_ns)
    hashes = [module.look_at(name)[0] for name in [*module.definitions, None]]
    return short_hash(" ".join(hashes).encode())


def fingerprint(script, root):
    """Return what a script uses, {hash: (name, file)}; script: its path, in the folder root."""
    return Reach(Path(script).resolve(), Path(root).resolve()).found
