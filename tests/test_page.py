"""The pages of the services in a real browser: drawing, reading, writing, on desk and phone."""

import json
from urllib.parse import urlparse

import pytest
from conftest import need_chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture
def browser(load_script):
    module = load_script("book/figures/browser.py")
    need_chromium(module)
    return module


def element(chrome, name):
    return chrome.find_element(By.ID, name)


def probabilities(chrome, table="bars"):
    cells = chrome.find_elements(By.CSS_SELECTOR, f"#{table} td:last-child")
    return [float(cell.text.removesuffix(" %") or 0) for cell in cells]


def look_for_trouble(chrome, address):
    """No error in the console, nothing loaded from elsewhere, nothing wider than the screen."""
    assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []
    loaded = chrome.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert {urlparse(name).netloc for name in loaded} == {urlparse(address).netloc}
    assert chrome.execute_script(
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def background(chrome):
    return chrome.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")


@pytest.mark.slow
def test_draw_on_the_page(browser):
    with browser.run_service() as address:
        with browser.open_browser() as chrome:
            chrome.get(address)
            for by, digit in (("mouse", 7), ("pen", 2)):
                browser.draw(chrome, digit, by)
                assert browser.read(chrome) == str(digit)
                assert max(probabilities(chrome)) == probabilities(chrome)[digit] > 50
                assert sum(probabilities(chrome)) == pytest.approx(100, abs=0.6)
                assert sum_of_pixels(chrome, "#seen") > 10_000
                chrome.find_element(By.TAG_NAME, "body").send_keys("c")
                assert element(chrome, "digit").text.strip() == ""
                assert sum_of_pixels(chrome, "#seen") == 0
            browser.draw(chrome, "star")
            assert browser.read(chrome) == "?"
            assert "I do not think that this is a digit" in element(chrome, "status").text
            assert chrome.find_elements(By.CSS_SELECTOR, "#bars tr.best") == []
            chrome.find_element(By.TAG_NAME, "body").send_keys("c")
            chrome.find_element(By.TAG_NAME, "body").send_keys(Keys.ENTER)
            assert "first" in element(chrome, "status").text
            # The second stroke changes the answer to the first: a 1 becomes a 4.
            browser.draw(chrome, 4)
            assert browser.read(chrome) == "4"
            browser.forget_answer(chrome)
            element(chrome, "canvas").send_keys(Keys.ENTER)
            assert browser.read(chrome) == "4"
            element(chrome, "clear").click()
            assert element(chrome, "digit").text.strip() == ""
            look_for_trouble(chrome, address)
            light = background(chrome)
        with browser.open_browser(390, 844, dark=True, phone=True) as chrome:
            chrome.get(address)
            browser.draw(chrome, 7, "touch")
            assert browser.read(chrome) == "7"
            browser.forget_answer(chrome)
            element(chrome, "predict").click()
            assert browser.read(chrome) == "7"
            look_for_trouble(chrome, address)
            assert background(chrome) != light


def layers_shown(chrome):
    """Return the captions of the layers once they are there."""
    wait = WebDriverWait(chrome, 20)
    wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, "#layers figcaption"))
    return [x.text for x in chrome.find_elements(By.CSS_SELECTOR, "#layers figcaption")]


def sum_of_pixels(chrome, selector):
    return chrome.execute_script(
        "const c = document.querySelector(arguments[0]);"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".filter((_, i) => i % 4 === 0).reduce((a, b) => a + b)",
        selector,
    )


@pytest.mark.slow
def test_watch_it_think(browser):
    """Stroke by stroke: the layers change, also by key, on a phone and in the dark."""
    with browser.run_service(page="think") as address:
        with browser.open_browser() as chrome:
            chrome.get(address)
            browser.draw(chrome, 7)
            assert browser.read(chrome) == "7"
            captions = layers_shown(chrome)
            assert captions[0] == "conv2d: 32 maps of 26 × 26"
            assert captions[-1] == "dense: 64 neurons"
            assert sum_of_pixels(chrome, "#important") > 1000
            first = sum_of_pixels(chrome, "#layers canvas")
            body = chrome.find_element(By.TAG_NAME, "body")
            body.send_keys("c")
            assert chrome.find_elements(By.CSS_SELECTOR, "#layers figure") == []
            assert sum_of_pixels(chrome, "#important") == 0
            browser.forget_answer(chrome)
            body.send_keys("3")  # some 3 of MNIST, another each time: a few are misread
            assert browser.read(chrome)
            layers_shown(chrome)
            assert sum_of_pixels(chrome, "#layers canvas") != first
            look_for_trouble(chrome, address)
            light = background(chrome)
        with browser.open_browser(390, 844, dark=True, phone=True) as chrome:
            chrome.get(address)
            browser.draw(chrome, 2, "touch")
            assert browser.read(chrome) == "2"
            assert len(layers_shown(chrome)) == 6
            look_for_trouble(chrome, address)
            assert background(chrome) != light


@pytest.fixture
def little_writer(load_script, tmp_path):
    """Return the folder of a run with an untrained GPT of one block."""
    model = load_script("text/gpt/gpt.py").build_gpt(4, context=8, width=16, heads=2, blocks=1)
    model.save(tmp_path / "gpt_checkpoint.keras")
    settings = {"data": "x", "alphabet": "\n ab", "steps": 1, "seed": 1}
    (tmp_path / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return str(tmp_path)


@pytest.mark.slow
def test_write_along(browser, little_writer):
    """It writes until it is stopped, keeps what one types, and says what it cannot read."""

    def text(chrome):
        return element(chrome, "text").get_attribute("value")

    with browser.run_service(little_writer, page="write") as address:
        with browser.open_browser() as chrome:
            wait = WebDriverWait(chrome, 20)
            chrome.get(address)
            element(chrome, "write").click()
            wait.until(lambda _: "never seen" in element(chrome, "status").text)
            # A refused question is an error in the console: of those below there is none.
            assert "422" in chrome.get_log("browser")[-1]["message"]
            element(chrome, "text").clear()
            element(chrome, "text").send_keys("ab ba")
            element(chrome, "step").click()
            wait.until(lambda _: len(text(chrome)) == 6)
            wait.until(lambda _: element(chrome, "write").text == "Write")
            assert sum(probabilities(chrome, "likeliest")) == pytest.approx(100, abs=0.3)
            best = chrome.find_element(By.CSS_SELECTOR, "#likeliest tr.best th").text
            assert best == {"\n": "↵", " ": "␣"}.get(text(chrome)[-1], text(chrome)[-1])
            element(chrome, "write").click()
            wait.until(lambda _: len(text(chrome)) > 12)
            element(chrome, "write").click()
            written = text(chrome)
            assert written.startswith("ab ba") and element(chrome, "status").text == "It waits."
            element(chrome, "temperature").send_keys(*[Keys.ARROW_LEFT] * 8)
            assert element(chrome, "shown").text == "0.0"
            element(chrome, "step").click()
            wait.until(lambda _: len(text(chrome)) == len(written) + 1)
            wait.until(lambda _: max(probabilities(chrome, "likeliest")) == 100)
            look_for_trouble(chrome, address)
            light = background(chrome)
        with browser.open_browser(390, 844, dark=True, phone=True) as chrome:
            chrome.get(address)
            look_for_trouble(chrome, address)
            assert background(chrome) != light
