"""The scripts of the reference chapter: activations, initializers, optimizers, your own runs."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from functools import partial

import numpy as np
import pytest
from conftest import ROOT, failure

from reference import differences, my_runs, optimizers, take
from utils import runs
from utils.files import load_results

slow = partial(pytest.param, marks=pytest.mark.slow)
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


@pytest.mark.parametrize("piece", ["calibrate.py", slow("baselines.py"), slow("resume.py")])
def test_a_piece_runs_outside_of_the_project(piece, tmp_path):
    """With the files that its first lines name and no others; it prints what the text shows."""
    code, shown = re.search(
        rf"```python\n(# {piece}, with .*?)```(?:\s*```text\n(.*?)```)?", README, re.DOTALL
    ).groups()
    for file in re.findall(r"(?:\w+/)+\w+\.py", re.split(r"\n(?:import|from)", code)[0]):
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


@pytest.mark.parametrize(
    "kind", ["forecast", *map(slow, ["text", "tables", "pictures", "service"])]
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

    def write(name, command, results, history="", chapter="mnist", **about):
        folder = tmp_path / chapter / "outputs" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"provenance": {"command": command} | about} | results)
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
    assert (tmp_path / "out" / "runs.png").exists()
    out = capsys.readouterr().out
    assert "4/results.json has scores of test data only" in out
    assert "accuracy 0.92 in place of 0.91, one run each" in out and "0.5000" not in out
    assert "no finished run of mlp.py is in" in failure(
        my_runs.main, ["mnist", "--script", "mlp.py"]
    )


@pytest.fixture
def compare(write_run, tmp_path, capsys):
    """Return a function that says what my_runs.py finds among runs, given from old to new.

    Each is (settings, {seed: loss}, what its script held).
    """

    def compare(*groups):
        script, number = tmp_path / "mnist" / "net.py", 0
        script.parent.mkdir(exist_ok=True)
        for settings, losses, text in groups:
            for seed, loss in losses.items():
                number += 1
                folder = write_run(f"{number:02}", "python mnist/net.py", {})
                with zipfile.ZipFile(folder / runs.KEPT, "w") as file:
                    file.writestr("mnist/net.py", text)
                about = {"code": {"mnist/net.py": hashlib.sha256(text.encode()).hexdigest()}}
                results = {"settings": settings | {"seed": seed}, "loss": loss}
                write_run(f"{number:02}", "python mnist/net.py", results, **about)
                os.utime(folder / "results.json", (number, number))
        tables = my_runs.main(["mnist", "--outputs", str(tmp_path / "out")])["net.py"]
        return tables, capsys.readouterr().out

    return compare


def test_my_runs_say_what_differs_and_show_what_was_edited(compare):
    old, new = "a = 1\nb = 2\n", "a = 1\nb = 3\n"
    one = {"learning_rate": 0.001, "hidden": [8], "test": False}
    other = {"learning_rate": 0.01, "hidden": [8, 4], "test": True}
    rows, said = compare((one, {1: 0.5}, old), (other, {1: 0.4}, new))
    assert (
        "The newest differs from 01: learning rate 0.01 in place of 0.001; hidden 8 4 in place of "
        "8; mnist/net.py was edited.\n    -b = 2\n    +b = 3\nLoss 0.4 in place of 0.5, one run "
        "each: seeds alone may do that. Repeat both with --seed 2" in said
    )
    assert [row["code"] for row in rows] == [2, 1]  # which version of it


def test_my_runs_say_nothing_of_runs_that_differ_in_the_seed_alone(compare):
    rows, said = compare(({"rate": 1}, {1: 0.5, 2: 0.6}, "a"))
    assert "differs" not in said and "code" not in rows[0] and rows[0]["seed"] == "2"


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.31, 0.42, 0.51, 0.62, 0.71], "loss 0.486 higher (0.295 to 0.677): worse, beyond"),
        ([0.1, 0.5, 0.0, 0.5, 0.0], "higher (-0.128 to 0.512), but only in 3 of 5: cannot be told"),
        ([0.02, 0.03, 0.025, 0.03, 0.035], "the same loss"),
    ],
)
def test_my_runs_say_whether_a_difference_is_beyond_seeds(compare, losses, expected):
    """In pairs by seed: what only one of the two settings was run with does not count."""
    usual = dict(enumerate([0.02, 0.03, 0.025, 0.03, 0.035], 1))
    tried = dict(enumerate(losses, 1))
    _, said = compare(
        ({"rate": 2}, {9: 0.1}, "a"),
        ({"rate": 1}, usual | {7: 9.0}, "a"),
        ({"rate": 2}, tried, "a"),
    )
    assert "The newest differs from 07: rate 2 in place of 1." in said
    assert "5 seeds each: " in said and expected in said


def test_two_runs_are_held_against_what_seeds_alone_did(compare, monkeypatch):
    """That is in the book's own runs; the two have a seed in common."""
    band = {"path": "loss", "losses": {"1": 0.3, "2": 0.5, "3": 0.45}}
    monkeypatch.setattr(differences, "bands_of", lambda _: [("net", band)])
    _, said = compare(({"rate": 1}, {1: 0.5, 2: 0.6}, "a"), ({"rate": 2}, {2: 0.5}, "a"))
    assert "Loss 0.5 in place of 0.6, one run each: 0.1 is no more than the 0.2 by which" in said


def test_a_run_keeps_the_code_that_it_was_made_by(tmp_path):
    """As it was when the run began, whatever has been edited since."""
    shutil.copytree(ROOT / "utils", tmp_path / "utils")
    (tmp_path / "mine").mkdir()
    shutil.copy(ROOT / "xor" / "chapter.py", tmp_path / "mine")
    (tmp_path / "mine" / "unused.py").touch()
    (tmp_path / "mine" / "part.py").write_text("VALUE = 1\n")
    script, run = tmp_path / "mine" / "run.py", tmp_path / "run"
    script.write_text(
        "from chapter import OUTPUTS\nimport pathlib\nfrom mine.part import VALUE\n"
        "from utils.runs import make_folder, save_results\n"
        "folder = make_folder(pathlib.Path(__file__).parent.parent / 'run')\n"
        "pathlib.Path(__file__).with_name('part.py').write_text('VALUE = 2\\n')\n"
        "save_results({'value': VALUE}, folder, __file__, [])\n"
    )
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    code = json.loads((run / "results.json").read_text(encoding="utf-8"))["provenance"]["code"]
    assert {*code} == {f"mine/{name}.py" for name in ("chapter", "part", "run")}
    with zipfile.ZipFile(run / runs.KEPT) as file:
        assert file.read("mine/part.py").split() == b"VALUE = 1".split()
