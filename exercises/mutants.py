"""Machinery of the exercises: are wrong solutions refused, and by what sentence?

    python exercises/mutants.py               # all exercises: about a quarter of an hour
    python exercises/mutants.py softmax       # one, with each sentence: some seconds
    python exercises/mutants.py --sign        # pack the solutions, note down the files that judge

A wrong solution is the reference with one fault. A file in faults/ holds those by hand: for each
the word that the sentence must contain, what is replaced in the reference, and by what. Checks were
written, or mended, until they refused all `MUTANTS`. `UNSEEN` came later, and no check was changed
because of what they brought to light. `OTHER` is a right solution that is written in another way.
Those by rule come from here: another operator, another number, a call, a statement or a bound left
out, at each place where that is possible. faults/outsiders.json has whole solutions, right and
wrong, by people who had seen the tasks alone: checks were mended after what two earlier lists had
brought to light, and not after the last one.
Chapter: exercises/README.md#wrong-solutions
"""

from chapter import OUTPUTS

import ast
import hashlib
import os
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exercises.check import SUMS, find_tasks, sums
from exercises.judging import judge_many, load, pack
from utils.options import make_parser
from utils.runs import make_folder, read_json, save_results

FOLDER = Path(__file__).resolve().parent

OUTSIDERS = read_json(FOLDER / "faults" / "outsiders.json")  # {list: {exercise: {right, wrong}}}
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
METHODS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "std": "var", "var": "std"}


def by_hand(source, mutants):
    """Return [(word, source with the fault)]; mutants: (word, what is replaced, by what)."""
    for _, old, _ in mutants:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} is {source.count(old)} times in the solution, not once")
    return [(word, "import numpy as np\n" + source.replace(old, new)) for word, old, new in mutants]


def change(node):
    """Yield functions that each put one fault into a node of the syntax tree."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield lambda new: setattr(new, "op", OPERATORS[type(node.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield lambda new: setattr(new, "ops", [OPERATORS[type(node.ops[0])]()])
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda new: setattr(new, "value", node.value + 1)
        if node.value == 1:
            yield lambda new: setattr(new, "value", 0)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda new: setattr(new, "value", not node.value)
    if isinstance(node, ast.Attribute) and node.attr in METHODS:
        yield lambda new: setattr(new, "attr", METHODS[node.attr])
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            if getattr(node, bound):
                yield lambda new, bound=bound: setattr(new, bound, None)


def replace(node):
    """Yield what may stand in the place of a node as a fault: an expression or a statement."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        yield node.args[0]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield node.operand
    if isinstance(node, ast.BinOp):
        yield node.left
        yield node.right
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    if isinstance(node, ast.Assign | ast.AugAssign | ast.If):
        yield ast.Pass()


