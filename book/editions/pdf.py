"""Machinery of the book: the path as one PDF, with contents and page numbers.

    pip install -r book/requirements.txt
    python book/editions/pdf.py

Builds the edition for the browser, puts its front page and the chapters of the path behind each
other with all folds open, and prints them: once to learn on which page each section begins, and
once with these numbers in the contents. The last line names the file. Needs Debian's chromium and
chromium-driver, or others in the PATH. A minute.
"""

from chapter import OUTPUTS

import base64
import io
import posixpath

from bs4 import BeautifulSoup
from pypdf import PdfReader

from book.editions import edition
from book.figures.browser import find_chromium, open_browser
from book.pages.texts import chapters
from utils.options import make_parser
from utils.runs import fail, make_folder

STYLE = """
@page { size: A4; margin: 17mm 16mm 19mm }
html, body { font-size: 62%; background: white }
.md-typeset { font-size: 1.55rem; line-height: 1.45 }
.md-typeset h1 { break-before: page }
.md-typeset :is(h1, h2, h3) { break-after: avoid }
.md-typeset :is(img, tr, summary) { break-inside: avoid }
.md-typeset img { max-height: 220mm }
.md-typeset pre > code { white-space: pre-wrap; font-size: 1.2rem }
.md-typeset table:not([class]) { display: table; font-size: 1.3rem }
.contents { columns: 2; column-gap: 3em; font-size: 1.4rem }
.contents h1 { column-span: all }
.contents p { display: flex; justify-content: space-between; margin: 0; break-inside: avoid }
.contents .chapter { font-weight: bold; margin-top: 0.8em; break-after: avoid }
.contents p { gap: 1em }
.contents a + a { flex-shrink: 0 }
:is(.contents a, a:not([href])) { color: inherit; text-decoration: none }
"""
PAPER = {  # size and margins are those of the style, @page
    "preferCSSPageSize": True,
    "printBackground": True,
    "generateTaggedPDF": True,
    "generateDocumentOutline": True,
    "displayHeaderFooter": True,
    "headerTemplate": "<span></span>",
    "footerTemplate": '<div style="font-size: 8px; width: 100%; text-align: center">'
    '<span class="pageNumber"></span></div>',
}
WAIT = "return [...document.images].every(image => image.complete && image.naturalWidth)"


def path_of_the_book():
    """Return the pages of the front page and of the numbered chapters, within the site."""
    readmes = ["README.md", *(path for number, _, path, _ in chapters() if number)]
    return [path.replace("README.md", "index.html") for path in readmes]


def take_article(site, page, pages):
    """Return what a page says, with folds open, and links and anchors as one document has them."""
    soup = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article")
    for useless in article.select(".headerlink, script, button"):
        useless.decompose()
    scripts = article.find(id="scripts-of-this-chapter")
    if scripts:
        scripts.find_next_sibling().decompose()
        scripts.decompose()
    for fold in article.find_all("details"):
        fold["open"] = ""
    for element in article.find_all(id=True):
        element["id"] = f"{page}--{element['id']}"
    article["id"] = f"{page}--"
    for link in article.find_all("a", href=True):
        file, _, anchor = link["href"].partition("#")
        to = posixpath.normpath(posixpath.join(posixpath.dirname(page), file)) if file else page
        if to in pages:
            link["href"] = f"#{to}--{anchor}"
        elif "://" not in file:
            del link["href"]  # a script or a page that is not in the PDF
    for image in article.find_all("img"):
        image["src"] = posixpath.normpath(posixpath.join(posixpath.dirname(page), image["src"]))
    return article


def make_contents(articles, page_numbers):
    """Return a page that names the sections and, as far as they are known, their page numbers."""
    lines = []
    for article in articles:
        for heading in article.find_all(["h1", "h2"], id=True):
            kind = "chapter" if heading.name == "h1" else "section"
            name, number = heading["id"], page_numbers.get(heading["id"], "")
            title = heading.get_text()
            link = f'<a href="#{name}">{title}</a> <a href="#{name}">{number}</a>'
            lines.append(f'<p class="{kind}">{link}</p>')
    return f'<article class="md-typeset contents"><h1>Contents</h1>{"".join(lines)}</article>'


def print_pages(site, articles, page_numbers):
    """Let Chromium print the articles behind their contents; return the PDF."""
    styles = [path.relative_to(site).as_posix() for path in sorted(site.rglob("main*.css"))]
    links = "".join(f'<link rel="stylesheet" href="{style}">' for style in [*styles, "edition.css"])
    front, *chapters = articles
    contents = make_contents(chapters, page_numbers)
    body = "".join([str(front), contents, *map(str, chapters)])
    file = site / "path.html"
    head = f'<meta charset="utf-8"><title>Keras Tutorial</title>{links}<style>{STYLE}</style>'
    scheme = 'data-md-color-scheme="default" data-md-color-primary="indigo"'
    file.write_text(f"<html lang=en><head>{head}</head><body {scheme}>{body}", encoding="utf-8")
    with open_browser() as chrome:
        chrome.get(file.as_uri())
        if not chrome.execute_script(WAIT):
            fail("a figure of the edition is missing")
        printed = chrome.execute_cdp_cmd("Page.printToPDF", PAPER)
    return base64.b64decode(printed["data"])


def find_page_numbers(pdf):
    """Return on which page, counted from 1, each anchor is that something links to."""
    reader = PdfReader(io.BytesIO(pdf))
    places = reader.named_destinations.items()
    number = reader.get_destination_page_number
    return {name.removeprefix("/"): number(place) + 1 for name, place in places}


def print_path(site, pages):
    """Print these pages of the edition with contents; return the PDF and where the sections are."""
    articles = [take_article(site, page, pages) for page in pages]
    page_numbers = find_page_numbers(print_pages(site, articles, {}))
    pdf = print_pages(site, articles, page_numbers)
    if find_page_numbers(pdf) != page_numbers:
        fail("the numbers in the contents have moved the pages")
    return pdf, page_numbers


def main(argv=None):
    args = make_parser("Print the path.", OUTPUTS).parse_args(argv)
    if find_chromium() is None:
        fail("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    folder = make_folder(args.outputs)
    edition.main(["--outputs", str(folder)])
    pdf, page_numbers = print_path((folder / "site").resolve(), path_of_the_book())
    path = folder / "keras_tutorial.pdf"
    path.write_bytes(pdf)
    print(f"{len(PdfReader(io.BytesIO(pdf)).pages)} pages: {path}")
    return page_numbers


if __name__ == "__main__":
    main()
