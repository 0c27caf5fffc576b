"""The MNIST lesson: its data, its models, a run, and what the run leaves behind."""

import json
import math
import re
from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import NUMBERS, ROOT, failure, finished_run
from sklearn.model_selection import StratifiedGroupKFold

from book.measuring import measurements
from mnist import data, finished, models, report
from mnist.overfitting import settings
from utils.runs import write_json
from utils.statistics import score

NAME = "mlp_one_layer"  # which trains in seconds
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


read_once = cache(data.read_arrays)


@pytest.fixture
def mnist(load_script):
    return load_script("mnist/mnist.py")


def test_data_are_float32_in_three_parts_in_the_order_of_mnist():
    (images, labels), (test_images, test_labels) = data.load_mnist()
    digits, test = data.prepare_mnist((784,)), data.prepare_test((784,))
    validates = np.isin(data.load_writers()[0], data.VALIDATION_WRITERS)
    assert digits.x_train.min() == 0 and digits.x_train.max() == 1
    for (x, y), raw, digit, size in (
        (digits.parts()["train"], images[~validates], labels[~validates], 55_000),
        (digits.parts()["validation"], images[validates], labels[validates], 5_000),
        (test, test_images, test_labels, 10_000),
    ):
        assert (x.shape, y.shape) == ((size, 784), (size, 10)) and x.dtype == y.dtype == np.float32
        np.testing.assert_array_equal(y.argmax(axis=1), digit)
        np.testing.assert_allclose(x[::19] * 255, raw[::19].reshape(-1, 784), atol=1e-4)
    few = data.prepare_mnist((1, 28, 28), train_samples=100)
    assert few.x_train.shape == (100, 1, 28, 28) and few.x_val.shape == (5_000, 1, 28, 28)


def test_nobody_wrote_digits_of_two_parts():
    writers = {part: set(data.writers_of(part)) for part in ("train", "validation", "test")}
    assert [len(some) for some in writers.values()] == [494, 45, 297]
    assert len(set.union(*writers.values())) == 494 + 45 + 297
    assert len(data.writers_of("validation")) == data.VALIDATION_SIZE


def test_those_who_validate_were_drawn_by_scikit_learn():
    (_, labels), _ = data.load_mnist()
    writers, _ = data.load_writers()
    with np.load(data.WRITERS_FILE) as arrays:
        strata = 2 * labels.astype(int) + (arrays["series_train"] == 4)
    folds = StratifiedGroupKFold(12, shuffle=True, random_state=3)
    _, validates = next(folds.split(labels, strata, writers))
    assert sorted(set(writers[validates])) == data.VALIDATION_WRITERS


def test_damaged_and_missing_data_end_with_one_line(tmp_path):
    for load, path in ((data.load_mnist, data.MNIST_FILE), (data.load_writers, data.WRITERS_FILE)):
        damaged, content = tmp_path / path.name, bytearray(path.read_bytes())
        assert "No such file or directory). Restore it" in failure(load, damaged)
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        assert re.search(rf"{path.name} is damaged .*Restore it", failure(load, damaged))


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_model_of_the_zoo_is_as_large_as_the_book_states(name):
    model = models.MODELS[name]()
    assert set(models.ZOO) == set(measurements.ZOO) == set(PARAMETERS)
    assert model.name == name
    assert model.count_params() == PARAMETERS[name]
    assert f"{PARAMETERS[name]:,} parameters" in models.MODELS[name].__doc__
    *hidden, output = [one for one in model.layers if hasattr(one, "kernel_regularizer")]
    penalized = [layer.kernel_regularizer is not None for layer in [*hidden, output]]
    assert penalized == [name in ("conv_net_l1", "conv_net_l2")] * len(hidden) + [False]


@pytest.mark.parametrize(
    "name",
    ["mlp_two_layers_dropout", "conv_net_l1", "conv_net_batch_norm", "conv_net_dropout", "le_net"],
)
def test_models_of_the_zoo_learn(name, monkeypatch):
    """The others are some of these without a penalty or dropout."""
    monkeypatch.setattr(data, "read_arrays", read_once)
    keras.utils.set_random_seed(0)
    model = models.MODELS[name]()
    digits = data.prepare_mnist(model.input_shape[1:], 256)
    model.compile("adam", "categorical_crossentropy")
    fitted = model.fit(digits.x_train, digits.y_train, batch_size=256, epochs=16, verbose=0)
    assert fitted.history["loss"][-1] < 0.8 * fitted.history["loss"][0]


def test_sure_mistakes_count_in_full():
    probabilities = np.array([[0.5, 0.5], [1, 1e-20]], dtype="float32")
    scores = score(np.eye(2, dtype="float32"), probabilities)
    assert scores["cross_entropy"] == pytest.approx((math.log(2) + 20 * math.log(10)) / 2)
    assert (scores["accuracy"], scores["errors"]) == (0.5, 1)


