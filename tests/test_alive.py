"""The pages that compute in the browser: the same numbers as Keras, without a server."""

import base64

import keras
import numpy as np
import pytest
from conftest import loaded, need_chromium
from selenium.webdriver.support.ui import Select, WebDriverWait

from book.alive import pages
from mnist import data
from utils.gradients import weight_gradients

IMAGES = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alive")
    pages.write_pages(folder)
    return folder


def test_a_page_is_small_and_asks_nobody(folder):
    sizes = {path.name: path.stat().st_size for path in folder.rglob("*.*")}
    digits = sum(
        sizes[name]
        for name in ("digits.html", "network_data.js", "network.js", "answers.js", "draw.js")
        + ("think.js", "style.css", "think.css")
    )
    assert digits < 700_000
    for path in folder.rglob("*.*"):
        assert "://" not in path.read_text(encoding="utf-8"), path


def test_the_digits_of_the_keys_are_one_of_each_and_by_people_who_validate():
    with np.load(pages.DIGITS) as arrays:
        assert arrays["y_train"][pages.SHOWN].tolist() == list(range(10))
    writers, _ = data.load_writers()
    assert np.isin(writers[pages.SHOWN], data.VALIDATION_WRITERS).all()


@pytest.fixture(scope="module")
def browser():
    with loaded("book/figures/browser.py") as browser:
        need_chromium(browser)
        yield browser


@pytest.fixture(scope="module")
def chrome(browser, folder):
    with browser.open_browser(840, 1240) as chrome:
        chrome.get((folder / "digits.html").as_uri())
        yield chrome
        severe = [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"]
        assert severe == []


def run(chrome, script, *arguments):
    chrome.set_script_timeout(120)
    return chrome.execute_script(script, *arguments)


@pytest.mark.slow
def test_the_network_in_the_page_is_the_one_of_keras(chrome):
    with np.load(pages.DIGITS) as arrays:
        images = arrays["x_test"][:IMAGES]
    model = keras.models.load_model(pages.MODEL)
    expected = model.predict(images[..., np.newaxis] / 255.0, verbose=0)
    ours, milliseconds = run(
        chrome,
        """const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
        const answers = [];
        const start = performance.now();
        for (let at = 0; at < bytes.length; at += 784)
            answers.push(softmax(forward(bytes.slice(at, at + 784)).logits));
        return [answers, (performance.now() - start) / answers.length];""",
        base64.b64encode(images.tobytes()).decode(),
    )
    assert np.abs(np.array(ours) - expected).max() < 1e-5
    assert (np.argmax(ours, axis=1) == expected.argmax(axis=1)).all()
    print(f"{milliseconds:.1f} ms")


@pytest.mark.slow
def test_layers_and_importance_are_those_of_the_page_with_a_server(chrome, load_script):
    think = load_script("visualizing/live/think.py")
    with np.load(pages.DIGITS) as arrays:
        image = arrays["x_test"][3]
    expected = think.think_about(keras.models.load_model(pages.MODEL), image)
    chrome.set_script_timeout(60)
    ours = chrome.execute_async_script(
        "think({ pixels: arguments[0] }).then(arguments[1]);", image.tolist()
    )
    assert ours["digit"] == expected["digit"]
    assert [layer["name"] for layer in ours["layers"]] == [
        layer["name"] for layer in expected["layers"]
    ]

    def unpacked(text):
        return np.frombuffer(base64.b64decode(text), "uint8").astype(int)

    for one, other in zip(ours["layers"], expected["layers"], strict=True):
        assert (one["height"], one["count"]) == (other["height"], other["count"])
        assert np.abs(unpacked(one["maps"]) - unpacked(other["maps"])).max() <= 1
    assert np.abs(unpacked(ours["importance"]) - unpacked(expected["importance"])).max() <= 1


@pytest.mark.slow
def test_one_draws_and_it_reads(chrome, browser, folder):
    for digit in (2, 4, 7):
        chrome.get((folder / "digits.html").as_uri())
        browser.draw(chrome, digit)
        assert browser.read(chrome) == str(digit)
    chrome.get((folder / "digits.html").as_uri())
    browser.draw(chrome, "star")
    assert browser.read(chrome) == "?"
    chrome.find_element("id", "clear").click()
    chrome.find_element("id", "predict").click()
    assert "Draw a digit first" in chrome.find_element("id", "status").text


@pytest.fixture(scope="module")
def playground(browser, folder):
    with browser.open_browser(840, 1100) as chrome:
        chrome.get((folder / "playground.html").as_uri())
        yield chrome
        assert chrome.get_log("browser") == []


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_gradients_and_steps_of_the_playground_are_those_of_keras(activation, playground):
    network, x, y, gradients, stepped, loss = run(
        playground,
        """const random = randomNumbers(7);
        const network = makeNetwork([2, 5, 4, 1], arguments[0], random);
        network.layers.forEach(({ bias }) => bias.forEach((_, j) => { bias[j] = random() - 0.5; }));
        const { x, y } = makePoints("moons", 40, 0.2, random);
        const before = JSON.parse(JSON.stringify(network.layers));
        const gradients = gradientsOf(network, x, y);
        const loss = meanLoss(network, x, y);
        const adam = {};
        for (let step = 0; step < 3; step += 1)
            adamStep(network, gradientsOf(network, x, y), 0.05, adam);
        return [before, x, y, gradients, network.layers, loss];""",
        activation,
    )
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(5, activation=activation),
            keras.layers.Dense(4, activation=activation),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.set_weights(flat(network))
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy")
    x, y = np.array(x, "float32"), np.array(y, "float32")[:, np.newaxis]

    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss, abs=1e-5)
    slopes = weight_gradients(model, x, y, keras.losses.binary_crossentropy).values()
    for ours, theirs in zip(flat(gradients), slopes, strict=True):
        assert np.abs(ours - theirs).max() < 1e-5
    model.fit(x, y, batch_size=40, epochs=3, verbose=0)
    for ours, theirs in zip(flat(stepped), model.get_weights(), strict=True):
        assert np.abs(ours - theirs).max() < 1e-5


@pytest.mark.slow
def test_the_playground_learns_while_one_watches(playground):
    playground.refresh()
    wait = WebDriverWait(playground, 60)
    wait.until(lambda page: int(run(page, "return world.epoch")) > 60)
    first, *_, (last, held) = run(playground, "return world.losses")
    assert first[0] > 0.6 and last < 0.3 and held < 0.6
    assert "% of them right" in playground.find_element("id", "status").text
    playground.find_element("id", "run").click()
    epoch = run(playground, "return world.epoch")
    assert playground.find_element("id", "run").text == "Go on"
    assert run(playground, "return world.epoch") == epoch
    Select(playground.find_element("id", "shape")).select_by_visible_text("spiral")
    assert run(playground, "return world.train.x.length") == 200
    milliseconds = run(
        playground,
        """const start = performance.now();
        for (let n = 0; n < 20; n += 1) trainEpoch();
        return (performance.now() - start) / 20;""",
    )
    assert milliseconds < 50  # some 2 on an idle computer
    width = "document.documentElement"
    assert run(playground, f"return {width}.scrollWidth <= {width}.clientWidth")


def flat(layers):
    return [np.array(layer[name], "float32") for layer in layers for name in ("kernel", "bias")]
