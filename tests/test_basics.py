"""The scripts of the introduction."""

import keras
import numpy as np
import pytest
from keras import layers

from basics import gradient_descent


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


def test_a_mistake_in_one_number_is_seen(run_main, load_script, monkeypatch):
    backward = load_script("basics/backpropagation.py").backward

    def mistaken(*values):
        w1, *others = backward(*values)
        return [w1 + 0.25 * (np.arange(w1.size).reshape(w1.shape) == 1), *others]

    monkeypatch.setattr("basics.backpropagation.backward", mistaken)
    _, results = run_main("basics/backpropagation.py")
    assert results["difference"] == pytest.approx(0.25)


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


@pytest.mark.parametrize("sizes", [[2, 8, 4, 1], [784, 512, 10]])
def test_the_drawn_network_is_the_one_that_keras_builds(run_lesson, sizes):
    figure = "network_" + "-".join(map(str, sizes))
    _, results = run_lesson("basics/draw_network.py", "--layers", *sizes, figure=figure)
    model = keras.Sequential([keras.Input((sizes[0],)), *[layers.Dense(n) for n in sizes[1:]]])
    assert results["parameters"] == [layer.count_params() for layer in model.layers]
    assert results["total"] == model.count_params()
