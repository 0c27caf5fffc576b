"""The playground in a real browser: its numbers are those of Keras, its address holds its state."""

import re

import keras
import numpy as np
import pytest
from conftest import need_chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from book.editions import live_pages
from book.figures import browser
from utils.gradients import weight_gradients

NUMBERS = """const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) =>
    ArrayBuffer.isView(v) ? Array.from(v) : v));"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of the playground, as the edition has it."""
    need_chromium(browser)
    folder = tmp_path_factory.mktemp("playground")
    live_pages.write_pages(folder)
    return (folder / "playground.html").as_uri()


def element(chrome, name):
    return chrome.find_element(By.ID, name)


def number(chrome, name):
    return float(element(chrome, name).text.split("= ")[-1].replace("−", "-"))


def open_at(chrome, address):
    """Open an address, and wait until the network has learned as far as it says."""
    chrome.get("about:blank")
    chrome.get(address)
    WebDriverWait(chrome, 60).until(lambda _: chrome.execute_script("return goal === null"))


def numbers_in_network(chrome):
    return chrome.execute_script("return world.network.layers")


def test_the_page_of_the_project_links_only_what_is_there():
    """It opens from a clone, without the edition."""
    text = (live_pages.HERE / "playground.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:href|src)="([^"#:]+)["#]', text)
    assert "PAGES.md" in links and len(links) > 8
    for link in links:
        assert (live_pages.HERE / link).is_file(), link


def flat(layers):
    return [np.array(layer[name], "float32") for layer in layers for name in ("kernel", "bias")]


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_it_computes_as_keras(activation, page):
    """Loss, gradients, three steps of SGD and of Adam, and what every neuron gives on the plane."""
    with browser.open_browser(840, 1100) as chrome:
        chrome.get(page)
        network, points, gradients, loss, plane, surfaces, stepped = chrome.execute_script(
            NUMBERS
            + """const random = randomNumbers(7);
            const network = makeNetwork([2, 5, 4, 1], arguments[0], random);
            network.layers.forEach(({ bias }) => bias.forEach((_, j) => bias[j] = random() - 0.5));
            const points = makePoints("moons", 40, 0.2, random);
            const steps = (name) => {
              const copy = { ...network, layers: plain(network.layers) };
              const optimizer = makeOptimizer(name, 0.05, copy);
              for (let step = 0; step < 3; step += 1)
                takeStep(copy, gradientsOf(copy, points), optimizer);
              return copy.layers;
            };
            return plain([network.layers, points, gradientsOf(network, points),
              lossOn(network, points), PLANE, outputsOf(network, PLANE),
              { SGD: steps("SGD"), Adam: steps("Adam") }]);""",
            activation,
        )
    dense = keras.layers.Dense
    hidden = [dense(5, activation=activation), dense(4, activation=activation)]
    model = keras.Sequential([keras.Input((2,)), *hidden, dense(1, activation="sigmoid")])
    model.set_weights(flat(network))
    x = np.array(points["x"], "float32").T
    y = np.array(points["y"], "float32")[:, np.newaxis]
    for name in ("SGD", "Adam"):
        model.set_weights(flat(network))
        model.compile(getattr(keras.optimizers, name)(0.05), "binary_crossentropy")
        if name == "SGD":
            assert model.evaluate(x, y, verbose=0) == pytest.approx(loss, abs=1e-5)
            slopes = weight_gradients(model, x, y, keras.losses.binary_crossentropy).values()
            for ours, theirs in zip(flat(gradients), slopes, strict=True):
                assert np.abs(ours - theirs).max() < 1e-5
        model.fit(x, y, batch_size=40, epochs=3, verbose=0)
        for ours, theirs in zip(flat(stepped[name]), model.get_weights(), strict=True):
            assert np.abs(ours - theirs).max() < 1e-5
    model.set_weights(flat(network))
    layers = keras.Model(model.inputs, [layer.output for layer in model.layers])
    expected = layers.predict(np.array(plane, "float32").T, verbose=0)
    assert len(plane[0]) > 2000 and np.max(plane) > 1.1  # the whole plane, to its edges
    for ours, theirs in zip(surfaces[1:], expected, strict=True):
        assert np.abs(np.array(ours).T - theirs).max() < 1e-5


@pytest.mark.slow
def test_the_default_learns_and_does_not_overfit_at_once(page):
    with browser.open_browser(840, 1100) as chrome:
        chrome.get(page)
        wait = WebDriverWait(chrome, 60)
        wait.until(lambda page: page.execute_script("return world.epoch") > 60)
        first, *_, (training, other) = chrome.execute_script("return world.losses")
        assert first[0] > 0.6 and training < 0.1 and other < 0.1
        assert not element(chrome, "dead").is_displayed()
        open_at(chrome, f"{page}#layers=2&neurons=8&activation=relu&rate=1&epoch=50")
        dead = element(chrome, "dead").text
        assert re.match(r"\d+ of 16 hidden neurons are dead", dead)
        assert len(chrome.find_elements(By.CSS_SELECTOR, ".neuron.dead")) == int(dead.split()[0])


def state(chrome):
    """What the page shows: numbers, what is chosen, and the large surface as a picture."""
    shown = chrome.execute_script(
        "return [world.network.layers, world.epoch, world.at, chosen,"
        "document.getElementById('surface').toDataURL()]"
    )
    return shown, element(chrome, "status").text, element(chrome, "move").text


@pytest.mark.slow
def test_the_address_holds_what_is_seen(page):
    with browser.open_browser(1280, 1100) as chrome:
        chrome.get(page)
        begun = chrome.execute_script("return readSettings()")
        Select(element(chrome, "shape")).select_by_visible_text("spiral")
        Select(element(chrome, "optimizer")).select_by_visible_text("SGD")
        for name, value in {"layers": 2, "neurons": 5, "seed": 77, "points": 110}.items():
            element(chrome, name).send_keys(Keys.CONTROL, "a", Keys.NULL, str(value))
        WebDriverWait(chrome, 60).until(lambda page: page.execute_script("return world.epoch") > 5)
        element(chrome, "step").click()
        element(chrome, "step").click()
        chrome.find_element(By.CSS_SELECTOR, "[aria-label='Hidden layer 2, neuron 3']").click()
        chrome.find_element(By.CSS_SELECTOR, "#weights button:nth-child(4)").click()
        WebDriverWait(chrome, 60).until(lambda _: "step=2&neuron=2.2.3" in chrome.current_url)
        address, seen = chrome.current_url, state(chrome)
        assert "step 2 of 6" in seen[1]
        with browser.open_browser(1280, 1100) as other:
            open_at(other, address)
            assert state(other) == seen
            WebDriverWait(other, 60).until(lambda _: other.current_url == address)
            element(other, "run").click()  # and it goes on from there
            WebDriverWait(other, 60).until(
                lambda page: page.execute_script("return world.epoch > arguments[0]", seen[0][1])
            )
        element(chrome, "reset").click()
        assert chrome.execute_script("return readSettings()") == begun
        # What somebody typed by hand does no harm.
        open_at(chrome, f"{page}#shape=cube&neurons=1e9&noise=&layers=-2&epoch=x&neuron=9.9.9")
        harmless = begun | {"neurons": 32, "layers": 0}
        assert chrome.execute_script("return readSettings()") == harmless
        assert chrome.get_log("browser") == []


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_step_moves_the_weight_as_the_page_says(optimizer, page):
    """With the keyboard alone."""
    with browser.open_browser(1280, 1100) as chrome:
        open_at(chrome, f"{page}#optimizer={optimizer}&rate=0.3&epoch=2&neuron=1.1.0")
        assert chrome.execute_script("return [chosen.layer, chosen.neuron]") == [1, 1]
        chosen = chrome.find_element(By.CSS_SELECTOR, ".neuron[tabindex='0']")
        chosen.send_keys(Keys.ARROW_RIGHT)
        assert "Output" in element(chrome, "shown").text
        chrome.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
        chrome.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        assert "Hidden layer 1, neuron 2" in element(chrome, "shown").text
        for from_ in (0, 1, 2):  # two inputs and the bias
            button = chrome.find_elements(By.CSS_SELECTOR, "#weights button")[from_]
            button.send_keys(Keys.ENTER)
            layer = numbers_in_network(chrome)[0]
            before = [*layer["kernel"], layer["bias"]][from_][1]
            move, after, gradient = (number(chrome, name) for name in ("move", "after", "gradient"))
            assert number(chrome, "now") == pytest.approx(before, abs=6e-5)
            if optimizer == "SGD":
                assert move == pytest.approx(-0.3 * gradient, abs=8e-5)
                assert not element(chrome, "mean").is_displayed()
            else:
                fraction = number(chrome, "mean") / number(chrome, "root")
                assert move == pytest.approx(-0.3 * fraction, rel=0.05, abs=6e-5)
            element(chrome, "step").send_keys(Keys.ENTER)
            layer = numbers_in_network(chrome)[0]
            moved = [*layer["kernel"], layer["bias"]][from_][1]
            assert moved == pytest.approx(after, abs=6e-5) and move != 0
            assert moved - before == pytest.approx(move, abs=6e-5)
        check_the_slice(chrome)


def check_the_slice(chrome):
    """The curve is the loss of the next points, and the gradient its slope."""
    (left, here, right), gradient, loss = chrome.execute_script(
        """const weight = { layer: 0, to: 1, from: 2 };
        return [sliceOf(world, weight, 1e-4, 3), nextMove(world, weight).gradient,
                lossOn(world.network, nextBatch(world))]"""
    )
    assert here[1] == pytest.approx(loss)
    assert (right[1] - left[1]) / 2e-4 == pytest.approx(gradient, rel=1e-3, abs=1e-6)


@pytest.mark.slow
def test_it_fits_every_screen(page):
    for width, dark in [(320, True), (768, False)]:
        with browser.open_browser(width, 900, dark, phone=width < 500) as chrome:
            for settings in ("", "#layers=4&neurons=32&epoch=1"):
                open_at(chrome, page + settings)
                html = "document.documentElement"
                wide, inner = chrome.execute_script(
                    f"return [{html}.scrollWidth, {html}.clientWidth]"
                )
                assert wide <= inner, (width, settings)
                assert chrome.get_log("browser") == []
