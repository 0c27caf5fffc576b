"""Recurrent networks: by hand equals Keras, names are learned, order counts."""

from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest

from mnist.models import MODELS
from rnn import first_names, letters, names, order
from rnn.cells import by_hand, costs, long_memory


@pytest.mark.every_back_end
def test_cells_by_hand_equal_keras(run_lesson):
    _, results = run_lesson("rnn/cells/by_hand.py", figure="gates")
    assert set(results) == {"SimpleRNN", "LSTM", "GRU"}
    for layer in results.values():
        assert layer["difference"] < 1e-5 and layer["formula"] == layer["parameters"]
    weights = by_hand.make_layer("GRU", np.random.default_rng(1)).get_weights()
    assert all(one.all() for one in weights), "biases are compared, too"
    assert by_hand.parameters("GRU", 28, 128) == 60_672  # without the output layer of mnist's gru
    assert (MODELS["lstm"]().count_params(), MODELS["gru"]().count_params()) == (81_674, 61_962)


@pytest.mark.every_back_end
def test_backpropagation_through_time_equals_keras(run_main):
    _, results = run_main("rnn/cells/through_time.py")
    np.testing.assert_allclose(results["by_hand"], results["by_keras"], rtol=1e-4)
    np.testing.assert_allclose(np.sum(results["shares"], axis=0), results["by_hand"])
    assert np.abs(results["by_hand"]).min() > 0.01


@pytest.mark.slow
def test_gates_keep_the_gradient_and_clipping_the_training(run_lesson):
    options = ["--seeds", 1, "--batches", 2]
    _, results = run_lesson("rnn/cells/long_memory.py", *options, LENGTHS=[4])
    ratios = results["ratios"]  # first step's gradient / last step's
    assert ratios["SimpleRNN, orthogonal"] < 1e-8 and ratios["LSTM, forget bias 5"] > 0.01
    exploded, clipped = results["losses"].values()
    assert None in exploded and None not in clipped and clipped[-1] < 0.1 * clipped[0]
    # Without tanh, an orthogonal matrix keeps it; what the kernel passes on to the inputs varies.
    linear = long_memory.gradient_sizes(keras.layers.SimpleRNN(32, activation="linear"))
    assert linear[0] == pytest.approx(linear[-1], rel=0.6)


