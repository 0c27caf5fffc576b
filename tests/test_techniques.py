"""The laboratory: what each technique changes in a training, and how a stopped run goes on."""

import signal
from functools import cache

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import failure

from mnist import data, models
from mnist.data import prepare_mnist
from mnist.overfitting import lab, techniques, weights
from mnist.overfitting.settings import Settings
from utils import training

read_once = cache(data.read_arrays)


@pytest.fixture(autouse=True)
def quick(load_quickly, monkeypatch):
    monkeypatch.setattr(data, "read_arrays", read_once)
    monkeypatch.setattr(lab, "write_report", lambda *_: None)
    return load_quickly("mnist/overfitting/lab.py")


@pytest.fixture
def small():
    return prepare_mnist((28, 28, 1), 256)


def run(folder, *options):
    options = ["--train-samples", "1000", *map(str, options), "--outputs", str(folder)]
    results = lab.main(options)["models"]
    return next(iter(results.values()), None)


def history_of(folder, name="mlp_one_layer"):
    return pd.read_csv(folder / f"{name}_history.csv")


@pytest.mark.parametrize("kind", techniques.AUGMENTATIONS)
@pytest.mark.parametrize("name", ["mlp_one_layer", "le_net"])
def test_augmentation_works_in_training_only_and_is_not_saved(small, name, kind):
    plain = models.MODELS[name]()
    augmented = techniques.augment(plain, kind)
    augmented.compile("adam", "categorical_crossentropy")
    x = small.x_train.reshape(-1, *plain.input_shape[1:])
    expected = plain.predict(x, verbose=0)
    np.testing.assert_allclose(augmented.predict(x, verbose=0), expected, atol=1e-6)
    in_training = keras.ops.convert_to_numpy(augmented(x, training=True))
    assert np.abs(in_training - expected).max() > 0.01
    saved = techniques.without_augmentation(augmented)
    assert saved.layers == plain.layers and saved.name == name
    assert saved.optimizer is augmented.optimizer


def augmented(kind, x):
    keras.utils.set_random_seed(0)
    for layer in techniques.augmenting_layers(kind):
        x = layer(x, training=True)
    return keras.ops.convert_to_numpy(x)


def test_augmented_images_stay_digits_on_paper_and_one_step_blurs_less(small):
    contrast = {}
    for kind in techniques.AUGMENTATIONS:
        x = augmented(kind, small.x_train)
        assert x.shape == small.x_train.shape and x.min() >= 0 and x.max() <= 1 + 1e-6
        # Nearly all of the ink is still there, and a corner that moved in is blank.
        assert x.sum() == pytest.approx(small.x_train.sum(), rel=0.05) and x[:, 0, 0].max() < 0.01
        assert (np.abs(x - small.x_train).mean(axis=(1, 2, 3)) > 0.01).mean() > 0.9
        contrast[kind] = np.abs(np.diff(x, axis=2)).mean()
    assert contrast["layers"] < 0.92 * contrast["affine"]


def affine(x, *, draw=None, **limits):
    layer = techniques.RandomAffine(**dict.fromkeys(["rotation", "zoom", "shear"], 0) | limits)
    if draw:
        layer.draw = lambda images, limit: keras.ops.full((len(images),), float(draw(limit)))
    return keras.ops.convert_to_numpy(layer(x, training=True))


def test_the_affine_layer_turns_stretches_slants_and_shifts_about_the_centre(small):
    still = {"shift": 0, "draw": lambda limit: 0 if limit == 0.5 else limit}
    turned = affine(small.x_train, rotation=90, **still)
    np.testing.assert_allclose(turned, np.rot90(small.x_train, axes=(1, 2)), atol=1e-4)
    square = np.zeros((1, 28, 28, 1), "float32")
    square[0, 10:18, 10:18] = 1
    # Pixels come from twice as far away: half the width and half the height.
    half = affine(square, zoom=1, **still)[0, :, :, 0]
    assert half.sum() == pytest.approx(square.sum() / 4) and half[12:16, 12:16].min() == 1
    # Rows below the centre come from further right, by as many pixels as they are below.
    slanted = affine(square, shear=1, **still)[0, :, :, 0]
    columns = [np.flatnonzero(row > 0.5).mean() for row in slanted[10:18]]
    np.testing.assert_allclose(np.diff(columns), -1)
    assert np.mean(columns) == pytest.approx(13.5)
    keras.utils.set_random_seed(0)
    moved, shifts = affine(np.repeat(square, 300, axis=0), shift=2), set()
    for image in moved[..., 0]:
        (rows, columns) = np.nonzero(image)
        assert set(image.ravel()) == {0, 1}  # by whole pixels, which leaves grey levels alone
        shifts.add((rows.min() - 10, columns.min() - 10))
    assert shifts == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}


