"""Recurrent networks: by hand equals Keras, names are learned, order counts."""

from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from scipy.stats import binomtest

from utils.runs import load_results


def test_cells_by_hand_equal_keras(run_main, tmp_path):
    module, results = run_main("rnn/cells/by_hand.py")
    assert set(results) == {"SimpleRNN", "LSTM", "GRU"}
    for layer in results.values():
        assert layer["difference"] < 1e-5 and layer["formula"] == layer["parameters"]
    assert (tmp_path / "run" / "gates.png").exists()
    assert module.parameters("GRU", 28, 128) == 60_672  # without the output layer of mnist's gru


def test_backpropagation_through_time_equals_keras(run_main):
    _, results = run_main("rnn/cells/through_time.py")
    np.testing.assert_allclose(results["by_hand"], results["by_keras"], rtol=1e-4)
    np.testing.assert_allclose(np.sum(results["shares"], axis=0), results["by_hand"])
    assert np.abs(results["by_hand"]).min() > 0.01


@pytest.mark.slow
def test_gates_keep_the_gradient_and_clipping_the_training(load_script, monkeypatch, tmp_path):
    module = load_script("rnn/cells/long_memory.py")
    monkeypatch.setattr(module, "LENGTHS", [4])
    results = module.main(["--seeds", "1", "--batches", "2", "--outputs", str(tmp_path)])
    ratios = results["ratios"]  # first step's gradient / last step's
    assert ratios["SimpleRNN, orthogonal"] < 1e-8 and ratios["LSTM, forget bias 5"] > 0.01
    exploded, clipped = results["losses"].values()
    assert None in exploded and None not in clipped and clipped[-1] < 0.1 * clipped[0]
    assert {len(known) for one in results["remembered"].values() for known in one.values()} == {1}


def test_the_first_letter_is_the_one_to_remember(load_script):
    module = load_script("rnn/cells/long_memory.py")
    x, y = module.make_letters(200, 7, np.random.default_rng(0))
    np.testing.assert_array_equal(x[:, 0].argmax(axis=1), y)
    assert set(y) == {0, 1} and not x[:, 1:, :2].any() and (x.sum(axis=2) == 1).all()


def test_without_tanh_an_orthogonal_matrix_keeps_the_gradient(load_script):
    module = load_script("rnn/cells/long_memory.py")
    keras.utils.set_random_seed(1)
    sizes = {
        activation: module.gradient_sizes(keras.layers.SimpleRNN(32, activation=activation))
        for activation in ("linear", "tanh")
    }
    # The state's gradient keeps its length; what the kernel passes on to the inputs varies.
    assert sizes["linear"][0] == pytest.approx(sizes["linear"][-1], rel=0.6)
    assert sizes["tanh"][0] < 1e-6 * sizes["tanh"][-1]


def test_one_of_two_letters_comes_first(load_script):
    order = load_script("rnn/order.py")
    x, first = order.make_sequences(500, 7, np.random.default_rng(0))
    assert x.shape == (500, 7, order.LETTERS) and (x.sum(axis=2) == 1).all()
    a, b = (x[:, :, letter].argmax(axis=1) for letter in (0, 1))
    assert (x[:, :, :2].sum(axis=1) == 1).all()  # A once and B once
    np.testing.assert_array_equal(first, a < b)
    assert 0.4 < first.mean() < 0.6


@pytest.mark.slow
def test_order_needs_more_than_counts(load_script, monkeypatch):
    order = load_script("rnn/order.py")
    monkeypatch.setattr(order, "LEARNING_RATE", 0.02)
    accuracies = {
        build: order.accuracy(order.train(build, [5], seed=1, epochs=4), 5, seed=1)
        for build in (order.counts, order.gru)
    }
    assert accuracies[order.gru] > 0.95 and accuracies[order.counts] < 0.6
    # One that was trained on several lengths takes yet another one.
    mixed = order.train(order.gru, [3, 6], seed=1, epochs=4)
    assert order.accuracy(mixed, 5, seed=1) > 0.9


# Names


@pytest.fixture
def letters(load_script):
    return load_script("rnn/letters.py")


def test_what_is_read_and_what_is_said(letters):
    x, y = letters.encode(["ab", "zoe"])
    edge = letters.EDGE
    assert x.shape == y.shape == (2, letters.LONGEST + 1)
    assert list(x[0][:4]) == [edge, 1, 2, 0] and list(y[0][:4]) == [1, 2, edge, 0]
    assert list(x[1][:5]) == [edge, 26, 15, 5, 0]