def test_a_run_learns_and_leaves_all_that_it_promises(mnist, few_digits, tmp_path):
    results = mnist.main(
        ["-m", NAME, "--epochs", "3", "--train-samples", "6000", "--batch-size", "64"]
        + ["--optimizer", "rmsprop", "--learning-rate", "0.002", "--outputs", str(tmp_path)]
    )
    model = results["models"][NAME]
    assert model["validation"]["accuracy"] > 0.9  # a network that has learned nothing is at 0.1
    assert model["train"]["accuracy"] > 0.93
    assert finished.load_finished(tmp_path) == json.loads(json.dumps(results))

    history = pd.read_csv(tmp_path / f"{NAME}_history.csv")
    assert list(history["epoch"]) == [1, 2, 3] and history["loss"].is_monotonic_decreasing
    # No dropout and no penalty: what Keras measured is what the report says.
    assert history["val_accuracy"].iloc[-1] == pytest.approx(model["validation"]["accuracy"])
    loss = history["val_loss"].iloc[-1]
    assert loss == pytest.approx(model["validation"]["cross_entropy"], rel=1e-4)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 5 and "(Dense)" in page
    assert f"{model['validation']['accuracy']:.2%}" in page and "<h2>The test" not in page

    saved = keras.saving.load_model(tmp_path / f"{NAME}.keras")
    assert isinstance(saved.optimizer, keras.optimizers.RMSprop)
    assert float(saved.optimizer.learning_rate) == pytest.approx(0.002)
    x, y = data.prepare_mnist(saved.input_shape[1:], 10).parts()["validation"]
    predictions = saved.predict(x, verbose=0)
    assert score(y, predictions)["accuracy"] == pytest.approx(model["validation"]["accuracy"])
    with np.load(tmp_path / f"{NAME}_predictions.npz") as arrays:
        assert set(arrays) == {"validation"}
        np.testing.assert_allclose(arrays["validation"], predictions, atol=1e-5)
    assert "holds a run already" in failure(mnist.main, ["--outputs", str(tmp_path)])


@pytest.mark.parametrize("test", [False, True])
def test_each_part_goes_where_it_belongs(
    mnist, numbered_digits, rows, recorder, tmp_path, monkeypatch, test, capsys
):
    seeds = []
    monkeypatch.setattr(keras.utils, "set_random_seed", seeds.append)
    monkeypatch.setattr(mnist.SaveCheckpoint, "save", lambda *_: None)
    for keep in ("draw_figures", "describe", "write_report"):
        monkeypatch.setattr(mnist, keep, lambda *_: {})
    options = ["-m", "mlp_tiny", "--seed", "7", "--outputs", str(tmp_path)]
    results = mnist.main([*options, *["--test"] * test])
    recorder.results.append(results["models"])
    asked = "predict test; " * test
    story = "fit train; validate validation; predict train; predict validation; "
    assert rows.story() == story + asked and seeds == [7]
    assert rows.of("fit") == set(NUMBERS["train"])
    assert ("test" in results["models"]["mlp_tiny"]) == test
    said = re.findall(r"(\w+) images, by people", capsys.readouterr().out)
    assert said == ["Validation", *["Test"] * test]


def test_a_network_of_your_own_is_trained_and_saved(load_quickly, tmp_path):
    """The function that the chapter adds to models.py, added to it."""
    mnist = load_quickly("mnist/mnist.py")
    text = (ROOT / "mnist" / "overfitting" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(@model\ndef conv_net_average.*?)```", text, re.DOTALL)
    try:
        exec(code, vars(models))
        assert mnist.ZOO[-1] == "conv_net_average"
        options = ["--epochs", "1", "--train-samples", "256", "--outputs", str(tmp_path)]
        results = mnist.main(["-m", "conv_net_average", *options])
    finally:
        del models.MODELS[models.ZOO.pop()]
    assert results["models"]["conv_net_average"]["parameters"] == PARAMETERS["conv_net"]
    assert keras.saving.load_model(tmp_path / "conv_net_average.keras").name == "conv_net_average"


def test_the_best_epoch_of_a_curve_is_marked(monkeypatch):
    """By the highest accuracy and the lowest loss."""
    saved = []
    monkeypatch.setattr(report, "save_figure", lambda figure, _: saved.append(figure.axes[0]))
    values = {key: [0.1, 0.3, 0.2] for key in ("accuracy", "val_accuracy", "loss", "val_loss")}
    for key, best in (("accuracy", 2), ("loss", 1)):
        report.draw_curves({"epoch": [1, 2, 3]} | values, key, "a", None)
        assert list(saved.pop().lines[2].get_xdata()) == [best]


def test_a_run_of_another_split_is_refused(tmp_path):
    run = finished_run("le_net")
    assert run["provenance"].pop("split") == data.SPLIT  # older runs say nothing of it
    for name in ("run.json", "results.json"):
        write_json(run, tmp_path / name)
    for read in (settings.load_run, finished.load_finished, finished.load_predictions):
        assert "another split of MNIST. Train it anew" in failure(read, tmp_path)
