"""Machinery of the tests: rules that each make one mistake in a lesson, of the kind people make.

    python tests/long/rules.py mnist/data.py    # all mutants of a file

Other parts of the data, a keyword forgotten, a window a step off: such a program still runs, and
its figures look healthy. Code that draws, prints or refuses bad input is left alone.
"""

import ast
import copy
import re
import sys
from collections import namedtuple
from itertools import accumulate, permutations, product

from meaning import ROOT, computing, name_of, required

# start, stop: bytes in the file; lines: of its statement, up to it, or None outside functions
Mutant = namedtuple("Mutant", "file line rule start stop old new lines")

PARTS = [("train",), ("validation", "val"), ("test",)]  # how names call the parts of the data
PART = re.compile("train|val|test")
FORGOTTEN = {
    "mask", "groups", "seed", "random_state", "sample_weight", "stratify", "validation_data",
    "training", "from_logits", "return_sequences", "temperature", "axis", "restore_best_weights",
    "mask_zero", "use_causal_mask", "ignore_class", "reverse", "class_weight", "initial_state",
}  # fmt: skip
SEEDED = {"default_rng", "set_random_seed", "SeedGenerator", "RandomState"}
OPPOSITE = {"argmin": "argmax", "min": "max", "minimum": "maximum", "nanmin": "nanmax"}
OPPOSITE |= {large: small for small, large in OPPOSITE.items()}
REDUCING = {*OPPOSITE, "sum", "mean", "std", "var", "any", "all", "norm", "median", "quantile"}
MEANS = {"mean": "sum", "reduce_mean": "reduce_sum", "nanmean": "nansum"}
SHUFFLES = {"shuffle", "permutation", "permuted"}
RESTORES = {"set_weights", "load_weights", "restore"}
SCALERS = {"Rescaling", "Normalization", "StandardScaler", "BatchNormalization"}
STOPPERS = {"EarlyStopping"}
TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


def changed(node, **fields):
    new = copy.copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def other_part(place, own, other, known):
    """Give what names one part of the data the name of another; return whether that exists."""
    for field in ("id", "attr", "value"):
        word = getattr(place, field, None)
        for token, instead in product(own, other) if isinstance(word, str) else ():
            tokens = [instead if one == token else one for one in word.split("_")]
            new = "_".join(tokens)
            if new != word and known.get((type(place), new), place.lineno) < place.lineno:
                setattr(place, field, new)
                return True
    return False


def places(node):
    """Return what a node names directly: arguments, elements, the owner of what is taken."""
    if isinstance(node, ast.Call):
        return [*node.args, *[one.value for one in node.keywords]]
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        return node.elts
    if isinstance(node, ast.Subscript):
        return [node.value, node.slice]
    return [node.value] if isinstance(node, ast.Attribute) else []


def parts(node, known):
    """Another part of the data is taken. known: {(kind of node, word): its first line}."""
    words = [getattr(place, "value", name_of(place)) for place in places(node)]
    words += [name_of(place) for place in places(node)]
    if any(PART.search(word) for word in words if isinstance(word, str)):
        for own, other in permutations(PARTS, 2):
            new = copy.deepcopy(node)
            if sum(other_part(place, own, other, known) for place in places(new)):  # each of them
                yield node, new


def keywords(node, known):
    if isinstance(node, ast.Call):
        for one in node.keywords:
            needed = (name_of(node), one.arg) in required()
            reduces = one.arg != "axis" or name_of(node) in REDUCING  # the others have a default
            if one.arg in FORGOTTEN and reduces and not needed:
                yield node, changed(node, keywords=[k for k in node.keywords if k is not one])


def seeds(node, known):
    if isinstance(node, ast.Call):
        given = node.args[:1] if name_of(node) in SEEDED else []
        given += [arg for arg in node.args if name_of(arg) == "seed"]
        given += [one.value for one in node.keywords if one.arg in ("seed", "random_state")]
        for place in given:
            if not (isinstance(place, ast.Constant) or ast.unparse(place).isupper()):
                yield place, ast.Constant(0)


def windows(node, known):
    """A window or a part begins, or ends, one place too early or too late."""
    bounds = []
    if isinstance(node, ast.Slice) and not node.step:
        bounds = [node.lower, node.upper]
    elif isinstance(node, ast.Call) and name_of(node) in ("range", "arange", "windows"):
        bounds = node.args[:2] if len(node.args) == 2 else node.args[1:2]
    for bound in filter(None, bounds):
        if isinstance(bound, ast.Constant):
            steps = [1, -1] if bound.value else [1]
            yield from ((bound, ast.Constant(bound.value + step)) for step in steps)
        elif not (ast.unparse(bound).isupper() or name_of(bound) in ("count", "most")):
            for op in (ast.Add(), ast.Sub()):
                yield bound, ast.BinOp(bound, op, ast.Constant(1))


