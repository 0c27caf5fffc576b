"""The MNIST laboratory: data, models, training, resuming, reports."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, failure, finished_run
from sklearn.model_selection import StratifiedGroupKFold

from utils import data, training
from utils.runs import RESULTS, write_json
from utils.statistics import score

PARAMETERS = {
    "mlp_one_layer": 407_050,
    "mlp_two_layers": 669_706,
    "mlp_two_layers_dropout": 669_706,
    "conv_net": 93_322,
    "conv_net_l1": 93_322,
    "conv_net_l2": 93_322,
    "conv_net_batch_norm": 93_706,
    "conv_net_dropout": 93_322,
    "le_net": 61_706,
}


@pytest.fixture
def mnist(load_script):
    return load_script("mnist/mnist.py")


@pytest.fixture
def small():
    return data.prepare_mnist((28, 28, 1), 256)


def test_data_are_float32_in_three_parts():
    (images, labels), (test_images, test_labels) = data.load_mnist()
    digits, test = data.prepare_mnist((784,)), data.prepare_test((784,))
    assert [part.shape for part in (*digits, *test)] == [
        (55_000, 784),
        (55_000, 10),
        (5_000, 784),
        (5_000, 10),
        (10_000, 784),
        (10_000, 10),
    ]
    assert all(part.dtype == np.float32 for part in (*digits, *test))
    assert digits.x_train.min() == 0 and digits.x_train.max() == 1
    np.testing.assert_array_equal(test[1].argmax(axis=1), test_labels)
    np.testing.assert_allclose(test[0] * 255, test_images.reshape(-1, 784), atol=1e-4)
    # The order is that of MNIST.
    validates = np.isin(data.load_writers()[0], data.VALIDATION_WRITERS)
    for part, chosen in (("train", ~validates), ("validation", validates)):
        x, y = digits.parts()[part]
        np.testing.assert_array_equal(y.argmax(axis=1), labels[chosen])
        np.testing.assert_allclose(x * 255, images[chosen].reshape(-1, 784), atol=1e-4)


def test_nobody_wrote_digits_of_two_parts():
    writers = {part: set(data.writers_of(part)) for part in ("train", "validation", "test")}
    assert [len(some) for some in writers.values()] == [494, 45, 297]
    assert len(set.union(*writers.values())) == 494 + 45 + 297
    assert len(data.writers_of("validation")) == data.VALIDATION_SIZE


def test_those_who_validate_were_drawn_by_scikit_learn():
    """With digit and series as strata, so that about half of them are students, as in the test."""
    (_, labels), _ = data.load_mnist()
    writers, _ = data.load_writers()
    with np.load(data.WRITERS_FILE) as arrays:
        student = arrays["series_train"] == 4
    folds = StratifiedGroupKFold(12, shuffle=True, random_state=3)
    _, validates = next(folds.split(labels, 2 * labels.astype(int) + student, writers))
    assert sorted(set(writers[validates])) == data.VALIDATION_WRITERS
    assert student[validates].mean() == pytest.approx(0.48, abs=0.01)


def test_missing_or_damaged_writers_end_with_one_line(tmp_path):
    path = tmp_path / "mnist_writers.npz"
    with pytest.raises(SystemExit, match=r"mnist_writers\.npz is missing\. Restore it"):
        data.load_writers(path)
    with np.load(data.WRITERS_FILE) as arrays:
        whole = dict(arrays)
    path.write_bytes(data.WRITERS_FILE.read_bytes()[:1000])
    damaged = r"mnist_writers\.npz is damaged .*Restore it"
    with pytest.raises(SystemExit, match=damaged):
        data.load_writers(path)
    for change in ({"train": whole["train"][1:]}, {"train": whole["train"][::-1] * 0}):
        np.savez(path, **whole | change)
        with pytest.raises(SystemExit, match=damaged):
            data.load_writers(path)


@pytest.mark.parametrize("shape", [(28, 28, 1), (1, 28, 28)])
def test_fewer_training_images_leave_the_validation_images_as_they_are(shape):
    digits = data.prepare_mnist(shape, train_samples=100)
    assert digits.x_train.shape == (100, *shape)
    assert len(digits.x_val) == 5_000
    np.testing.assert_array_equal(digits.y_val, data.prepare_mnist(shape).y_val)


def test_damaged_data_end_with_one_line(tmp_path):
    damaged = tmp_path / "mnist.npz"
    damaged.write_bytes(data.MNIST_FILE.read_bytes()[:1_000_000])
    assert re.search(r"mnist\.npz is damaged .*Restore it", failure(data.load_mnist, damaged))


def test_data_of_another_kind_end_with_one_line(tmp_path):
    arrays = {
        "x_train": np.zeros((60_000, 28, 28), "uint8"),
        "y_train": np.zeros(60_000, "uint8"),
        "x_test": np.zeros((10_000, 28, 28), "uint8"),
        "y_test": np.zeros(10_000, "uint8"),
    }
    path = tmp_path / "mnist.npz"
    for name, wrong in [
        ("x_test", arrays["x_test"][:, :27]),
        ("x_train", arrays["x_train"][1:]),
        ("x_test", np.full((10_000, 28, 28), np.nan, "float32")),
        ("y_test", arrays["y_test"] + 10),
        ("y_test", arrays["y_test"].astype("int64") - 1),
        ("y_test", arrays["y_test"].astype(str)),
    ]:
        np.savez(path, **arrays | {name: wrong})
        with pytest.raises(SystemExit, match="is damaged"):
            data.load_mnist(path)
    path.write_bytes(b"")
    with path.open("wb") as file:
        np.save(file, arrays["y_test"])
    with pytest.raises(SystemExit, match="is damaged"):
        data.load_mnist(path)
    np.savez(path, **arrays)
    assert data.load_mnist(path)[1][1].shape == (10_000,)


def test_missing_data_are_downloaded_or_end_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: "downloaded")
    assert data.load_mnist(tmp_path / "none.npz") == "downloaded"

    def no_network():
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", no_network)
    with pytest.raises(SystemExit, match="missing and the download failed"):
        data.load_mnist(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("mlp_two_layers_dropout", [0.5, 0.5]),
        ("conv_net_dropout", [0.25, 0.5]),
        ("best_net", [0.3, 0.5]),
    ],
)
def test_dropout_drops_what_the_book_says(load_script, name, shares):
    network = load_script("mnist/models.py").MODELS[name]()
    dropouts = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    dropped = [(layer(np.ones((1, 10_000)), training=True) == 0) for layer in dropouts]
    found = [keras.ops.convert_to_numpy(zeros).mean() for zeros in dropped]
    assert found == pytest.approx(shares, abs=0.03)


def test_the_zoo_has_the_parameters_that_the_book_states(load_script):
    models = load_script("mnist/models.py")
    for name, parameters in PARAMETERS.items():  # a reader's own model may join them
        build = models.MODELS[name]
        assert name in models.ZOO and build().name == name
        assert build().count_params() == parameters
        assert f"{parameters:,} parameters" in build.__doc__


def test_sure_mistakes_count_in_full():
    labels = np.eye(2, dtype="float32")
    probabilities = np.array([[0.5, 0.5], [1, 1e-20]], dtype="float32")
    scores = score(labels, probabilities)
    assert scores["cross_entropy"] == pytest.approx((math.log(2) + 20 * math.log(10)) / 2)
    assert (scores["accuracy"], scores["errors"]) == (0.5, 1)


@pytest.mark.parametrize(("name", "penalty"), [("conv_net_l1", "l1"), ("conv_net_l2", "l2")])
def test_penalties_fall_on_every_kernel_but_the_last(load_script, name, penalty):
    network = load_script("mnist/models.py").MODELS[name]()
    with_kernel = [layer for layer in network.layers if hasattr(layer, "kernel_regularizer")]
    *hidden, output = with_kernel
    assert len(hidden) == 4
    assert output.kernel_regularizer is None
    for layer in hidden:
        assert float(getattr(layer.kernel_regularizer, penalty)) == pytest.approx(0.0001)


def test_a_run_learns_and_leaves_all_that_it_promises(mnist, few_digits, tmp_path, capsys):
    results = mnist.main(
        ["-m", "conv_net", "--epochs", "3", "--train-samples", "6000", "--batch-size", "64"]
        + ["--outputs", str(tmp_path)]
    )
    model = results["models"]["conv_net"]
    assert model["validation"]["accuracy"] > 0.9  # a network that has learned nothing is at 0.1
    assert model["train"]["accuracy"] > 0.93
    assert "test" not in model
    said = "people it never met: {accuracy:.2%} of 500 right, {errors} misread"
    assert said.format(**model["validation"]) in capsys.readouterr().out
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(results)
    )

    history = pd.read_csv(tmp_path / "conv_net_history.csv")
    assert list(history["epoch"]) == [1, 2, 3]
    assert history["loss"].is_monotonic_decreasing
    # No dropout and no penalty: what Keras measured is what the report says.
    assert history["val_accuracy"].iloc[-1] == pytest.approx(model["validation"]["accuracy"])
    loss = history["val_loss"].iloc[-1]
    assert loss == pytest.approx(model["validation"]["cross_entropy"], rel=1e-4)

    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    endings = ["acc_e3", "loss_e3", "times_e3", "confusion", "mistakes"]
    assert all((tmp_path / f"conv_net_{ending}.png").stat().st_size > 5_000 for ending in endings)
    assert report.count("data:image/png;base64,") == 5
    assert "MaxPooling2D" in model["summary"] and "MaxPooling2D" in report
    ends = f"on training data from {history['loss'].iloc[0]:.4g} to {history['loss'].iloc[-1]:.4g}"
    assert f'alt="conv_net: loss over 3 epochs: {ends}' in report
    assert f"validation images {model['validation']['errors']} are off the diagonal" in report
    assert 'src="http' not in report and 'href="http' not in report
    assert f"{model['validation']['accuracy']:.2%}" in report and "<h2>The test" not in report

    reloaded = keras.models.load_model(tmp_path / "conv_net.keras")
    x, y = data.prepare_mnist(reloaded.input_shape[1:], 10).parts()["validation"]
    predictions = reloaded.predict(x, verbose=0)
    assert score(y, predictions)["accuracy"] == pytest.approx(model["validation"]["accuracy"])
    with np.load(tmp_path / "conv_net_predictions.npz") as saved:
        assert set(saved) == {"validation"}
        np.testing.assert_allclose(saved["validation"], predictions, atol=1e-5)


def test_the_test_images_are_read_when_they_are_asked_for(load_quickly, tmp_path, capsys):
    mnist = load_quickly("mnist/mnist.py")
    options = ["--epochs", "1", "--train-samples", "256"]
    mnist.main(["-m", "le_net", *options, "--outputs", str(tmp_path)])
    assert "Test images" not in capsys.readouterr().out
    scores = mnist.main(["--resume", str(tmp_path), "--test"])["models"]["le_net"]
    said = "Test images, by people it never met: {accuracy:.2%} of 500 right"
    assert said.format(**scores["test"]) in capsys.readouterr().out
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<td>{scores['test']['accuracy']:.2%}<td>" in report.partition("<h2>The test")[2]
    x, y = data.prepare_test((28, 28, 1))
    predictions = keras.models.load_model(tmp_path / "le_net.keras").predict(x, verbose=0)
    assert score(y, predictions)["errors"] == scores["test"]["errors"]


def test_a_run_of_another_split_is_refused(load_quickly, load_script, tmp_path):
    mnist = load_quickly("mnist/mnist.py")
    mnist.open_run(mnist.DEFAULTS, tmp_path, False, mnist.__file__, [])
    write_json(finished_run("le_net"), tmp_path / "results.json")
    for name in ("run.json", "results.json"):
        run = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        assert run["provenance"].pop("split") == "by writer"  # older runs say nothing
        (tmp_path / name).write_text(json.dumps(run), encoding="utf-8")
    for main, options in [
        (mnist.main, ["--resume", str(tmp_path)]),
        (load_script("mnist/pairs.py").main, [str(tmp_path), str(tmp_path)]),
        (load_script("mnist/studies/calibration.py").main, [str(tmp_path)]),
        (load_script("mnist/studies/compare.py").main, [str(tmp_path)]),
        (load_script("mnist/report.py").main, [str(tmp_path)]),
        (load_script("visualizing/debugging/doctor.py").main, [str(tmp_path)]),
    ]:
        with pytest.raises(SystemExit, match=r"another split of MNIST\. Train it anew"):
            main([*options])


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_model_of_the_zoo_learns(mnist, small, name):
    keras.utils.set_random_seed(0)
    model = mnist.MODELS[name]()
    model.compile("adam", "categorical_crossentropy")
    x = small.x_train.reshape(-1, *model.input_shape[1:])
    losses = model.fit(x, small.y_train, batch_size=256, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.8 * losses[0]


def test_a_network_of_your_own_is_trained_saved_and_served(load_quickly, load_script, tmp_path):
    """The function that the chapter adds to models.py, added to it."""
    mnist = load_quickly("mnist/mnist.py")
    text = (ROOT / "mnist" / "overfitting" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(@model\ndef conv_net_average.*?)```", text, re.DOTALL)
    exec(code, vars(sys.modules["mnist.models"]))
    assert mnist.ZOO[-1] == "conv_net_average"
    options = ["--epochs", "1", "--train-samples", "256", "--outputs", str(tmp_path)]
    results = mnist.main(["-m", "conv_net_average", *options])
    assert results["models"]["conv_net_average"]["parameters"] == PARAMETERS["conv_net"]
    model = load_script("serialization/rest/app.py").load(tmp_path / "conv_net_average.keras")
    assert model.name == "conv_net_average"


def test_the_convolution_in_numbers_is_drawn(run_lesson):
    """The README computes the same with a network of its own."""
    script, results = run_lesson("book/figures/convolution.py", figure="mnist_convolution")
    assert results["after pooling"] == [[1, 3], [0, 6]]
    window = [line[2:5] for line in script.PICTURE[3:]]
    assert results["feature map"][3][2] == np.sum(np.multiply(window, script.KERNEL)) == 6


@pytest.mark.slow
def test_all_compares_the_models_of_the_zoo(mnist, few_digits, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "ZOO", ["mlp_one_layer", "conv_net_l2"])  # the others cost time
    results = mnist.main(
        ["-m", "all", "--epochs", "1", "--train-samples", "256", "--batch-size", "32"]
        + ["--outputs", str(tmp_path)]
    )
    assert list(results["models"]) == mnist.ZOO
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert report.count("data:image/png;base64,") == 1 + 2 * 5
    assert (tmp_path / "comparison.png").exists()
    loss = pd.read_csv(tmp_path / "conv_net_l2_history.csv")["val_loss"].iloc[-1]
    l2 = results["models"]["conv_net_l2"]["validation"]
    assert loss > l2["cross_entropy"] + 0.01  # the loss holds the penalty, the other does not


@pytest.mark.parametrize(("epochs", "marker"), [(1, "o"), (60, "")])
def test_a_comparison_shows_even_a_single_epoch(load_script, monkeypatch, epochs, marker):
    """A line through one point would be empty."""
    figures, saved = load_script("mnist/run_figures.py"), []
    monkeypatch.setattr(figures, "save_figure", lambda figure, _: saved.append(figure))
    history = pd.DataFrame({"epoch": range(1, epochs + 1), "val_accuracy": 0.9})
    figures.draw_comparison({"le_net": history}, None)
    axes = saved[0].axes[0]
    assert axes.lines[0].get_marker() == marker
    assert all(tick == int(tick) for tick in axes.get_xticks())


def test_options_reach_the_optimizer(mnist):
    settings = replace(mnist.DEFAULTS, optimizer="rmsprop", learning_rate=0.02)
    model = mnist.MODELS["le_net"]()
    mnist.compile_model(model, settings, 100)
    assert isinstance(model.optimizer, keras.optimizers.RMSprop)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-m", "nosuch"], "conv_net"),
        (["--epochs", "0"], "positive int"),
        (["--epochs", "x"], "positive int"),
        (["--learning-rate", "nan"], "positive float"),
        (["--train-samples", "60000"], "positive int"),
    ],
)
def test_bad_options_are_refused(mnist, options, message, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        mnist.main(options)
    assert message in capsys.readouterr().err


def test_an_unwritable_folder_ends_with_one_line(mnist, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot write to " in failure(mnist.main, ["--outputs", str(tmp_path / "file")])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="knows no limit on the size of a file")
def test_a_full_disk_ends_with_one_line_and_leaves_whole_files(tmp_path):
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, 2 * (100_000,));"
        "del sys.argv[0]; sys.path[0] = 'mnist'; runpy.run_path(sys.argv[0], {}, '__main__')"
    )
    options = ["-m", "le_net", "--epochs", "1", "--train-samples", "64", "--outputs", str(tmp_path)]
    command = [sys.executable, "-c", limited, "mnist/mnist.py", *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert f"mnist.py: cannot write to {tmp_path} ([Errno 27]" in run.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock", "run.json", "le_net_history.csv",
    }  # fmt: skip


@pytest.mark.slow
def test_a_diverged_training_has_its_report(mnist, few_digits, tmp_path):
    options = ["-m", "le_net", "--optimizer", "sgd", "--learning-rate", "1e38"]
    options += ["--train-samples", "64", "--outputs", str(tmp_path)]
    results = mnist.main([*options, "--epochs", "11"])
    history = pd.read_csv(tmp_path / "le_net_history.csv")
    assert len(history) == 11 and history["val_loss"][1:].isna().all()
    assert results["models"]["le_net"]["validation"]["accuracy"] < 0.2
    mnist.main(["--resume", str(tmp_path), "--epochs", "12"])
    assert (tmp_path / "le_net_loss_e12.png").exists() and (tmp_path / "report.html").exists()


def start(tmp_path, *options):
    return subprocess.Popen(
        [sys.executable, "mnist/mnist.py", *options, "--outputs", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.slow
def test_ctrl_c_keeps_the_finished_epochs(tmp_path):
    process = start(tmp_path, "-m", "mlp_one_layer", "--epochs", "500", "--train-samples", "4000")
    for line in process.stdout:
        if line.startswith("Epoch 3/"):
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Validation images, by people it never met:" in rest
    assert "Stopped by Ctrl-C. Whole epochs of 500: mlp_one_layer" in rest
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    epochs = results["models"]["mlp_one_layer"]["epochs"]
    assert results["interrupted"] is True
    assert 2 <= epochs < 500
    assert list(pd.read_csv(tmp_path / "mlp_one_layer_history.csv")["epoch"])[:2] == [1, 2]
    assert (tmp_path / f"mlp_one_layer_acc_e{epochs}.png").exists()
    assert "Ctrl-C" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_ctrl_c_waits_for_the_end_of_a_step():
    before = signal.getsignal(signal.SIGINT)
    with training.DeferInterrupt() as interrupt:
        interrupt.on_train_batch_end(0)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # without the deferring, the interrupt would be raised here
        with pytest.raises(KeyboardInterrupt):
            interrupt.on_train_batch_end(1)
        with pytest.raises(KeyboardInterrupt):
            interrupt.on_test_batch_end(0)
        interrupt.pressed = False
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt), training.DeferInterrupt():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(load_quickly, tmp_path):
    mnist = load_quickly("mnist/mnist.py")
    process = start(tmp_path, "-m", "mlp_one_layer", "--epochs", "500", "--train-samples", "4000")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        history = tmp_path / "mlp_one_layer_history.csv"
        if history.exists() and len(pd.read_csv(history)) >= 3:
            break
        time.sleep(0.05)
    process.kill()
    process.communicate()
    before = pd.read_csv(tmp_path / "mlp_one_layer_history.csv")
    goal = len(before) + 2
    results = mnist.main(["--resume", str(tmp_path), "--epochs", str(goal)])
    after = pd.read_csv(tmp_path / "mlp_one_layer_history.csv")
    assert list(after["epoch"]) == list(range(1, goal + 1))
    kept = len(before) - 1  # the history may have been one epoch ahead of the model
    pd.testing.assert_frame_equal(after[:kept], before[:kept])
    assert after["loss"].iloc[-1] < before["loss"].iloc[0]
    model = keras.models.load_model(tmp_path / "mlp_one_layer.keras")
    assert int(model.optimizer.iterations) == goal * math.ceil(4_000 / 256)
    assert results["settings"]["train_samples"] == 4_000


def test_a_history_ahead_of_its_checkpoint_is_cut(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="tiny")
    model.compile(loss="mse")
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")
    save = training.SaveCheckpoint(tmp_path, "tiny", {})
    model.fit(x, y, batch_size=4, epochs=2, callbacks=[training.TimeCallback(), save], verbose=0)
    ahead = pd.concat([pd.read_csv(tmp_path / "tiny_history.csv")] * 2)[:3]
    ahead.to_csv(tmp_path / "tiny_history.csv", index=False)
    loaded, history = training.load_checkpoint(tmp_path, "tiny", steps_per_epoch=2)
    assert history["epoch"] == [1, 2]
    assert history["loss"] == pytest.approx(save.history["loss"])
    np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert not list(tmp_path.glob("*partial*"))


def test_what_no_training_has_saved_is_no_checkpoint(tmp_path):
    """It was never compiled, or does not say what its dropout has drawn."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5)], name="tiny")
    path, line = tmp_path / "tiny_checkpoint.keras", "tiny_checkpoint.keras is not the checkpoint"
    for drawn in ([[1, 2]], [], [[1]], [[1, "x"]], [[1, 10**400]], [{}], 5):
        model.save(path)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(training.DRAWN, json.dumps(drawn))
        assert line in failure(training.load_checkpoint, tmp_path, "tiny", 1), drawn
        model.compile()
    model.save(path)
    assert line in failure(training.load_checkpoint, tmp_path, "tiny", 1)


