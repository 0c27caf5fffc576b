"""The exercises: right solutions pass, wrong ones are refused by name, nothing ends in a traceback.

What a reader has written into exercises/tasks/ does not count here.
"""

import ast
import base64
import doctest
import json
import re
import zlib

import numpy as np
import pytest
from conftest import ROOT, loaded, render

from utils.runs import load_results

FOLDER = ROOT / "exercises"
NAMES = sorted(path.stem for path in (FOLDER / "checks").glob("*.py"))
SOFTMAX = re.search(  # the first attempt that the chapter shows
    r"```python\n(import numpy.*?)```", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL
)[1]
IN_32_BITS = """
from functools import wraps

def in_32_bits(function):
    def small(value):
        return value.astype("float32") if getattr(value, "dtype", None) == "float64" else value
    return wraps(function)(lambda *values: function(*map(small, values)))

{name} = in_32_bits({name})
"""
SLOW_IMPORT = """
import sys, time
sys.meta_path.insert(0, type("Finder", (), {"find_spec": lambda *_: time.sleep(1.5)}))
"""
each_exercise = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def mutants():
    with loaded("exercises/mutants.py") as module:
        yield module


@pytest.fixture
def check(load_script, monkeypatch):
    module = load_script("exercises/check.py")
    monkeypatch.setattr("exercises.running.LIMIT", 1)
    monkeypatch.setattr("exercises.running.LOADING", 3)
    return module


def judge(mutants, name, path):
    return mutants.load(FOLDER / "judging.py").judge(name, path)


def faults(mutants, name):
    return mutants.load(FOLDER / "faults" / f"{name}.py")


def solution(name):
    return (FOLDER / "solutions" / f"{name}.py").read_text(encoding="utf-8")


@each_exercise
def test_right_solutions_pass_however_they_are_written(mutants, name, tmp_path):
    ours = solution(name)
    for source in (ours, ours + IN_32_BITS.format(name=name), faults(mutants, name).OTHER):
        (tmp_path / "right.py").write_text(source, encoding="utf-8")
        verdict = judge(mutants, name, tmp_path / "right.py")
        assert verdict == {"state": "right", "sentence": "", "kind": ""}


@each_exercise
def test_wrong_solutions_are_refused_and_the_fault_is_named(mutants, name, tmp_path):
    assert len(mutants.load(FOLDER / "checks" / f"{name}.py").HINTS) == 3
    wrong = mutants.by_hand(solution(name), faults(mutants, name).MUTANTS)
    assert len(wrong) >= 12
    if name == "choose":  # which draws thousands of tokens
        wrong = wrong[::4]
    for number, (word, source) in enumerate(wrong):
        (tmp_path / f"{number}.py").write_text(source, encoding="utf-8")
        verdict = judge(mutants, name, tmp_path / f"{number}.py")
        assert verdict["state"] == "wrong" and word in verdict["sentence"], (source, verdict)


@each_exercise
def test_a_task_has_an_example_that_is_right_and_a_section_that_teaches_it(mutants, name):
    """It is read as it was given out: the function takes what that of the solution takes."""
    (path,) = (FOLDER / "tasks").glob(f"[0-9][0-9]_{name}.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    text, module = ast.get_docstring(tree), mutants.load(FOLDER / "solutions" / f"{name}.py")
    test = doctest.DocTestParser().get_doctest(text, vars(module) | {"np": np}, name, None, 0)
    assert test.examples and not doctest.DocTestRunner(verbose=False).run(test).failed
    file, anchor = re.search(r"^Chapter: (\S+)#(\S+)$", text, re.MULTILINE).groups()
    assert f'id="{anchor}"' in render(ROOT / file)
    assert f"python exercises/check.py {name}" in text


def test_there_are_twenty_and_each_has_its_three_files(check):
    tasks = check.find_tasks()
    assert len(tasks) >= 20 and sorted(tasks) == NAMES
    for folder in ("solutions", "faults"):
        assert {path.stem for path in (FOLDER / folder).glob("*.py")} == set(NAMES)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def neuron(inputs, weights, bias):\n    while True:\n        pass", "stopped in line"),
        ("def neuron(inputs, weights, bias):\n    exit()", "SystemExit in line 2"),
        ("import os\nos._exit(0)", "Python itself ended"),
        ("n = 0\nwhile True:\n    n += 1", "before its function was called"),
        (SLOW_IMPORT + "def neuron(inputs, weights, bias):\n    import slow", "top of the file"),
    ],
)
def test_a_file_that_hangs_or_ends_python_gets_a_sentence(check, source, said, tmp_path, capsys):
    folder = tmp_path / "Müller"  # which faulthandler writes otherwise
    folder.mkdir()
    (folder / "01_neuron.py").write_text(source, encoding="utf-8")
    verdicts = check.main(["neuron", "--tasks", str(folder)])
    assert verdicts["neuron"]["state"] == "wrong"
    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed and "Traceback" not in printed and "--hint" in printed


