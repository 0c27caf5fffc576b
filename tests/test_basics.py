"""The scripts of the introduction."""

from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT
from keras import layers

from utils.runs import load_results


def test_backpropagation_by_hand_is_that_of_keras(run_lesson):
    module, results = run_lesson("basics/backpropagation.py")
    for by_hand, by_keras in zip(results["by_hand"], results["by_keras"], strict=True):
        np.testing.assert_allclose(by_hand, by_keras, atol=1e-6)
    assert results["difference"] < 1e-6
    before, after = results["loss"]
    assert after < before

    # A third way: change each parameter a little and see how the loss changes.
    parameters = [module.W1, module.B1, module.W2, module.B2]
    for values, gradient in zip(parameters, results["by_hand"], strict=True):
        for index, expected in zip(np.ndindex(values.shape), gradient, strict=True):
            old, losses = values[index], []
            for step in (1e-5, -1e-5):
                values[index] = old + step
                losses.append(module.forward(*parameters)[2])
            values[index] = old
            assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(expected, abs=1e-7)


def test_a_wrong_derivative_would_be_seen(load_script, tmp_path, monkeypatch):
    module = load_script("basics/backpropagation.py")
    monkeypatch.setattr(module, "sigmoid", np.tanh)
    assert module.main(["--outputs", str(tmp_path)])["difference"] > 0.01


@pytest.mark.slow
def test_gradient_descent_needs_the_right_learning_rate(run_lesson):
    module, results = run_lesson("basics/gradient_descent.py")
    lowest = results["lowest"]
    slow, good, fast = (run["losses"] for run in results["runs"])
    assert len(slow) == module.STEPS + 1
    assert slow[0] == good[0] == fast[0]
    assert all(np.diff(slow) < 0) and slow[-1] > 2 * lowest["loss"]
    assert good[-1] == pytest.approx(lowest["loss"], abs=1e-3)
    np.testing.assert_allclose(results["runs"][1]["weights"], lowest["weights"], atol=0.02)
    assert fast[-1] > fast[0]
    # The lowest point is one: nothing beside it is lower.
    x, y = module.load_flowers()
    w1, w2 = np.array(lowest["weights"])[:, np.newaxis] + [[0.1, -0.1, 0, 0], [0, 0, 0.1, -0.1]]
    assert (module.loss_surface(x, y, w1, w2) > lowest["loss"]).all()


def test_gradient_descent_follows_the_formula(load_script):
    module = load_script("basics/gradient_descent.py")
    x, y = module.load_flowers()
    model = module.build_model(0.2)
    path, losses = module.descend(model, x, y, steps=3)
    weights = np.array(module.START)
    for place, loss in zip(path, losses, strict=True):
        np.testing.assert_allclose(place, weights, atol=1e-5)
        errors = x @ weights - y[:, 0]
        assert loss == pytest.approx(np.mean(errors**2), rel=1e-4)
        weights = weights - 0.2 * 2 * errors @ x / len(x)
    # The map under the path shows the same loss.
    surface = module.loss_surface(x, y, *path.T[:, np.newaxis])
    np.testing.assert_allclose(surface[0], losses, rtol=1e-4)


@pytest.mark.slow
def test_the_gradient_vanishes_with_sigmoid_and_default_weights(run_lesson):
    _, results = run_lesson("basics/vanishing_gradient.py", "--epochs", 4, "--seeds", 1)
    sigmoid, tanh, relu = (results["sizes"][name] for name in ("sigmoid", "tanh", "relu"))
    assert len(sigmoid) == 10
    assert all(np.diff(sigmoid) > 0)
    assert sigmoid[0] < relu[0] / 1000 and sigmoid[0] < tanh[0] / 1000
    assert results["ratios"]["sigmoid"][0] > 1e4
    assert 0.1 < results["ratios"]["tanh"][0] < 10
    assert 0.1 < results["ratios"]["relu"][0] < 10
    assert {name: len(reached) for name, reached in results["accuracies"].items()} == {
        "sigmoid": 1,
        "tanh": 1,
        "relu": 1,
    }
    assert results["accuracies"]["sigmoid"][0] < 0.2
    assert results["accuracies"]["tanh"][0] > 0.7


@pytest.mark.slow
def test_other_weights_mend_the_gradient_of_sigmoid(run_lesson):
    _, results = run_lesson("basics/vanishing_gradient.py", "--mend", "--epochs", 12, "--seeds", 1)
    (centred,), (larger,), (both,) = results["ratios"].values()
    assert centred > 1e4 and 20 < larger < 500 and both < 10
    (centred,), (larger,), (both,) = results["accuracies"].values()
    assert centred < 0.2 and larger < 0.5 and both > 0.8


def test_mended_sigmoid_layers_are_tanh_layers(load_script):
    """With weights times 4 and centred, each layer is that of a tanh network, shifted to 0.5.

    The first layer gets the same inputs in both networks, so its inputs count from 0.5, too.
    """
    module = load_script("basics/vanishing_gradient.py")
    images, _ = module.load_images()
    signals = {}
    for activation, factor, centred in (("tanh", 1, False), ("sigmoid", 4, True)):
        keras.utils.set_random_seed(1)
        model = module.build_model(activation, "glorot_uniform")
        module.mend(model, factor, centred)
        signal = images[:100] if centred else 2 * images[:100] - 1
        signals[activation] = []
        for layer in model.layers[:-1]:
            signal = layer(signal)
            signals[activation].append(keras.ops.convert_to_numpy(signal))
    for tanh, sigmoid in zip(signals["tanh"], signals["sigmoid"], strict=True):
        np.testing.assert_allclose(2 * sigmoid - 1, tanh, atol=1e-4)


