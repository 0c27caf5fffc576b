"""XOR: the first network, its forward pass by hand, and how often initializations succeed."""

from unittest.mock import Mock

import keras
import numpy as np
import pytest

from utils.files import load_results
from xor import forward_propagation, helpers, initializations, xor
from xor.bundles import build_bundle


def test_the_network_of_the_text_solves_xor():
    """It did, and test_results.py trains it again, with the same result."""
    result = load_results("xor")
    assert result["accuracy"] == 1 and result["loss"] < 0.3
    assert result["parameters"] == (2 * 8 + 8) + (8 * 4 + 4) + (4 + 1)
    # Far enough from 0.5 that the last digits of another machine change nothing.
    answers = np.ravel(result["predictions"])
    assert max(answers[[0, 3]]) < 0.4 and min(answers[[1, 2]]) > 0.6


@pytest.fixture
def no_figure(monkeypatch):
    monkeypatch.setattr(xor, "draw_predictions", lambda *_: None)


def test_the_seed_decides(no_figure, monkeypatch, tmp_path):
    """With what a network begins; what it then learns, test_results.py does again."""
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: Mock(history={"loss": []}))
    scores = lambda *_, **__: {"loss": 1.0, "accuracy": 0.5}  # noqa: E731
    monkeypatch.setattr(keras.Model, "evaluate", scores)
    runs = [xor.main(["--seed", seed, "--outputs", str(tmp_path)]) for seed in "112"]
    first, again, other = (run["predictions"] for run in runs)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_single_neuron_cannot_solve_xor(no_figure, run_main):
    _, result = run_main("xor/xor.py", "--hidden", "--learning-rate", 0.1, "--epochs", 30)
    assert result["parameters"] == 3 and result["accuracy"] <= 0.75
    assert 0.68 < result["loss"] < 0.75, "it can do no better than say 0.5, which costs ln 2"


@pytest.mark.parametrize(
    "activation", sorted({*helpers.ACTIVATIONS, *forward_propagation.ACTIVATIONS})
)
def test_by_hand_is_what_keras_computes(activation):
    """With biases, too, which are zero at the start."""
    random = np.random.default_rng(9)
    model = xor.build_model([5, 3], activation)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    rows = random.normal(size=(20, 2)).astype("float32")
    outputs = forward_propagation.forward(forward_propagation.weights_of(model), rows)
    assert [one.shape for one in outputs] == [(20, 5), (20, 3), (20, 1)]
    np.testing.assert_allclose(outputs[-1], model.predict(rows, verbose=0), rtol=0, atol=1e-6)


# Adam hides a wrong scale of the loss, plain gradient descent does not.
@pytest.mark.parametrize(("optimizer", "rate", "batch_size"), [("adam", 0.01, 1), ("sgd", 0.5, 4)])
def test_a_network_in_the_bundle_learns_as_if_alone(monkeypatch, optimizer, rate, batch_size):
    """Same initial weights and same rows: the same weights as a Dense model of its own."""
    seen = {}

    def build(*shape):
        seen["model"] = build_bundle(*shape)
        seen["before"] = seen["model"].get_weights()
        return seen["model"]

    monkeypatch.setattr(initializations, "build_bundle", build)
    initializations.measure(([8, 4], "relu", optimizer, rate), 2, [15, 40], 1, batch_size)
    random = np.random.default_rng(1)
    rows = np.concatenate([initializations.shuffled_rows(epochs, 2, random) for epochs in (15, 25)])
    for number in range(2):
        alone = xor.build_model([8, 4], "relu")
        alone.set_weights([weights[number] for weights in seen["before"]])
        alone.compile(optimizer=optimizer, loss="binary_crossentropy")
        alone.optimizer.learning_rate = rate
        order = rows[:, number]
        x, y = xor.X[order], xor.Y[order]
        alone.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0)
        for ours, theirs in zip(seen["model"].get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_allclose(ours[number], theirs, rtol=0, atol=1e-4)
        assert np.abs(alone.get_weights()[0] - seen["before"][0][number]).max() > 0.1


def test_the_bundle_starts_as_dense_layers_do():
    keras.utils.set_random_seed(0)
    weights = build_bundle(1000, [2, 8, 4, 1], "relu").get_weights()
    sizes = [(2, 8), (8, 4), (4, 1)]
    for size, kernel, bias in zip(sizes, weights[::2], weights[1::2], strict=True):
        limit = np.sqrt(6 / sum(size))
        assert kernel.shape == (1000, *size) and not bias.any()
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)


def test_each_network_meets_every_row_once_per_epoch_in_an_order_of_its_own():
    rows = initializations.shuffled_rows(5, 30, np.random.default_rng(0))
    epochs = rows.reshape(5, 4, 30)
    assert (np.sort(epochs, axis=1) == np.arange(4)[:, None]).all()
    assert len({tuple(order) for order in epochs[0].T}) > 10
    assert not (epochs[0] == epochs[1]).all()


def test_solved_is_all_four_rows_and_stuck_is_silent_where_targets_differ():
    bundle = build_bundle(5, [2, 2, 1], "relu")
    # relu(a + b) - 2 relu(a + b - 1) is XOR; the bias of the output moves the threshold.
    first, bias = np.ones((5, 2, 2)), np.tile([0.0, -1.0], (5, 1))
    bias[4] = -1  # of this one, both neurons are 0 for all rows but 1, 1
    last = np.tile([[8.0], [-16.0]], (5, 1, 1))
    # And of this one where the target is 1: relu(1 - a - b) + relu(a + b - 1) is the contrary.
    first[1, :, 0], bias[1, 0], last[1] = -1, 1, -8
    bundle.set_weights([first, bias, last, np.array([[-4.0], [4], [4], [-9], [-4]])])
    solved, stuck = initializations.look_at(bundle)
    assert solved.tolist() == [True, True, False, False, False]
    assert stuck.tolist() == [False, False, False, False, True]


def test_more_epochs_solve_more(run_main):
    options = ["--networks", 100, "--epochs", 60, 20, "--learning-rate", 0.01, "--hidden", 8, 4]
    _, result = run_main("xor/initializations.py", *options)
    (setup,) = result["setups"]
    solved, error = setup["solved"], setup["standard_error"]
    assert 0 <= solved["20"] < solved["60"] < 1 and solved["60"] > 0.3
    assert error["60"] == pytest.approx((solved["60"] * (1 - solved["60"]) / 100) ** 0.5)
