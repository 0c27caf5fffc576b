"""The scripts of the introduction and of the chapter on models."""

import json
import shutil
from pathlib import Path
from statistics import NormalDist

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT
from keras import layers
from sklearn.datasets import load_digits

SCRIPTS = ["activations", "backpropagation", "draw_network", "draw_neuron", "gradient_descent"]
SCRIPTS += ["initializers", "optimizers", "vanishing_gradient"]


@pytest.fixture
def run(load_script, tmp_path, monkeypatch):
    """Return a function that runs a script and gives its module and its results.

    The keyword arguments replace constants of the script.
    """

    def run(name, *options, figure=None, **constants):
        module = load_script(f"basics/{name}.py")
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)
        results = module.main(["--outputs", str(tmp_path), *map(str, options)])
        assert json.loads(json.dumps(results)) == results
        assert [path.stem for path in tmp_path.iterdir()] == [figure or name]
        pixels = plt.imread(tmp_path / f"{figure or name}.png")
        assert pixels.std() > 0.05, "the figure is empty"
        return module, results

    return run


def test_backpropagation_by_hand_is_that_of_keras(run):
    module, results = run("backpropagation")
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


def test_gradient_descent_needs_the_right_learning_rate(run):
    module, results = run("gradient_descent")
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


def test_the_gradient_vanishes_with_sigmoid_only(run):
    _, results = run("vanishing_gradient", "--epochs", 4)
    sigmoid, tanh, relu = (results["sizes"][name] for name in ("sigmoid", "tanh", "relu"))
    assert len(sigmoid) == 10
    assert all(np.diff(sigmoid) > 0)
    assert sigmoid[0] < relu[0] / 1000 and sigmoid[0] < tanh[0] / 1000
    assert results["ratios"]["sigmoid"] > 1e4
    assert 0.1 < results["ratios"]["tanh"] < 10
    assert 0.1 < results["ratios"]["relu"] < 10
    assert results["accuracies"]["sigmoid"] < 0.2
    assert results["accuracies"]["tanh"] > 0.7


def test_the_measured_gradient_does_not_depend_on_the_rate(load_script, monkeypatch):
    module = load_script("basics/vanishing_gradient.py")
    images, labels = module.load_images()
    measured = []
    for rate in (1e8, 1e6):
        keras.utils.set_random_seed(1)
        monkeypatch.setattr(module, "MEASURING_RATE", rate)
        model = module.build_model("sigmoid", "glorot_uniform")
        measured.append(module.gradient_sizes(model, images, labels))
    np.testing.assert_allclose(*measured, rtol=0.02)


def test_activations_and_their_derivatives(run):
    module, results = run("activations")
    x = np.array(module.POINTS)
    sigmoid = 1 / (1 + np.exp(-x))
    formulas = {
        "linear": x,
        "sigmoid": sigmoid,
        "tanh": np.tanh(x),
        "softplus": np.log1p(np.exp(x)),
        "relu": np.maximum(x, 0),
        "leaky_relu": np.where(x > 0, x, 0.2 * x),
        "elu": np.where(x > 0, x, np.expm1(x)),
        "selu": 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(x)),
        "gelu": [value * NormalDist().cdf(value) for value in x],
        "silu": x * sigmoid,
    }
    assert set(formulas) == set(module.NAMES)
    for name, expected in formulas.items():
        np.testing.assert_allclose(results["values"][name], expected, atol=1e-4, err_msg=name)
    slopes = {name: np.array(values) for name, values in results["slopes"].items()}
    np.testing.assert_allclose(slopes["sigmoid"], sigmoid * (1 - sigmoid), atol=1e-3)
    np.testing.assert_allclose(slopes["tanh"], 1 - np.tanh(x) ** 2, atol=1e-3)
    np.testing.assert_allclose(slopes["relu"], [0, 0, 0.5, 1, 1], atol=1e-3)
    assert results["steepest"]["sigmoid"] == pytest.approx(0.25, abs=1e-3)
    powers = np.exp(module.SUMS)
    np.testing.assert_allclose(results["softmax"], powers / powers.sum(), rtol=1e-4)


def test_initializers_keep_or_lose_the_signal(run):
    module, results = run("initializers")
    last = {
        activation: {name: sizes[-1] for name, sizes in by_name.items()}
        for activation, by_name in results.items()
    }
    assert all(np.isfinite(list(sizes.values())).all() for sizes in last.values())
    assert last["relu"]["zeros"] == last["tanh"]["zeros"] == 0
    assert 0.3 < last["relu"]["he_normal"] < 3
    assert last["relu"]["glorot_uniform"] < 0.1
    assert last["relu"]["normal_0_05"] < 0.01
    assert last["relu"]["normal_1"] > 1e6
    assert last["tanh"]["normal_1"] > 0.9
    assert 0.1 < last["tanh"]["glorot_uniform"] < 0.5
    # The layers must not all have the same weights.
    keras.utils.set_random_seed(1)
    first, second = (module.INITIALIZERS["he_normal"]()(shape=(3, 3)) for _ in range(2))
    assert not np.allclose(*map(keras.ops.convert_to_numpy, (first, second)))