def test_the_time_of_imports_at_the_top_does_not_count(check, tmp_path):
    source = "import time\ntime.sleep(1.5)\n" + solution("neuron")
    (tmp_path / "01_neuron.py").write_text(source, encoding="utf-8")
    verdicts = check.main(["neuron", "--tasks", str(tmp_path)])
    assert verdicts["neuron"]["state"] == "right"


@pytest.mark.slow
def test_a_solution_may_use_keras(load_script, tmp_path):
    source = "import keras\n\ndef softmax(logits):\n    return keras.ops.softmax(logits).numpy()"
    (tmp_path / "09_softmax.py").write_text(source, encoding="utf-8")
    verdicts = load_script("exercises/check.py").main(["softmax", "--tasks", str(tmp_path)])
    assert verdicts["softmax"]["state"] == "right"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\0", "cannot read the file"),
        ("def neuron(inputs, weights, bias:\n    pass", "cannot read line 1"),
        ("def neuron(inputs, weights, bias):\n    pass", "returns None"),
        ("def neuron(inputs, weights, bias):\n    return 'a'", "type str; a number"),
        ("def neuron(inputs, weights, bias):\n    return weights", "shape (5,); a number"),
        ("def neuron(inputs, weights):\n    return 1.0", "takes (inputs, weights)"),
        ("def neuron(a, b, c):\n    return 1.0", "takes (a, b, c)"),
        ("def neurons(inputs, weights, bias):\n    return 1.0", "no function neuron"),
        ("def neuron(inputs, weights, bias):\n    return 1 / 0", "ZeroDivisionError in line 2"),
        ("import kerras", "ModuleNotFoundError in line 1"),
        ("neuron = lambda inputs, weights, bias: neuron(inputs, weights, bias)", "calls itself"),
    ],
)
def test_whatever_a_file_does_the_answer_is_a_sentence(mutants, source, said, tmp_path):
    path = tmp_path / "01_neuron.py"
    path.write_text(source, encoding="utf-8")
    verdict = judge(mutants, "neuron", path)
    assert verdict["state"] == "wrong" and said in verdict["sentence"]


@pytest.mark.parametrize("dtype", ["complex128", "object", "<U32", "int64", "float16"])
def test_the_dtype_of_an_array_is_named_if_it_is_the_fault(mutants, dtype, tmp_path):
    source = solution("convolve").replace("return maps", f"return maps.astype({dtype!r})")
    (tmp_path / "x.py").write_text(source, encoding="utf-8")
    assert f"dtype {dtype}" in judge(mutants, "convolve", tmp_path / "x.py")["sentence"]


def test_what_differs_is_shown_with_digits_that_differ(mutants, tmp_path):
    bench = mutants.load(FOLDER / "bench.py")
    ask = bench.Ask(lambda x: x - 2e-5, lambda x: x)
    ask(np.ones(2))
    with pytest.raises(bench.DifferenceError, match=r"and is \[0.99998 0.99998\]"):
        ask.compare()
    source = solution("scores").replace("max(np.sum(predicted == 1), 1)", "5.0001")
    (tmp_path / "x.py").write_text(source, encoding="utf-8")
    assert "0.4; it is 0.399992" in judge(mutants, "scores", tmp_path / "x.py")["sentence"]


