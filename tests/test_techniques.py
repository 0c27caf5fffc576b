"""The techniques that mnist.py switches on by an option."""

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import failure

from mnist.data import prepare_mnist
from utils.training import SaveCheckpoint


@pytest.fixture
def techniques(load_script):
    return load_script("mnist/overfitting/techniques.py")


@pytest.fixture
def models(load_script):
    return load_script("mnist/models.py").MODELS


@pytest.fixture
def mnist(load_quickly):
    return load_quickly("mnist/mnist.py")


@pytest.fixture
def small():
    return prepare_mnist((28, 28, 1), 256)


@pytest.mark.parametrize("kind", ["layers", "affine"])
@pytest.mark.parametrize("name", ["mlp_one_layer", "le_net"])
def test_augmentation_works_in_training_only(techniques, models, small, name, kind):
    plain = models[name]()
    augmented = techniques.augment(plain, kind)
    assert augmented.count_params() == plain.count_params()
    x = small.x_train.reshape(-1, *plain.input_shape[1:])
    expected = plain.predict(x, verbose=0)
    np.testing.assert_allclose(augmented.predict(x, verbose=0), expected, atol=1e-6)
    in_training = keras.ops.convert_to_numpy(augmented(x, training=True))
    assert np.abs(in_training - expected).max() > 0.01


def augmented(techniques, kind, x):
    keras.utils.set_random_seed(0)
    for layer in techniques.augmenting_layers(kind):
        x = layer(x, training=True)
    return keras.ops.convert_to_numpy(x)


@pytest.mark.parametrize("kind", ["layers", "affine"])
def test_augmented_images_stay_digits_on_paper(techniques, small, kind):
    x = augmented(techniques, kind, small.x_train)
    assert x.shape == small.x_train.shape
    assert x.min() >= 0 and x.max() <= 1 + 1e-6
    # Nearly all of the ink is still there, and a corner that moved in is blank.
    assert x.sum() == pytest.approx(small.x_train.sum(), rel=0.05)
    assert x[:, 0, 0].max() < 0.01
    moved = np.abs(x - small.x_train).mean(axis=(1, 2, 3))
    assert (moved > 0.01).mean() > 0.9


def test_affine_layer_shifts_by_whole_pixels_and_leaves_grey_levels_alone(techniques, small):
    keras.utils.set_random_seed(0)
    layer = techniques.RandomAffine(rotation=0, zoom=0, shear=0, shift=2)
    moved = keras.ops.convert_to_numpy(layer(small.x_train, training=True))
    shifts = set()
    for before, after in zip(small.x_train, moved, strict=True):
        paper = np.pad(before[:, :, 0], 2)
        here = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.allclose(paper[down : down + 28, right : right + 28], after[:, :, 0], atol=1e-4)
        ]
        assert len(here) == 1
        shifts.update(here)
    assert len(shifts) == 25


def test_affine_layer_turns_about_the_centre(techniques, small):
    layer = techniques.RandomAffine(rotation=90, zoom=0, shear=0, shift=0)
    layer.draw = lambda images, limit: keras.ops.full((len(images),), float(limit == 90) * 90)
    turned = keras.ops.convert_to_numpy(layer(small.x_train, training=True))
    np.testing.assert_allclose(turned, np.rot90(small.x_train, axes=(1, 2)), atol=1e-4)


def test_affine_layer_blurs_less_than_three_layers(techniques, small):
    def contrast(kind):
        return np.abs(np.diff(augmented(techniques, kind, small.x_train), axis=2)).mean()

    assert contrast("layers") < 0.92 * contrast("affine")


def test_affine_layer_stretches_and_slants_about_the_centre(techniques):
    """A square of ink around the centre becomes what NumPy says it must."""
    x = np.zeros((1, 28, 28, 1), "float32")
    x[0, 10:18, 10:18] = 1

    def drawn(**values):
        layer = techniques.RandomAffine(
            **{"rotation": 0, "zoom": 0, "shear": 0, "shift": 0} | values
        )
        layer.draw = lambda images, limit: keras.ops.full((len(images),), float(limit))
        layer.shift = -0.5  # of which draw makes 0
        return keras.ops.convert_to_numpy(layer(x, training=True))[0, :, :, 0]

    # Pixels come from twice as far away: half the width and half the height.
    half = drawn(zoom=1)
    assert half.sum() == pytest.approx(x.sum() / 4) and half[12:16, 12:16].min() == 1
    # Rows below the centre come from further right, by as many pixels as they are below.
    slanted = drawn(shear=1)
    assert slanted.sum() == pytest.approx(x.sum(), rel=1e-4)
    columns = [np.flatnonzero(row > 0.5).mean() for row in slanted[10:18]]
    np.testing.assert_allclose(np.diff(columns), -1)
    assert np.mean(columns) == pytest.approx(13.5)


