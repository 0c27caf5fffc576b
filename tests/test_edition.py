"""The edition for the browser: built without a warning, whole, and used in a real browser."""

import html
import importlib.util
import re
from pathlib import Path

import pytest
from conftest import ROOT, answers, given_away, need_chromium, skip_loudly

from book.figures import browser
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
def test_the_edition(edition, load_script, tmp_path):
    """One test, so that it is built once: whole, and then read, searched and printed."""
    edition.main(["--outputs", str(tmp_path)])
    site = (tmp_path / "site").resolve()
    pages = {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8")
        for path in site.rglob("*.html")
    }
    check_links(pages, site)
    check_nothing_of_the_book_is_missing(pages)
    assert "<mfrac>" in pages["generating/index.html"]  # a formula
    # It gives no answers, neither on a page nor to those who search.
    assert not any(is_key(Path(page).with_suffix(end)) for page in pages for end in (".md", ".py"))
    for text in [*pages.values(), (site / "search.json").read_text(encoding="utf-8")]:
        assert given_away(text) == []
    assert 'href="../xor/index.html#the-network"' in pages["xor/xor.html"]
    assert '<a href="../xor/xor.html">xor/xor.py</a>' in pages["xor/index.html"]  # a command
    assert '<a href="xor.html"><code>xor/xor.py</code></a>' in pages["xor/index.html"]  # the text
    need_chromium(browser)
    print_two_chapters(load_script("book/editions/pdf.py"), site)


def check_links(pages, site):
    anchors = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    elsewhere = re.compile(r'<(?:script|link|img)\b[^>]*(?:src|href)="(?:https?:)?//')
    for page, text in pages.items():
        assert not elsewhere.search(text), page
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


def check_nothing_of_the_book_is_missing(pages):
    for readme in READMES:
        text = readme.read_text(encoding="utf-8")
        page = pages[str(readme.relative_to(ROOT).with_name("index.html").as_posix())]
        for mark, there in (("<details>", "<details"), ("![", "<img")):
            assert page.count(there) >= text.count(mark), (readme, mark)
        blocks = re.findall(r"^ *```(?!math)\w+$", text, re.MULTILINE)
        assert page.count("<pre>") == len(blocks), readme
        assert "<!-- " not in re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL), readme
        # Markdown that the generator took for plain text
        prose = re.sub(r"<(pre|code|script).*?</\1>", "", page, flags=re.DOTALL)
        assert re.findall(r"\*\*\w|\]\(\S+\.md|^ *\|.*\| *$|```", prose, re.MULTILINE) == [], readme
    scripts = [*ROOT.glob("[a-z]*/*.py"), *ROOT.glob("text/*/*/*.py")]
    scripts = [path for path in scripts if path.parent.name != "tests"]
    names = {path: path.relative_to(ROOT).with_suffix(".html").as_posix() for path in scripts}
    left_out = {path.name for path, name in names.items() if name not in pages}
    assert left_out == {"chapter.py", "mutants.py", "exam.py", "exam_numbers.py"}


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
