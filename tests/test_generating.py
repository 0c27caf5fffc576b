"""Pictures out of networks: bottlenecks, clouds, flows, and what judges their digits."""

import base64
import json
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import ROOT, failure, loaded, need_chromium
from scipy.stats import norm

from utils.runs import load_results


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a small run of vae.py and one of flow.py that is made with it."""
    folder = tmp_path_factory.mktemp("runs")
    vae_run, flow_run = folder / "vae", folder / "flow"
    with loaded("generating/vae.py") as vae:
        options = ["--size", "8", "--epochs", "3", "--train-samples", "8000"]
        scores = vae.main([*options, "--outputs", str(vae_run)])
        assert 4 <= scores["used"] <= 8 and 1 < scores["divergence"]["mean"] < 40
    with loaded("generating/flow.py") as flow:
        options = ["--steps", "300", "--train-samples", "8000"]
        history = flow.main([str(vae_run), *options, "--outputs", str(flow_run)])
        assert history["loss"][-1] < 2
    return vae_run, flow_run


@pytest.fixture
def flow(load_script):
    return load_script("generating/flow.py")


def test_nobody_who_is_learned_from_judges(load_script):
    digits = load_script("generating/latents.py").load_digits()
    writers = [set(part.writers) for part in digits.values()]
    assert len(set.union(*writers)) == sum(map(len, writers))
    assert {name: len(part.labels) for name, part in digits.items()} == {
        "train": 41_154, "judge": 13_846, "validation": 5_000,
    }  # fmt: skip


def test_the_judge_reads_digits_of_others(load_script):
    judge, digits = (
        load_script("generating/judge.py"),
        sys.modules["generating.latents"].load_digits(),
    )
    images, labels, _ = digits["validation"]
    assert judge.Judge().accuracy(images, labels) > 0.97
    assert judge.Judge().accuracy(images, (labels + 1) % 10) < 0.01


def test_a_cloud_costs_what_its_points_are_likelier_in_it(load_script):
    vae = load_script("generating/vae.py")
    means, deviations = np.array([0.0, 2.0, -1.0]), np.array([1.0, 0.1, 3.0])
    numbers = (np.array(x, "float32") for x in (means, np.log(deviations**2)))
    costs = keras.ops.convert_to_numpy(vae.divergence(*map(keras.ops.convert_to_tensor, numbers)))
    points = np.random.default_rng(1).normal(means, deviations, (200_000, 3))
    tried = (norm.logpdf(points, means, deviations) - norm.logpdf(points)).mean(axis=0)
    assert costs[0] == 0
    np.testing.assert_allclose(costs, tried, atol=0.02)


@pytest.mark.every_back_end
def test_the_layer_draws_from_the_clouds_and_adds_their_cost(load_script):
    layer = load_script("generating/vae.py").Sample(weight=3.0, seed=1)
    mean = np.tile(np.array([[2.0, -1.0]], "float32"), (5000, 1))
    log_variance = np.full((5000, 2), np.log(0.25), "float32")
    points = keras.ops.convert_to_numpy(layer([mean, log_variance]))
    np.testing.assert_allclose(points.mean(axis=0), [2, -1], atol=0.05)
    np.testing.assert_allclose(points.std(axis=0), [0.5, 0.5], atol=0.05)
    assert float(layer.losses[0]) == pytest.approx(3 * (5 + 0.5 - 2 - 2 * np.log(0.25)) / 2)


@pytest.mark.every_back_end
def test_digits_come_out_as_asked_and_only_with_all_that_belongs_to_it(runs, flow, load_script):
    """It fails if the class is not used, if the flow runs backwards, if the decoder is untrained.

    And each of these is tried, so that the test is seen to notice it.
    """
    network, decoder = sys.modules["generating.latents"].load_flow(runs[1])
    judge = load_script("generating/judge.py").Judge()
    labels = np.arange(200) % 10

    def read(network=network, decoder=decoder, told=labels):
        images = flow.draw(network, decoder, told, np.random.default_rng(1), guidance=3)
        return judge.accuracy(images, labels)

    assert read() > 0.6
    assert read(told=np.full(200, sys.modules["generating.latents"].ANY)) < 0.3
    assert read(told=(labels + 1) % 10) < 0.1
    untrained = keras.models.clone_model(decoder)
    assert read(decoder=untrained) < 0.3

    class Backwards:
        output_shape = network.output_shape

        def predict_on_batch(self, inputs):
            points, times, digits = inputs
            return -network.predict_on_batch([points, 1 - times, digits])

    assert read(network=Backwards()) < 0.4


@pytest.mark.every_back_end
def test_guidance_goes_on_beyond_the_way_to_the_digit(flow):
    keras.utils.set_random_seed(1)
    network, labels = flow.build_flow(3, width=8, depth=1), np.array([4, 7])
    points = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]], "float32")
    told = flow.velocity(network, points, 0.5, labels, 1)
    not_told = flow.velocity(network, points, 0.5, labels, 0)
    assert np.abs(told - not_told).max() > 1e-3
    twice = flow.velocity(network, points, 0.5, labels, 2)
    np.testing.assert_allclose(twice, told + (told - not_told), atol=1e-5)


def test_pairs_are_points_on_straight_lines(flow):
    mean, log_variance = np.full((50, 2), 3.0, "float32"), np.full((50, 2), -20.0, "float32")
    batches = flow.pairs(mean, log_variance, np.arange(50) % 10, np.random.default_rng(1))
    (point, time, digit), velocity = next(batches)
    np.testing.assert_allclose(point + (1 - time) * velocity, 3, atol=1e-3)  # where it arrives
    noise = point - time * velocity
    assert abs(noise.mean()) < 0.2 and noise.std() == pytest.approx(1, abs=0.1)
    assert 0.02 < (digit == sys.modules["generating.latents"].ANY).mean() < 0.25


def test_a_training_takes_as_many_steps_as_were_asked_for(load_script):
    in_reports = load_script("generating/latents.py").in_reports
    assert in_reports(3000, 500) == {"steps_per_epoch": 500, "epochs": 6}
    for steps in (1, 20, 500, 501, 700, 999):
        assert 0 <= np.prod([*in_reports(steps, 500).values()]) - steps <= 1


@pytest.mark.every_back_end
def test_a_number_is_written_and_written_again(runs, run_main, tmp_path):
    options = [runs[1], "2026", "--count", 3, "--steps", 5]
    _, results = run_main("generating/write.py", *options, "--seed", 2)
    assert results == {"number": "2026", "images": 12}
    with np.load(tmp_path / "run" / "drawn.npz") as drawn:
        images, digits = drawn["images"], drawn["digits"]
    assert images.shape == (12, 28, 28) and images.dtype == digits.dtype == "uint8"
    assert digits.tolist() == [2, 0, 2, 6] * 3
    assert not np.array_equal(images[0], images[4]), "two copies are the same"
    run_main("generating/write.py", *options, "--seed", 2)
    with np.load(tmp_path / "run" / "drawn.npz") as again:
        np.testing.assert_array_equal(images, again["images"])


@pytest.mark.parametrize("text", ["", "12a", "-1", "1.5", "٣", "1" * 101])
def test_what_is_not_a_number_is_refused(load_script, capsys, text):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script("generating/write.py").main(["RUN", "--", text])
    assert "is not a number of 1 to 100 digits" in capsys.readouterr().err


def test_too_many_digits_are_refused(load_script, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script("generating/write.py").main(["RUN", "2026", "--count", "5001"])
    assert "more than 20,000 digits" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="knows no limit on the size of a file")
def test_a_full_disk_leaves_the_run_that_was_there(load_script, tmp_path, monkeypatch):
    """And where a kill came between the two networks, there is no run."""
    import resource

    latents = load_script("generating/latents.py")
    one, large = ([keras.Input((784,)), keras.layers.Dense(units)] for units in (1, 1000))
    networks = [keras.Sequential(layers) for layers in (one, large)]
    small, settings = networks[0], {"script": "vae.py", "size": 2}
    latents.save_run(tmp_path, settings, encoder=small, decoder=small)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limit[1]))
        with pytest.raises(SystemExit, match=r"cannot write to .* \(File too large\)"):
            latents.save_run(tmp_path, settings, encoder=small, decoder=networks[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    replace = Path.replace

    def killed(partial, path):
        if path.name == "encoder.keras":
            raise KeyboardInterrupt
        return replace(partial, path)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        latents.save_run(tmp_path, settings, encoder=small, decoder=networks[1])
    with pytest.raises(SystemExit, match=r"is not a run of vae\.py"):
        latents.load_vae(str(tmp_path))


@pytest.mark.parametrize(
    ("script", "name"),
    [("vae", "encoder"), ("vae", "decoder"), ("flow", "flow"), ("flow", "decoder"), ("flow", None)],
)
def test_networks_of_another_size_end_with_one_line(runs, load_script, tmp_path, script, name):
    load = getattr(load_script("generating/latents.py"), f"load_{script}")
    run = shutil.copytree(runs[script == "flow"], tmp_path / script)
    if name:
        shutil.copy(ROOT / "assets/models/conv_net.keras", run / f"{name}.keras")
    else:
        (run / "settings.json").write_text(json.dumps({"script": "flow.py", "size": 3}))
    assert "do not fit together: not all are for" in failure(load, run)


@pytest.mark.every_back_end
def test_moons_come_out_of_noise_and_go_back(load_script):
    points = load_script("generating/points.py")
    random = np.random.default_rng(1)
    noise, data = random.normal(size=(500, 2)), points.moons(500, random)
    far = points.distance(noise, data)
    assert points.distance(points.moons(500, random), data) < 0.05 * far
    for path in points.PATHS.values():
        here, velocity = path(noise, data, 0.3)
        there, _ = path(noise, data, 0.3001)
        np.testing.assert_allclose((there - here) / 0.0001, velocity, atol=0.01)
        np.testing.assert_allclose(path(noise, data, 0)[0], noise)
        np.testing.assert_allclose(path(noise, data, 1)[0], data, atol=1e-12)
    network = points.train(points.straight, 800, 1)
    ways = points.follow(network, noise, 20)
    assert ways.shape == (21, 500, 2)
    assert points.distance(ways[-1], data) < 0.4 * far
    once = points.follow(network, noise, 1)[-1]  # to the mean of the data, wherever it begins
    assert once.std(axis=0).max() < 0.3 < data.std(axis=0).max()
    back = points.follow(network, data, 50, backwards=True)[-1]
    assert points.distance(back, noise) < 0.2 * far


@pytest.mark.slow
def test_fewer_numbers_leave_a_larger_error_and_pairs_are_compared(load_script, tmp_path):
    module = load_script("generating/autoencoder.py")
    options = ["--sizes", "2", "32", "--epochs", "4", "--train-samples", "4000"]
    results = module.main([*options, "--outputs", str(tmp_path / "run")])
    two, many = (results["sizes"][size] for size in ("2", "32"))
    assert many["linear"] < two["linear"] and many["network"] < two["network"] < 0.075
    for one in (two, many, results["denoising"]):
        assert one["less"]["mean"] == pytest.approx(one["linear"] - one["network"], abs=1e-6)
        assert one["less"]["low"] <= one["less"]["mean"] <= one["less"]["high"]
    anomalies = load_script("generating/anomalies.py")
    found = anomalies.main(
        [str(tmp_path / "run"), "--sizes", "32", "--images", "30", "--outputs", str(tmp_path / "x")]
    )
    shares = found["scores"]
    assert set(shares) == {"energy", "pca_32", "autoencoder_32"}
    # The service's own comparison found the same of the strangers that are not made at random.
    known = load_results("out_of_distribution")
    for kind in ("letters", "signs", "emoji"):
        assert shares["energy"][kind] == pytest.approx(known["ways"]["energy"][kind], abs=0.005)
    assert all(one["digits"] < 0.05 < one["noise"] for one in shares.values())


def test_measures_by_hand(load_script):
    judge, random = load_script("generating/judge.py"), np.random.default_rng(1)
    first, second = random.normal(0, 1, (50_000, 1)), random.normal(3, 2, (50_000, 1))
    one = judge.frechet(np.hstack([first, second]), np.hstack([first, second]))
    assert one == pytest.approx(0, abs=1e-6)
    # Of two normal distributions of one number: (difference of means)² + (of deviations)².
    both = judge.frechet(np.hstack([first, first]), np.hstack([second, first]))
    assert 8 < both < 12
    images = random.random((20, 784)).astype("float32")
    assert judge.spread(np.tile(images[:1], (20, 1)), np.arange(20) % 2) == pytest.approx(
        0, abs=1e-3
    )
    by_hand = np.linalg.norm(images[:, None] - images[None, 5:], axis=2).min(axis=1)
    np.testing.assert_allclose(judge.nearest(images, images[5:]), by_hand, atol=0.05)


@pytest.mark.slow
def test_every_trap_shows_in_another_measure(runs, run_main):
    options = ["--digits", 300, "--vae", runs[0]]
    _, results = run_main("generating/evaluate.py", runs[1], runs[1], *options)
    rows = results["rows"]
    real, one, copies = rows["other_writers"], rows["one_of_each_kind"], rows["copies"]
    assert one["accuracy"] >= 0.9 and one["spread"] == pytest.approx(0, abs=1e-3)
    assert one["frechet"] > 3 * real["frechet"]
    assert copies["accuracy"] > 0.9 and copies["nearest"] == pytest.approx(0, abs=1e-2)
    assert real["nearest"] == real["spread"] == 1
    assert rows["noise"]["frechet"] > 10 * real["frechet"] and rows["noise"]["accuracy"] < 0.3
    assert 0.4 < rows["run_1"]["accuracy"] == rows["run_2"]["accuracy"]
    assert results["few"]["100"] > results["few"]["300"]
    # What knows no kinds is read at random; the more is known, the nearer to real digits.
    none, kinds = rows["standard_points"], rows["one_normal_distribution_a_kind"]
    assert none["accuracy"] < 0.3 < kinds["accuracy"] < rows["redrawn"]["accuracy"]
    assert none["frechet"] > kinds["frechet"] > rows["copies_redrawn"]["frechet"]


@pytest.mark.slow
def test_choices_and_few_real_digits_run(runs, run_main):
    vae, flow = runs
    few = {"GUIDANCES": [0, 1, 3], "STEPS": [1, 20]}
    _, results = run_main("generating/choices.py", flow, "--digits", 200, **few)
    guided = {one["guidance"]: one["accuracy"] for one in results["guidance"]}
    assert guided[0] < 0.3 < guided[1] < guided[3]
    assert [one["steps"] for one in results["steps"]] == few["STEPS"]
    options = ["--digits", 200, "--noise", vae, "--seeds", 2, "--short", 20]
    _, results = run_main("generating/choices.py", flow, *options)
    assert len(results["noisy"]["accuracy"]) == len(results["noise_free"]["accuracy"]) == 2
    assert 0 <= results["comparisons"]["accuracy"]["holm"] <= 1
    few = {"DRAWN": 200, "STEPS": 100, "FLOW_STEPS": 20}
    _, results = run_main("generating/few_real.py", vae, flow, "--seeds", 2, **few)
    accuracies = results["accuracies"]
    assert all(0.4 < value < 0.95 for values in accuracies.values() for value in values)
    assert len(results["comparisons"]) == 4


def test_a_style_is_found_where_the_nearest_is_of_the_same_writer(load_script):
    found = load_script("generating/writers.py").found
    styles = np.random.default_rng(1).normal(size=(8, 3))
    assert found(styles, styles + 0.01) == 1
    assert found(styles, styles[::-1]) == 0
    assert found(styles, styles[[0, 1, 2, 3, 7, 6, 5, 4]]) == 0.5


@pytest.mark.slow
def test_a_style_finds_its_writer(runs, run_main):
    """The more digits it is taken from, the more often; and the drawn ones carry what was told."""
    _, results = run_main("generating/writers.py", runs[0], "--steps", 300)
    assert results["writers"] == 36
    assert 1 / 36 < results["real"]["1"] < results["real"]["5"] < results["real"]["50"]
    assert results["drawn"] > 0.3 > 5 / 36 and results["accuracy"] > 0.4


@pytest.fixture(scope="module")
def page(runs):
    """Return a client of the page's application, with a map."""
    with loaded("generating/page/write_page.py") as module, pytest.MonkeyPatch.context() as patch:
        # The space of the small run has more numbers than a map has: it shows two of them.
        size, _, decoder = module.load_vae(str(runs[0]))
        patch.setattr(module, "load_vae", lambda run: (2, None, FirstTwo(decoder, size)))
        yield module.create_app(str(runs[1]), "a map").test_client()