def test_a_result_over_which_the_check_stumbles_is_refused(mutants, tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def merge(pieces):\n    return ('a', 'b'), [1, [2]]", encoding="utf-8")
    assert "stumbles" in judge(mutants, "merge", path)["sentence"]


def test_the_command_says_what_the_chapter_shows(check, tmp_path, capsys):
    for number, (name, source) in enumerate(
        [
            ("neuron", solution("neuron")),
            ("softmax", SOFTMAX),
            ("scale", "raise NotImplementedError"),
            ("scale_old", "a backup, which is no exercise"),
        ]
    ):
        (tmp_path / f"{number}_{name}.py").write_text(source, encoding="utf-8")
    chapter = (FOLDER / "README.md").read_text(encoding="utf-8")
    check.main(["1", "--tasks", str(tmp_path)])
    assert f"```text\n{capsys.readouterr().out}```" in chapter
    verdicts = check.main(["--tasks", str(tmp_path)])
    states = {name: verdict["state"] for name, verdict in verdicts.items()}
    assert states == {"neuron": "right", "softmax": "wrong", "scale": "not yet"}
    printed = capsys.readouterr().out
    assert "1 of 20 done. Go on with: python exercises/check.py softmax" in printed
    assert "No file: adam, attention" in printed


def test_hints_come_one_by_one(check, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check, "SHOWN_HINTS", tmp_path / "hints.json")
    shown = []
    for options in (["--hint"], ["--hint"], ["--hint", "1"], ["--hint"], ["--hint"], ["--hint"]):
        check.main(["neuron", *options])
        shown.append(len(re.findall(r"^\d\. ", capsys.readouterr().out, re.MULTILINE)))
    assert shown == [1, 2, 1, 2, 3, 3]
    for damage in ("{", "[1]", '{"neuron": "x"}'):
        (tmp_path / "hints.json").write_text(damage, encoding="utf-8")
        check.main(["neuron", "--hint"])
        assert capsys.readouterr().out.startswith("1. ")


@pytest.mark.parametrize(
    "options", [["nobody"], ["0"], ["--hint"], ["--hint", "4"], ["neuron", "1"]]
)
def test_bad_options_end_with_status_2(check, options):
    with pytest.raises(SystemExit, match=r"^2$"):
        check.main(options)


def test_a_changed_file_of_checks_is_noticed(check, tmp_path, monkeypatch, capsys):
    """And nobody else has forgotten to sign: python exercises/mutants.py --sign."""
    assert check.changed_files() == []
    right = check.sums()
    changed = right | {"checks/softmax.py": "0" * 64, "checks/mine.py": "1" * 64}
    monkeypatch.setattr(check, "sums", lambda: changed)
    assert check.changed_files() == ["checks/mine.py", "checks/softmax.py"]
    monkeypatch.setattr(check, "SHOWN_HINTS", tmp_path / "hints.json")
    check.main(["neuron", "--hint"])
    assert "exercises/checks/softmax.py is not the book's" in capsys.readouterr().out


def test_a_copy_without_solutions_judges_as_well(load_script, check, tmp_path, monkeypatch, capsys):
    """As student_copy.py makes one; what is packed is what the solutions are."""
    module = load_script("exercises/judging.py")
    monkeypatch.setattr(module, "SOLUTIONS", tmp_path / "none")
    monkeypatch.setattr(check, "SOLUTIONS", tmp_path / "none")
    monkeypatch.setattr(check, "SHOWN_HINTS", tmp_path / "outputs" / "hints.json")
    random = np.random.default_rng(1)
    logits = random.normal(size=(3, 4))
    for name in NAMES:
        assert callable(module.load_solution(name))
    ours = module.load(FOLDER / "solutions" / "softmax.py").softmax
    assert (module.load_solution("softmax")(logits) == ours(logits)).all()
    packed = base64.decodebytes(module.PACKED.read_bytes())
    assert json.loads(zlib.decompress(packed)) == {name: solution(name) for name in NAMES}
    kept = {file: digest for file, digest in check.sums().items() if "solutions/" not in file}
    monkeypatch.setattr(check, "sums", lambda: kept)
    assert check.changed_files() == []
    check.main(["softmax", "--hint", "3"])
    assert "solution" not in capsys.readouterr().out and (tmp_path / "outputs").is_dir()


def test_rules_make_each_fault_once_and_none_that_is_none(mutants):
    source = "def f(x):\n    y = -x.sum(axis=1)\n    return y[1:] * 2 if y < 3 else g(y)"
    found = mutants.by_rule(source)
    assert len(found) == len(set(found)) and ast.unparse(ast.parse(source)) not in found
    for part in (
        "x.mean(axis=1)",
        "axis=0",
        "y = x.sum",
        "y[:]",
        "/ 2",
        "y <= 3",
        "else y",
        "pass",
    ):
        assert any(part in text for text in found), part


@pytest.mark.slow
def test_the_mutants_of_an_exercise_are_judged(run_main):
    _, results = run_main("exercises/mutants.py", "neuron")
    found = results["exercises"]["neuron"]
    assert found["right"] == 2
    for kind in ("hand", "unseen", "rule"):
        assert found[kind]["refused"] == found[kind]["mutants"] > 2


def test_the_filed_mutants_are_refused_as_the_chapter_says(mutants):
    results = load_results("exercises")
    assert results["judged_by"] == mutants.judged_by(), "checks have changed: measure exercises"
    totals = results["totals"]
    kinds = [totals[kind] for kind in ("hand", "unseen", "rule")]
    assert totals["right"] == 2 * len(NAMES)
    assert sum(one["named"] for one in kinds) >= 0.95 * sum(one["mutants"] for one in kinds)
    assert sum(one["mutants"] for one in kinds[:2]) >= 300