def test_what_is_remembered_is_the_first_letter_and_was_not_learned(monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", fit := Mock())
    monkeypatch.setattr(keras.Model, "evaluate", score := Mock(return_value={"accuracy": 1}))
    long_memory.remember(keras.layers.SimpleRNN(2), 20, 1, 5)
    parts = fit.call_args.args, score.call_args.args
    assert [len(x) for x, _ in parts] == [5 * long_memory.BATCH_SIZE, long_memory.TESTED]
    learned, asked = ({one.tobytes() for one in x} for x, _ in parts)
    assert not learned & asked
    for x, y in parts:
        np.testing.assert_array_equal(x[:, 0].argmax(axis=1), y)
        assert set(y) == {0, 1} and not x[:, 1:, :2].any() and (x.sum(axis=2) == 1).all()
    monkeypatch.setattr(keras.Model, "train_on_batch", step := Mock(return_value=1.0))
    long_memory.train(None)
    x, y = step.call_args.args
    np.testing.assert_allclose(y[:, 0], [one.mean() for one in x], atol=1e-6)


def test_state_is_kept_and_padding_skipped_and_the_fastest_round_counts(run_main, monkeypatch):
    """What a step takes is said by a clock that was set; nothing is trained."""
    monkeypatch.setattr(keras.Model, "train_on_batch", Mock())
    two = {name: costs.variants()[name] for name in ("SimpleRNN", "GRU")}
    clock = SimpleNamespace(perf_counter=iter([0, 4, 10, 16, 20, 22, 30, 33]).__next__)
    _, results = run_main("rnn/cells/costs.py", "--rounds", 2, variants=lambda: two, time=clock)
    assert results["halves"] < 1e-5 and results["masked"] < 1e-5 < 0.01 < results["padded"]
    assert results["milliseconds"] == {"SimpleRNN": 2_000, "GRU": 3_000}
    assert results["ratios"] == {"SimpleRNN": 2 / 3, "GRU": 1}


@pytest.mark.slow
def test_order_needs_more_than_counts(monkeypatch):
    monkeypatch.setattr(order, "LEARNING_RATE", 0.02)
    for build, least, most in ((order.counts, 0.4, 0.6), (order.gru, 0.9, 1)):
        # One that was trained on several lengths takes yet another one.
        model = order.train(build, [3, 6], seed=1, epochs=4)
        assert least <= order.accuracy(model, 5, seed=1) <= most


def test_one_of_two_letters_comes_first_and_what_tests_is_drawn_from_other_seeds(monkeypatch):
    drawn, make = [], order.make_sequences

    def make_sequences(count, length, random):
        drawn.append(random.bit_generator.state["state"]["state"])
        return make(count, length, random)

    monkeypatch.setattr(keras.Model, "fit", fit := Mock())
    monkeypatch.setattr(order, "make_sequences", make_sequences)
    for seed in (1, 2, 3):
        model = order.train(order.counts, [5, 10], seed, 1)
        order.accuracy(model, 5, seed)
    assert len(set(drawn)) == len(drawn) == 9
    x, first = fit.call_args.args
    assert (x.sum(axis=2) == 1).all() and (x[:, :, :2].sum(axis=1) == 1).all()  # A once and B once
    a, b = (x[:, :, letter].argmax(axis=1) for letter in (0, 1))
    np.testing.assert_array_equal(first, a < b)
    assert 0.4 < first.mean() < 0.6


def test_ngrams_are_probabilities_and_longer_ones_know_more():
    parts = letters.load_names(1)
    assert sum(map(len, parts)) == len(set().union(*parts)) == 88_799
    ngrams = letters.count_letters(3, parts[0][:5_000])
    bits = [letters.ngram_bits(ngrams, name) for name in parts[1][:300]]
    one, two, three = np.concatenate(bits, axis=1).mean(axis=1)
    assert np.log2(27) > one > two > three
    for context in ("^", "s", "^s", "ma", "xq"):
        found = [ngrams.probabilities(letter, context) for letter in ngrams.alphabet]
        np.testing.assert_allclose(np.sum(found, axis=0), 1)


@pytest.mark.every_back_end
def test_what_is_read_and_said_and_what_it_costs():
    x, y = letters.encode(["zoe"])
    assert x[0, :5].tolist() == [letters.EDGE, 26, 15, 5, 0]
    assert y[0, :5].tolist() == [26, 15, 5, letters.EDGE, 0]
    model, some = names.build_network("gru", 8), letters.load_names(1)[2][:50]
    bits = letters.network_bits(model, some)
    assert [len(row) for row in bits] == [len(name) + 1 for name in some]
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0))
    loss = model.evaluate(*letters.encode(some), verbose=0, batch_size=50)
    assert loss / np.log(2) == pytest.approx(letters.mean_bits(bits), rel=1e-3)


@pytest.mark.every_back_end
@pytest.mark.parametrize("layer", names.LAYERS)
def test_the_state_that_is_kept_stands_for_all_letters_before(layer):
    """Cold enough, each letter is the likeliest after the whole beginning of the name."""
    keras.utils.set_random_seed(3)
    model = names.build_network(layer, 8)
    model.set_weights([3 * weights for weights in model.get_weights()])  # so that letters differ
    (name,) = set(names.invent(model, 3, 1e-4, seed=1))
    x, y = letters.encode([name])
    said = model.predict(x, verbose=0)[0, :, 1:].argmax(axis=1) + 1  # never the padding
    written = len(name) + (len(name) < letters.LONGEST)  # with the end, if there was room for it
    assert len(name) > 1 and said[:written].tolist() == y[0, :written].tolist()


