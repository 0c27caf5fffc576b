"""Seeing inside a network: shapes, feature maps, maps of importance, gradients, the page."""

import base64

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT, failure
from sklearn.manifold import TSNE
from starlette.testclient import TestClient

from mnist.models import MODELS
from serialization.rest.digits import DigitReader
from visualizing import (
    activation_maximization,
    attribution,
    embedding,
    networks,
    own_network,
    shapes,
)
from visualizing import attribution_methods as maps
from visualizing.live import think

SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"


def test_of_three_channels_the_one_that_matters_most_counts(monkeypatch):
    monkeypatch.setattr(maps, "slopes", lambda _, x, __: x * [1.0, -3.0, 2.0])
    x = np.ones((2, 4, 4, 3), "float32")  # of one colour, so that no noise is added
    assert maps.smooth_grad(None, x, None) == pytest.approx(np.full((2, 4, 4), 3))


def test_shapes_are_those_of_keras():
    """Shapes, parameters and arithmetic of all networks; each product comes out as it says."""
    for build in MODELS.values():
        model = build()
        for layer in model.layers:
            row = shapes.describe(layer)
            assert row["parameters"] == layer.count_params()
            for key in ("parameters", "multiply_adds"):
                if row[f"{key}_how"]:
                    text = row[f"{key}_how"].replace("x", "*").replace(",", "")
                    assert eval(text) == row[key], row[f"{key}_how"]
            if row["output_how"]:
                (side,) = row["output_how"].split(" = ")[1:]
                assert int(side.split(",")[0]) == layer.output.shape[1]
    lstm = shapes.find_network("lstm").layers[0]  # 28 steps, four sums for each of 128 units
    assert shapes.count_work(lstm)[0] == 28 * 4 * 128 * (28 + 128)
    conv_net = [shapes.count_work(layer)[0] for layer in shapes.find_network("conv_net").layers]
    assert sum(conv_net) == 26**2 * 9 * 32 + 11**2 * 9 * 32 * 64 + 9**2 * 64**2 + 576 * 64 + 640


def test_maps_find_what_was_put_there():
    """A network that only looks at one corner is explained by that corner."""
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    weights = np.zeros((28, 28, 10), "float32")
    weights[4:10, 4:10, 3] = 1
    model.layers[0].set_weights([weights.reshape(784, 10), np.zeros(10, "float32")])
    images = np.full((2, 28, 28), 200, "uint8")
    model = networks.of_pictures(model)
    methods = attribution.methods_for(model)
    assert not any("CAM" in name for name in methods)  # there is no convolution
    for name, make in methods.items():
        heat = make(model, images, [3, 3])
        assert heat.shape == (2, 28, 28)
        inside = heat[:, 4:10, 4:10].mean()
        assert inside > 10 * abs(heat[:, 14:].mean()), name


def test_integrated_gradients_add_up_to_what_the_ink_does_for_the_logit():
    shipped, images = networks.load_network(SHIPPED), networks.one_of_each()[:3]
    x = networks.as_input(shipped, images)
    on_ink, on_paper = (
        np.array(networks.logits(shipped.layers, part))[[0, 1, 2], [0, 1, 2]] for part in (x, 0 * x)
    )
    heat = maps.integrated_gradients(shipped, x, np.arange(3), np.zeros_like)
    np.testing.assert_allclose(heat.sum(axis=(1, 2)), on_ink - on_paper, rtol=0.05)
    assert (heat[images == 0] == 0).all()


def test_maps_of_convolutions_are_placed_where_the_network_looks():
    """A cell in a corner of the map reaches up to half way between its middle and the next one."""
    shipped = networks.load_network(SHIPPED)
    # Middles of the fields: 3.5, 5.5, ... 23.5 for the second convolution; 8.5, 12.5, 16.5.
    places = {"conv2d_1": (4.5, 22.5, (2, 25)), "conv2d_2": (10.5, 14.5, (8, 19))}
    for layer, (first, last, usual) in places.items():
        side = shipped.get_layer(layer).output.shape[1]
        heat = np.zeros((2, side, side))
        heat[0, 0, 0] = heat[1, -1, -1] = 1
        rows = np.arange(28)
        placed, stretched = (
            maps.on_image(shipped, layer, heat, (28, 28), how).max(axis=2) > 0.5
            for how in (False, True)
        )
        assert placed[0].tolist() == (rows < first).tolist()
        assert placed[1].tolist() == (rows > last).tolist()
        assert stretched[0].tolist() == (rows <= usual[0]).tolist()
        assert stretched[1].tolist() == (rows >= usual[1]).tolist()