def test_an_epoch_counts_although_most_of_its_steps_overflowed(tmp_path):
    """As in float16: Keras skips steps, and halves the factor that was too large each time."""
    layer = keras.layers.Dense(1, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), layer], name="tiny")
    # The first gradient is -2 to the power of 5, and float32 ends at 2 to the power of 128.
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), 2.0**127), "mse")
    ones = np.ones((8, 1), "float32")
    save = training.SaveCheckpoint(tmp_path, "tiny", {})
    model.fit(ones, 16 * ones, batch_size=1, callbacks=[training.TimeCallback(), save], verbose=0)
    assert int(model.optimizer.iterations) == 3
    _, history = training.load_checkpoint(tmp_path, "tiny", steps_per_epoch=8)
    assert history["epoch"] == [1]


def test_a_resumed_run_keeps_its_settings(load_quickly, tmp_path, capsys):
    mnist = load_quickly("mnist/mnist.py")
    settings = replace(mnist.DEFAULTS, model="le_net", epochs=1, train_samples=64)
    mnist.open_run(settings, tmp_path, False, mnist.__file__, [])
    with pytest.raises(SystemExit, match=r"^2$"):
        mnist.main(["--resume", str(tmp_path), "--batch-size", "8"])
    assert "batch_size was 256" in capsys.readouterr().err
    (tmp_path / "le_net_checkpoint.keras").write_bytes(b"not a model")
    with pytest.raises(SystemExit, match=r"le_net_checkpoint\.keras is not a \.keras file"):
        mnist.main(["--resume", str(tmp_path), "--epochs", "2"])
    with pytest.raises(SystemExit, match="holds a run already"):
        mnist.main(["-m", "le_net", "--outputs", str(tmp_path)])
    for name in (tmp_path / "nosuch", ""):
        with pytest.raises(SystemExit, match="is not a folder of a run"):
            mnist.main(["--resume", str(name)])
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    write_json(run | {"settings": run["settings"] | {"model": "\x1b[2J"}}, tmp_path / "run.json")
    for options in ([], ["-m", "le_net"]):
        with pytest.raises(SystemExit, match=r"^2$"):
            mnist.main(["--resume", str(tmp_path), *options])
        assert "?[2J" in (said := capsys.readouterr().err) and "\x1b" not in said


