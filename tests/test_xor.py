"""XOR: the first network, its forward pass by hand, and how often initializations succeed."""

import json
import logging

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    return tmp_path_factory.mktemp("xor")


class Spy(keras.Model):
    """A network that notes the first input of each row that it learns from."""

    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Dense(1)
        self.seen = []

    def call(self, x):
        return self.layer(x)

    def train_step(self, data):
        self.seen.append(int(data[0][0, 0]))
        return super().train_step(data)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="the text says it of TensorFlow")
def test_after_a_seed_fit_repeats_one_order():
    """As the text says: in every epoch the rows come in the same order, which is not their own."""
    keras.utils.set_random_seed(1)
    spy = Spy()
    spy.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    rows = np.arange(12, dtype="float32")[:, np.newaxis]
    spy.fit(rows, 0 * rows, batch_size=1, epochs=3, verbose=0)
    orders = np.reshape(spy.seen, (3, 12))
    assert (orders == orders[0]).all()
    assert sorted(orders[0]) == list(range(12)) and list(orders[0]) != list(range(12))


@pytest.mark.slow
def test_the_network_of_the_text_solves_xor(load_script, outputs, capsys):
    """Readers may edit the constants; the seed is one with which these layers succeed."""
    options = ["--hidden", "8", "4", "--seed", "23", "--outputs", str(outputs)]
    result = load_script("xor/xor.py").main(options)
    assert result["accuracy"] == 1
    assert result["loss"] < 0.3
    # 2 * 8 + 8, 8 * 4 + 4 and 4 + 1
    assert result["parameters"] == 65
    # Far enough from 0.5 that the last digits of another machine change nothing.
    answers = result["predictions"].ravel()
    assert answers.shape == (4,)
    assert max(answers[[0, 3]]) < 0.4 and min(answers[[1, 2]]) > 0.6
    printed = capsys.readouterr().out
    assert "65 parameters, accuracy 100%" in printed
    assert f"0 XOR 1 = {answers[1]:.3f}\n" in printed
    assert printed.count("epoch") == 20
    assert (outputs / "xor.png").stat().st_size > 10_000
    written = json.loads((outputs / "results.json").read_text())
    assert written["provenance"]["command"].startswith("python xor/xor.py --hidden 8 4 --seed 23")
    assert (
        written["accuracy"] == 1 and np.ravel(written["predictions"]).tolist() == answers.tolist()
    )


def test_the_seed_decides(load_script, outputs):
    xor = load_script("xor/xor.py")
    runs = [xor.main(["--epochs", "2", "--seed", s, "--outputs", str(outputs)]) for s in "112"]
    first, again, other = (run["predictions"] for run in runs)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_single_neuron_cannot_solve_xor(load_script, outputs):
    options = ["--hidden", "--learning-rate", "0.1", "--epochs", "60", "--outputs", str(outputs)]
    result = load_script("xor/xor.py").main(options)
    assert result["parameters"] == 3
    assert result["accuracy"] <= 0.75
    assert result["loss"] > 0.68, "it can do no better than answer 0.5, which costs ln 2"


class Asked:
    """Stands in for a model and keeps what fit was asked for."""

    def compile(self, **options):
        assert options["loss"] == "binary_crossentropy"
        self.rate = float(options["optimizer"].learning_rate)

    def fit(self, x, y, **options):
        self.__dict__ |= options | {"x": x, "y": y}


def test_the_first_fit_is_a_plain_one(load_script):
    xor = load_script("xor/xor.py")
    asked = Asked()
    xor.train(asked, "sgd", 0.02, 7)
    assert (asked.epochs, asked.batch_size) == (7, 1)
    assert asked.rate == pytest.approx(0.02)
    assert asked.x is xor.X and asked.y is xor.Y
    np.testing.assert_array_equal(asked.x[:, 0] != asked.x[:, 1], asked.y[:, 0] == 1)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_neurons_that_start_equal_stay_equal(load_script, activation):
    """As the text says of weights that are not random."""
    xor = load_script("xor/xor.py")
    model = xor.build_model([8, 4], activation)
    model.set_weights([np.full_like(w, 0.5 * (w.ndim == 2)) for w in model.get_weights()])
    before = model.get_weights()
    xor.train(model, "adam", 0.01, 5)
    first, _, second, _, _, _ = model.get_weights()
    assert np.abs(first - before[0]).max() > 0.01, "it has learned"
    np.testing.assert_allclose(first, first[:, :1] + np.zeros(8), atol=1e-5)
    np.testing.assert_allclose(second, second[:1, :1] + np.zeros((8, 4)), atol=1e-5)