def shuffles(node, known):
    if isinstance(node, ast.keyword) and node.arg == "shuffle":
        if isinstance(node.value, ast.Constant):
            yield node.value, ast.Constant(not node.value.value)
    elif isinstance(node, ast.Expr) and name_of(node.value) == "shuffle":
        yield node, ast.Pass()
    elif isinstance(node, ast.Call) and name_of(node) in SHUFFLES and node.args:
        given = ast.unparse(node.args[0])
        if name_of(node) == "permutation":  # of an array, or of the numbers below one
            yield node, ast.parse(f"np.arange({given}) if np.ndim({given}) == 0 else {given}")
        else:
            yield node, node.func.value if name_of(node) == "shuffle" else node.args[0]


def restores(node, known):
    if isinstance(node, ast.Expr) and name_of(node.value) in RESTORES:
        yield node, ast.Pass()


def without(node, names):
    """Yield a list, or a pipeline, without an element that is called so."""
    field = {ast.List: "elts", ast.Call: "args"}.get(type(node))
    if isinstance(node, ast.List) or name_of(node) in ("make_pipeline", "Sequential"):
        for one in getattr(node, field or "", []):
            if isinstance(one, ast.Call) and name_of(one) in names:
                rest = [other for other in getattr(node, field) if other is not one]
                yield node, changed(node, **{field: rest})


def divided(node, kinds, called):
    """Yield what is divided by something that is called so."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, kinds):
        by = ast.unparse(node.right).rpartition(".")[2].lower()
        yield from [(node, node.left)] if by in called else []


def scales(node, known):
    yield from without(node, SCALERS)
    yield from divided(node, ast.Div | ast.Mult, {"255", "127.5"})
    divides = isinstance(node, ast.AugAssign) and ast.unparse(node.value) == "255"
    if divides or (isinstance(node, ast.Expr) and name_of(node.value) == "adapt"):
        yield node, ast.Pass()


def axes(node, known):
    if isinstance(node, ast.keyword) and node.arg == "axis":
        value = ast.unparse(node.value)
        if value in ("0", "1", "-1", "2"):
            yield node.value, ast.Constant({"0": 1, "1": 0, "2": 1, "-1": 0}[value])


def renamed(node, names):
    if isinstance(node, ast.Call) and name_of(node) in names:
        field = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield node.func, changed(node.func, **{field: names[name_of(node)]})


def means(node, known):
    owner = getattr(getattr(node, "func", None), "value", None)
    if owner is not None and name_of(owner) != "statistics":
        yield from renamed(node, MEANS)


def stops(node, known):
    yield from without(node, STOPPERS)
    if isinstance(node, ast.Break):
        yield node, ast.Pass()


def choices(node, known):
    """What is smaller is taken for what is larger."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        yield node, changed(node, ops=[TURNED[type(op)]() for op in node.ops if type(op) in TURNED])


def gradients(node, known):
    if isinstance(node, ast.Call) and name_of(node) == "stop_gradient":
        yield node, node.args[0]


RULES = {
    "another part of the data": parts,
    "a keyword dropped": keywords,
    "one seed for all": seeds,
    "a window one step off": windows,
    "not shuffled": shuffles,
    "best weights not restored": restores,
    "not rescaled": scales,
    "no temperature": lambda node, known: divided(node, ast.Div, {"temperature"}),
    "another axis": axes,
    "smallest for largest": lambda node, known: renamed(node, OPPOSITE),
    "sum for mean": means,
    "not stopped": stops,
    "comparison reversed": choices,
    "gradient not stopped": gradients,
}


def mutants(path):
    """Return the mutants of a file."""
    source = path.read_bytes()
    tree, lines = ast.parse(source), source.splitlines(keepends=True)
    begins = [0, *accumulate(map(len, lines))]
    known = {}
    for node in ast.walk(tree):
        for field in ("id", "attr", "value", "arg"):
            word = getattr(node, field, None)
            if isinstance(word, str) and hasattr(node, "lineno"):
                kind = ast.Name if field == "arg" else type(node)
                known[kind, word] = min(node.lineno, known.get((kind, word), 10**9))
    found = {}
    for node, statement in computing(tree):
        for rule, make in RULES.items():
            for place, new in make(node, known):
                start = begins[place.lineno - 1] + place.col_offset
                stop = begins[place.end_lineno - 1] + place.end_col_offset
                new = ast.unparse(new)
                if isinstance(place, ast.expr) and not isinstance(place, ast.Name | ast.Constant):
                    new = f"({new})" if not isinstance(place, ast.Slice) else new
                file, old = path.relative_to(ROOT).as_posix(), source[start:stop].decode()
                lines = statement and (statement.lineno, place.end_lineno)
                about = file, place.lineno, rule, start, stop, old, new, lines
                found[start, stop, new] = Mutant(*about)
    return list(found.values())


def apply(mutant, source):
    """Return the source, in bytes, with the mistake."""
    return source[: mutant.start] + mutant.new.encode() + source[mutant.stop :]


if __name__ == "__main__":
    for one in mutants(ROOT / sys.argv[1]):
        print(one.line, one.rule, "|", one.old, "->", one.new)
