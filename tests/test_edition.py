"""The edition for the browser: built without a warning, whole, and used in a real browser."""

import html
import importlib.util
import re
from pathlib import Path

import pytest
from conftest import ROOT, answers, given_away, need_chromium, skip_loudly
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from book.pages.texts import READMES, find, is_key


@pytest.fixture
def edition(load_script):
    if not importlib.util.find_spec("zensical"):
        skip_loudly("needs book/requirements.txt")
    return load_script("book/editions/edition.py")


def test_pages_neither_hold_nor_link_the_answers():
    """The edition, from which the PDF is printed, and the notebooks take their files from find."""
    files = " ".join(map(str, [*find(".md"), *find(".py")]))
    assert "xor.py" in files and not re.search("EXAM|keys/|solutions/|faults/|tests/", files)
    assert len(answers()) > 150
    for page in find(".md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert given_away(text) == [], page
        for target in re.findall(r"\]\((?!http)([^)#\s]+)", text):
            to = (ROOT / page.parent / target).resolve()
            assert not is_key(to.relative_to(ROOT)), f"{page} links {target}, which no edition has"


@pytest.mark.slow
def test_markdown_is_prepared(edition, monkeypatch):
    texts = {
        "- a\n  - b <!-- x.y d -->\n\n  ```python\n  if a:\n      b\n  ```\n":
        "- a\n    - b \n\n    ```python\n    if a:\n        b\n    ```\n",
        "<!-- alone -->\n6.5<!-- x.y d -->\ntimes": "6.5\ntimes",
        "see `xor.py` and `no.py`, [`xor.py`](xor.py)":
        "see [`xor.py`](../xor/xor.md) and `no.py`, [`xor.py`](xor.md)",
    }  # fmt: skip
    page = edition.Path("xor/README.md")
    for github, prepared in texts.items():
        monkeypatch.setattr(edition, "read", lambda _, text=github: text)
        assert edition.prepare(page, [edition.Path("xor/xor.py")]) == prepared
    monkeypatch.setattr(
        edition, "read", lambda _: "$`\\frac{1}{2}`$, not $5\n\n```math\nx^2\n```\n"
    )
    prepared = edition.prepare(page, [])
    assert prepared.count("<math") == 2 and "<mfrac>" in prepared and "<msup>" in prepared
    assert prepared.count('display="block"') == 1 and ", not $5" in prepared


@pytest.mark.slow
def test_the_edition(edition, load_script, tmp_path):
    """One test, so that it is built once: whole, and then read and searched in a browser."""
    edition.main(["--outputs", str(tmp_path)])
    site = (tmp_path / "site").resolve()
    pages = {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8")
        for path in site.rglob("*.html")
    }
    check_links_images_and_anchors(pages, site)
    check_nothing_of_the_book_is_missing(pages)
    check_it_gives_no_answers(pages, site)
    check_a_script_is_a_page_that_text_and_commands_link_to(pages)
    browser = load_script("book/figures/browser.py")
    need_chromium(browser)
    read_and_search_it_on_a_desk(browser, site.as_uri())
    print_two_chapters(load_script("book/editions/pdf.py"), site)
    read_it_on_a_phone_in_the_dark(browser, site.as_uri())


def print_two_chapters(pdf, site):
    """The contents name the page on which the heading of a section really is; folds are open."""
    pages = pdf.path_of_the_book()
    assert pages[:3] == ["index.html", "basics/index.html", "xor/index.html"] and len(pages) > 10
    printed, numbers = pdf.print_path(site, pages[:3])
    texts = [page.extract_text() for page in pdf.PdfReader(pdf.io.BytesIO(printed)).pages]
    luck = numbers["xor/index.html--luck"]
    assert f"Luck {luck}" in " ".join("".join(texts[5 : luck - 1]).split())
    assert "\nLuck\n" in texts[luck - 1]
    xor = (site / "xor/index.html").read_text(encoding="utf-8")
    fold = re.search(r"<details.*?<p>(\w+ \w+ \w+)", xor, re.DOTALL)
    assert fold[1] in " ".join("".join(texts).split())


def check_links_images_and_anchors(pages, site):
    anchors = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    checked = set()
    for page, text in pages.items():
        assert not re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="(?:https?:)?//', text), (
            page
        )
        if page == "404.html":
            continue  # it is for a server, and links from its root
        for target in set(re.findall(r'<\w+ [^<>]*?\b(?:href|src)="([^"]+)"', text)):
            if re.match(r"https?://|mailto:|data:", target):
                continue
            file, _, anchor = html.unescape(target).partition("#")
            path = (site / page).parent / file if file else site / page
            there = path.resolve().relative_to(site).as_posix()
            assert there in pages or path.is_file(), f"{page}: {target}"
            assert not anchor or anchor in anchors[there], f"{page}: {target}"
            checked.add((there, anchor))
    assert len(checked) > 500