def test_the_forward_pass_by_hand_is_that_of_keras(load_script, outputs, capsys):
    script = load_script("xor/forward_propagation.py")
    result = script.main(["--hidden", "8", "4", "--epochs", "25", "--outputs", str(outputs)])
    np.testing.assert_allclose(result["by_hand"], result["predicted"], rtol=0, atol=1e-6)
    assert result["difference"] < 1e-6
    assert result["by_hand"].shape == (4, 1) and np.ptp(result["by_hand"]) > 0.05
    printed = capsys.readouterr().out
    assert "Layer 3: 4 inputs, 1 neuron" in printed
    assert f"{result['predicted'][3, 0]:.3f}" in printed
    assert (outputs / "forward_propagation.png").stat().st_size > 10_000
    sooner = script.main(["--hidden", "8", "4", "--epochs", "1", "--outputs", str(outputs)])
    assert np.abs(result["predicted"] - sooner["predicted"]).max() > 0.01  # it has trained


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sigmoid"])
def test_weights_biases_and_activation_all_count(load_script, activation):
    script = load_script("xor/forward_propagation.py")
    keras.utils.set_random_seed(3)
    model = script.xor.build_model([5, 3], activation)
    model.set_weights(
        [np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(model.get_weights())]
    )
    rows = np.random.default_rng(9).normal(size=(20, 2)).astype("float32")
    predicted = model.predict(rows, verbose=0)
    network = script.weights_of(model)
    assert [w.shape for w, _, _ in network] == [(2, 5), (5, 3), (3, 1)]
    np.testing.assert_allclose(script.forward(network, rows)[-1], predicted, rtol=0, atol=1e-6)
    for layer in range(3):
        for part in (0, 1):
            changed = [list(parts) for parts in network]
            changed[layer][part] = np.zeros_like(changed[layer][part])
            assert np.abs(script.forward(changed, rows)[-1] - predicted).max() > 1e-3
    changed = [(w, b, "tanh" if name != "tanh" else "relu") for w, b, name in network[:2]]
    assert np.abs(script.forward([*changed, network[2]], rows)[-1] - predicted).max() > 1e-3


# Adam hides a wrong scale of the loss, plain gradient descent does not.
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.01), ("sgd", 0.1)])
def test_a_network_in_the_bundle_learns_as_if_alone(load_script, optimizer, rate):
    """Same initial weights and same rows: the same weights as a Dense model of its own."""
    xor = load_script("xor/xor.py")
    script = load_script("xor/initializations.py")
    networks = 3
    keras.utils.set_random_seed(1)
    bundle = script.build_bundle(networks, [2, 8, 4, 1], "relu")
    rows = script.shuffled_rows(40, networks, np.random.default_rng(1))
    before = [weights.copy() for weights in bundle.get_weights()]
    script.compile_bundle(bundle, optimizer, rate)
    script.train(bundle, rows)
    after = bundle.get_weights()
    for number in range(networks):
        alone = xor.build_model([8, 4], "relu")
        alone.set_weights([weights[number] for weights in before])
        alone.compile(optimizer=xor.OPTIMIZERS[optimizer](rate), loss="binary_crossentropy")
        order = rows[:, number]
        alone.fit(xor.X[order], xor.Y[order], batch_size=1, shuffle=False, verbose=0)
        for ours, theirs in zip(after, alone.get_weights(), strict=True):
            np.testing.assert_allclose(ours[number], theirs, rtol=0, atol=1e-4)
        moved = [np.abs(a[number] - b[number]).max() for a, b in zip(after, before, strict=True)]
        assert max(moved) > 0.1, "it has learned"


def test_the_bundle_starts_as_dense_layers_do(load_script):
    script = load_script("xor/initializations.py")
    keras.utils.set_random_seed(0)
    weights = script.build_bundle(1000, [2, 8, 4, 1], "relu").get_weights()
    for (inputs, outputs), kernel, bias in zip(
        [(2, 8), (8, 4), (4, 1)], weights[::2], weights[1::2], strict=True
    ):
        limit = np.sqrt(6 / (inputs + outputs))
        assert kernel.shape == (1000, inputs, outputs)
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)
        assert not np.allclose(kernel[0], kernel[1])
        assert not bias.any()


