"""The scripts of the reference chapter: activations, initializers, optimizers, your own runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from conftest import ROOT, failure, spoilt

from reference import activations, initializers, my_runs, optimizers, take
from utils.files import load_results

README = (ROOT / "reference" / "README.md").read_text(encoding="utf-8")


def test_activations_and_their_derivatives(run_lesson):
    module, results = run_lesson("reference/activations.py")
    x = np.array(module.POINTS)
    sigmoid = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(results["values"]["silu"], x * sigmoid, atol=1e-4)
    slopes = {name: np.array(values) for name, values in results["slopes"].items()}
    np.testing.assert_allclose(slopes["sigmoid"], sigmoid * (1 - sigmoid), atol=1e-3)
    np.testing.assert_allclose(slopes["relu"], [0, 0, 0.5, 1, 1], atol=1e-3)
    assert results["steepest"]["selu"] == pytest.approx(1.0507 * 1.67326, abs=3e-3)
    powers = np.exp(module.SUMS)
    np.testing.assert_allclose(results["softmax"], powers / powers.sum(), rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "part", "register"),
    [("activations", "values", activations.NAMES), ("optimizers", None, optimizers.COMPARED),
     ("initializers", "relu", initializers.INITIALIZERS)],
)  # fmt: skip
def test_all_that_is_registered_is_measured(name, part, register):
    results = load_results(name)
    measured = set(results[part] if part else results) - {"provenance"}
    assert measured == set(register), f"python book/measuring/measure.py {name}"


@pytest.fixture
def trained(monkeypatch):
    """What `train` of the optimizers was asked for: (name, rate, seed); all end with other losses.

    The validation loss is lowest at the rate 0.1, that of training falls with the rate.
    """
    asked = []

    def train(name, rate, seed, data, epochs):
        asked.append((name, rate, seed))
        last = {"loss": 1 - rate, "val_loss": abs(rate - 0.1) + seed / 100, "val_accuracy": 0.5}
        return {key: [9.0, value] for key, value in last.items()}

    monkeypatch.setattr(optimizers, "train", train)
    return asked


def test_the_rate_is_chosen_once_by_validation_and_then_tried_with_other_seeds(run_lesson, trained):
    options = ["--optimizers", "adam", "--rates", 0.01, 0.1, 1]
    _, results = run_lesson("reference/optimizers.py", *options)
    chosen, default = results["adam"].values()
    assert (chosen["rate"], default["rate"]) == (0.1, 0.001)
    assert chosen["val_loss"] == {"mean": pytest.approx(0.02), "std": pytest.approx(0.01)}
    assert trained[:3] == [("adam", rate, 0) for rate in (0.01, 0.1, 1)]
    assert trained[3:] == [("adam", rate, s) for rate in (0.1, 0.001) for s in (1, 2, 3)]


def test_optimizers_learn_from_one_part_and_are_validated_on_the_other(rows, monkeypatch):
    images = np.arange(1797) + np.zeros((64, 1797))
    digits = type("Digits", (), {"data": 16 * images.T, "target": np.arange(1797) % 10})
    monkeypatch.setattr(optimizers, "load_digits", lambda: digits)
    optimizers.train("sgd", 0.1, 1, optimizers.load_data(), 1)
    learned, judged = rows.of("fit"), rows.of("validate")
    assert (len(learned), len(judged)) == (1347, 450) and not learned & judged


def test_the_shown_optimizers_are_those_of_the_results():
    results = load_results("optimizers")
    del results["provenance"]
    shown = re.search(r"```text\nAfter 20 epochs.*?\n(.*?)```", README, re.DOTALL)[1]
    lines = [optimizers.line(n, w, one[w]) for n, one in results.items() for w in one]
    assert shown.splitlines() == lines


@pytest.mark.parametrize(
    "piece", ["calibrate.py", "baselines.py", pytest.param("resume.py", marks=pytest.mark.slow)]
)
def test_a_piece_runs_outside_of_the_project(piece, tmp_path):
    """With the files that its first lines name and no others; it prints what the text shows."""
    code, shown = re.search(
        rf"```python\n(# {piece}, with .*?)```(?:\s*```text\n(.*?)```)?", README, re.DOTALL
    ).groups()
    for file in re.findall(
        r"(?:\w+/)+\w+\.py", code.partition("\nimport")[0].partition("\nfrom")[0]
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)

    def run(code):
        (tmp_path / piece).write_text(code, encoding="utf-8")
        command = [sys.executable, "-W", "error::Warning:__main__", piece]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    if shown:
        assert run(code) == shown
    else:
        assert "epochs done: 0" in run(code.replace('"digits", 5', '"digits", 2'))
        five = run(code)
        assert "epochs done: 2" in five and "Epoch 2" not in five and "Epoch 5/5" in five


slow = partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "kind", ["text", "forecast", slow("tables"), slow("pictures"), slow("service")]
)
def test_a_project_of_ones_own_stands_alone(kind, tmp_path):
    """Its test passes where there is no book; what it imports is in its requirements."""
    folder = tmp_path / "my project"
    take.main([kind, str(folder)])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    needed = (folder / "requirements.txt").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    names = {"sklearn": "scikit-learn", "PIL": "pillow"}
    for name in set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)):
        own = (folder / f"{name}.py").exists() or name in sys.stdlib_module_names
        assert own or f"\n{names.get(name, name)}>=" in f"\n{needed}", name
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all((folder / name).exists() for name in re.findall(r"python (\w+\.py)", readme))
    assert "is there already" in failure(take.main, [kind, str(folder)])


@pytest.fixture
def write_run(tmp_path, monkeypatch):
    monkeypatch.setattr(my_runs, "ROOT", tmp_path)

    def write(name, command, results, history="", chapter="mnist"):
        folder = tmp_path / chapter / "outputs" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"provenance": {"command": command}} | results)
        (folder / "results.json").write_text(text, encoding="utf-8")
        if history:
            (folder / "a_history.csv").write_text(history, encoding="utf-8")
        return folder

    return write


def test_my_runs_show_what_differs_and_the_scores_to_choose_by(write_run, tmp_path, capsys):
    for number, rate in enumerate((0.1, 0.2), 1):
        model = {"validation": {"accuracy": 0.9 + rate / 10}, "test": {"accuracy": 0.5}}
        results = {"settings": {"learning_rate": rate, "seed": 42}, "models": {"net": model}}
        history = "epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n"
        folder = write_run(f"{number}", "python mnist/mnist.py --outputs x", results, history)
        os.utime(folder / "results.json", (number, number))  # the newest comes first
    write_run("3", "python mnist/other.py --seed 4 --outputs 'a b'", {"loss": 0.25})
    write_run("4", "python mnist/z.py --test", {"accuracy": 0.5})
    tables = my_runs.main(["mnist", "--outputs", str(tmp_path / "out")])
    rows = tables["mnist.py"]
    assert rows[0] == {"run": "2", "learning_rate": "0.2", "validation.accuracy": 0.92}
    assert [row["run"] for row in rows] == ["2", "1"]
    assert tables["other.py"] == [{"run": "3", "loss": 0.25}] and "z.py" not in tables
    assert (tmp_path / "out" / "runs.png").stat().st_size > 10_000
    out = capsys.readouterr().out
    assert "4/results.json has scores of test data only" in out
    assert "seed" not in out and "0.5000" not in out
    with pytest.raises(SystemExit, match=r"no finished run of mlp\.py is in"):
        my_runs.main(["mnist", "--script", "mlp.py"])


def test_damaged_runs_are_left_out(write_run, tmp_path, capsys):
    """Whatever has become of a run: the others are shown, and no letter commands the terminal."""
    one = {"provenance": {"command": "python mnist/w\x1b.py"}, "settings": {"run": [1, "\x1b"]},
           "models": {"\x1b[2J": {"loss": 3, "history": {"loss": [1.0]}}}}  # fmt: skip
    for number, results in enumerate(spoilt(one)):
        write_run(f"odd_{number}", "", results if isinstance(results, dict) else {"x": results})
    write_run("good", "python mnist/good.py", {"loss": 0.5})
    tables = my_runs.main(["mnist", "--outputs", str(tmp_path / "out")])
    assert tables["good.py"] == [{"run": "good", "loss": 0.5}]
    assert "\x1b" not in capsys.readouterr().out
