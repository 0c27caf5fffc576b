"""The exercises: right solutions pass, wrong ones are refused by name, nothing ends in a traceback.

What a reader has written into exercises/tasks/ does not count here.
"""

import ast
import doctest
import re
import time
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, render, skip_loudly

from exercises import check, judging, mutants, running
from exercises.judging import judge_many, load
from exercises.running import Process
from utils.files import load_results

FOLDER = ROOT / "exercises"
CHAPTER = (FOLDER / "README.md").read_text(encoding="utf-8")
SOFTMAX = re.search(r"```python\n(import numpy.*?)```", CHAPTER, re.DOTALL)[1]  # a first attempt
CHEATS = tomllib.loads((ROOT / "tests" / "cheats.toml").read_text(encoding="utf-8"))
each_exercise = pytest.mark.parametrize("name", check.NAMES)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch, tmp_path):
    monkeypatch.setattr("exercises.running.LIMIT", 1)
    monkeypatch.setattr("exercises.running.LOADING", 3)
    monkeypatch.setattr("exercises.running.PATIENCE", 3)
    monkeypatch.setattr("exercises.judging.IMPATIENT", 1)
    monkeypatch.setattr("exercises.judging.DRAWN", 10)
    monkeypatch.setattr(check, "SHOWN_HINTS", tmp_path / "outputs" / "hints.json")


def solution(name):
    return (FOLDER / "solutions" / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",  # choose draws thousands of tokens
    [pytest.param(one, marks=[pytest.mark.slow] * (one == "choose")) for one in check.NAMES],
)
def test_right_solutions_pass_and_wrong_ones_are_refused_by_name(name, tmp_path):
    faults = load(FOLDER / "faults" / f"{name}.py")
    wrong = mutants.by_hand(solution(name), faults.MUTANTS)
    assert len(wrong) >= 12 and len(load(FOLDER / "checks" / f"{name}.py").HINTS) == 3
    wrong = wrong[::6]  # all of them were judged when results were filed
    paths = [tmp_path / f"{number}.py" for number in range(2 + len(wrong))]
    sources = [solution(name), faults.OTHER, *[source for _, source in wrong]]
    for path, source in zip(paths, sources, strict=True):
        path.write_text(source, encoding="utf-8")
    first, other, *refused = judge_many(name, paths)
    assert first["state"] == other["state"] == "right", (first, other)
    for (word, source), verdict in zip(wrong, refused, strict=True):
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
        ("return 1 / 0", "ZeroDivisionError in line 2"),
        ("return None\nwhile True:\n    1", "before its function was called"),
    ],
)
def test_a_file_that_hangs_or_ends_python_gets_a_sentence(
    body, said, tmp_path, capsys, monkeypatch
):
    if "before" in said:  # it is not even read, however fast the machine is
        monkeypatch.setattr("exercises.running.LOADING", 1)
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
    assert f"1 of {len(check.NAMES)} done. Go on with: python exercises/check.py scale" in printed
    assert "No file: adam, attention" in printed


def test_a_changed_file_of_checks_is_noticed(monkeypatch, capsys):
    """And nobody else has forgotten to sign: python exercises/mutants.py --sign."""
    assert check.changed_files() == []
    changed = check.sums() | {"checks/softmax.py": "0" * 64, "checks/mine.py": "1" * 64}
    monkeypatch.setattr(check, "sums", lambda: changed)
    assert check.changed_files() == ["checks/mine.py", "checks/softmax.py"]
    check.main(["neuron", "--hint"])
    assert "Not as in the book" in (said := capsys.readouterr().out)
    assert "checks/mine.py, checks/softmax.py, in exercises/" in said


def test_the_filed_mutants_are_refused_as_the_chapter_says():
    results = load_results("exercises")
    assert results["judged_by"] == mutants.judged_by(), "checks have changed: measure exercises"
    totals = results["totals"]
    hand, *others = (totals[kind] for kind in ("hand", "last", "earlier", "unseen", "rule"))
    assert hand["refused"] == hand["named"] == hand["mutants"]
    assert totals["right"] >= 0.98 * totals["of_right"]
    assert totals["last"]["refused"] >= 0.99 * totals["last"]["mutants"]
    assert sum(one["named"] for one in others) >= 0.95 * sum(one["mutants"] for one in others)


def test_a_solution_knows_no_other_process_and_what_it_starts_ends_with_it(tmp_path):
    if not running.apart():
        skip_loudly("This system gives no namespaces, so solutions can limit other processes.")
    path = tmp_path / "01_neuron.py"
    path.write_text(
        "import os, resource, sys, time\nfound = []\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n    try:\n"
        "        found.append(resource.prlimit(int(pid), resource.RLIMIT_CPU) and int(pid))\n"
        "    except OSError:\n        pass\n"
        "assert {*found} <= {1, 2, 3}, found\n"  # itself and its threads
        "if os.fork() == 0:\n    os.setsid()\n    while True:\n        time.sleep(0.1)\n"
        "        open(os.path.join(sys.argv[1], 'beats'), 'a').write('.')\n" + solution("neuron")
    )
    with Process() as process:
        assert judging.judge_in(process, "neuron", path)["state"] == "right"
        beats = Path(process.folder.name) / "beats"
        time.sleep(0.3)
        assert beats.stat().st_size > 0
        process.end()
        size = beats.stat().st_size
        time.sleep(0.3)
        assert beats.stat().st_size == size


