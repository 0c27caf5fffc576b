"""The page of the small GPT in a real browser: its numbers are those of Keras, and it can be used.

Nothing is asked of a network: the page opens from a folder.
"""

import base64
import json
import re

import numpy as np
import pytest
from conftest import need_chromium
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from book.editions import live_pages
from book.figures import browser
from text.gpt.cache import cached_logits, last_window
from text.gpt.characters import PRETRAINED, encode, load_run, load_text, windows
from text.gpt.generate import likeliest, write
from text.gpt.heads import all_shares

MOST = 5_000_000  # bytes of the page with all that it loads
TOLERANCE = 1e-4
STATE = ("text", "temperature", "top_k", "seed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("playground")
    live_pages.write_pages(folder)
    return folder


@pytest.fixture(scope="module")
def gpt():
    model, settings, _ = load_run(PRETRAINED)
    return model, settings["alphabet"]


@pytest.fixture(scope="module")
def validation(gpt):
    return "".join(gpt[1][token] for token in load_text(alphabet=gpt[1]).validation[:20_000])


@pytest.fixture
def chrome(folder):
    """Yield a browser with the page; it must not have complained or loaded anything else."""
    need_chromium(browser)
    with browser.open_browser(1280, 1000) as chrome:
        chrome.set_script_timeout(120)
        chrome.get((folder / "gpt.html").as_uri())
        yield chrome
        assert chrome.get_log("browser") == []
        assert all(name.startswith((folder.as_uri(), "data:")) for name in requests(chrome))


def requests(chrome):
    """Return what the page has asked for, itself and its scripts among it."""
    messages = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    sent = [one["params"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    addresses = {one["request"]["url"] for one in sent} - {"about:blank"}
    assert any(address.endswith("gpt_data.js") for address in addresses)
    return addresses


def element(chrome, name):
    return chrome.find_element(By.ID, name)


def text_of(chrome):
    return element(chrome, "text").get_attribute("value")


def set_text(chrome, text):
    """Type a text in place of that which is there."""
    area = element(chrome, "text")
    area.send_keys(Keys.CONTROL, "a")
    area.send_keys(text)


def set_slider(chrome, name, value):
    chrome.execute_script(
        "const one = document.getElementById(arguments[0]); one.value = arguments[1];"
        "one.dispatchEvent(new Event('input', { bubbles: true }));",
        name,
        value,
    )


def numbers(chrome, text):
    """Return the logits at each place of a text, and what each head looks at, as the page has them.

    Another text, which begins alike, is read before: what was kept of it must not matter.
    """
    chrome.execute_script(
        "setText(arguments[0].slice(0, arguments[0].length / 2) + 'zzz'); setText(arguments[0]);",
        text,
    )
    logits, shares = chrome.execute_script(
        "return [reader.logits.slice(0, view.tokens.length).map((row) => [...row]),"
        " reader.caches.map((cache) => cache.shares.slice(0, view.tokens.length))];"
    )
    padded = np.zeros((len(shares), len(shares[0][0]), len(logits), len(logits)))
    for block, places in enumerate(shares):
        for place, heads in enumerate(places):
            padded[block, :, place, : place + 1] = heads
    return np.array(logits), padded.reshape(-1, len(logits), len(logits))


def test_the_page_is_small_and_complete(folder):
    page = (folder / "gpt.html").read_text(encoding="utf-8")
    files = re.findall(r'(?:src|href)="([\w/]+\.(?:js|css))"', page)
    assert "gpt_data.js" in files
    assert len(page) + sum((folder / file).stat().st_size for file in files) < MOST
    assert "://" not in page


@pytest.mark.slow
def test_the_network_in_the_page_is_the_one_of_keras(chrome, gpt, validation):
    model, alphabet = gpt
    context = model.input_shape[1]
    weights = live_pages.gpt_data()["weights"].values()
    assert sum(len(base64.b64decode(one)) for one in weights) == 4 * model.count_params()
    texts = ["R", "ROMEO:", validation[100:190], validation[1000 : 1000 + context]]
    # Longer than what it sees at once.
    texts += [validation[2000 : 2000 + context + more] for more in (1, 64, 65)]
    seen = [encode(text, alphabet)[last_window(len(text), context) :] for text in texts]
    padded = np.array([np.pad(one, (0, context - len(one))) for one in seen])  # no place sees that
    expected, looks = model.predict(padded, verbose=0), all_shares(model, padded)
    for text, tokens, their_logits, their_shares in zip(texts, seen, expected, looks, strict=True):
        logits, shares = numbers(chrome, text)
        count = len(tokens)
        assert len(logits) == count and shares.shape == (16, count, count)
        assert np.abs(logits - their_logits[:count]).max() < TOLERANCE
        assert np.abs(shares - their_shares[:, :count, :count]).max() < TOLERANCE
        if count == context:  # the first question: block 4, head 4
            before = shares[15][np.arange(1, context), np.arange(context - 1)]
            assert np.mean(before == shares[15][1:].max(axis=1)) > 0.5


@pytest.mark.slow
def test_the_network_is_surer_late_in_a_word(gpt, validation):
    """The second question."""
    model, alphabet = gpt
    x, _ = windows(encode(validation, alphabet), model.input_shape[1])
    probabilities = np.exp(model.predict(x[:40], verbose=0).astype("float64"))
    probabilities /= probabilities.sum(axis=2, keepdims=True)
    unsure = -(probabilities * np.log(probabilities)).sum(axis=2)
    letter = np.isin(x[:40], encode("abcdefghijklmnopqrstuvwxyz", alphabet))
    blank = x[:40] == alphabet.index(" ")
    first, third = blank[:, :-3], letter[:, 1:-2] & letter[:, 2:-1] & letter[:, 3:]
    words = first & third
    means = [unsure[:, place : place + words.shape[1]][words].mean() for place in (0, 1, 3)]
    assert means[0] > means[1] + 0.5 and means[1] > means[2] + 0.2


@pytest.mark.slow
def test_it_writes_as_the_script_does(chrome, gpt):
    """The bars are what is drawn from, and a seed repeats it; the third question."""
    model, alphabet = gpt
    first = text_of(chrome)
    logits = cached_logits(model)(encode(first, alphabet)[None])[0]
    for temperature, top_k in ((1, 65), (0.8, 5), (2, 3), (0, 65)):
        set_slider(chrome, "temperature", temperature)
        set_slider(chrome, "top_k", top_k)
        order, probabilities = likeliest(logits, temperature, top_k)
        rows = chrome.find_elements(By.CSS_SELECTOR, "#bars tr")
        shown = [row.find_element(By.CSS_SELECTOR, "td:last-child").text for row in rows]
        expected = [f"{100 * p:.1f} %" if p else "–" for p in probabilities[:10]]
        assert shown == expected
        letters = [row.find_element(By.CSS_SELECTOR, "th").text for row in rows]
        assert letters == [alphabet[token] for token in order[:10]]  # here all can be seen
        drawn = chrome.execute_script(
            "const ranked = rankedAt(view.tokens.length - 1);"
            "return Array.from({ length: 1000 }, (_, i) => choose(ranked, (i + 0.5) / 1000));"
        )
        shares = np.bincount(drawn, minlength=len(alphabet))[order] / 1000
        assert np.abs(shares - probabilities).max() < 0.002

    chances = chrome.execute_script(
        "const places = [...Array(5000).keys()];"
        "return [1, 2].map((seed) => places.map((place) => chanceAt(seed, place)));"
    )
    chances = np.array(chances)
    assert np.abs(np.histogram(chances, 10, (0, 1))[0] / 10_000 - 0.1).max() < 0.015
    together = np.corrcoef([*chances[:, 1:], *chances[:, :-1]]) - np.eye(4)
    assert np.abs(together).max() < 0.06  # neither neighbours nor seeds tell of each other

    def draw(seed, length=20):
        set_text(chrome, first)
        set_slider(chrome, "seed", seed)
        element(chrome, "draw_on").click()
        WebDriverWait(chrome, 180).until(lambda _: len(text_of(chrome)) >= len(first) + length)
        element(chrome, "draw_on").click()
        assert element(chrome, "draw_on").text == "Draw on"
        return text_of(chrome)[len(first) :][:length]

    greedy = "".join(one[0] for one in write(model, alphabet, first, 160, temperature=0))
    assert draw(1, 160) == greedy and greedy.count("troke of his head") == 2
    set_slider(chrome, "temperature", 1.5)
    bold = draw(3)
    assert bold == draw(3) != draw(4)
    set_text(chrome, first)
    set_slider(chrome, "seed", 3)
    for _ in range(5):  # step by step, as it draws on
        element(chrome, "draw").click()
    assert text_of(chrome) == first + bold[:5]
    element(chrome, "take_back").click()
    element(chrome, "likeliest").click()
    before = first + bold[:4]
    (likely,) = next(write(model, alphabet, before, 1, temperature=0))
    assert text_of(chrome) == before + likely


def looked_at(chrome):
    """Return the percent that are written under the characters, by their places."""
    return chrome.execute_script(
        "const numbers = [...document.querySelectorAll('#cells small')];"
        "return numbers.map((one) => Number(one.textContent));"
    )


@pytest.mark.slow
def test_keyboard_mouse_and_strange_characters(chrome, gpt):
    set_text(chrome, "To be, or not")
    assert abs(sum(looked_at(chrome)) - 100) < 5  # rounded
    assert "block 4, head 4: “t” looks most at" in element(chrome, "looks").text.lower()
    press = lambda *keys: [chrome.switch_to.active_element.send_keys(key) for key in keys]  # noqa: E731
    press(Keys.TAB, Keys.TAB, Keys.ENTER)  # draws one
    drawn = text_of(chrome)
    assert len(drawn) == 14 and len(looked_at(chrome)) == 14
    while chrome.switch_to.active_element.get_attribute("data-place") is None:
        press(Keys.TAB)
    press(Keys.HOME)
    assert looked_at(chrome) == [100] + 13 * [0] and "came “o”" in element(chrome, "after").text
    press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert chrome.switch_to.active_element.get_attribute("data-place") == "2"
    place = looked_at(chrome)
    press(Keys.TAB, Keys.ARROW_LEFT)  # another head
    assert "Block 4, head 3" in element(chrome, "looks").text and looked_at(chrome) != place
    expected = np.rint(100 * numbers(chrome, drawn)[1][14, 13]).astype(int).tolist()
    assert looked_at(chrome) == expected  # setText has chosen the last place again
    cells = chrome.find_elements(By.CSS_SELECTOR, "#cells button")
    ActionChains(chrome).move_to_element(cells[0]).perform()
    assert looked_at(chrome)[0] == 100
    ActionChains(chrome).move_to_element(element(chrome, "after")).perform()
    assert looked_at(chrome) == expected
    set_text(chrome, "O’er 7 €")
    assert "never seen 7 €" in element(chrome, "status").text
    letters = [one.text[0] for one in chrome.find_elements(By.CSS_SELECTOR, "#cells b")]
    assert "".join(letters) == "O'er␣␣"
    set_text(chrome, Keys.DELETE)
    assert not element(chrome, "draw").is_enabled() and looked_at(chrome) == []
    element(chrome, "reset").click()
    assert text_of(chrome).startswith("ROMEO:") and element(chrome, "draw").is_enabled()


@pytest.mark.slow
def test_the_address_keeps_what_was_chosen(chrome, folder):
    state = lambda: chrome.execute_script("return state")  # noqa: E731
    first = state()
    set_text(chrome, "KING:\nWhat & why? 100% #no+")
    set_slider(chrome, "temperature", 0.3)
    set_slider(chrome, "top_k", 7)
    set_slider(chrome, "seed", 42)
    chrome.find_element(By.CSS_SELECTOR, "input[value='2,3']").click()
    WebDriverWait(chrome, 10).until(lambda page: "block=2" in page.current_url)
    kept, address, shown = state(), chrome.current_url, looked_at(chrome)
    assert {**first, **kept} == kept and kept["head"] == 3 and kept["top_k"] == 7
    chrome.get("about:blank")
    chrome.get(address)
    assert state() == kept and looked_at(chrome) == shown
    assert [element(chrome, name).get_attribute("value") for name in STATE] == [
        str(kept[name]) for name in STATE
    ]
    element(chrome, "reset").click()
    assert state() == first
    chrome.get("about:blank")
    bad = "block=9&head=x&temperature=-1&top_k=1e9&seed=&text=%3Cb%3Ehi&else=1"
    chrome.get((folder / "gpt.html").as_uri() + f"#{bad}")
    assert state() == first | {"text": "<b>hi"}


@pytest.mark.slow
def test_it_fits_every_screen_and_can_be_read(chrome):
    chrome.execute_script(
        "setText('WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW ' + 'To be, or not '.repeat(20))"
    )
    for width in (320, 768, 1280):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 1000}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for wide in ("document.documentElement", "document.body"):
            assert chrome.execute_script(f"return {wide}.scrollWidth <= {width}"), width
        beyond = "return [...document.querySelectorAll('main *')].filter((one) =>"
        beyond += " one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML)"
        assert chrome.execute_script(beyond) == []
    cell = chrome.find_elements(By.CSS_SELECTOR, "#cells button")[0]
    cell.click()  # the first character looks at itself only: the strongest shade
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        colors = [cell.value_of_css_property(name) for name in ("background-color", "color")]
        light, other = sorted(map(luminance, colors))
        assert (other + 0.05) / (light + 0.05) > 4.5, scheme


def luminance(color):
    """Return the relative luminance of WCAG 2 of a color as the browser writes it."""
    values = np.array([float(one) for one in re.findall(r"[\d.]+", color)[:3]])
    values = values if color.startswith("color(") else values / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