class FirstTwo:
    """A decoder of two numbers, made of one of more: the others are zero."""

    def __init__(self, decoder, size):
        self.decoder, self.more = decoder, size - 2

    def predict_on_batch(self, points):
        return self.decoder.predict_on_batch(np.pad(points, [(0, 0), (0, self.more)]))

    def predict(self, points, **options):
        return self.predict_on_batch(points)


def unpack(text):
    return np.frombuffer(base64.b64decode(text), "uint8").reshape(-1, 28, 28)


def test_the_page_writes_and_shows_places_of_the_map(page, load_script):
    assert page.get("/").status_code == page.get("/style.css").status_code == 200
    answer = page.post("/write", json={"number": "707", "seed": 1}).get_json()
    images = unpack(answer["images"])
    assert len(images) == 3 * (answer["steps"] + 1)
    judge = load_script("generating/judge.py").Judge()
    many = [
        unpack(page.post("/write", json={"number": "70707070", "seed": seed}).get_json()["images"])
        for seed in range(5)
    ]
    last = np.concatenate([ways[-8:] for ways in many]).reshape(-1, 784) / 255
    assert judge.accuracy(last.astype("float32"), np.tile([7, 0], 20)) > 0.4
    places = [(0.1, 0.1), (0.1, 0.1), (0.9, 0.9)]
    shown = [
        page.post("/point", json={"across": x, "down": y}).get_json()["image"] for x, y in places
    ]
    assert shown[0] == shown[1] != shown[2]
    assert (
        len(unpack(page.get("/map").get_json()["images"]))
        == page.get("/map").get_json()["side"] ** 2
    )


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/write", {"number": "12a", "seed": 1}, "number must be a text of 1 to 8 digits"),
        ("/write", {"number": "", "seed": 1}, "number must be"),
        ("/write", {"number": "1" * 9, "seed": 1}, "number must be"),
        ("/write", {"number": 2026, "seed": 1}, "number must be"),
        ("/write", {"number": "1", "seed": True}, "seed must be a whole number"),
        ("/write", {"number": "1", "seed": 2**32}, "seed must be a whole number"),
        ("/write", {"number": "1"}, "expected an object with number, seed"),
        ("/write", [1], "expected an object with number, seed"),
        ("/point", {"across": 2, "down": 0}, "across must be a number from 0 to 1"),
        ("/point", {"across": 0, "down": None}, "down must be a number from 0 to 1"),
    ],
)
def test_bad_questions_are_answered_with_a_sentence(page, path, body, said):
    answer = page.post(path, json=body)
    assert answer.status_code == 422 and said in answer.get_json()["error"]["message"]