def put(tree, old, new):
    """Put a new node into the place of an old one."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            if isinstance(value, list) and old in value:
                value[value.index(old)] = new


def by_rule(source):
    """Return the sources of all solutions with one fault by rule, each once."""
    found, plain = {}, ast.unparse(ast.parse(source))
    for number, node in enumerate(ast.walk(ast.parse(source))):
        for fault in change(node):
            tree = ast.parse(source)
            fault([*ast.walk(tree)][number])
            found[ast.unparse(tree)] = None
        for new in replace(node):
            tree = ast.parse(source)
            put(tree, [*ast.walk(tree)][number], new)
            found[ast.unparse(ast.fix_missing_locations(tree))] = None
    found.pop(plain, None)
    return list(found)


def judge_all(name):
    """Return {kind of mutant: [(word, verdict, source)]} and the verdicts on right solutions."""
    source = (FOLDER / "solutions" / f"{name}.py").read_text(encoding="utf-8")
    faults = load(FOLDER / "faults" / f"{name}.py")
    lists = {kind: OUTSIDERS[kind].get(name, {"wrong": [], "right": []}) for kind in OUTSIDERS}
    mutants = {
        "hand": by_hand(source, faults.MUTANTS),
        "unseen": by_hand(source, faults.UNSEEN),
        "rule": [("", text) for text in by_rule(source)],
        **{kind: [("", text) for text in one["wrong"]] for kind, one in lists.items()},
    }
    right = [source, faults.OTHER, *[text for one in lists.values() for text in one["right"]]]
    texts = [text for group in mutants.values() for _, text in group]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.py" for number in range(len(right + texts))]
        for path, text in zip(paths, right + texts, strict=True):
            path.write_text(text, encoding="utf-8")
        verdicts = iter(judge_many(name, paths))
    of_right = [next(verdicts) for _ in right]
    judged = {
        kind: [(word, next(verdicts), text) for word, text in group]
        for kind, group in mutants.items()
    }
    return judged, of_right


def is_named(word, verdict):
    """Tell whether a wrong solution is refused by a sentence that names the fault.

    Of a mutant by hand it has the word. Of one by rule nobody wrote down what is to be said: there
    it is enough that the sentence does more than set a wrong value beside the right one.
    """
    named = word in verdict["sentence"] if word else verdict["kind"] != "values"
    return verdict["state"] == "wrong" and named


def summarize(judged):
    """Return how many were refused, how many with the fault named, and by what kind of sentence."""
    refused = [verdict for _, verdict, _ in judged if verdict["state"] == "wrong"]
    kinds = Counter(verdict["kind"] for verdict in refused)
    return {
        "mutants": len(judged),
        "refused": len(refused),
        "accepted": sum(verdict["state"] == "right" for _, verdict, _ in judged),
        "named": sum(is_named(word, verdict) for word, verdict, _ in judged),
        **{kind: kinds[kind] for kind in ("fault", "form", "error", "values")},
    }


def show(kind, word, verdict, source, solution):
    """Print the fault and what was said of it."""
    lines = ast.unparse(ast.parse(solution)).splitlines()
    new = [line for line in ast.unparse(ast.parse(source)).splitlines() if line not in lines]
    print(f"{kind}: {' / '.join(line.strip() for line in new) or 'a line less'}")
    missing = "" if word in verdict["sentence"] else f" WITHOUT THE WORD {word!r}"
    print(f"    {verdict['sentence'] or 'ACCEPTED'}{missing}")


def sign():
    """Pack the solutions, and write down the files that judge: check.py sees if one is changed."""
    pack()
    lines = [f"{digest}  {file}\n" for file, digest in sums().items()]
    SUMS.write_text("".join(lines), encoding="utf-8", newline="\n")


def judged_by():
    """Return a hash of what the numbers depend on and is loaded by name: checks and faults."""
    faults = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("faults/*.*"))]
    return hashlib.sha256("".join([*sums().values(), *faults]).encode()).hexdigest()[:6]


def main(argv=None):
    """Return for each exercise and kind of mutant what summarize does, and the totals."""
    parser = make_parser("See whether wrong solutions are refused.", OUTPUTS)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of exercises; none: all")
    parser.add_argument("--sign", action="store_true", help="only write down the files that judge")
    args = parser.parse_args(argv)
    tasks = find_tasks()
    if unknown := set(args.names) - set(tasks):
        parser.error(f"there is no exercise {', '.join(sorted(unknown))}")
    if args.sign:
        sign()
        return {}
    folder, names = make_folder(args.outputs), args.names or list(tasks)
    exercises, left = {}, []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        everything = dict(zip(names, pool.map(judge_all, names), strict=True))
    for name, (judged, right) in everything.items():
        solution = FOLDER / "solutions" / f"{name}.py"
        found = {kind: summarize(mutants) for kind, mutants in judged.items()}
        passed = sum(one["state"] == "right" for one in right)
        exercises[name] = {"right": passed, "of_right": len(right), **found}
        for kind, mutants in judged.items():
            for mutant in mutants:
                if args.names:
                    show(kind, *mutant, solution.read_text(encoding="utf-8"))
                if not is_named(*mutant[:2]):
                    sentence = mutant[1]["sentence"]
                    left.append({"name": name, "kind": kind, "said": sentence, "code": mutant[2]})
        counts = (
            f"{kind} {one['refused']} of {one['mutants']} refused, {one['named']} named"
            for kind, one in found.items()
        )
        print(f"{name:16}{passed} of {len(right)} right ones pass; {'; '.join(counts)}")
    totals = {
        kind: {key: sum(one[kind][key] for one in exercises.values()) for key in found[kind]}
        for kind in found
    }
    for key in ("right", "of_right"):
        totals[key] = sum(one[key] for one in exercises.values())
    results = {"exercises": exercises, "totals": totals, "not_named": left}
    results["judged_by"] = judged_by()
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
