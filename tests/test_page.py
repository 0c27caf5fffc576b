"""The pages in a real browser: those of the services, and those that compute by themselves."""

import base64
import re
from urllib.parse import urlparse

import keras
import numpy as np
import pytest
from conftest import need_chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from book.editions import live_pages
from book.figures import browser
from mnist import data
from visualizing import networks
from visualizing.live import think


@pytest.fixture(autouse=True)
def chromium(request):
    if request.node.get_closest_marker("slow"):
        need_chromium(browser)


def element(chrome, name):
    return chrome.find_element(By.ID, name)


def press(chrome, key):
    chrome.find_element(By.TAG_NAME, "body").send_keys(key)


def probabilities(chrome):
    cells = chrome.find_elements(By.CSS_SELECTOR, "#bars td:last-child")
    return [float(cell.text.removesuffix(" %") or 0) for cell in cells]


def sum_of_pixels(chrome, selector):
    return chrome.execute_script(
        "const c = document.querySelector(arguments[0]);"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".filter((_, i) => i % 4 === 0).reduce((a, b) => a + b)",
        selector,
    )


def look_for_trouble(chrome, address):
    """No error in the console, nothing loaded from elsewhere, nothing wider than the screen."""
    assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []
    loaded = chrome.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert {urlparse(name).netloc for name in loaded} <= {urlparse(address).netloc}
    html = "document.documentElement"
    assert chrome.execute_script(f"return {html}.scrollWidth <= {html}.clientWidth")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["rest", "think"])
def test_what_is_drawn_is_read(page):
    """Stroke by stroke, with mouse, pen and finger, on a desk and on a phone in the dark."""
    with browser.run_service(page=page) as address:
        ways = [("mouse", 7, False), ("pen", 4, False), ("touch", 2, True)]
        for by, digit, phone in ways if page == "think" else ways[::2]:
            size = (390, 844) if phone else (1000, 800)
            with browser.open_browser(*size, dark=phone, phone=phone) as chrome:
                wait = WebDriverWait(chrome, 60)
                chrome.get(address)
                browser.draw(chrome, digit, by)
                assert browser.read(chrome) == str(digit)
                assert max(probabilities(chrome)) == probabilities(chrome)[digit] > 50
                if page == "think":
                    wait.until(lambda page: sum_of_pixels(page, "#important") > 1000)
                    captions = chrome.find_elements(By.CSS_SELECTOR, "#layers figcaption")
                    assert captions[0].text == "conv2d: 32 maps of 26 × 26" and len(captions) == 6
                press(chrome, "c")
                assert element(chrome, "digit").text.strip() == ""
                press(chrome, Keys.ENTER)
                wait.until(lambda page: "first" in element(page, "status").text)  # one draws
                browser.draw(chrome, "star")
                assert browser.read(chrome) == "?"
                look_for_trouble(chrome, address)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("playground")
    live_pages.write_pages(folder)
    return folder


def test_pages_that_compute_ask_nobody_and_show_a_digit_of_each_kind(folder):
    for path in folder.rglob("*.*"):
        assert "://" not in path.read_text(encoding="utf-8"), path
    with np.load(live_pages.DIGITS) as arrays:
        assert arrays["y_train"][live_pages.SHOWN].tolist() == list(range(10))
    writers, _ = data.load_writers()
    assert np.isin(writers[live_pages.SHOWN], data.VALIDATION_WRITERS).all()


@pytest.mark.slow
def test_the_network_in_the_page_is_the_one_of_keras(folder):
    """Two hundred answers, and of one digit the layers and the map that a server would send."""
    with np.load(live_pages.DIGITS) as arrays:
        images = arrays["x_test"][:200]
    model = keras.saving.load_model(live_pages.MODEL)
    expected = think.think_about(model, model, images[3])
    with browser.open_browser(840, 1240) as chrome:
        chrome.get((folder / "digits.html").as_uri())
        chrome.set_script_timeout(120)
        answers = chrome.execute_script(
            """const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
            const answers = [];
            for (let at = 0; at < bytes.length; at += 784)
                answers.push(softmax(forward(bytes.slice(at, at + 784)).logits));
            return answers;""",
            base64.b64encode(images.tobytes()).decode(),
        )
        ours = chrome.execute_async_script(
            "think({ pixels: arguments[0] }).then(arguments[1]);", images[3].tolist()
        )
    predicted = model.predict(images[..., np.newaxis] / 255.0, verbose=0)
    assert np.abs(np.array(answers) - predicted).max() < 1e-5
    unpacked = lambda text: np.frombuffer(base64.b64decode(text), "uint8").astype(int)  # noqa: E731
    assert ours["digit"] == expected["digit"]
    assert np.abs(unpacked(ours["importance"]) - unpacked(expected["importance"])).max() <= 1
    for one, other in zip(ours["layers"], expected["layers"], strict=True):
        assert one["name"] == other["name"]
        assert np.abs(unpacked(one["maps"]) - unpacked(other["maps"])).max() <= 1