def check_nothing_of_the_book_is_missing(pages):
    for readme in READMES:
        text = readme.read_text(encoding="utf-8")
        page = pages[str(readme.relative_to(ROOT).with_name("index.html").as_posix())]
        for mark, there in (("<details>", "<details"), ("![", "<img")):
            assert page.count(there) >= text.count(mark), (readme, mark)
        assert page.count("<pre>") == len(re.findall(r"^ *```(?!math)\w+$", text, re.MULTILINE)), (
            readme
        )
        assert "<!-- " not in re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL), readme
        # Markdown that the generator took for plain text
        prose = re.sub(r"<(pre|code|script).*?</\1>", "", page, flags=re.DOTALL)
        assert re.findall(r"\*\*\w|\]\(\S+\.md|^ *\|.*\| *$|```", prose, re.MULTILINE) == [], readme


def check_it_gives_no_answers(pages, site):
    """Neither on a page nor in its contents at the side, nor to those who search."""
    assert not any(is_key(Path(page).with_suffix(end)) for page in pages for end in (".md", ".py"))
    for text in [*pages.values(), (site / "search.json").read_text(encoding="utf-8")]:
        assert given_away(text) == []


def check_a_script_is_a_page_that_text_and_commands_link_to(pages):
    code = re.search(r"<code>(.*?)</code>", pages["xor/xor.html"], re.DOTALL)[1]
    code = html.unescape(re.sub(r"<[^>]+>", "", code))
    assert code.strip() == (ROOT / "xor" / "xor.py").read_text(encoding="utf-8").strip()
    assert 'href="../xor/index.html#the-network"' in pages["xor/xor.html"]
    assert '<a href="../xor/xor.html">xor/xor.py</a>' in pages["xor/index.html"]  # a command
    assert '<a href="xor.html"><code>xor/xor.py</code></a>' in pages["xor/index.html"]  # the text
    scripts = [path for path in ROOT.glob("[a-z]*/*.py") if path.parent.name != "tests"]
    shown = {
        path for path in scripts if path.relative_to(ROOT).with_suffix(".html").as_posix() in pages
    }
    assert {path.name for path in set(scripts) - shown} == {"chapter.py", "mutants.py"}


def results_of_search(chrome, words):
    """Type words into the search of the page and return the links that it finds."""
    ActionChains(chrome).key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()

    def inside(chrome, selector):
        return chrome.execute_script(
            "return [...(document.activeElement.shadowRoot?.querySelectorAll(arguments[0]) ?? [])]",
            selector,
        )

    wait = WebDriverWait(chrome, 20)
    (field,) = wait.until(lambda chrome: inside(chrome, "input[type=text]"))
    field.send_keys(words)
    found = wait.until(lambda chrome: inside(chrome, "ol a"))
    assert field.get_attribute("value") == words
    return found


def fits(chrome, selector="html"):
    return chrome.execute_script(
        "const found = document.querySelector(arguments[0]);"
        "return found.scrollWidth <= found.clientWidth",
        selector,
    )


def read_and_search_it_on_a_desk(browser, site):
    with browser.open_browser(1280, 900) as chrome:
        chrome.get(f"{site}/backends/parallel.html")  # has lines of a hundred characters
        assert fits(chrome, "td.code code")
        chrome.get(f"{site}/index.html")
        chrome.find_element(By.CSS_SELECTOR, ".md-footer__link--next").click()
        assert chrome.find_element(By.TAG_NAME, "h1").text.startswith("Introduction")
        copy = chrome.find_elements(By.CSS_SELECTOR, "pre ~ nav button, pre button")
        assert len(copy) >= len(chrome.find_elements(By.TAG_NAME, "pre")) > 10
        folded = chrome.find_element(By.TAG_NAME, "details")
        answer = folded.find_element(By.TAG_NAME, "p")
        assert not answer.is_displayed()
        folded.find_element(By.TAG_NAME, "summary").click()
        assert answer.is_displayed()
        found = results_of_search(chrome, "vanishing gradient")
        links = [link.get_attribute("href") for link in found]
        assert any(
            "basics/index.html" in link and "#the-vanishing-gradient" in link for link in links
        )
        found[0].click()
        WebDriverWait(chrome, 20).until(lambda chrome: "basics/index" not in chrome.current_url)
        assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []


def read_it_on_a_phone_in_the_dark(browser, site):
    with browser.open_browser(390, 844, dark=True, phone=True) as chrome:
        for page in ("index", "mnist/index", "xor/xor", "rnn/index"):
            chrome.get(f"{site}/{page}.html")
            assert fits(chrome), page
        body = chrome.find_element(By.TAG_NAME, "body")
        background = body.value_of_css_property("background-color")
        assert max(map(int, re.findall(r"\d+", background)[:3])) < 60, background
        loaded = chrome.execute_script(
            "return performance.getEntriesByType('resource').map(entry => entry.name)"
        )
        assert [name for name in loaded if not name.startswith("file:")] == []
