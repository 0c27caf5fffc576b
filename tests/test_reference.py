"""The scripts of the reference chapter: activations, initializers, optimizers."""

import json
import os
import re
import shutil
import subprocess
import sys
from statistics import NormalDist

import keras
import numpy as np
import pytest
from conftest import ROOT
from keras import layers
from sklearn.datasets import load_digits

from utils.runs import load_results

README = (ROOT / "reference" / "README.md").read_text(encoding="utf-8")


def test_activations_and_their_derivatives(run_lesson):
    module, results = run_lesson("reference/activations.py")
    x = np.array(module.POINTS)
    sigmoid = 1 / (1 + np.exp(-x))
    formulas = {
        "linear": x,
        "sigmoid": sigmoid,
        "tanh": np.tanh(x),
        "softplus": np.log1p(np.exp(x)),
        "relu": np.maximum(x, 0),
        "leaky_relu": np.where(x > 0, x, 0.2 * x),
        "elu": np.where(x > 0, x, np.expm1(x)),
        "selu": 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(x)),
        "gelu": [value * NormalDist().cdf(value) for value in x],
        "silu": x * sigmoid,
    }
    assert set(formulas) == set(module.NAMES)
    for name, expected in formulas.items():
        np.testing.assert_allclose(results["values"][name], expected, atol=1e-4, err_msg=name)
    slopes = {name: np.array(values) for name, values in results["slopes"].items()}
    np.testing.assert_allclose(slopes["sigmoid"], sigmoid * (1 - sigmoid), atol=1e-3)
    np.testing.assert_allclose(slopes["tanh"], 1 - np.tanh(x) ** 2, atol=1e-3)
    np.testing.assert_allclose(slopes["relu"], [0, 0, 0.5, 1, 1], atol=1e-3)
    assert results["steepest"]["sigmoid"] == pytest.approx(0.25, abs=1e-3)
    assert results["steepest"]["selu"] == pytest.approx(1.0507 * 1.67326, abs=3e-3)
    assert 1 < results["steepest"]["silu"] < results["steepest"]["gelu"] < 1.2
    powers = np.exp(module.SUMS)
    np.testing.assert_allclose(results["softmax"], powers / powers.sum(), rtol=1e-4)


def test_initializers_keep_or_lose_the_signal(run_lesson):
    module, results = run_lesson("reference/initializers.py")
    last = {
        activation: {name: sizes[-1] for name, sizes in by_name.items()}
        for activation, by_name in results.items()
    }
    assert all(np.isfinite(list(sizes.values())).all() for sizes in last.values())
    assert last["relu"]["zeros"] == last["tanh"]["zeros"] == 0
    assert 0.3 < last["relu"]["he_normal"] < 3
    assert last["relu"]["glorot_uniform"] < 0.1
    assert last["relu"]["normal_0_05"] < 0.01
    assert last["relu"]["normal_1"] > 1e6
    assert last["tanh"]["normal_1"] > 0.9
    assert 0.1 < last["tanh"]["glorot_uniform"] < 0.5
    # The layers must not all have the same weights.
    keras.utils.set_random_seed(1)
    first, second = (module.INITIALIZERS["he_normal"]()(shape=(3, 3)) for _ in range(2))
    assert not np.allclose(*map(keras.ops.convert_to_numpy, (first, second)))


@pytest.mark.slow
def test_optimizers_learn_at_the_better_of_two_rates(run_lesson):
    options = ["--epochs", 3, "--seeds", 1, "--rates", 1e-6, 0.02]
    _, results = run_lesson("reference/optimizers.py", "--optimizers", "sgd", "adam", *options)
    assert set(results) == {"sgd", "adam"}
    assert results["sgd"]["chosen"]["rate"] == results["adam"]["chosen"]["rate"] == 0.02
    assert results["sgd"]["default"]["rate"] == 0.01
    assert results["adam"]["default"]["rate"] == 0.001
    assert results["adam"]["chosen"]["val_accuracy"]["mean"] > 0.8
    assert results["adam"]["chosen"]["loss"]["mean"] < results["sgd"]["default"]["loss"]["mean"]


def test_what_counts_is_the_last_epoch(load_script):
    ends = [{"loss": end, "val_loss": end + 1, "val_accuracy": 0.5} for end in (0.1, 0.3)]
    histories = [{key: [9.0, 8.0, end] for key, end in one.items()} for one in ends]
    found = load_script("reference/optimizers.py").summarize(0.01, histories)
    assert found["rate"] == 0.01
    assert [found[key]["mean"] for key in ends[0]] == pytest.approx([0.2, 1.2, 0.5])
    assert found["loss"]["std"] == pytest.approx(0.2 / 2**0.5)