@pytest.mark.slow
def test_nonsense_in_the_folder_of_a_run_gets_one_line(load_quickly, tmp_path, capsys):
    mnist = load_quickly("mnist/mnist.py")
    small = ["--epochs", "1", "--train-samples", "64", "--outputs", str(tmp_path)]
    mnist.main(["-m", "le_net", *small])
    path = tmp_path / "run.json"
    good = json.loads(path.read_text(encoding="utf-8"))

    def resume(run):
        path.write_text(json.dumps(run), encoding="utf-8")
        mnist.main(["--resume", str(tmp_path), "--epochs", "2"])

    for name, value in [
        ("seed", -1), ("batch_size", None), ("batch_size", "x"), ("optimizer", "none"),
        ("learning_rate", [1]), ("train_samples", 2**70), ("average_weights", 5), ("no_such", 1),
    ]:  # fmt: skip
        with pytest.raises(SystemExit, match=r"no readable run\.json"):
            resume(good | {"settings": good["settings"] | {name: value}})
    for run in ([], {}, {"settings": good["settings"]}, good | {"provenance": 5}):
        with pytest.raises(SystemExit, match=r"no readable run\.json"):
            resume(run)
    with pytest.raises(SystemExit):
        resume(good | {"settings": good["settings"] | {"model": "no_net"}})
    assert "the run trains no_net" in capsys.readouterr().err
    history = tmp_path / "le_net_history.csv"
    rows = history.read_text(encoding="utf-8")
    for text in (
        rows.replace("epoch", "eepoch"), "epoch,loss\n1,x\n", "", "epoch\n7\n",
        rows.replace("val_loss", "loss_val"), rows.replace("seconds", "minutes"),
    ):  # fmt: skip
        history.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit, match=r"le_net_history\.csv"):
            resume(good)
    history.write_text(rows, encoding="utf-8")
    checkpoint = tmp_path / "le_net_checkpoint.keras"
    whole, other = checkpoint.read_bytes(), keras.models.load_model(checkpoint)
    small_one = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
    small_one.compile()
    small_one.optimizer.build([])
    small_one.optimizer.iterations.assign(other.optimizer.iterations)
    small_one.save(checkpoint)
    with pytest.raises(SystemExit, match="holds another network than le_net"):
        resume(good)
    checkpoint.write_bytes(whole)
    path.unlink()
    with pytest.raises(SystemExit, match=r"without run\.json"):
        mnist.main(["-m", "le_net", *small, "--batch-size", "8"])
    resume(good)
    assert len(pd.read_csv(history)) == 2