def test_each_network_meets_every_row_once_per_epoch_in_an_order_of_its_own(load_script):
    rows = load_script("xor/initializations.py").shuffled_rows(5, 30, np.random.default_rng(0))
    assert rows.shape == (20, 30)
    epochs = rows.reshape(5, 4, 30)
    assert (np.sort(epochs, axis=1) == np.arange(4)[:, None]).all()
    assert len({tuple(order) for order in epochs[0].T}) > 10
    assert not (epochs[0] == epochs[1]).all()


def test_share_solved_counts_networks_with_all_four_rows_right(load_script):
    script = load_script("xor/initializations.py")
    bundle = script.build_bundle(4, [2, 2, 1], "relu")
    # relu(a + b) - 2 relu(a + b - 1) is XOR; the bias of the output moves the threshold.
    bundle.set_weights(
        [
            np.ones((4, 2, 2)),
            np.tile([0.0, -1.0], (4, 1)),
            np.tile([[8.0], [-16.0]], (4, 1, 1)),
            np.array([[-4.0], [-4.0], [4.0], [-9.0]]),
        ]
    )
    assert script.share_solved(bundle) == 0.5


def test_counting_compiles_nothing(load_script):
    """TensorFlow would warn in the midst of the table of compiling the same thing so often."""
    script = load_script("xor/initializations.py")
    said, handler, logger = [], logging.Handler(), logging.getLogger("tensorflow")
    handler.emit, level = said.append, logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)  # mlp/tables/ has it say less, in the same process
    try:
        for _ in range(7):
            script.share_solved(script.build_bundle(2, [2, 2, 1], "relu"))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert said == []


def test_the_shares_of_solved_networks(load_script, tmp_path, capsys):
    script = load_script("xor/initializations.py")
    options = ["--networks", "200", "--epochs", "300", "20", "--outputs", str(tmp_path)]
    result = script.main([*options, "--hidden", "8", "4"])
    (setup,) = result["setups"]
    assert (setup["network"], setup["activation"]) == ("2-8-4-1", "relu")
    # Of 1,000 networks 62 % were measured; 200 networks have a standard error of 3.4 points.
    assert 0.48 < setup["solved"][300] < 0.76
    assert setup["solved"][20] < 0.2 < setup["solved"][300]
    share = setup["solved"][300]
    assert setup["standard_error"][300] == pytest.approx((share * (1 - share) / 200) ** 0.5)
    assert f"{100 * share:.1f} ±" in capsys.readouterr().out
    assert json.loads((tmp_path / "results.json").read_text())["setups"][0]["solved"] == {
        "20": setup["solved"][20],
        "300": share,
    }


def test_the_table_has_every_kind_of_network(load_script):
    script = load_script("xor/initializations.py")
    _, setups = script.parse_options([])
    kinds = [(hidden, activation) for hidden, activation, _, _ in setups]
    assert kinds == [
        ([8, 4], "relu"),
        ([16, 8], "relu"),
        ([8, 4], "tanh"),
        ([8, 4], "tanh"),
        ([8], "relu"),
    ]
    _, everything = script.parse_options(["--all"])
    assert everything[: len(setups)] == setups and len(everything) > 15
    _, own = script.parse_options(["--activation", "tanh", "--learning-rate", "0.5"])
    assert own == [(script.HIDDEN, "tanh", script.OPTIMIZER, 0.5)]


@pytest.mark.parametrize("script", ["xor", "initializations"])
@pytest.mark.parametrize(
    "options",
    [
        ["--activation", "nosuch"],
        ["--optimizer", "nosuch"],
        ["--epochs", "0"],
        ["--epochs", "x"],
        ["--hidden", "8", "0"],
        ["--learning-rate", "-1"],
        ["--learning-rate", "nan"],
        ["--seed", "-1"],
    ],
    ids=" ".join,
)
def test_bad_options_end_with_status_2(load_script, script, options, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script(f"xor/{script}.py").main(options)
    assert "error: " in capsys.readouterr().err