def test_optimizers_are_what_they_are_called(load_script):
    module = load_script("reference/optimizers.py")
    made = {name: make(0.125) for name, make in module.OPTIMIZERS.items()}
    assert {name: float(optimizer.learning_rate) for name, optimizer in made.items()} == (
        dict.fromkeys(made, 0.125)
    )
    assert [name.partition("_")[0] for name in made] == [
        type(optimizer).__name__.lower() for optimizer in made.values()
    ]
    assert made["sgd"].momentum == 0
    assert made["sgd_momentum"].momentum == made["sgd_nesterov"].momentum == 0.9
    assert made["sgd_nesterov"].nesterov and not made["sgd_momentum"].nesterov


def test_optimizers_are_judged_by_images_not_trained_on(load_script):
    x_train, x_val, y_train, y_val = load_script("reference/optimizers.py").load_data()
    assert x_train.shape == (1347, 64) and x_val.shape == (450, 64)
    assert np.bincount(y_val).min() > 40
    together = np.concatenate([x_train, x_val])
    assert together.dtype == "float32" and together.min() == 0 and together.max() == 1
    everything = (load_digits().data / 16).astype("float32")
    assert sorted(map(bytes, together)) == sorted(map(bytes, everything))
    assert len(y_train) == 1347


def test_the_shown_optimizers_are_those_of_the_results(load_script):
    line, results = load_script("reference/optimizers.py").line, load_results("optimizers")
    del results["provenance"]
    shown = re.search(r"```text\nAfter 20 epochs.*?\n(.*?)```", README, re.DOTALL)[1]
    assert shown.splitlines() == [
        line(name, which, reached[which]) for name, reached in results.items() for which in reached
    ]


def test_metrics_names_do_not_name_what_evaluate_returns():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy", "auc"])
    examples = np.ones((4, 3), dtype="float32"), np.array([[0], [1], [1], [1]])
    scores = model.evaluate(*examples, verbose=0)
    assert model.metrics_names == ["loss", "compile_metrics"]
    named = model.evaluate(*examples, verbose=0, return_dict=True)
    np.testing.assert_allclose(scores, [named[name] for name in ("loss", "accuracy", "auc")])


def test_a_functional_model_lists_its_input_as_a_layer():
    inputs = keras.Input((4,))
    hidden = layers.Dense(2)
    assert [type(layer).__name__ for layer in keras.Model(inputs, hidden(inputs)).layers] == [
        "InputLayer",
        "Dense",
    ]
    assert keras.Sequential([keras.Input((4,)), hidden]).layers == [hidden]


def test_early_stopping_by_a_wrong_name_warns_and_never_stops():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
    x, y = np.ones((4, 1)), np.ones((4, 1))
    options = {"validation_data": (x, y), "epochs": 3, "verbose": 0}
    wrong = keras.callbacks.EarlyStopping(monitor="val_acc", mode="max")
    with pytest.warns(UserWarning, match="`val_acc` which is not available"):
        history = model.fit(x, y, callbacks=[wrong], **options)
    assert len(history.history["loss"]) == 3
    with pytest.raises(ValueError, match="automatically determine"):
        model.fit(x, y, callbacks=[keras.callbacks.EarlyStopping(monitor="val_acc")], **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("initializers", ["--seed", "-1"]),
        ("optimizers", ["--epochs", "many"]),
    ],
)
def test_a_bad_option_ends_with_status_2(name, options, load_script, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script(f"reference/{name}.py").main(options)
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "piece", ["calibrate.py", "baselines.py", pytest.param("resume.py", marks=pytest.mark.slow)]
)
def test_a_piece_runs_outside_of_the_project(piece, tmp_path):
    """With the files that its first lines name and no others; it prints what the text shows."""
    code, shown = re.search(
        rf"```python\n(# {piece}, with .*?)```(?:\s*```text\n(.*?)```)?", README, re.DOTALL
    ).groups()
    for file in re.findall(r"\w+/\w+\.py", code.partition("\nimport")[0].partition("\nfrom")[0]):
        place = tmp_path / file.removeprefix("forecasts/")
        place.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, place)
    unchanged = "import sys\nassert sys.excepthook is sys.__excepthook__\n"

    def run(code):
        (tmp_path / piece).write_text(code + unchanged, encoding="utf-8")
        command = [sys.executable, "-W", "error::Warning:__main__", piece]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    if shown:
        assert run(code) == shown
        return
    two = run(code.replace('"digits", 5', '"digits", 2'))
    assert "epochs done: 0" in two and "Epoch 2/2" in two
    history = (tmp_path / "run" / "digits_history.csv").read_text(encoding="utf-8")
    five = run(code)
    assert "epochs done: 2" in five and "Epoch 2" not in five and "Epoch 5/5" in five
    longer = (tmp_path / "run" / "digits_history.csv").read_text(encoding="utf-8")
    assert longer.startswith(history) and longer.count("\n") == 6