def test_cams_mark_what_the_answer_comes_from():
    """Of two bright spots, a network without random numbers counts only the one on the left.

    HiResCAM knows the place. Grad-CAM averages over the places, and so marks both spots alike.
    """
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(1, 4, strides=4, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    left = np.zeros((7, 7, 10))
    left[:, :3, 3] = 1
    model.set_weights([np.ones((4, 4, 1, 1)), np.zeros(1), left.reshape(49, 10), np.zeros(10)])
    image = np.zeros((1, 28, 28, 1), "float32")
    image[0, 8:12, 4:8] = image[0, 16:20, 20:24] = 1
    places = [(9, 5), (17, 21)]
    grad, hires = (
        make(model, image, np.array([3]), model.layers[0].name)[0]
        for make in (maps.grad_cam, maps.hires_cam)
    )
    assert grad[places[0]] > 0 and grad[places[1]] == pytest.approx(grad[places[0]])
    assert hires[places[0]] > 0 == hires[places[1]]


def test_ink_is_wiped_and_no_paper(monkeypatch):
    """To make paper of paper changes nothing, so a map of paper would look harmless."""
    images = np.zeros((2, 28, 28), "uint8")
    images[:, 10, 5:15] = 200  # ten pixels of ink
    asked = []
    monkeypatch.setattr(attribution, "probability", lambda model, x, classes: asked.append(x) or 0)
    heat = np.full(images.shape, 9.0)  # of paper
    heat[:, 10, 5:15] = np.arange(10)  # of ink: rising to the right
    attribution.fall(None, images, [1, 2], heat, 3)
    before, after = asked
    assert (before == images).all()
    expected = images.copy()
    expected[:, 10, 12:15] = 0
    np.testing.assert_array_equal(after, expected)
    # Where a map marks nothing, chance decides, and not the order of the pixels.
    attribution.fall(None, images, [1, 2], np.zeros(images.shape), 3)
    wiped = [np.flatnonzero(one[10, 5:15] == 0).tolist() for one in asked[-1]]
    assert all(len(one) == 3 for one in wiped) and [0, 1, 2] not in wiped


def test_maps_are_compared_with_those_of_networks_that_learned_nothing(
    run_main, recorder, rows, tmp_path, monkeypatch
):
    """One method whose maps are the ink for the network, and chance for the others."""
    rows.answer = lambda x, _: x.reshape(-1, 28, 28)[:, 8:20, 9:19].mean(axis=1)  # of columns

    def make(network, images, classes):
        chance = isinstance(network, int)
        return np.random.default_rng(network).random(images.shape) if chance else 1.0 * images

    monkeypatch.setattr(attribution, "methods_for", lambda *_: {"ink": make})
    monkeypatch.setattr(attribution, "draw", lambda *_: None)
    monkeypatch.setattr(networks, "untrained", lambda _, seed: seed)
    _, results = run_main("visualizing/attribution.py", "--images", 40, "--wiped", 9, SEEDS=[1, 2])
    recorder.results.append(results)
    plt.imsave(tmp_path / "digit.png", 255 - networks.one_of_each()[3], cmap="gray")
    _, one = run_main("visualizing/attribution.py", "--image", tmp_path / "digit.png")
    recorder.results.append(one)


@pytest.mark.slow
def test_wiping_marked_ink_hurts_more_than_random_ink(run_main):
    """The check separates a map that was made for it from chance and from an untrained network."""
    options = ["--images", 20]
    _, results = run_main("visualizing/attribution.py", *options, SEEDS=[1])
    methods = results["methods"]
    occlusion = methods["occlusion"]
    assert occlusion["fall"] > methods["random_ink"]["fall"] + 0.2
    assert occlusion["fall"] > occlusion["fall_untrained"] + 0.1
    assert occlusion["gain"]["low"] > 0 and occlusion["p"] < 0.05
    # Saliency seems to mark much the same pixels in a network that has learned nothing: paper.
    assert occlusion["alike"] < 0.2 and methods["saliency"]["alike"] > 0.5


def graph(last="sigmoid"):
    """Return a network for oblong grey images that is no list, with a model inside."""
    conv = keras.layers.Conv2D
    inside = keras.Sequential([keras.Input((20, 30, 4)), conv(4, 3, padding="same", name="deep")])
    images = keras.Input((20, 30, 1))
    x = conv(4, 3, padding="same", activation="relu")(images)
    x = keras.layers.Add()([x, keras.layers.ReLU()(inside(x))])
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(1 if last == "sigmoid" else 3, last)(x))