def test_optimizers_learn_at_the_better_of_two_rates(run):
    options = ["--epochs", 3, "--seeds", 1, "--rates", 1e-6, 0.02]
    _, results = run("optimizers", "--optimizers", "sgd", "adam", *options)
    assert set(results) == {"sgd", "adam"}
    assert results["sgd"]["chosen"]["rate"] == results["adam"]["chosen"]["rate"] == 0.02
    assert results["sgd"]["default"]["rate"] == 0.01
    assert results["adam"]["default"]["rate"] == 0.001
    assert results["adam"]["chosen"]["val_accuracy"]["mean"] > 0.8
    assert results["adam"]["chosen"]["loss"]["mean"] < results["sgd"]["default"]["loss"]["mean"]


def test_optimizers_are_what_they_are_called(load_script):
    module = load_script("basics/optimizers.py")
    made = {name: make(0.125) for name, make in module.OPTIMIZERS.items()}
    assert {name: float(optimizer.learning_rate) for name, optimizer in made.items()} == (
        dict.fromkeys(made, 0.125)
    )
    assert [name.partition("_")[0] for name in made] == [
        type(optimizer).__name__.lower() for optimizer in made.values()
    ]
    assert made["sgd"].momentum == 0
    assert made["sgd_momentum"].momentum == made["sgd_nesterov"].momentum == 0.9
    assert made["sgd_nesterov"].nesterov and not made["sgd_momentum"].nesterov


def test_optimizers_are_judged_by_images_not_trained_on(load_script):
    x_train, x_val, y_train, y_val = load_script("basics/optimizers.py").load_data()
    assert x_train.shape == (1347, 64) and x_val.shape == (450, 64)
    assert np.bincount(y_val).min() > 40
    together = np.concatenate([x_train, x_val])
    assert together.dtype == "float32" and together.min() == 0 and together.max() == 1
    everything = (load_digits().data / 16).astype("float32")
    assert sorted(map(bytes, together)) == sorted(map(bytes, everything))
    assert len(y_train) == 1347


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [([2, 8, 4, 1], [24, 36, 5]), ([11, 6, 6, 1], [72, 42, 7]), ([784, 512, 10], [401920, 5130])],
)
def test_the_drawn_network_is_the_one_that_keras_builds(run, sizes, parameters):
    figure = "network_" + "-".join(map(str, sizes))
    _, results = run("draw_network", "--layers", *sizes, figure=figure)
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


def test_the_drawn_neuron_is_a_dense_layer_of_one(run):
    module, results = run("draw_neuron", figure="neurons")
    neuron = keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid")])
    neuron.set_weights([np.reshape(module.WEIGHTS, (3, 1)), np.array([module.BIAS])])
    output = neuron.predict(np.array([module.INPUTS], dtype="float32"), verbose=0)
    assert output.item() == pytest.approx(results["output"], abs=1e-6)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_folder_that_cannot_be_made_is_one_line(name, load_script, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SystemExit) as ending:
        load_script(f"basics/{name}.py").main(["--outputs", str(file / "run")])
    assert "cannot write to" in ending.value.code and "\n" not in ending.value.code


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("draw_network", ["--layers", "3"]),
        ("draw_network", ["--layers", "3", "0"]),
        ("draw_network", ["--layers", "3", "2", "--labels", "one"]),
        ("gradient_descent", ["--learning-rates", "nan"]),
        ("gradient_descent", ["--steps", "0"]),
        ("initializers", ["--seed", "-1"]),
        ("optimizers", ["--epochs", "many"]),
        ("vanishing_gradient", ["--initializer", "nonsense"]),
    ],
)
def test_a_bad_option_ends_with_status_2(name, options, load_script, capsys):
    with pytest.raises(SystemExit) as ending:
        load_script(f"basics/{name}.py").main(options)
    assert ending.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_a_script_runs_from_its_own_folder_into_outputs(run_script):
    result = run_script("basics/draw_neuron.py", cwd=ROOT / "basics")
    assert result.returncode == 0, result.stderr
    figure = Path(result.stdout.split("Figure: ")[1].strip())
    assert figure.parent.parent == ROOT / "basics" / "outputs"
    shutil.rmtree(figure.parent)