def write_run(outputs, name, command, results, history=None):
    folder = outputs / name
    folder.mkdir(parents=True)
    text = json.dumps(results | {"provenance": {"command": command}})
    (folder / "results.json").write_text(text, encoding="utf-8")
    if history:
        (folder / "a_history.csv").write_text(history, encoding="utf-8")


@pytest.fixture
def my_runs(load_script, tmp_path, monkeypatch):
    module = load_script("reference/my_runs.py")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def test_my_runs_show_what_differs_and_the_scores_to_choose_by(my_runs, tmp_path, capsys):
    outputs = tmp_path / "mnist" / "outputs"
    for number, rate in enumerate((0.1, 0.2), 1):
        model = {"validation": {"accuracy": 0.9 + rate / 10}, "test": {"accuracy": 0.5}}
        settings = {"learning_rate": rate, "seed": 42}
        results = {"settings": settings, "models": {"net": model}}
        history = "epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n"
        write_run(outputs, f"run_{number}", "python mnist/mnist.py --outputs x", results, history)
    write_run(outputs, "run_3", "python mnist/other.py --seed 4", {"loss": 0.25})
    (outputs / "run_4").mkdir()
    (outputs / "run_4" / "results.json").write_text("{")
    write_run(outputs, "run_5", "python", {})
    write_run(outputs, "run_6", None, {})
    write_run(outputs, "run_7", "python mnist/x.py", {"settings": "x"})
    write_run(outputs, "run_8", "python mnist/y.py", {"history": {"loss": {}, "val_loss": [1]}})
    write_run(outputs, "run_9", "python mnist/z.py --test", {"accuracy": 0.5})
    write_run(outputs, "run_10", "python mnist/w.py", {"loss": 10**400})
    for number, results in enumerate([
        {"loss": 1, "history": {"loss": [10**400]}}, {"models": {"\x1b[2J": {"loss": 3}}},
        {"loss": 2, "settings": {"run": [1, "\x1b"]}},
    ]):  # fmt: skip
        write_run(outputs, f"odd_{number}", "python mnist/w\x1b.py", results)
    (outputs / "run_2" / "b_history.csv").write_text("epoch,loss\n1,0.5\n")
    tables = my_runs.main(["mnist", "--outputs", str(tmp_path / "out")])
    rows = tables["mnist.py"]
    assert [row["run"] for row in rows] == ["run_2", "run_1"]
    assert rows[0] == {"run": "run_2", "learning_rate": "0.2", "validation.accuracy": 0.92}
    assert tables["other.py"] == [{"run": "run_3", "loss": 0.25}]
    assert (tmp_path / "out" / "runs.png").stat().st_size > 10_000
    out = capsys.readouterr().out
    assert "\x1b" not in out and "?[2J" in out and len(tables["w?.py"]) == 3
    for number in (4, 5, 6, 7, 10):
        assert f"run_{number}/results.json cannot be read" in out
    assert "run_9/results.json has scores of test data only" in out
    assert "seed" not in out and "0.5000" not in out and "validation." not in out
    curves = my_runs.name_curves(my_runs.load_runs(outputs))
    assert {"run_2 a", "run_2 b", "run_1"} <= set(curves) and "run_9" not in curves


def test_my_runs_come_in_the_order_in_which_they_were_written(my_runs, tmp_path):
    for name, second in (("to_ship", 1), ("2026-01-01_12-00-00", 2)):
        write_run(tmp_path, name, "python mnist/mnist.py", {"loss": 1})
        os.utime(tmp_path / name / "results.json", (second, second))
    names = [run["run"] for run in my_runs.load_runs(tmp_path)]
    assert names == ["2026-01-01_12-00-00", "to_ship"]


def test_my_runs_name_options_where_there_are_no_settings(my_runs, tmp_path):
    outputs = tmp_path / "xor" / "outputs"
    write_run(outputs, "a", "python xor/xor.py --seed 4 --outputs 'a b'", {"accuracy": 1.0})
    write_run(outputs, "b", "python xor/xor.py", {"accuracy": 0.5})
    (rows,) = my_runs.main(["xor", "--outputs", str(tmp_path / "out")]).values()
    assert [(row["options"], row["accuracy"]) for row in rows] == [("", 0.5), ("--seed 4", 1.0)]
    with pytest.raises(SystemExit, match=r"no finished run of mlp\.py is in"):
        my_runs.main(["xor", "--script", "mlp.py"])
    with pytest.raises(SystemExit, match=r"^2$"):
        my_runs.main(["nothing"])