def test_a_second_process_is_kept_out_of_a_run(mnist, run_script, tmp_path):
    mnist.open_run(mnist.DEFAULTS, tmp_path, False, mnist.__file__, [])
    second = run_script("mnist/mnist.py", "--resume", tmp_path, "--epochs", "2")
    assert second.returncode == 1 and "another process is at work" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.slow
def test_a_run_starts_from_the_weights_of_another(load_quickly, tmp_path, capsys):
    mnist = load_quickly("mnist/mnist.py")
    first, second = tmp_path / "first", tmp_path / "second"
    options = ["-m", "le_net", "--epochs", "1", "--train-samples", "2000"]
    before = mnist.main([*options, "--augment", "affine", "--outputs", str(first)])
    start = ["--start-from", str(first), "--optimizer", "sgd", "--learning-rate", "1e-9"]
    after = mnist.main([*options, *start, "--outputs", str(second)])
    before, after = (results["models"]["le_net"]["validation"] for results in (before, after))
    assert after["cross_entropy"] == pytest.approx(before["cross_entropy"], rel=1e-4)
    third = ["--outputs", str(tmp_path / "third")]
    with pytest.raises(SystemExit):
        mnist.main([*options, "--start-from", str(tmp_path / "nosuch"), *third])
    assert "there is no run" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"there is no .*conv_net\.keras"):
        mnist.main([*options, "-m", "conv_net", "--start-from", str(first), *third])
    # Once there is a checkpoint, the first run is needed no more.
    first.rename(tmp_path / "moved")
    resumed = mnist.main(["--resume", str(second)])["models"]["le_net"]
    assert resumed["validation"] == after