def test_names_are_split_without_overlap(letters):
    parts = [set(part) for part in letters.load_names(1)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 88_799
    assert len(parts[1]) == len(parts[2]) == letters.HELD_OUT


def test_ngrams_are_probabilities_and_longer_ones_know_more(letters):
    train, _, test = letters.load_names(1)
    train, test = train[:5_000], test[:300]
    models = [letters.NGrams(order, train) for order in (1, 2, 3)]
    alphabet = "abcdefghijklmnopqrstuvwxyz$"
    for model, context in zip(models, ("", "s", "ma"), strict=True):
        total = sum(model.probability(letter, context) for letter in alphabet)
        assert total == pytest.approx(1)
    bits = [letters.mean_bits([model.bits(name) for name in test]) for model in models]
    assert np.log2(27) > bits[0] > bits[1] > bits[2] > 2


@pytest.mark.slow
def test_the_network_of_names_learns_and_invents(load_script, letters):
    names = load_script("rnn/names.py")
    keras.utils.set_random_seed(1)
    train, validation, test = (part[:4_000] for part in letters.load_names(1))
    model = names.build_network("gru", units=32)
    names.train(model, train, validation[:500], epochs=3)
    bits = letters.network_bits(model, test[:500])
    assert [len(row) for row in bits] == [len(name) + 1 for name in test[:500]]
    assert letters.mean_bits(bits) < 4.2  # guessing takes log2(27) = 4.75, counting letters 4.27
    loss = model.evaluate(*letters.encode(test[:500]), verbose=0, batch_size=500)
    assert loss / np.log(2) == pytest.approx(letters.mean_bits(bits), rel=1e-3)
    words = names.invent(model, 50, 1.0, seed=1)
    assert len(words) == 50 and all(word.isalpha() or word == "" for word in words)
    cold = names.invent(model, 50, 0.01, seed=1)
    assert len(set(cold)) < len(set(words))


@pytest.mark.slow
def test_first_names_are_told_apart(run_main):
    module, results = run_main("rnn/first_names.py", "--splits", 1, "--epochs", 8)
    table, _, both = module.load_first_names()
    assert "nan" in set(table) and len(both) == results["both"] == 331
    assert set(both).isdisjoint(table)
    models = results["models"]
    assert models["GRU"]["auc"]["mean"] > models["letters"]["auc"]["mean"] > 0.7
    assert models["majority_class"]["auc"]["mean"] == 0.5
    lead = models["n_grams_of_fewer"]["accuracy"]["mean"] - models["GRU"]["accuracy"]["mean"]
    assert results["leads"][0]["mean"] == pytest.approx(lead)
    assert results["leads"][0]["low"] < lead < results["leads"][0]["high"]


# Which names and rows learn, choose and are scored


def test_each_part_of_the_surnames_goes_where_it_belongs(load_script, letters, tmp_path):
    names, (train, validation, test) = load_script("rnn/names.py"), letters.load_names(1)
    for call in ("NGrams", "build_network", "train", "save_figure", "vowels_together"):
        setattr(names, call, Mock())
    names.NGrams.return_value.bits = bits = Mock(return_value=[1.0])
    names.network_bits = Mock(return_value=[[1.0]] * letters.HELD_OUT)
    names.draw_letters = Mock(return_value=(None, None))
    names.build_network.return_value.count_params.return_value = 1
    names.vowels_together.return_value = {}
    names.invent = Mock(return_value=[train[0], train[1], test[0], validation[0], "x" * 13])
    results = names.main(["--temperatures", "1", "--outputs", str(tmp_path)])
    assert [call.args for call in names.NGrams.call_args_list] == [(o, train) for o in range(1, 7)]
    chosen = names.NGrams.return_value.choose_trust.call_args_list
    assert [call.args for call in chosen] == 6 * [(validation[:1_000],)]
    assert [call.args[0] for call in bits.call_args_list] == 6 * test
    assert names.train.call_args.args[1:3] == (train, validation)
    assert names.network_bits.call_args.args[1] == test
    one = results["invented"][0]
    assert (one["learned"], one["held_out"]) == (0.4, 0.4)
    assert names.load_names(1, 10)[0] == train[:10]


def test_a_network_of_names_learns_from_its_own_and_looks_at_the_others(load_script, letters):
    names, model = load_script("rnn/names.py"), Mock()
    names.train(model, ["ab", "zoe"], ["eve"], 3)
    (x, y), how = model.fit.call_args.args, model.fit.call_args.kwargs
    np.testing.assert_array_equal((x, y), letters.encode(["ab", "zoe"]))
    np.testing.assert_array_equal(how["validation_data"], letters.encode(["eve"]))
    assert model.compile.call_args.kwargs["loss"].ignore_class == letters.PADDING


def test_ngrams_keep_the_trust_that_costs_the_fewest_bits(letters):
    train, validation, _ = (part[:2_000] for part in letters.load_names(1))
    bits = {}
    for trust in letters.TRUSTS:
        ngrams = letters.NGrams(3, train, trust)
        bits[trust] = letters.mean_bits([ngrams.bits(name) for name in validation[:300]])
    ngrams.choose_trust(validation[:300])
    assert ngrams.trust == min(bits, key=bits.get) not in (letters.TRUSTS[0], letters.TRUSTS[-1])


class Asked:
    """A model of first names that remembers what it learned and what it was asked."""

    def fit(self, names, female):
        assert [name[0] == "f" for name in names] == [bool(sex) for sex in female]
        self.learned = set(names)
        return self

    def predict_proba(self, names):
        self.asked = set(names)
        return np.array([[0, name[0] == "f"] for name in names], float)


def test_first_names_that_test_are_unknown_to_all_models(load_script):
    module, made = load_script("rnn/first_names.py"), [{"n_grams": Asked()} for _ in range(2)]
    every, fewer = (models["n_grams"] for models in made)
    module.make_others, module.train_network = Mock(side_effect=made), Mock()
    module.predict = Mock(side_effect=lambda model, names: every.predict_proba(names)[:, 1])
    female = np.arange(500) % 2
    names = np.array([f"{'mf'[sex]}{number}" for number, sex in enumerate(female)])
    scores, _, _ = module.evaluate(names, female, 1, 1)
    assert {one["accuracy"] for one in scores.values()} == {1}
    learn, sex, stop, stop_sex, *_ = module.train_network.call_args.args
    assert Asked().fit(learn, sex).learned == fewer.learned
    assert every.learned == fewer.learned | Asked().fit(stop, stop_sex).learned
    test = set(module.predict.call_args.args[1])
    assert test == every.asked == fewer.asked == set(names) - every.learned
    assert [len(some) for some in (fewer.learned, set(stop), test)] == [300, 100, 100]


def test_first_names_to_stop_by_do_not_train(load_script, letters, monkeypatch):
    module, fit = load_script("rnn/first_names.py"), Mock()
    monkeypatch.setattr(keras.Model, "fit", fit)
    module.train_network(["ann", "bo"], [1, 0], ["eve"], [1], 1, 2)
    (x, y), how = fit.call_args.args, fit.call_args.kwargs
    np.testing.assert_array_equal(x, letters.encode(["ann", "bo"])[0])
    np.testing.assert_array_equal(how["validation_data"][0], letters.encode(["eve"])[0])
    assert (y, how["validation_data"][1]) == ([1, 0], [1])
    (early,) = how["callbacks"]
    assert early.monitor == "val_loss" and early.restore_best_weights


def test_sequences_that_test_are_drawn_from_other_seeds(load_script, monkeypatch):
    order, states = load_script("rnn/order.py"), []
    monkeypatch.setattr(keras.Model, "fit", Mock())

    def make(count, length, random):
        states[-1].add(random.bit_generator.state["state"]["state"])
        random.random()
        return np.zeros((count, length, order.LETTERS), "float32"), np.zeros(count)

    monkeypatch.setattr(order, "make_sequences", make)
    for seed in (1, 2, 3):
        states.append(set())
        order.train(order.counts, [5, 10], seed, 1)
        states.append(set())
        order.accuracy(lambda x: np.zeros((len(x), 1)), 5, seed)
    assert sum(map(len, states)) == len(set.union(*states)) == 9


def test_what_is_remembered_was_not_learned(load_script, monkeypatch):
    module, fit = load_script("rnn/cells/long_memory.py"), Mock()
    score = Mock(return_value={"accuracy": 1})
    monkeypatch.setattr(keras.Model, "fit", fit)
    monkeypatch.setattr(keras.Model, "evaluate", score)
    module.remember(keras.layers.SimpleRNN(2), 20, 1, 5)
    (x, y), (x_test, y_test) = fit.call_args.args, score.call_args.args
    assert len(x) == 5 * module.BATCH_SIZE and len(x_test) == module.TESTED
    assert not {one.tobytes() for one in x} & {one.tobytes() for one in x_test}
    for sequences, first in ((x, y), (x_test, y_test)):
        np.testing.assert_array_equal(sequences[:, 0].argmax(axis=1), first)


def test_pixels_change_places_in_both_parts_alike(load_script):
    module, model = load_script("rnn/pixel_order.py"), Mock(input_shape=(None, 784))
    model.fit.return_value.history = {"val_accuracy": [0.5]}
    digits = {"x_train": np.arange(784)[None], "x_val": 1_000 + np.arange(784)[None]}
    module.prepare_mnist = lambda *_: SimpleNamespace(**digits, y_train="y_train", y_val="y_val")
    module.MODELS = {"a": lambda: model}
    module.train("a", 1, np.arange(784)[::-1], 1, [1])
    (x, y), (x_val, y_val) = model.fit.call_args.args, model.fit.call_args.kwargs["validation_data"]
    assert (x[0, 0], y, x_val[0, 0], y_val) == (783, "y_train", 1_783, "y_val")


# The options of recurrent layers


def test_state_is_kept_and_padding_skipped(load_script, tmp_path, monkeypatch):
    """Two variants are timed; to compile all of them would take most of a minute."""
    costs = load_script("rnn/cells/costs.py")
    variants = costs.variants
    for name, variant in variants().items():
        assert costs.build(name, *variant).output_shape == (costs.SEQUENCES, 1), name
    two = ("SimpleRNN", "GRU")
    monkeypatch.setattr(costs, "variants", lambda: {name: variants()[name] for name in two})
    results = costs.main(["--rounds", "5", "--outputs", str(tmp_path)])
    assert results["halves"] < 1e-5 and results["masked"] < 1e-5 < 0.01 < results["padded"]
    assert set(results["ratios"]) == set(two) and results["ratios"]["GRU"] == 1


@pytest.mark.parametrize(("name", "parameters"), [("lstm", 81_674), ("gru", 61_962)])
def test_images_are_read_row_by_row(load_quickly, tmp_path, name, parameters):
    options = ["-m", name, "--epochs", "1", "--train-samples", "256", "--batch-size", "32"]
    mnist = load_quickly("mnist/mnist.py")
    results = mnist.main([*options, "--outputs", str(tmp_path)])["models"][name]
    assert results["parameters"] == parameters
    guessing = np.log(10)
    assert 0.5 * guessing < results["validation"]["cross_entropy"] < guessing


@pytest.mark.slow
def test_pixels_change_places(load_script, monkeypatch, tmp_path):
    module = load_script("rnn/pixel_order.py")
    images, orders = np.arange(2 * 784).reshape(2, 28, 28), module.make_orders()
    for order in orders.values():
        assert sorted(order) == list(range(784))
    np.testing.assert_array_equal(module.put_in_order(images, orders["in_order"]), images)
    mixed = module.put_in_order(images, orders["rows_shuffled"])
    assert {tuple(row) for row in mixed[1]} == {tuple(row) for row in images[1]}
    assert (mixed != images).any()
    rows = {tuple(row) for row in images[0]}
    assert not rows & {tuple(row) for row in module.put_in_order(images, orders["shuffled"])[0]}
    monkeypatch.setattr(module, "NETWORKS", ["mlp_one_layer"])
    options = ["--images", "500", "--epochs", "2", "1", "--outputs", str(tmp_path)]
    results = module.main(options)["mlp_one_layer"]
    assert set(results) == {"parameters", "in_order", "shuffled"}
    assert [len(accuracies) for accuracies in results["in_order"].values()] == [2, 2]
    assert min(results["in_order"]["2"]) > 0.5


# What the text says of the results


def test_names_show_no_sign_of_being_known_by_heart(load_script):
    letters, names = load_script("rnn/letters.py"), load_script("rnn/names.py")
    learned, validation, test = letters.load_names(1)
    share = len(learned) / (len(learned) + len(validation) + len(test))
    assert f"{share / (1 - share):.1f}" == "7.9" and len(learned) == 78_799
    cold, warm, hot = load_results("names")["invented"]
    for one in (cold, warm):
        known, held_out = (round(one[key] * names.INVENTED) for key in ("learned", "held_out"))
        assert binomtest(known, known + held_out, share).pvalue > 0.2
    assert round(hot["held_out"] * names.INVENTED) == 12  # a dozen


def test_columns_that_change_places_change_nothing_for_a_recurrent_layer():
    x, layer = np.random.default_rng(0).random((3, 28, 28), "float32"), keras.layers.LSTM(8)
    before = keras.ops.convert_to_numpy(layer(x))
    order = np.random.default_rng(1).permutation(28)
    kernel, *others = layer.get_weights()
    layer.set_weights([kernel[order], *others])
    after = keras.ops.convert_to_numpy(layer(x[:, :, order]))
    np.testing.assert_allclose(after, before, atol=1e-6)