def test_the_page_keeps_the_limits_of_the_service(page):
    broken = page.post("/write", data=b"{", content_type="application/json")
    assert broken.status_code == 400
    assert page.post("/write", data=b"1" * 5000, content_type="application/json").status_code == 413
    assert page.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert "default-src 'none'" in page.get("/").headers["Content-Security-Policy"]


def test_a_map_needs_two_numbers(runs, load_script):
    with pytest.raises(SystemExit, match=r"has 8 numbers; a map needs a run of vae\.py --size 2"):
        load_script("generating/page/write_page.py").create_app(str(runs[1]), str(runs[0]))


@pytest.mark.slow
def test_write_by_number_in_a_browser(runs, load_script, tmp_path):
    """A number appears, the slider leads back to noise, and the map changes under the finger."""
    browser = load_script("book/figures/browser.py")
    need_chromium(browser)
    options = ["--size", "2", "--epochs", "1", "--train-samples", "2000"]
    vae = load_script("generating/vae.py")
    vae.main([*options, "--outputs", str(tmp_path / "map")])
    command = [str(runs[1]), "--map", str(tmp_path / "map")]
    with (
        browser.run_service(*command, page="numbers") as address,
        browser.open_browser(390, 844, phone=True) as chrome,
    ):
        chrome.get(address)
        wait = browser.WebDriverWait(chrome, 20)
        status = chrome.find_element("id", "status")

        def written(number):
            wait.until(lambda _: number in status.text)
            slider = chrome.find_element("id", "time")
            wait.until(lambda _: slider.get_property("value") == "20")
            return pixels("digits")

        def pixels(name):
            script = "const c = document.getElementById(arguments[0]);"
            script += "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
            return np.array(chrome.execute_script(script, name))

        first = written("2026, written in")
        assert len(first) == 4 * 28 * 4 * 28 and first.reshape(-1, 4)[:, 0].std() > 30
        chrome.execute_script(
            "const s = document.getElementById('time'); s.value = 0;"
            "s.dispatchEvent(new Event('input'))"
        )
        assert not np.array_equal(pixels("digits"), first)
        field = chrome.find_element("id", "number")
        field.clear()
        field.send_keys("7")
        chrome.find_element("id", "write").click()
        one = written("7, written in")
        assert len(one) == 28 * 4 * 28
        chrome.find_element("id", "again").click()
        wait.until(lambda _: status.text == "…" or "written" in status.text)
        wait.until(lambda _: not np.array_equal(pixels("digits"), one))
        field.clear()
        field.send_keys("x")
        chrome.find_element("id", "write").click()  # the browser itself refuses it
        assert chrome.execute_script("return !document.getElementById('form').checkValidity()")

        place = chrome.find_element("id", "place")
        wait.until(lambda _: "across" in place.text)
        before = pixels("point")
        canvas = chrome.find_element("id", "map")
        chrome.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        size = canvas.rect["width"]
        actions = browser.ActionChains(chrome)
        actions.move_to_element_with_offset(canvas, -size / 3, size / 3).click().perform()
        wait.until(lambda _: not place.text.startswith("0.50"))
        wait.until(lambda _: not np.array_equal(pixels("point"), before))
        here = place.text
        canvas.send_keys("\ue014")  # the arrow to the right
        wait.until(lambda _: place.text != here)
        errors = [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []
        assert chrome.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