def ask(chrome, number, map_, row, column):
    """Ask a pixel of a layer, and return its value and the rows of its sum as the page has them."""
    chrome.execute_script(
        "const [number, map, row, column] = arguments; ask({ number, map, row, column });",
        *(number, map_, row, column),
    )
    title = chrome.find_element(By.CSS_SELECTOR, "#asked h2").text
    rows = chrome.find_elements(By.CSS_SELECTOR, "#asked .sum tr")
    terms = [row.find_elements(By.CSS_SELECTOR, "th, td") for row in rows]
    as_number = lambda text: float(text.replace("−", "-"))  # noqa: E731
    return as_number(title.split(": ")[1]), {name.text: as_number(n.text) for name, n in terms}


@pytest.mark.slow
def test_a_pixel_names_the_sum_that_made_it(folder):
    """The windows, weights and sums of some pixels of every layer are those of Keras."""
    model = keras.saving.load_model(live_pages.MODEL)
    layers = [layer for layer in model.layers if "flatten" not in layer.name][:-1]
    rng = np.random.default_rng(1)
    with browser.open_browser(1280, 900) as chrome:
        chrome.get((folder / "digits.html").as_uri())
        press(chrome, "4")
        browser.read(chrome)
        maps = [np.reshape(chrome.execute_script("return [...before[0].values]"), (28, 28, 1))]
        outputs = networks.layer_outputs(model, maps[0][np.newaxis])
        maps += [outputs[layer.name][0] for layer in layers]
        maps[-1] = maps[-1][np.newaxis, np.newaxis]  # a neuron is a map of one pixel
        for number, layer in enumerate(layers):
            given, made = maps[number], maps[number + 1]
            lit = np.argwhere(made > 0)  # relu hides what others sum up to
            pixels = [*rng.permutation(lit)[:2], *rng.permutation(np.argwhere(made == 0))[:1]]
            for row, column, map_ in np.array(pixels).tolist():
                value, terms = ask(chrome, number, map_, row, column)
                told = chrome.execute_script("return explain(before, asking)")
                assert told["value"] == pytest.approx(made[row, column, map_], abs=1e-5)
                assert value == pytest.approx(made[row, column, map_], abs=6e-5)
                top, left, side = told["top"], told["left"], told["side"]
                window = given[top : top + side, left : left + side]
                *summed, last = terms.values()
                assert last == value
                if "pooling" in layer.name:
                    assert summed == []
                    assert last == pytest.approx(window[..., map_].max(), abs=6e-5)
                    continue
                kernel, bias = (weight.numpy() for weight in layer.weights)
                products = window * kernel.reshape(*window.shape, -1)[..., map_]
                sums = [part["sum"] for part in told["parts"]]
                assert sums == pytest.approx(products.sum((0, 1)), abs=1e-5)
                *parts, total = summed
                assert total == pytest.approx(products.sum() + bias[map_], abs=2e-4)
                assert sum(parts) == pytest.approx(total, abs=4e-4)
                assert value == pytest.approx(max(0, total), abs=1e-4)
        look_for_trouble(chrome, chrome.current_url)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_pixels_are_asked_by_mouse_key_and_finger(width, dark, folder):
    with browser.open_browser(width, 900, dark, phone=width < 500) as chrome:
        title = lambda: chrome.execute_script(  # noqa: E731  # at once, as it is drawn anew
            "return document.querySelector('#asked h2').textContent"
        )
        chrome.get((folder / "digits.html").as_uri())
        press(chrome, "7")
        browser.read(chrome)
        chrome.find_elements(By.CSS_SELECTOR, "#layers canvas")[2].click()  # into its middle
        assert re.match(r"conv2d_1, map 1[67], row \d+, column \d+: ", title())
        assert len(chrome.find_elements(By.CSS_SELECTOR, "#layers .mark")) == 1 + 3
        element(chrome, "asked").find_element(By.TAG_NAME, "button").click()
        assert not element(chrome, "asked").is_displayed()
        # All layers are stops of the tab key; what was asked stays if the digit changes.
        element(chrome, "predict").send_keys(Keys.TAB)
        for key in (Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.PAGE_DOWN, Keys.ARROW_LEFT):
            chrome.switch_to.active_element.send_keys(key)
        assert title().startswith("conv2d, map 2, row 15, column 13: ")
        chrome.switch_to.active_element.send_keys("3")
        WebDriverWait(chrome, 60).until(lambda _: element(chrome, "digit").text == "3")
        assert title().startswith("conv2d, map 2, row 15, column 13: ")
        look_for_trouble(chrome, chrome.current_url)
        chrome.switch_to.active_element.send_keys(Keys.ESCAPE)
        assert not element(chrome, "asked").is_displayed()
