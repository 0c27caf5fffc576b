"""The scripts of the introduction."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from conftest import ROOT
from keras import layers

from basics import gradient_descent, vanishing_gradient
from utils.files import load_results


def test_backpropagation_by_hand_is_that_of_keras_and_of_small_changes(run_lesson):
    module, results = run_lesson("basics/backpropagation.py")
    assert results["difference"] < 1e-6
    before, after = results["loss"]
    assert after < before
    parameters = [module.W1, module.B1, module.W2, module.B2]
    for values, gradient in zip(parameters, results["by_hand"], strict=True):
        for index, expected in zip(np.ndindex(values.shape), gradient, strict=True):
            old, losses = values[index], []
            for step in (1e-5, -1e-5):
                values[index] = old + step
                losses.append(module.forward(*parameters)[2])
            values[index] = old
            assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(expected, abs=1e-7)


def test_gradient_descent_follows_the_formula():
    x, y = gradient_descent.load_flowers()
    path, losses = gradient_descent.descend(gradient_descent.build_model(0.2), x, y, steps=3)
    weights = np.array(gradient_descent.START)
    for place, loss in zip(path, losses, strict=True):
        np.testing.assert_allclose(place, weights, atol=1e-5)
        errors = x @ weights - y[:, 0]
        assert loss == pytest.approx(np.mean(errors**2), rel=1e-4)
        weights = weights - 0.2 * 2 * errors @ x / len(x)
    # The map under the path shows the same loss.
    surface = gradient_descent.loss_surface(x, y, *path.T[:, np.newaxis])
    np.testing.assert_allclose(surface[0], losses, rtol=1e-4)


@pytest.mark.slow
def test_the_gradient_vanishes_with_sigmoid_and_default_weights(run_lesson):
    _, results = run_lesson("basics/vanishing_gradient.py", "--epochs", 4, "--seeds", 1)
    sigmoid, tanh, relu = (results["sizes"][name] for name in ("sigmoid", "tanh", "relu"))
    assert len(sigmoid) == 10 and all(np.diff(sigmoid) > 0)
    assert sigmoid[0] < relu[0] / 1000 and sigmoid[0] < tanh[0] / 1000
    assert results["ratios"]["sigmoid"][0] > 1e4
    assert 0.1 < results["ratios"]["tanh"][0] < 10 and 0.1 < results["ratios"]["relu"][0] < 10
    reached = {name: values[0] for name, values in results["accuracies"].items()}
    assert reached["sigmoid"] < 0.2 and reached["tanh"] > 0.7


def signals(activation, factor, centred, signal):
    """Yield what comes out of each hidden layer of a network with changed initial weights."""
    keras.utils.set_random_seed(1)
    model = vanishing_gradient.build_model(activation, "glorot_uniform")
    vanishing_gradient.mend(model, factor, centred)
    for layer in model.layers[:-1]:
        signal = layer(signal)
        yield keras.ops.convert_to_numpy(signal)


def test_mended_sigmoid_layers_are_tanh_layers():
    """With weights times 4 and centred, each layer is that of a tanh network, shifted to 0.5.

    The first layer gets the same inputs in both networks, so its inputs count from 0.5, too.
    """
    images = vanishing_gradient.load_images()[0][:100]
    tanh = signals("tanh", 1, False, 2 * images - 1)
    for one, sigmoid in zip(tanh, signals("sigmoid", 4, True, images), strict=True):
        np.testing.assert_allclose(2 * sigmoid - 1, one, atol=1e-4)


def test_the_best_epoch_counts():
    trained = SimpleNamespace(history={"accuracy": [0.2, 0.9, 0.4]})
    model = SimpleNamespace(compile=lambda *_, **__: None, fit=lambda *_, **__: trained)
    assert vanishing_gradient.train(model, None, None, 3) == 0.9


def test_the_measured_gradient_is_what_a_step_subtracts():
    images, labels = vanishing_gradient.load_images()
    model = vanishing_gradient.build_model("tanh", "glorot_uniform")
    measured = vanishing_gradient.gradient_sizes(model, images, labels)
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


@pytest.mark.parametrize("sizes", [[2, 8, 4, 1], [784, 512, 10]])
def test_the_drawn_network_is_the_one_that_keras_builds(run_lesson, sizes):
    figure = "network_" + "-".join(map(str, sizes))
    _, results = run_lesson("basics/draw_network.py", "--layers", *sizes, figure=figure)
    model = keras.Sequential([keras.Input((sizes[0],)), *[layers.Dense(n) for n in sizes[1:]]])
    assert results["parameters"] == [layer.count_params() for layer in model.layers]
    assert results["total"] == model.count_params()


def test_the_drawn_neuron_is_a_dense_layer_of_one(run_lesson):
    module, results = run_lesson("basics/draw_neuron.py", figure="neurons")
    neuron = keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid")])
    neuron.set_weights([np.reshape(module.WEIGHTS, (3, 1)), np.array([module.BIAS])])
    output = neuron.predict(np.array([module.INPUTS], dtype="float32"), verbose=0)
    assert output.item() == pytest.approx(results["output"], abs=1e-6)