def test_a_temperature_makes_names_bold_or_ordinary():
    """Whatever was read, the network finds b the likeliest next letter, then a, then the end."""
    model, says = names.build_network("gru", 4), np.full(letters.SYMBOLS, -30.0)
    says[[2, 1, letters.EDGE, letters.PADDING]] = 3, 2, 1, 50  # the padding is never said
    model.layers[-1].set_weights([np.zeros((4, letters.SYMBOLS)), says])
    assert set(names.invent(model, 20, 0.01, seed=1)) == {"b" * letters.LONGEST}
    warm, hot = (names.invent(model, 500, temperature, seed=1) for temperature in (1.0, 9.0))
    assert {*"".join(warm)} == {"a", "b"} < {*"".join(hot)}
    share = np.mean([name[:1] == "b" for name in warm])
    assert share == pytest.approx(1 / (1 + np.exp(-1) + np.exp(-2)), abs=0.06)


@pytest.mark.slow
def test_first_names_are_told_apart(run_main):
    _, results = run_main("rnn/first_names.py", "--splits", 1, "--epochs", 8)
    table, _, both = first_names.load_first_names()
    assert "nan" in set(table) and len(both) == results["both"] == 331 and not {*both} & {*table}
    models = results["models"]
    assert models["convolution"]["auc"]["mean"] > 0.9
    assert models["GRU"]["auc"]["mean"] > models["letters"]["auc"]["mean"] > 0.7
    assert models["majority_class"]["auc"]["mean"] == 0.5


def test_first_names_that_test_are_unknown_to_all_models(monkeypatch):
    def answer(names):
        return np.array([[0, name[0] == "f"] for name in names], float)

    every, fewer, fit = Mock(), Mock(), Mock()
    for model in (every, fewer):
        model.fit.return_value, model.predict_proba.side_effect = model, answer
    predict = Mock(side_effect=lambda model, names: answer(names)[:, 1])
    made = Mock(side_effect=[{"n_grams": every}, {"n_grams": fewer}])
    monkeypatch.setattr(first_names, "make_others", made)
    monkeypatch.setattr(first_names, "predict", predict)
    fit.return_value.history = {"val_loss": [1.0]}
    monkeypatch.setattr(keras.Model, "fit", fit)
    female = np.arange(500) % 2
    some = [f"{'mf'[sex]}{chr(97 + n // 26)}{chr(97 + n % 26)}" for n, sex in enumerate(female)]
    scores, _ = first_names.score_models(np.array(some), female, 1, {"GRU": 0.01}, 1)
    assert {one["accuracy"] for one in scores.values()} == {1}
    learned, more = (set(model.fit.call_args.args[0]) for model in (fewer, every))
    asked = [set(ask.call_args.args[-1]) for ask in (predict, every.predict_proba)]
    assert asked == [set(some) - more] * 2 and learned < more
    (x, y), (x_stop, y_stop) = fit.call_args.args, fit.call_args.kwargs["validation_data"]
    for rows, sexes, known in ((x, y, learned), (x_stop, y_stop, more - learned)):
        assert set(map(tuple, rows)) == set(map(tuple, letters.encode(sorted(known))[0]))
        np.testing.assert_array_equal(rows[:, 1] == 6, sexes)  # f is the sixth letter
    assert [len(some) for some in (learned, y_stop, asked[0])] == [300, 100, 100]
    monkeypatch.setattr(first_names, "RATES", [0.01, 0.1])
    monkeypatch.setattr(first_names, "SEARCHED", [7, 8])
    fit.side_effect = [SimpleNamespace(history={"val_loss": [9, n, 5]}) for n in (1, 2, 3, 4)]
    found = first_names.find_rate("GRU", np.array(some), female, 1)
    assert [one["loss"] for one in found["tried"]] == [1.5, 3.5], "means over splits"


@pytest.mark.every_back_end
def test_zeros_after_a_first_name_do_not_count():
    model, short = first_names.build_gru(), letters.encode(["ann"])[0]
    longer = np.pad(short, ((0, 0), (0, 9)))
    np.testing.assert_allclose(*(model.predict(x, verbose=0) for x in (short, longer)), atol=1e-6)
