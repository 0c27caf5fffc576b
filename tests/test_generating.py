"""Pictures out of networks: bottlenecks, clouds, flows, and what judges their digits."""

import base64
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from scipy.stats import norm
from starlette.testclient import TestClient

from generating import decoders, evaluate, flow, judge, latents, points, vae
from generating import images as data
from generating.page.write_page import create_app


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a small run of vae.py and one of flow.py that is made with it."""
    folder = tmp_path_factory.mktemp("runs")
    options = ["--train-samples", "8000", "--outputs"]
    scores = vae.main(["--size", "8", "--epochs", "3", *options, str(folder / "vae")])
    assert 4 <= scores["used"] <= 8 and 1 < scores["divergence"]["mean"] < 40
    told = flow.main([str(folder / "vae"), "--steps", "300", *options, str(folder / "flow")])
    assert told["loss"][-1] < 2
    return folder / "vae", folder / "flow"


@pytest.fixture(scope="module")
def blank_run(tmp_path_factory):
    """Return a folder like that of a run of flow.py, which has learned nothing."""
    folder = tmp_path_factory.mktemp("blank")
    flow.build_flow(8, width=16, depth=1).save(folder / "flow.keras")
    vae.build_vae(8)[1].save(folder / "decoder.keras")
    return folder


def test_nobody_who_is_learned_from_judges():
    parts = data.load_digits()
    people = [set(part.writers) for part in parts.values()]
    assert len(set.union(*people)) == sum(map(len, people))
    sizes = {"train": 41_154, "judge": 13_846, "validation": 5_000}
    assert {name: len(part.labels) for name, part in parts.items()} == sizes
    images, labels, names = parts["validation"]
    assert judge.Judge().accuracy(images, labels) > 0.97
    assert judge.Judge().accuracy(images, (labels + 1) % 10) < 0.01
    halves = [set(part.writers) for part in evaluate.halves(parts["validation"])]
    assert halves[0].isdisjoint(halves[1]) and set.union(*halves) == set(names)


def test_a_cloud_costs_what_its_points_are_likelier_in_it():
    means, deviations = np.array([0.0, 2.0, -1.0]), np.array([1.0, 0.1, 3.0])
    numbers = (np.array(x, "float32") for x in (means, np.log(deviations**2)))
    costs = keras.ops.convert_to_numpy(vae.divergence(*map(keras.ops.convert_to_tensor, numbers)))
    drawn = np.random.default_rng(1).normal(means, deviations, (200_000, 3))
    tried = (norm.logpdf(drawn, means, deviations) - norm.logpdf(drawn)).mean(axis=0)
    assert costs[0] == 0
    np.testing.assert_allclose(costs, tried, atol=0.02)


@pytest.mark.every_back_end
def test_the_layer_draws_from_the_clouds_and_adds_their_cost():
    layer = vae.Sample(weight=3.0, seed=1)
    mean = np.tile(np.array([[2.0, -1.0]], "float32"), (5000, 1))
    log_variance = np.full((5000, 2), np.log(0.25), "float32")
    drawn = keras.ops.convert_to_numpy(layer([mean, log_variance]))
    np.testing.assert_allclose(drawn.mean(axis=0), [2, -1], atol=0.05)
    np.testing.assert_allclose(drawn.std(axis=0), [0.5, 0.5], atol=0.05)
    assert float(layer.losses[0]) == pytest.approx(3 * (5 + 0.5 - 2 - 2 * np.log(0.25)) / 2)


@pytest.mark.every_back_end
def test_an_autoencoder_learns_in_sixteen_bits(set_policy):
    set_policy("mixed_bfloat16")
    network, images = vae.build_vae(2)[2], np.ones((8, 784), "float32")
    eagerly = keras.config.backend() == "tensorflow"  # JAX compiles each step by itself
    network.compile("adam", vae.surprise, run_eagerly=eagerly)
    assert np.isfinite(network.train_on_batch(images, images))


def test_a_convolutional_decoder_has_half_the_weights_and_the_same_shapes():
    for size in (2, 16):
        dense, other = (vae.build_vae(size, decoder=name) for name in vae.DECODERS)
        assert dense[0].count_params() == other[0].count_params()
        points = np.random.default_rng(1).normal(size=(3, size)).astype("float32")
        drawn = other[1].predict_on_batch(points)
        assert drawn.shape == dense[1].predict_on_batch(points).shape == (3, 784)
        assert 0 < drawn.min() < drawn.max() < 1
    places = 7 * 7 * 32
    by_hand = (16 + 1) * 128 + 129 * places + (4 * 4 * 32 + 1) * 32 + 4 * 4 * 32 + 1
    assert other[1].count_params() == by_hand < 0.6 * dense[1].count_params() == 0.6 * 398_184


def test_what_is_unclear_and_grey_is_seen():
    images, _, _ = data.load_digits(100)["train"]
    reader = judge.Judge()
    wanted = reader.features(images)
    same, unclear = decoders.look(reader, wanted, images)
    assert same["frechet"] == pytest.approx(0, abs=1e-3)
    assert same["unclear"] == pytest.approx(unclear.mean()) and unclear.shape == (100,)
    ghosts = (images[:50] + images[50:]) / 4  # of two digits over each other, half as dark
    seen, _ = decoders.look(reader, wanted, ghosts)
    assert seen["grey"] > 0.99 > 0.6 > same["grey"]
    assert seen["unclear"] > same["unclear"] + 0.1 and seen["frechet"] > 10


class TwoHeaps:
    """Instead of an encoder: half of the digits have one cloud, half another one."""

    def predict(self, images, **_):
        mean = np.where(np.arange(len(images))[:, None] % 2, 2.0, -2.0)
        return np.tile(mean, (1, decoders.SIZE)), np.full((len(images), decoders.SIZE), -2.0)


@pytest.mark.slow
def test_points_between_two_heaps_lie_in_a_hole(monkeypatch):
    """What fits the clouds is near one of them, what does not lies between them."""
    monkeypatch.setattr(decoders, "STEPS", 300)
    monkeypatch.setattr(decoders, "PARTS", 2)
    part = data.Part(np.zeros((2000, 784)), np.arange(2000) % 10, np.zeros(2000))
    points, depth = decoders.draw_points(TwoHeaps(), part, part, 1)

    def away(name):  # from the nearer heap, in each number
        ends = [((points[name] - heap) ** 2).mean(axis=1) for heap in (-2, 2)]
        return np.minimum(*ends)

    assert {name: len(some) for name, some in points.items()} == dict.fromkeys(points, 2000)
    cloud = np.exp(-2)
    assert away("clouds").mean() == pytest.approx(cloud, rel=0.1)
    assert away("mixture").mean() == pytest.approx(cloud, rel=0.1)
    assert away("flow").mean() < 0.5 < 1.5 < min(away("normal").mean(), away("nothing").mean())
    assert np.corrcoef(depth, away("nothing"))[0, 1] > 0.9 and depth.min() > 0


@pytest.mark.slow
def test_digits_come_out_as_asked_and_only_with_all_that_belongs_to_it(runs):
    """It fails if the class is not used, or if the decoder is untrained: both are tried, too."""
    network, decoder = latents.load_flow(runs[1])
    reader, labels = judge.Judge(), np.arange(200) % 10

    def read(decoder=decoder, told=labels):
        images = flow.draw(network, decoder, told, np.random.default_rng(1), guidance=3)
        return reader.accuracy(images, labels)

    assert read() > 0.6
    assert read(told=np.full(200, flow.ANY)) < 0.3
    assert read(told=(labels + 1) % 10) < 0.1
    assert read(decoder=keras.models.clone_model(decoder)) < 0.3


@pytest.mark.every_back_end
def test_guidance_goes_on_beyond_the_way_to_the_digit():
    keras.utils.set_random_seed(1)
    network, labels = flow.build_flow(3, width=8, depth=1), np.array([4, 7])
    places = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]], "float32")
    to_any, told, twice = (flow.velocity(network, places, 0.5, labels, g) for g in (0, 1, 2))
    np.testing.assert_allclose(twice, told + (told - to_any), atol=1e-5)
    digits = np.append(labels, [flow.ANY, flow.ANY]).astype("int32")
    times = np.full((4, 1), 0.5, "float32")
    alone = network.predict_on_batch([np.tile(places, (2, 1)), times, digits])
    np.testing.assert_allclose(np.concatenate([told, to_any]), alone, atol=1e-5)


def test_pairs_are_points_on_straight_lines():
    mean, log_variance = np.full((50, 2), 3.0, "float32"), np.full((50, 2), -20.0, "float32")
    batches = flow.pairs(mean, log_variance, np.arange(50) % 10, np.random.default_rng(1))
    (point, time, digit), velocity = next(batches)
    np.testing.assert_allclose(point + (1 - time) * velocity, 3, atol=1e-3)  # where it arrives
    noise = point - time * velocity
    assert abs(noise.mean()) < 0.2 and noise.std() == pytest.approx(1, abs=0.1)
    assert 0.02 < (digit == flow.ANY).mean() < 0.25


def test_a_number_is_written_and_written_again(blank_run, run_main, tmp_path):
    drawn = []
    for seed in (2, 2, 3):
        options = [blank_run, "2026", "--count", 3, "--steps", 5, "--seed", seed]
        _, results = run_main("generating/write.py", *options)
        with np.load(tmp_path / "run" / "drawn.npz") as arrays:
            images, digits = arrays["images"], arrays["digits"]
        drawn.append(images)
    assert results == {"number": "2026", "images": 12} and digits.tolist() == [2, 0, 2, 6] * 3
    assert images.shape == (12, 28, 28) and images.dtype == digits.dtype == "uint8"
    assert not np.array_equal(images[0], images[4]), "two copies are the same"
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], images)


@pytest.mark.every_back_end
def test_moons_come_out_of_noise_and_go_back():
    random = np.random.default_rng(1)
    noise, moons = random.normal(size=(500, 2)), points.moons(500, random)
    far = points.distance(noise, moons)
    assert points.distance(points.moons(500, random), moons) < 0.05 * far
    for path in points.PATHS.values():
        here, velocity = path(noise, moons, 0.3)
        np.testing.assert_allclose(
            (path(noise, moons, 0.3001)[0] - here) * 1e4, velocity, atol=0.01
        )
        np.testing.assert_allclose(path(noise, moons, 0)[0], noise)
        np.testing.assert_allclose(path(noise, moons, 1)[0], moons, atol=1e-12)
    network = points.train(points.straight, 800, 1)
    assert points.distance(points.follow(network, noise, 20)[-1], moons) < 0.4 * far
    once = points.follow(network, noise, 1)[-1]  # to the mean of the data, wherever it begins
    assert once.std(axis=0).max() < 0.3 < moons.std(axis=0).max()
    back = points.follow(network, moons, 50, backwards=True)[-1]
    assert points.distance(back, noise) < 0.2 * far


@pytest.mark.slow
def test_fewer_numbers_leave_a_larger_error_and_strangers_are_refused(run_main, tmp_path):
    options = ["--sizes", 2, 32, "--epochs", 4, "--train-samples", 4000]
    _, results = run_main("generating/autoencoder.py", *options)
    two, many = (results["sizes"][size] for size in ("2", "32"))
    assert many["linear"] < two["linear"] and many["network"] < two["network"] < 0.075
    assert two["less"]["mean"] == pytest.approx(two["linear"] - two["network"], abs=1e-6)
    _, found = run_main("generating/anomalies.py", tmp_path / "run", "--sizes", 32, "--images", 30)
    assert all(one["digits"] < 0.05 < one["noise"] for one in found["scores"].values())


def test_measures_by_hand():
    random = np.random.default_rng(1)
    first, second = random.normal(0, 1, (50_000, 1)), random.normal(3, 2, (50_000, 1))
    same, other = np.hstack([first, second]), np.hstack([first, first])
    assert judge.frechet(same, same) == pytest.approx(0, abs=1e-6)
    # Of two normal distributions of one number: (difference of means)² + (of deviations)².
    assert 8 < judge.frechet(other, same[:, ::-1]) < 12
    images = random.random((20, 784)).astype("float32")
    alike = np.tile(images[:1], (20, 1))
    assert judge.spread(alike, np.arange(20) % 2) == pytest.approx(0, abs=1e-3)
    by_hand = np.linalg.norm(images[:, None] - images[None, 5:], axis=2).min(axis=1)
    np.testing.assert_allclose(judge.nearest(images, images[5:]), by_hand, atol=0.05)
    labels = np.arange(2_000) % 10
    codes = random.normal(labels[:, None] + [0, 5], 0.1)
    encoder = Mock(output=[codes], predict=lambda x, **_: (x, np.full(x.shape, -50.0)))
    decoder, rows = Mock(predict=lambda x, **_: x), {"other_writers": codes, "copies": codes}
    train = data.Part(codes, labels, labels)
    drawn = evaluate.make_rivals(encoder, decoder, train, rows, labels, random)
    drawn = drawn["one_normal_distribution_a_kind"]
    middles = [drawn[labels == digit].mean(axis=0) for digit in range(10)]
    np.testing.assert_allclose(middles, np.arange(10)[:, None] + [0, 5], atol=0.05)


@pytest.mark.slow
def test_every_trap_shows_in_another_measure(runs, run_main):
    options = [runs[1], "--digits", 300, "--vae", runs[0]]
    rows = run_main("generating/evaluate.py", *options)[1]["rows"]
    real, one, copies = rows["other_writers"], rows["one_of_each_kind"], rows["copies"]
    assert one["accuracy"] >= 0.9 and one["spread"] == pytest.approx(0, abs=1e-3)
    assert one["frechet"] > 3 * real["frechet"] and real["nearest"] == real["spread"] == 1
    assert copies["accuracy"] > 0.9 and copies["nearest"] == pytest.approx(0, abs=1e-2)
    assert rows["noise"]["frechet"] > 10 * real["frechet"] and rows["noise"]["accuracy"] < 0.3
    # What knows no kinds is read at random; the more is known, the nearer to real digits.
    none, kinds = rows["standard_points"], rows["one_normal_distribution_a_kind"]
    assert none["accuracy"] < 0.3 < kinds["accuracy"] < rows["redrawn"]["accuracy"]
    assert none["frechet"] > kinds["frechet"] > rows["copies_redrawn"]["frechet"]


@pytest.fixture(scope="module")
def page(blank_run, tmp_path_factory):
    """Return a client of the page's application, with a map, whose networks know nothing."""
    folder, (encoder, decoder, _) = tmp_path_factory.mktemp("map"), vae.build_vae(2)
    encoder.save(folder / "encoder.keras")
    decoder.save(folder / "decoder.keras")
    return TestClient(create_app(str(blank_run), str(folder)), "http://localhost")