def test_weights_are_described_without_biases_and_output():
    model = keras.Sequential([keras.Input((2,)), *map(keras.layers.Dense, (3, 2, 1))])
    model.set_weights([np.full(w.shape, i) for i, w in enumerate(model.get_weights())])
    assert weights.kernel_weights(model).tolist() == 6 * [0] + 6 * [2]
    found = {"weights": 4, "mean_size": 0.5, "nearly_zero": 0.75, "exactly_zero": 0.25}
    assert weights.describe(np.array([0, -0.0005, 0.0005, -1.999])) == pytest.approx(found)


def test_schedules_are_what_the_book_says():
    make = techniques.learning_rate_schedule
    assert make("constant", 0.01, 1000) == 0.01 == make("plateau", 0.01, 1000)
    for name, steps, expected in [
        ("step", [0, 499, 600, 1000], [0.01, 0.01, 0.001, 0.0001]),
        ("exponential", [0, 500, 1000], [0.01, 0.001, 0.0001]),
        ("cosine", [0, 50, 100, 550, 1000], [0, 0.005, 0.01, 0.005, 0]),
    ]:
        schedule = make(name, 0.01, 1000)
        assert [float(schedule(s)) for s in steps] == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_options_reach_what_trains():
    model = models.MODELS["le_net"]()
    settings = Settings(optimizer="rmsprop", learning_rate=0.02, clip_norm=1.0)
    lab.compile_model(model, settings, 100)
    assert isinstance(model.optimizer, keras.optimizers.RMSprop)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
    assert model.optimizer.global_clipnorm == 1 and not model.optimizer.use_ema
    lab.compile_model(model, Settings(optimizer="sgd", momentum=0.9), 100)
    assert isinstance(model.optimizer, keras.optimizers.SGD) and model.optimizer.momentum == 0.9
    lab.compile_model(model, Settings(label_smoothing=0.1, average_weights=True), 100)
    assert model.loss.label_smoothing == 0.1 and model.optimizer.use_ema


def test_early_stopping_keeps_the_best_model_stays_stopped_and_remembers(tmp_path):
    options = ["-m", "mlp_one_layer", "--learning-rate", "0.03", "--epochs", 40]
    model = run(tmp_path, *options, "--early-stopping", 2)
    history = history_of(tmp_path)
    best = history["val_loss"].idxmin()
    assert len(history) == best + 3 < 40
    loss = model["validation"]["cross_entropy"]
    assert loss == pytest.approx(history["val_loss"][best], rel=1e-4)
    # The network that results.json describes; the last epoch is in the checkpoint.
    digits = prepare_mnist((784,), 1)
    for name, row in (("mlp_one_layer", best), ("mlp_one_layer_checkpoint", best + 2)):
        saved = keras.saving.load_model(tmp_path / f"{name}.keras")
        loss = saved.evaluate(digits.x_val, digits.y_val, verbose=0)[0]
        assert loss == pytest.approx(history["val_loss"][row], rel=1e-4)
    # Stopped an epoch after the best one, a run waits for one more, not for two.
    known = history.head(best + 2).to_dict(orient="list")
    save = training.SaveCheckpoint(tmp_path, "mlp_one_layer", known, keep_best=True)
    stops = keras.callbacks.CallbackList(techniques.early_stopping(2, save), model=saved)
    stops.on_train_begin()
    stops.on_epoch_end(best + 2, {"val_loss": 1e-3 + history["val_loss"][best]})
    assert saved.stop_training
    again = lab.main(["--resume", str(tmp_path)])["models"]["mlp_one_layer"]
    assert again["validation"] == pytest.approx(model["validation"])
    assert len(history_of(tmp_path)) == len(history)


def test_probabilities_are_computed_and_known_in_32_bits():
    model = techniques.in_precision(models.MODELS["mlp_tiny"], "bfloat16")
    assert model.layers[0].compute_dtype == "bfloat16" and model.outputs[0].dtype == "float32"