@pytest.mark.parametrize("last", ["sigmoid", "softmax"])
def test_maps_of_a_graph_with_a_model_inside(last):
    keras.utils.set_random_seed(1)
    model = graph(last)
    x = np.random.default_rng(0).uniform(0, 1, (2, 20, 30, 1)).astype("float32")
    said = model.predict(x, verbose=0)
    classes = (said[:, 0] > 0.5).astype(int) if last == "sigmoid" else said.argmax(axis=1)
    deep = maps.grids(model)[-1].name
    found = [make(model, x, classes, deep) for make in (maps.grad_cam, maps.hires_cam)]
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-6)  # it averages over the places
    occluded = maps.occlusion(model, x, classes)
    np.testing.assert_array_equal(model.predict(x, verbose=0), said)  # it is what it was
    assert occluded.shape == found[0].shape == (2, 20, 30) and np.ptp(occluded) > 0


def test_own_network_and_images(run_main, tmp_path, capsys):
    """Of a size, colours and classes that are not those of MNIST; and what it refuses."""
    layers = [keras.Input((24, 32, 3)), keras.layers.Rescaling(1 / 255)]
    layers += [keras.layers.Conv2D(4, 3, name="edges"), keras.layers.ReLU(), keras.layers.Flatten()]
    layers += [keras.layers.Dense(3, "softmax")]
    keras.Sequential(layers).save(tmp_path / "mine.keras")
    (tmp_path / "mine.json").write_text('["cat", "dog", "cow"]')
    photo = ROOT / "cnn" / "data" / "photos" / "cat.jpg"
    own = ["--model", tmp_path / "mine.keras", "--images", photo]
    _, results = run_main("visualizing/own_network.py", *own)
    assert results["classes"][0] in ("cat", "dog", "cow") and len(results["falls"]) == 6
    assert "pixels from 0 to 255" in capsys.readouterr().out
    for figure in ("own_attribution", "own_feature_maps"):
        assert plt.imread(tmp_path / "run" / f"{figure}.png").std() > 0.02
    x, grey = (own_network.read_images([photo], (24, 32, n), 1)[1] for n in (3, 1))
    assert 0.5 < x.max() <= 1
    np.testing.assert_allclose(grey, x.mean(axis=-1, keepdims=True), rtol=1e-5)
    keras.Sequential([keras.Input((30,)), keras.layers.Dense(1)]).save(tmp_path / "bad.keras")
    assert "takes (None, 30), not images" in failure(
        own_network.load_network, tmp_path / "bad.keras"
    )


def test_a_network_of_16_bits_can_be_explained():
    last = keras.layers.Dense(10, activation="softmax", dtype="mixed_bfloat16")
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), last])
    found = maps.saliency(model, np.ones((2, 2, 2, 1), "float32"), np.array([3, 4]))
    kernel = keras.ops.convert_to_numpy(last.kernel).astype("float32")
    assert found == pytest.approx(np.abs(kernel.T[[3, 4]].reshape(2, 2, 2)), rel=0.01)
    assert networks.logits(model.layers, np.ones((1, 2, 2, 1), "float32")).shape == (1, 10)


