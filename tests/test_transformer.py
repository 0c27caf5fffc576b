"""Images without convolutions, and without labels: patches, places, where it looks, contrast."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from cnn.transformer import contrast, few_labels, looks, vit
from mnist.models import conv_net


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    return vit.build_vit()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((6, 28, 28, 1)).astype("float32")


def test_an_order_of_the_patches_is_one_order_of_the_places(network, images):
    """With its places in the same order, the network cannot tell scrambled images from others."""
    others = vit.scramble(images)
    assert not np.allclose(others, images) and np.isclose(others.sum(), images.sum())
    moved = keras.models.clone_model(network)
    moved.set_weights(network.get_weights())
    (places,) = moved.get_layer("places").get_weights()
    order = np.random.default_rng(vit.ORDER).permutation(16)
    moved.get_layer("places").set_weights([np.vstack([places[:1], places[1:][order]])])
    expected = vit.predict(network, images)
    assert not np.allclose(vit.predict(network, others), expected, atol=1e-4)
    np.testing.assert_allclose(vit.predict(moved, others), expected, atol=1e-5)

    moved.get_layer("places").set_weights([np.zeros_like(places)])  # now it sees no order
    np.testing.assert_allclose(*(vit.predict(moved, x) for x in (images, others)), atol=1e-5)
    convolutions = conv_net()
    assert not np.allclose(*(vit.predict(convolutions, x) for x in (images, others)), atol=1e-4)


@pytest.mark.parametrize("sizes", [[100, 100], [100, 1]])
def test_batches_hold_each_digit_once_in_a_new_order(sizes):
    digits = np.arange(sum(sizes))
    made = vit.batches(digits, digits, np.random.default_rng(1))
    first, second = ([next(made)[0] for _ in sizes] for _ in range(2))
    assert [len(batch) for batch in first] == sizes == [len(batch) for batch in second]
    first, second = np.concatenate(first), np.concatenate(second)
    assert (np.sort(first) == digits).all() and (np.sort(second) == digits).all()
    assert (first != digits).any() and (first != second).any()


def test_the_most_looked_at_are_covered(network, images):
    shares = looks.look(network, images)
    assert shares.shape == (6, 4, 4) and (shares > 0).all()
    sums = shares.sum(axis=(1, 2))
    assert ((sums > 0.85) & (sums < 1)).all(), "the rest is for the place of the answer itself"
    covered = looks.cover(images, shares)
    paper = covered.reshape(6, 4, 7, 4, 7).max(axis=(2, 4)) == 0
    for one, share in zip(paper, shares, strict=True):
        assert one.sum() == looks.COVERED and share[one].min() > share[~one].max()
    assert (covered[~np.kron(paper, np.ones((1, 7, 7))).astype(bool)] > 0).any()


def test_the_contrastive_loss_is_that_of_the_text():
    first, second = np.array([[1, 0], [0, 1.0]]), np.array([[0.8, 0.6], [0.6, 0.8]])
    for scale in (1, 3):  # only directions count
        loss = contrast.contrastive_loss(*(scale * x.astype("float32") for x in (first, second)))
        assert float(loss) == pytest.approx(0.803, abs=0.001)
    random = np.random.default_rng(1)
    first, second = (random.normal(size=(5, 3)).astype("float32") for _ in range(2))
    views = np.concatenate([first, second])
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    powers = np.exp(views @ views.T / 0.5) * (1 - np.eye(10))
    expected = np.mean([-np.log(powers[i, (i + 5) % 10] / powers[i].sum()) for i in range(10)])
    assert float(contrast.contrastive_loss(first, second, 0.5)) == pytest.approx(expected, rel=1e-4)


def test_two_views_differ_in_training_only(images):
    pairs = contrast.build_pairs(contrast.build_encoder())
    for training in (True, False):
        views = keras.ops.convert_to_numpy(pairs(images, training=training))
        first, second = views[:, 0], views[:, 1]
        assert np.allclose(first, second, atol=1e-5) != training


def test_an_encoder_gets_each_digit_once_and_goes_on_from_its_weights(images, monkeypatch):
    def fit(model, x, *_, **__):
        seen.append(model.layers[1].get_weights() if isinstance(x, np.ndarray) else next(x)[0])
        return SimpleNamespace(history={"loss": []})

    seen, encoder = [], contrast.build_encoder()
    monkeypatch.setattr(keras.Model, "fit", fit)
    contrast.learn_pairs(encoder, images, 10)
    few_labels.learn_labels(weights := encoder.get_weights(), images, np.eye(10)[:6], 0.1)
    assert sorted(seen[0].sum(axis=(1, 2, 3))) == sorted(images.sum(axis=(1, 2, 3)))
    for one, other in zip(seen[1], weights, strict=True):
        np.testing.assert_array_equal(one, other)


TINY = {"WIDTH": 8, "HEADS": 2, "BLOCKS": 1, "BATCH_SIZE": 50}


@pytest.mark.slow
def test_it_learns_digits_and_says_where_it_looks(run_main, few_digits, tmp_path):
    ways = ["transformer", "scrambled"]
    options = ["--steps", 120, "--images", 1000, "--ways", *ways]
    _, found = run_main("cnn/transformer/vit.py", *options, **TINY, RATE=0.01)
    assert all(way["mean"] > 0.5 for way in found["ways"].values())
    assert found["compared"]["transformer - scrambled"]["p"] is None
    (tmp_path / "run").rename(tmp_path / "vit")
    _, seen = run_main("cnn/transformer/looks.py", tmp_path / "vit")
    covered = seen["covered"]
    assert covered["none"] == found["ways"]["transformer"]["mean"] > covered["most ink"]
    assert {path.name for path in (tmp_path / "run").glob("*.png")} == {"looks.png", "places.png"}


@pytest.mark.slow
def test_learning_without_labels_brings_views_together(run_main, few_digits, tmp_path):
    _, found = run_main("cnn/transformer/contrast.py", "--steps", 40, BATCH_SIZE=32)
    assert found["loss"][-1] < found["loss"][0] - 0.5
    (tmp_path / "run").rename(tmp_path / "contrast")
    few = {"PENALTIES": [1], "STEPS": 2, "EPOCHS": 1}
    options = [tmp_path / "contrast", "--draws", 1, "--images", 1000]
    _, found = run_main("cnn/transformer/few_labels.py", *options, **few)
    means = {way: one["mean"] for way, one in found["ways"].items()}
    assert len(means) == 7 and means["pixels"] > 0.6 > means["network from scratch"]
    assert found["compared"]["contrast - pixels"]["mean"] == means["contrast"] - means["pixels"]