def test_a_resumed_run_is_the_run_that_was_not_stopped(tmp_path, monkeypatch, capsys):
    """Ctrl-C in its third epoch leaves no trace, and dropout and augmentation go on."""
    batches = []

    def build():
        steps = [keras.layers.Flatten(), keras.layers.Dropout(0.5)]
        output = keras.layers.Dense(10, activation="softmax")
        return keras.Sequential([keras.Input((28, 28, 1)), *steps, output], name="le_net")

    def stop(*_, logs):
        batches.append(1)
        if len(batches) == 5:  # of two in each epoch
            signal.raise_signal(signal.SIGINT)

    settings = Settings("le_net", 3, batch_size=64, augment="layers", train_samples=128)
    lab.run(settings, tmp_path / "whole", build=build)
    with monkeypatch.context() as patch:
        patch.setattr(lab.TimeCallback, "on_train_batch_end", stop)
        results = lab.run(settings, tmp_path / "cut", build=build)
    assert results["interrupted"] and results["models"]["le_net"]["epochs"] == 2
    assert "Stopped by Ctrl-C. Whole epochs of 3: le_net 2." in capsys.readouterr().out

    def weights(path):
        model = keras.saving.load_model(tmp_path / path)
        return [keras.ops.convert_to_numpy(v) for v in model.weights + model.optimizer.variables]

    checkpoint = weights("cut/le_net_checkpoint.keras")
    assert all(map(np.array_equal, weights("cut/le_net.keras"), checkpoint))
    lab.run(settings, tmp_path / "cut", resume=True, build=build)
    cut, whole = (history_of(tmp_path / n, "le_net") for n in ("cut", "whole"))
    drop = {"columns": "seconds"}
    pd.testing.assert_frame_equal(cut.drop(**drop), whole.drop(**drop), check_exact=True)
    assert all(map(np.array_equal, weights("cut/le_net.keras"), weights("whole/le_net.keras")))


def test_the_laboratory_goes_on_with_a_run_of_the_lesson(load_quickly, tmp_path):
    """And trains the same network, to the last digit."""
    options = ["-m", "mlp_tiny", "--train-samples", "512", "--batch-size", "64", "--epochs"]
    load_quickly("mnist/mnist.py").main([*options, "1", "--outputs", str(tmp_path / "lesson")])
    resume = ["--resume", str(tmp_path / "lesson"), "--epochs", "2"]
    scores = [lab.main(words)["models"]["mlp_tiny"]["validation"] for words in (
        resume, [*options, "2", "--outputs", str(tmp_path / "lab")]
    )]  # fmt: skip
    assert scores[0] == scores[1]


def test_a_kill_or_a_full_disk_while_a_checkpoint_is_saved_leaves_the_one_before(
    tmp_path, monkeypatch
):
    """And the best network of the epochs that it knows, whatever comes after it."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="tiny")
    model.compile(loss="mse")
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(2)
    save = training.SaveCheckpoint(tmp_path, "tiny", {}, keep_best=True)
    save.set_model(model)
    save.on_epoch_end(0, dict.fromkeys(training.CURVES, 2.0))
    path, best = tmp_path / "tiny_checkpoint.keras", save.best_path
    before = path.read_bytes()

    def fails_with(error):
        def half(path):
            path.write_bytes(b"half")
            if "checkpoint" in path.name:
                raise error

        return half

    monkeypatch.setattr(model, "save", fails_with(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save.on_epoch_end(1, dict.fromkeys(training.CURVES, 1.0))
    assert path.read_bytes() == before and best.exists() and save.best_path != best
    monkeypatch.setattr(model, "save", fails_with(OSError(28, "No space left on device")))
    line = failure(save.on_epoch_end, 2, dict.fromkeys(training.CURVES, 1.0))
    assert f"cannot write to {tmp_path} ([Errno 28]" in line and f"--resume {tmp_path}" in line
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    line = failure(training.load_checkpoint, tmp_path, "tiny", 2)
    assert "another back end: go on with KERAS_BACKEND=tensorflow" in line
    monkeypatch.undo()
    model.compile(loss="mse")  # its state is not in the file, of which Keras only warns
    save.on_epoch_end(3, dict.fromkeys(training.CURVES, 1.0))
    assert f"cannot load {path}: " in failure(training.load_checkpoint, tmp_path, "tiny", 2)


def test_a_run_starts_from_the_weights_of_another(tmp_path):
    still = ["-m", "mlp_tiny", "--epochs", 1]
    first = run(tmp_path / "first", *still, "--augment", "affine")["validation"]
    start = ["--start-from", tmp_path / "first", "--optimizer", "sgd", "--learning-rate", "1e-9"]
    second = run(tmp_path / "second", *still, *start)["validation"]
    assert second["cross_entropy"] == pytest.approx(first["cross_entropy"], rel=1e-4)
    models.MODELS["conv_net"]().save(tmp_path / "mlp_tiny.keras")
    start[1] = tmp_path
    assert "do not fit mlp_tiny" in failure(run, tmp_path / "third", *still, *start)