def test_affine_layer_is_saved_with_its_limits(techniques, tmp_path):
    model = keras.Sequential([keras.Input((28, 28, 1)), techniques.RandomAffine(shift=3)])
    model.save(tmp_path / "affine.keras")
    (layer,) = keras.models.load_model(tmp_path / "affine.keras").layers
    assert (layer.rotation, layer.zoom, layer.shear, layer.shift) == (12, 0.12, 0.15, 3)


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_schedules_are_what_the_book_says(load_script):
    make = load_script("mnist/overfitting/optimization.py").learning_rate_schedule
    assert make("constant", 0.01, 1000) == 0.01 == make("plateau", 0.01, 1000)
    step = rates(make("step", 0.01, 1000), [0, 499, 600, 1000])
    assert step == pytest.approx([0.01, 0.01, 0.001, 0.0001])
    exponential = rates(make("exponential", 0.01, 1000), [0, 500, 1000])
    assert exponential == pytest.approx([0.01, 0.001, 0.0001], rel=1e-3)
    cosine = rates(make("cosine", 0.01, 1000), [0, 50, 100, 550, 1000])
    assert cosine == pytest.approx([0, 0.005, 0.01, 0.005, 0], abs=1e-5)


def run(mnist, folder, *options):
    return mnist.main([*options, "--train-samples", "1000", "--outputs", str(folder)])


@pytest.mark.slow
def test_the_rate_of_each_epoch_is_recorded_and_drawn(load_script, tmp_path):
    mnist = load_script("mnist/mnist.py")
    run(mnist, tmp_path, "-m", "mlp_one_layer", "--epochs", "4", "--lr-schedule", "exponential")
    history = pd.read_csv(tmp_path / "mlp_one_layer_history.csv")
    expected = 0.001 * 0.01 ** (np.arange(1, 5) / 4)
    np.testing.assert_allclose(history["learning_rate"], expected, rtol=1e-3)
    assert (tmp_path / "mlp_one_layer_lr_e4.png").exists()
    assert (tmp_path / "report.html").read_text().count("data:image/png") == 6


@pytest.mark.slow
def test_a_plateau_halves_the_rate(mnist, tmp_path):
    run(
        mnist,
        tmp_path,
        *("-m", "mlp_one_layer", "--epochs", "15", "--lr-schedule", "plateau"),
        *("--learning-rate", "0.02"),
    )
    history = pd.read_csv(tmp_path / "mlp_one_layer_history.csv")
    losses = list(history["val_loss"])
    without_progress = [i - losses[: i + 1].index(min(losses[: i + 1])) for i in range(15)]
    first = without_progress.index(3)
    rates = history["learning_rate"].round(6)
    assert set(rates[: first + 1]) == {0.02}
    assert rates[first + 1] == 0.01


def test_a_resumed_plateau_remembers_how_long_it_has_waited(mnist, tmp_path):
    """Two epochs without progress before the stop, one after it: then the rate is halved."""
    options = ["-m", "mlp_one_layer", "--lr-schedule", "plateau", "--learning-rate", "0.01"]
    run(mnist, tmp_path, *options, "--epochs", "3")
    path = tmp_path / "mlp_one_layer_history.csv"
    pd.read_csv(path).assign(val_loss=[0.0, 0.1, 0.1]).to_csv(path, index=False)
    mnist.main(["--resume", str(tmp_path), "--epochs", "5"])
    assert list(pd.read_csv(path)["learning_rate"].round(6)) == [0.01] * 4 + [0.005]


