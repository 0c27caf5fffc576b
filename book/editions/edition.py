"""Machinery of the book: build the edition for the browser.

    pip install -r book/requirements.txt
    python book/editions/edition.py

Makes pages of the Markdown that GitHub shows and of the scripts, each on a page of its own. The
last line names the page to begin with; it opens without a network.
"""

from chapter import OUTPUTS, ROOT

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from latex2mathml.converter import convert

from book.editions import live_pages
from book.pages.texts import FENCE, chapters, find
from utils.options import make_parser
from utils.runs import fail, make_folder

STATIC = ROOT / "book" / "editions" / "static"
# What the theme would load from elsewhere so that the search works without a server.
WORKER = "https://unpkg.com/iframe-worker/shim"


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def link(page, to):
    """Return the path from a page to another file; both are paths from the project's folder."""
    return "../" * (len(page.parts) - 1) + to.as_posix()


def title_of(page):
    return re.search(r"^# (.+)$", read(page), re.MULTILINE)[1]


def docstring_of(script):
    return ast.get_docstring(ast.parse(read(script))) or ""


def prepare(page, scripts):
    """Return a page of GitHub's Markdown as the generator understands it."""
    text, parts, end = read(page), [], 0
    for fence in FENCE.finditer(text):
        parts += [
            prepare_prose(text[end : fence.start()], page, scripts),
            prepare_block(*fence.groups()),
        ]
        end = fence.end()
    return "".join([*parts, prepare_prose(text[end:], page, scripts)])


def prepare_block(indent, language, code):
    """Return a fenced block: a formula as MathML, code in a list indented as the list is."""
    if language == "math":
        return convert(code.strip(), display="block")
    lines = [f"```{language}", *code.removesuffix("\n").split("\n"), "```"]
    return "\n".join(indent * 2 + line.removeprefix(indent) for line in lines)


def prepare_prose(text, page, scripts):
    """Return what stands between two blocks, with links to the scripts that it names."""

    def link_code(match):
        for script in (page.parent / match[1], Path(match[1])):
            if script in scripts:
                return f"[{match[0]}]({link(page, script.with_suffix('.md'))})"
        return match[0]

    comment = r"(?<!`)<!-- .*? -->"  # alone on a line, it takes the line with it
    text = re.sub(rf"^{comment}\n|{comment}", "", text, flags=re.DOTALL | re.MULTILINE)
    text = text.replace("<details>", '<details markdown="1">').replace(
        "](LICENSE)", "](LICENSE.md)"
    )
    text = re.sub(r"\$`(.+?)`\$", lambda formula: convert(formula[1]), text, flags=re.DOTALL)
    # What belongs to an item of a list is indented by two here, and there by four.
    text = re.sub(r"^(?:  )+(?=\S)", lambda spaces: spaces[0] * 2, text, flags=re.MULTILINE)
    text = re.sub(r"\]\(([\w./]+)\.py\)", r"](\1.md)", text)
    return re.sub(r"(?<![\[`])`(?:python )?([\w/]+\.py)(?: [^`\n]*)?`(?![\]`])", link_code, text)


def show_script(script):
    """Return a page with a script, and with a link to the place in the book that it belongs to."""
    place = re.search(r"^Chapter: (([^#\s]+)\S+)$", docstring_of(script), re.MULTILINE)
    chapter = (
        f"Chapter: [{title_of(place[2])}]({link(script, Path(place[1]))})\n\n" if place else ""
    )
    wide = "---\nhide: [toc]\n---\n\n"  # room for lines of a hundred characters
    code = f'```python linenums="1"\n{read(script)}```\n'
    return f"{wide}# {script.as_posix()}\n\n{chapter}{code}"


def list_scripts(page, scripts):
    """Return a last section for a chapter that names the scripts in its folder."""
    lines = [
        f"- [`{script.name}`]({script.stem}.md): {docstring_of(script).splitlines()[0]}"
        for script in scripts
        if script.parent == page.parent
    ]
    return "\n".join(["\n\n## Scripts of this chapter\n", *lines, ""]) if lines else ""


def navigate(pages, scripts):
    """Return the contents at the side: the chapters as the front page has them, then the rest."""
    path, look_up, folders = [{"Start": "README.md"}], [], {}
    for number, title, file, _ in chapters():
        (path if number else look_up).append({number + title: file})
    named = {file for one in path + look_up for file in one.values()}
    look_up += [{title_of(page): page.as_posix()} for page in pages if page.as_posix() not in named]
    for script in scripts:
        entries = folders.setdefault(script.parent.as_posix(), [])
        entries.append({script.name: script.with_suffix(".md").as_posix()})
    listed = [{name: folders[name]} for name in sorted(folders)]
    return [*path, {"To look up": look_up}, {"Scripts": listed}]


def write_pages(folder):
    """Write what the generator needs to a folder and return the scripts among it."""
    docs, pages = folder / "docs", find(".md")
    scripts = [path for path in find(".py") if docstring_of(path) and path.stem != "chapter"]
    texts = {script.with_suffix(".md"): show_script(script) for script in scripts}
    texts |= {page: prepare(page, scripts) + list_scripts(page, scripts) for page in pages}
    texts[Path("LICENSE.md")] = f"# Licence\n\n```text\n{read('LICENSE')}```\n"
    texts |= {path: read(path) for path in find("-LICENSE.txt")}
    for page, text in texts.items():
        (docs / page).parent.mkdir(parents=True, exist_ok=True)
        (docs / page).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "assets" / "image", docs / "assets" / "image", dirs_exist_ok=True)
    shutil.copytree(STATIC, docs, dirs_exist_ok=True)
    live_pages.write_pages(docs / "playground")
    config = tomllib.loads(read("book/editions/edition.toml")) | {"nav": navigate(pages, scripts)}
    (folder / "mkdocs.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML, too
    return scripts


def finish(file, page, scripts):
    """Link the scripts in the commands of a built page, and let it load nothing from elsewhere."""

    def link_script(match):
        to = Path(match[2])
        page_of_it = f'<a href="{link(page, to.with_suffix(".html"))}">{match[2]}</a>'
        return match[1] + (page_of_it if to in scripts else match[2])

    html = file.read_text(encoding="utf-8").replace(WORKER, link(page, Path("frame.js")))
    html = re.sub(r'(python<span class="w"> </span>)([\w/]+\.py)', link_script, html)
    file.write_text(html, encoding="utf-8")


def main(argv=None):
    folder = make_folder(make_parser("Build the edition.", OUTPUTS).parse_args(argv).outputs)
    scripts = write_pages(folder)
    generator = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f"]
    if subprocess.run([*generator, str(folder / "mkdocs.yml")]).returncode:
        fail("the edition was not built, for the reasons above")
    site = folder / "site"
    for page in site.rglob("*.html"):
        finish(page, page.relative_to(site), scripts)
    print(f"Open {site / 'index.html'}")


if __name__ == "__main__":
    main()
