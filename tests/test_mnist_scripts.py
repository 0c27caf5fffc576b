"""The further scripts of the MNIST chapter: figures, fitting, experiments, weights."""

import keras
import numpy as np
import pytest


def test_figures_are_drawn(load_script, tmp_path):
    results = load_script("mnist/figures.py").main(["--outputs", str(tmp_path)])
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        f"mnist_{n}.png" for n in ("samples", "pixels", "augmented", "blur", "schedules")
    }
    assert sum(results["counts"]) == 55_000 and min(results["counts"]) > 4_000


def test_fitting_shows_overfitting(load_script, tmp_path, monkeypatch):
    fitting = load_script("mnist/fitting.py")
    title = "Too few images"
    monkeypatch.setattr(fitting, "TRAININGS", {title: fitting.TRAININGS[title]})
    monkeypatch.setattr(fitting, "draw", lambda histories, path: None)
    result = fitting.main(["--epochs", "25", "--outputs", str(tmp_path)])[title]
    assert result["train"]["accuracy"] > 0.98
    assert result["train"]["accuracy"] - result["validation"]["accuracy"] > 0.08


def test_each_group_of_experiments_holds_the_network_of_the_chapter(load_script):
    experiments = load_script("mnist/experiments.py")
    sizes = {
        group: [build().count_params() for build, _ in lines.values()]
        for group, lines in experiments.EXPERIMENTS.items()
    }
    for group, parameters in sizes.items():
        assert {407_050, 93_322, 93_706} & set(parameters), group


def test_experiments_really_change_what_they_say(load_script):
    experiments = load_script("mnist/experiments.py")
    before = experiments.EXPERIMENTS["normalization"]["before each relu"][0]()
    kinds = [type(layer).__name__ for layer in before.layers[:3]]
    assert kinds == ["Conv2D", "BatchNormalization", "Activation"]
    flipped = experiments.EXPERIMENTS["flips"]["left and right"][0]()
    x = np.random.default_rng(0).random((8, 28, 28, 1)).astype("float32")
    y = keras.ops.convert_to_numpy(flipped.layers[0](x, training=True))
    mirrored = [np.allclose(a, b[:, ::-1]) for a, b in zip(y, x, strict=True)]
    same = [np.allclose(a, b) for a, b in zip(y, x, strict=True)]
    assert any(mirrored) and all(np.logical_or(mirrored, same))


def test_weights_are_described(load_script, tmp_path):
    weights = load_script("mnist/weights.py")
    result = weights.describe(np.array([0, 0.0005, -0.5, 0.5], dtype="float32"))
    assert result["nearly_zero"] == 0.5 and result["exactly_zero"] == 0.25
    assert result["mean_size"] == pytest.approx(0.250125)
    with pytest.raises(SystemExit, match="Train -m all first"):
        weights.main([str(tmp_path)])
    models = load_script("mnist/models.py").MODELS
    for name in weights.MODELS:
        models[name]().save(tmp_path / f"{name}.keras")
    results = weights.main([str(tmp_path), "--outputs", str(tmp_path)])
    # All kernels but the output's: 288 + 18,432 + 36,864 + 36,864.
    assert results["conv_net_l1"]["weights"] == 92_448
    assert (tmp_path / "mnist_weights.png").exists()