def test_the_signal_of_sigmoid_shrinks_to_a_quarter_per_layer(load_script):
    module = load_script("basics/vanishing_gradient.py")
    signal, _ = module.load_images()
    keras.utils.set_random_seed(1)
    spreads = []
    for layer in module.build_model("sigmoid", "glorot_uniform").layers[:-1]:
        signal = layer(signal)
        spreads.append(keras.ops.convert_to_numpy(signal).astype("float64").std(axis=0).mean())
    shares = np.divide(spreads[1:], spreads[:-1])
    assert (shares > 0.18).all() and (shares < 0.3).all()


def test_larger_weights_alone_push_neurons_to_the_flat_ends(load_script):
    module = load_script("basics/vanishing_gradient.py")
    images, _ = module.load_images()
    slopes = {}
    for name, (activation, factor, centred) in module.MENDED.items():
        keras.utils.set_random_seed(1)
        model = module.build_model(activation, "glorot_uniform")
        module.mend(model, factor, centred)
        signal = images
        for layer in model.layers[:-1]:
            signal = layer(signal)
        output = keras.ops.convert_to_numpy(signal)
        slopes[name] = float(np.mean(output * (1 - output)))
    assert slopes["times 4"] < 0.18 < 0.21 < slopes["both"]


def test_the_best_epoch_counts(load_script):
    trained = SimpleNamespace(history={"accuracy": [0.2, 0.9, 0.4]})
    model = SimpleNamespace(compile=lambda *_, **__: None, fit=lambda *_, **__: trained)
    assert load_script("basics/vanishing_gradient.py").train(model, None, None, 3) == 0.9


def test_the_measured_gradient_is_what_a_step_subtracts(load_script):
    module = load_script("basics/vanishing_gradient.py")
    images, labels = module.load_images()
    model = module.build_model("tanh", "glorot_uniform")
    measured = module.gradient_sizes(model, images, labels)
    before = [layer.get_weights()[0] for layer in model.layers]
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    model.train_on_batch(images, labels)
    after = [layer.get_weights()[0] for layer in model.layers]
    steps = [np.sqrt(np.mean((b - a) ** 2)) for b, a in zip(before, after, strict=True)]
    np.testing.assert_allclose(measured, steps[:-1], rtol=0.02)


@pytest.mark.parametrize("name", ["vanishing_gradient", "vanishing_gradient_mend"])
def test_what_the_text_shows_is_what_is_filed(name):
    readme, filed = (ROOT / "basics/README.md").read_text(encoding="utf-8"), load_results(name)
    for network, reached in filed["accuracies"].items():
        assert f"\n{network:8}" + "".join(f"{one:11.1%}" for one in reached) + "\n" in readme
        ratios = "".join(f"{ratio:11,.1f}" for ratio in filed["ratios"][network])
        assert f"\n{network:8}{ratios}\n" in readme


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [([2, 8, 4, 1], [24, 36, 5]), ([11, 6, 6, 1], [72, 42, 7]), ([784, 512, 10], [401920, 5130])],
)
def test_the_drawn_network_is_the_one_that_keras_builds(run_lesson, sizes, parameters):
    figure = "network_" + "-".join(map(str, sizes))
    _, results = run_lesson("basics/draw_network.py", "--layers", *sizes, figure=figure)
    model = keras.Sequential([keras.Input((sizes[0],)), *[layers.Dense(n) for n in sizes[1:]]])
    assert results["parameters"] == parameters
    assert results["parameters"] == [layer.count_params() for layer in model.layers]
    assert results["total"] == model.count_params()


def test_every_neuron_and_connection_is_drawn(load_script):
    module = load_script("basics/draw_network.py")
    (axis,) = module.draw([3, 5, 2], ["a", "b", "c"]).axes
    assert len(axis.patches) == 3 + 5 + 2
    assert len(axis.lines) == 3 * 5 + 5 * 2
    assert {"3", "5", "2", "a", "b", "c", "20 parameters", "12 parameters"} == {
        text.get_text() for text in axis.texts
    }
    plt.close("all")


def test_the_drawn_neuron_is_a_dense_layer_of_one(run_lesson):
    module, results = run_lesson("basics/draw_neuron.py", figure="neurons")
    neuron = keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid")])
    neuron.set_weights([np.reshape(module.WEIGHTS, (3, 1)), np.array([module.BIAS])])
    output = neuron.predict(np.array([module.INPUTS], dtype="float32"), verbose=0)
    assert output.item() == pytest.approx(results["output"], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("draw_network", ["--layers", "3"]),
        ("draw_network", ["--layers", "3", "0"]),
        ("draw_network", ["--layers", "3", "2", "--labels", "one"]),
        ("gradient_descent", ["--learning-rates", "nan"]),
        ("gradient_descent", ["--steps", "0"]),
        ("vanishing_gradient", ["--initializer", "nonsense"]),
    ],
)
def test_a_bad_option_ends_with_status_2(name, options, load_script, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script(f"basics/{name}.py").main(options)
    assert "error: " in capsys.readouterr().err