def test_early_stopping_keeps_the_best_model_and_stays_stopped(mnist, load_script, tmp_path, small):
    options = ["-m", "mlp_one_layer", "--epochs", "40", "--learning-rate", "0.01"]
    results = run(mnist, tmp_path, *options, "--early-stopping", "2")
    history = pd.read_csv(tmp_path / "mlp_one_layer_history.csv")
    best = history["val_loss"].idxmin()
    assert len(history) == best + 3 < 40
    model = results["models"]["mlp_one_layer"]
    assert model["validation"]["accuracy"] == pytest.approx(history["val_accuracy"][best])
    # The network that results.json describes; the last epoch is in the checkpoint.
    saved = keras.models.load_model(tmp_path / "mlp_one_layer.keras")
    x = small.x_val.reshape(-1, 784)
    loss = saved.evaluate(x, small.y_val, verbose=0)[0]
    assert loss == pytest.approx(history["val_loss"][best], rel=1e-4)
    last = keras.models.load_model(tmp_path / "mlp_one_layer_checkpoint.keras")
    loss = last.evaluate(x, small.y_val, verbose=0)[0]
    assert loss == pytest.approx(history["val_loss"].iloc[-1], rel=1e-4)
    bests = [path.name for path in tmp_path.glob("*_best_*")]
    assert bests == [f"mlp_one_layer_best_e{best + 1}.keras"]
    # Of the three files, the scripts of visualizing/ take the one that results.json describes.
    shown = load_script("visualizing/networks.py").load_network(tmp_path)
    np.testing.assert_array_equal(shown.get_weights()[0], saved.get_weights()[0])

    again = mnist.main(["--resume", str(tmp_path)])
    assert len(pd.read_csv(tmp_path / "mlp_one_layer_history.csv")) == len(history)
    assert again["models"]["mlp_one_layer"]["validation"] == pytest.approx(model["validation"])


@pytest.mark.slow
def test_a_resumed_run_remembers_its_best_epoch(mnist, tmp_path, monkeypatch):
    options = ["-m", "mlp_one_layer", "--epochs", "40", "--learning-rate", "0.01"]
    run(mnist, tmp_path / "whole", *options, "--early-stopping", "3")
    whole = pd.read_csv(tmp_path / "whole" / "mlp_one_layer_history.csv")
    best = int(whole["val_loss"].idxmin()) + 1
    # Stop one epoch after the best one, then go on: the two that are left of the patience pass.
    options[3] = str(best + 1)
    run(mnist, tmp_path / "cut", *options, "--early-stopping", "3")
    recalled = []
    original = mnist.techniques.early_stopping

    def spy(patience, checkpoint):
        recalled.extend(original(patience, checkpoint))
        return recalled

    monkeypatch.setattr(mnist.techniques, "early_stopping", spy)
    mnist.main(["--resume", str(tmp_path / "cut"), "--epochs", "40"])
    cut = pd.read_csv(tmp_path / "cut" / "mlp_one_layer_history.csv")
    assert recalled[0].best == pytest.approx(cut["val_loss"].min())
    assert len(cut) - 1 - cut["val_loss"].idxmin() == 3


def test_a_kill_between_best_and_checkpoint_loses_neither(tmp_path):
    """The best model of the epochs that the checkpoint knows is there, whatever comes after it."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)], name="tiny")
    save = SaveCheckpoint(tmp_path, "tiny", {}, keep_best=True)
    save.set_model(model)
    save.on_epoch_end(0, {"val_loss": 2.0})
    kept = save.best_path

    def killed(path):
        if "checkpoint" in path.name:
            raise KeyboardInterrupt
        model.save(path)

    save.save = killed
    with pytest.raises(KeyboardInterrupt):
        save.on_epoch_end(1, {"val_loss": 1.0})
    assert kept.exists() and save.best_path.exists() and save.best_path != kept


def test_a_kill_while_a_checkpoint_is_saved_leaves_the_one_before(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)], name="tiny")
    save, path = SaveCheckpoint(tmp_path, "tiny", {}), tmp_path / "tiny_checkpoint.keras"
    save.set_model(model)
    save.save(path)
    before = path.read_bytes()

    def killed(path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save.save(path)
    assert path.read_bytes() == before

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model, "save", full)
    line = failure(save.on_epoch_end, 0, {"val_loss": 1.0})
    assert f"cannot write to {tmp_path} ([Errno 28]" in line and f"--resume {tmp_path}" in line


@pytest.mark.slow
def test_mixed_precision_computes_in_16_bits_and_answers_in_32(mnist, tmp_path):
    results = run(mnist, tmp_path, "-m", "le_net", "--epochs", "3", "--mixed-precision", "bfloat16")
    assert results["models"]["le_net"]["validation"]["accuracy"] > 0.5
    model = keras.models.load_model(tmp_path / "le_net.keras")
    *hidden, output = model.layers
    assert {layer.compute_dtype for layer in hidden} <= {"bfloat16", "float16"}
    assert output.compute_dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_techniques_combine(mnist, tmp_path):
    results = run(
        mnist,
        tmp_path,
        *(
            "-m",
            "conv_net_batch_norm",
            "--epochs",
            "2",
            "--augment",
            "--mixed-precision",
            "bfloat16",
        ),
        *("--lr-schedule", "cosine", "--early-stopping", "5", "--optimizer", "sgd"),
    )
    assert results["models"]["conv_net_batch_norm"]["epochs"] == 2
    assert results["settings"]["augment"] == "layers"
    assert results["settings"]["lr_schedule"] == "cosine"