def test_weights_of_another_architecture_are_refused(mnist, tmp_path):
    small = ["--epochs", "1", "--train-samples", "64", "--outputs", str(tmp_path / "new")]
    mnist.MODELS["conv_net"]().save(tmp_path / "le_net.keras")
    with pytest.raises(SystemExit, match="do not fit le_net"):
        mnist.main(["-m", "le_net", "--start-from", str(tmp_path), *small])


def test_ctrl_c_in_the_first_epoch_leaves_nothing_to_report(mnist, tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(mnist.TimeCallback, "on_epoch_begin", interrupt)
    results = mnist.main(["-m", "le_net", "--train-samples", "64", "--outputs", str(tmp_path)])
    assert results["interrupted"] is True
    assert results["models"] == {}
    assert "Stopped by Ctrl-C. Whole epochs of 60: 0." in capsys.readouterr().out


def test_a_resumed_run_is_the_run_that_was_not_stopped(load_quickly, tmp_path, monkeypatch):
    """Stopped in its third epoch: this leaves no trace, and dropout and augmentation go on."""
    mnist = load_quickly("mnist/mnist.py")

    def build():
        steps = [keras.layers.Flatten(), keras.layers.Dropout(0.5)]
        output = keras.layers.Dense(10, activation="softmax")
        return keras.Sequential([keras.Input((28, 28, 1)), *steps, output], name="le_net")

    settings = replace(mnist.DEFAULTS, model="le_net", epochs=3, batch_size=64, augment="layers")
    settings, batches = replace(settings, train_samples=128), []
    mnist.run(settings, tmp_path / "whole", build=build)
    with monkeypatch.context() as patch:

        def stop(*_, logs):
            batches.append(1)
            if len(batches) == 5:  # of two in each epoch
                raise KeyboardInterrupt

        patch.setattr(mnist.TimeCallback, "on_train_batch_end", stop)
        mnist.run(settings, tmp_path / "cut", build=build)

    def weights(path):
        model = keras.models.load_model(tmp_path / path)
        return [keras.ops.convert_to_numpy(v) for v in model.weights + model.optimizer.variables]

    def history(folder):
        return pd.read_csv(tmp_path / folder / "le_net_history.csv").drop(columns="seconds")

    checkpoint = weights("cut/le_net_checkpoint.keras")
    assert all(map(np.array_equal, weights("cut/le_net.keras"), checkpoint))
    mnist.run(settings, tmp_path / "cut", resume=True, build=build)
    pd.testing.assert_frame_equal(history("cut"), history("whole"), check_exact=True)
    assert all(map(np.array_equal, weights("cut/le_net.keras"), weights("whole/le_net.keras")))


def test_one_training_is_filed_once():
    """Or two pages could show two results of one command."""
    filed = []
    for path in RESULTS.glob("*.json"):
        run = json.loads(path.read_text(encoding="utf-8"))
        if "settings" in run:  # a run of mnist.py
            changed = {name: value for name, value in run["settings"].items() if value}
            filed += [changed | {"model": name} for name in run["models"]]
    assert [run for run in filed if filed.count(run) > 1] == []


def test_titles_name_the_options_of_a_run(mnist):
    options = ["-m", "conv_net", "--augment", "--lr-schedule", "cosine", "--epochs", "3"]
    settings, *_ = mnist.parse_arguments(options, mnist.DEFAULTS)
    changes = mnist.changes_of(settings, mnist.DEFAULTS)
    assert changes == ["--lr-schedule", "cosine", "--augment", "layers"]