@pytest.mark.slow
@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_passes(cheat, tmp_path):
    """Not by the frames, modules or memory of the judge, nor by its files or a verdict."""
    path = tmp_path / "09_softmax.py"
    path.write_text(CHEATS[cheat], encoding="utf-8")
    files = {file: file.read_bytes() for file in FOLDER.rglob("*.py")}
    with Process() as process:
        if not process.is_fenced():
            skip_loudly("This system has no Landlock, so these files can do what others can.")
        assert judging.judge_in(process, "softmax", path)["state"] == "wrong"
    assert files == {file: file.read_bytes() for file in FOLDER.rglob("*.py")}
    assert not (ROOT / "a_link.py").is_symlink()


def test_a_class_is_graded_into_one_table(tmp_path, capsys):
    """One folder each; what has no file, too, has a row; a link to a solution is no file."""
    for student, source in {"anna": solution("neuron"), "bo": "def neuron(x):\n    1"}.items():
        (tmp_path / student).mkdir()
        (tmp_path / student / "01_neuron.py").write_text(source, encoding="utf-8")
    (tmp_path / "carla" / "tasks").mkdir(parents=True)
    try:
        (tmp_path / "bo" / "09_softmax.py").symlink_to(FOLDER / "solutions" / "softmax.py")
    except OSError:
        pytest.skip("Windows asks for a right")
    (tmp_path / "bo" / "06_adam (1).py").touch()
    outputs = tmp_path / "outputs"
    grades = check.main(["neuron", "9", "--tasks", str(tmp_path), "--outputs", str(outputs)])
    assert [*grades] == ["anna", "bo", "carla"] and [*grades["bo"]] == ["neuron", "softmax"]
    anna, bo, carla = [line for line in capsys.readouterr().out.splitlines() if " of 2" in line]
    assert anna.split() == ["anna", "1", "of", "2"]
    assert bo.endswith("left alone: 06_adam (1).py, 09_softmax.py")
    assert carla.endswith(" 0 of 2  left alone: tasks/")
    rows = pd.read_csv(outputs / "grades.csv").set_index(["student", "exercise"])
    assert len(rows) == 3 * 2
    assert rows.loc[("anna", "neuron"), "verdict"] == "right"
    assert "takes (x)" in rows.loc[("bo", "neuron"), "sentence"]
    assert rows.loc[("bo", "softmax"), "verdict"] == "no file"


def test_a_file_is_read_in_a_usual_encoding(tmp_path):
    """Others, such as punycode, may take hours for a megabyte."""
    path = tmp_path / "01_neuron.py"
    for encoding, state in ("cp1252", "right"), ("punycode", "wrong"):
        path.write_bytes(f"# coding: {encoding}\n# ä\n{solution('neuron')}".encode(encoding))
        assert judging.judge("neuron", path)["state"] == state


def test_the_hint_that_fits_comes_first(tmp_path, capsys):
    (tmp_path / "09_softmax.py").write_text(SOFTMAX, encoding="utf-8")
    hints = load(FOLDER / "checks" / "softmax.py").HINTS
    for number, starts in enumerate([[2], [2, 0], [2, 0, 1]], 1):
        check.main(["softmax", "--hint", "--tasks", str(tmp_path)])
        said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("- ")]
        assert len(said) == len(starts), number
        assert all(
            hints[place].startswith(line[2:50]) for place, line in zip(starts, said, strict=True)
        )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return np.zeros(10**10)", "2 GiB"),
        ("import time\n    time.sleep(0.5)\n    return right(x)", "too slow: its answers have"),
        (
            "keep[len(keep)] = 1\n    return right(x) + (len(keep) % 7 == 5 and len(keep) > 12)",
            "one answer now",
        ),
    ],
)
def test_what_a_function_may_not_do_is_named(body, said, tmp_path, monkeypatch):
    monkeypatch.setattr("exercises.judging.DRAWN", 20)
    if "slow" in said:
        monkeypatch.setattr("exercises.running.ENOUGH", 1)
    source = solution("softmax").replace("def softmax", "def right").replace("logits", "x")
    path = tmp_path / "09_softmax.py"
    path.write_text(f"{source}\n\nkeep = {{}}\n\ndef softmax(x):\n    {body}\n", encoding="utf-8")
    assert said in judging.judge("softmax", path)["sentence"]