def unpack(text):
    return np.frombuffer(base64.b64decode(text), "uint8").reshape(-1, 28, 28)


def test_the_page_writes_and_shows_places_of_the_map(page, blank_run):
    for path in ("/", "/page/write.js", "/page/write.css", "/static/style.css"):
        assert page.get(path).status_code == 200
    answer = page.post("/write", json={"number": "70707", "seed": 3}).json()
    ways = unpack(answer["images"]).reshape(answer["steps"] + 1, 5, 784)
    network, decoder = latents.load_flow(blank_run)
    drawn = flow.draw(network, decoder, np.resize([7, 0, 7, 0, 7], 8), np.random.default_rng(3))
    np.testing.assert_allclose(ways[-1], 255 * drawn[:5], atol=1)
    assert (ways[0] != ways[-1]).any()
    one, same, other = (
        page.post("/point", json={"across": x, "down": x}).json()["image"] for x in (0, 0, 1)
    )
    assert one == same != other
    overview = page.get("/map").json()
    assert len(unpack(overview["images"])) == overview["side"] ** 2


def test_the_page_refuses_what_is_no_number_and_no_place(page):
    numbers = [{"number": text} for text in ("", "1" * 9, "-1", "٣", 7)]
    numbers += [{"seed": seed} for seed in (-1, 2**32, "1")] + [{"more": 1}]
    places = [{"across": share} for share in (-0.1, 1.1, None)]
    for path, good, bad in (
        ("/write", {"number": "7", "seed": 1}, numbers),
        ("/point", {"across": 0, "down": 0.5}, places),
    ):
        assert page.post(path, json=good).status_code == 200
        for change in bad:
            response = page.post(path, json=good | change)
            assert response.status_code == 422 and response.json()["error"]["message"], change
    assert page.get("/", headers={"Host": "evil.example"}).status_code == 421