def test_what_a_neuron_likes():
    """A short climb is enough for the network to be sure of what nobody would call a digit."""
    shipped, ways = networks.load_network(SHIPPED), ("nothing", "all_three")
    nothing, all_three = (
        activation_maximization.maximize_digits(
            shipped, activation_maximization.WAYS[way], 16, np.random.default_rng(1)
        )
        for way in ways
    )
    assert networks.probabilities(shipped, 255 * nothing).diagonal().min() > 0.99
    assert activation_maximization.ink(all_three) < activation_maximization.ink(nothing)


def test_each_image_climbs_by_itself():
    """Whatever the others gain: one step, and some for filters that like ink and paper."""
    objective = lambda x: keras.ops.sum(x * np.array([1, -3]).reshape(2, 1, 1, 1))  # noqa: E731
    begun, found = (
        activation_maximization.climb(objective, (2, 28, 28, 1), (), n, np.random.default_rng(1))
        for n in (0, 1)
    )
    np.testing.assert_allclose(found[0], begun[0] + 1 / 28, atol=1e-6)
    np.testing.assert_allclose(found[1], (begun[1] - 1 / 28).clip(0), atol=1e-6)
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 1)])
    model.set_weights([np.array([[[[1, -1]]]]), np.zeros(2)])
    likes = np.random.default_rng(1)
    ink, paper = activation_maximization.maximize_filters(model, model.layers, 2, 4, likes)
    assert ink.min() > 0.1 > 0.02 > paper.mean()


def test_the_last_layer_in_two_dimensions(run_main, monkeypatch):
    few = {"PERPLEXITIES": [20], "NOISE": 60}
    tsne = lambda **options: drawn.append(options["random_state"]) or TSNE(**options)  # noqa: E731
    drawn, few["TSNE"], begin = [], tsne, np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: drawn.append(seed) or begin(seed))
    _, results = run_main("visualizing/embedding.py", "--digits", 300, "--seed", 3, **few)
    maps = results["maps"]
    assert drawn == [3, 3, 3, 3] and 0 < results["mistakes"] < 9
    assert maps["hidden_layer"]["neighbours"] > 0.9 > maps["PCA"]["neighbours"]
    assert maps["t_SNE_perplexity_20"]["neighbours"] > 0.9
    assert maps["hidden_layer"]["distances"] == pytest.approx(1)
    assert maps["hidden_layer"]["kept"] == maps["hidden_layer"]["trustworthiness"] == 1
    assert maps["PCA"]["kept"] < maps["t_SNE_perplexity_20"]["kept"] < 1
    points = np.array([[0, 0], [2, 0], [4, 3]])
    assert embedding.centre_distances(points, np.array([0, 0, 1])) == pytest.approx(18**0.5)


def test_the_page_gets_layers_and_importance():
    """What the page is told: the maps of every layer, and refusals in the form of the service."""
    image = networks.one_of_each()[7]
    with TestClient(think.create_thinking_app(SHIPPED), "http://localhost") as client:
        answer = client.post("/think", json={"pixels": image.tolist()}).json()
        read = client.post("/predict", json={"pixels": image.tolist()}).json()
        assert np.shape(client.get("/digit/3").json()["pixels"]) == (28, 28)
        assert client.post("/think", json={"pixels": [[1]]}).status_code == 422
        assert client.get("/digit/10").status_code == 422
    service = DigitReader(SHIPPED.with_suffix(".tflite"))
    (expected,) = service.read(image[np.newaxis])
    assert read["digit"] == 7 and read["looks_like_digit"] is True
    assert read["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
    assert answer["digit"] == 7
    shapes = [(x["name"], x["height"], x["width"], x["count"]) for x in answer["layers"]]
    assert shapes[0] == ("conv2d", 26, 26, 32) and shapes[-1] == ("dense", 1, 1, 64)
    maps = base64.b64decode(answer["layers"][0]["maps"])
    assert len(maps) == 26 * 26 * 32 and max(maps) == 255
    assert len(base64.b64decode(answer["importance"])) == 28 * 28
