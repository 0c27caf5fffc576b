"""The exercises: right solutions pass, wrong ones are refused by name, nothing ends in a traceback.

What a reader has written into exercises/tasks/ does not count here.
"""

import ast
import doctest
import re

import numpy as np
import pytest
from conftest import ROOT, render

from exercises import check, mutants
from exercises.judging import judge, load
from utils.files import load_results

FOLDER = ROOT / "exercises"
CHAPTER = (FOLDER / "README.md").read_text(encoding="utf-8")
SOFTMAX = re.search(r"```python\n(import numpy.*?)```", CHAPTER, re.DOTALL)[1]  # a first attempt
each_exercise = pytest.mark.parametrize("name", check.NAMES)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch, tmp_path):
    monkeypatch.setattr("exercises.running.LIMIT", 1)
    monkeypatch.setattr("exercises.running.LOADING", 3)
    monkeypatch.setattr(check, "SHOWN_HINTS", tmp_path / "outputs" / "hints.json")


def solution(name):
    return (FOLDER / "solutions" / f"{name}.py").read_text(encoding="utf-8")


@each_exercise
def test_right_solutions_pass_and_wrong_ones_are_refused_by_name(name, tmp_path):
    faults, path = load(FOLDER / "faults" / f"{name}.py"), tmp_path / "x.py"
    for source in (solution(name), faults.OTHER):
        path.write_text(source, encoding="utf-8")
        assert judge(name, path) == {"state": "right", "sentence": "", "kind": ""}
    wrong = mutants.by_hand(solution(name), faults.MUTANTS)
    assert len(wrong) >= 12 and len(load(FOLDER / "checks" / f"{name}.py").HINTS) == 3
    for word, source in wrong[:: 4 if name == "choose" else 1]:  # which draws thousands of tokens
        path.write_text(source, encoding="utf-8")
        verdict = judge(name, path)
        assert verdict["state"] == "wrong" and word in verdict["sentence"], (source, verdict)


@each_exercise
def test_a_task_has_an_example_that_is_right_and_a_section_that_teaches_it(name):
    (path,) = (FOLDER / "tasks").glob(f"[0-9][0-9]_{name}.py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    module = load(FOLDER / "solutions" / f"{name}.py")
    test = doctest.DocTestParser().get_doctest(text, vars(module) | {"np": np}, name, None, 0)
    assert test.examples and not doctest.DocTestRunner(verbose=False).run(test).failed
    file, anchor = re.search(r"^Chapter: (\S+)#(\S+)$", text, re.MULTILINE).groups()
    assert f'id="{anchor}"' in render(ROOT / file)
    assert f"python exercises/check.py {name}" in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True:\n        pass", "stopped in line"),
        ("import os\n    os._exit(0)", "Python itself ended"),
        ("return weights", "shape (5,); a number"),
        ("return 1 / 0", "ZeroDivisionError in line 2"),
        ("return None\nwhile True:\n    1", "before its function was called"),
    ],
)
def test_a_file_that_hangs_or_ends_python_gets_a_sentence(body, said, tmp_path, capsys):
    folder = tmp_path / "Müller"  # which faulthandler writes otherwise
    folder.mkdir()
    source = f"def neuron(inputs, weights, bias):\n    {body}"
    (folder / "01_neuron.py").write_text(source, encoding="utf-8")
    assert check.main(["neuron", "--tasks", str(folder)])["neuron"]["state"] == "wrong"
    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed and "Traceback" not in printed and "--hint" in printed


def test_the_command_says_what_the_chapter_shows(tmp_path, capsys):
    sources = {"01_neuron": solution("neuron"), "09_softmax": SOFTMAX, "09_softmax_old": "a backup"}
    sources["07_scale"] = "raise NotImplementedError"
    sources["08_scores"] = solution("scores").replace("max(np.sum(predicted == 1), 1)", "5.0001")
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    check.main(["9", "--tasks", str(tmp_path)])
    assert f"```text\n{capsys.readouterr().out}```" in CHAPTER
    verdicts = check.main(["--tasks", str(tmp_path)])
    states = {"neuron": "right", "scale": "not yet", "scores": "wrong", "softmax": "wrong"}
    assert {name: verdict["state"] for name, verdict in verdicts.items()} == states
    assert "0.4; it is 0.399992" in verdicts["scores"]["sentence"]  # no check has a name for it
    printed = capsys.readouterr().out
    assert "1 of 25 done. Go on with: python exercises/check.py scale" in printed
    assert "No file: adam, attention" in printed


def test_a_changed_file_of_checks_is_noticed(monkeypatch, capsys):
    """And nobody else has forgotten to sign: python exercises/mutants.py --sign."""
    assert check.changed_files() == []
    changed = check.sums() | {"checks/softmax.py": "0" * 64, "checks/mine.py": "1" * 64}
    monkeypatch.setattr(check, "sums", lambda: changed)
    assert check.changed_files() == ["checks/mine.py", "checks/softmax.py"]
    check.main(["neuron", "--hint"])
    assert "exercises/checks/softmax.py is not the book's" in capsys.readouterr().out


def test_the_filed_mutants_are_refused_as_the_chapter_says():
    results = load_results("exercises")
    assert results["judged_by"] == mutants.judged_by(), "checks have changed: measure exercises"
    kinds = [results["totals"][kind] for kind in ("hand", "unseen", "rule")]
    assert results["totals"]["right"] == 2 * len(check.NAMES)
    assert sum(one["named"] for one in kinds) >= 0.95 * sum(one["mutants"] for one in kinds)
