"""The READMEs against the project: their code, commands, links, figures, tables and numbers."""

import codeop
import contextlib
import doctest
import importlib
import io
import json
import os
import re
import shlex
from html.parser import HTMLParser

import keras
import matplotlib.pyplot as plt
import pytest
from conftest import ROOT, render, replace_everywhere
from slices import NO_OUTPUTS, RECORDED, TEXTS, blocks, figures_of, lines_of_shells, run_slice

from book.measuring.measure import COMMANDS
from book.pages.readme import HEAD, LESSON, count_minutes
from book.pages.results import look_up
from book.pages.texts import FENCE, PAGES, READMES, UNREAD, chapters, is_quoted, minutes
from utils import runs

each_readme = pytest.mark.parametrize(
    "readme", READMES, ids=lambda path: str(path.relative_to(ROOT).parent)
)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))

# What another test runs, or loads, reads only its options here.
OTHER_TESTS = "".join(
    path.read_text(encoding="utf-8")
    for path in (ROOT / "tests").glob("test_*.py")
    if path.name != "test_readmes.py"
)
# Commands that set up, start what does not end, or are this very test run.
NOT_SCRIPTS = re.compile(
    r"(git clone|cd|\. |python3? -m venv|python -m pytest|(\.venv\S*[/\\])?(pip|activate)|pip|"
    r"source|export|set|\$env:|# )"
)


@pytest.mark.parametrize(("readme", "code", "rest"), blocks("python"))
def test_python_is_quoted_or_runs(readme, code, rest, monkeypatch):
    """A block names the script that holds it letter for letter, # mlp/evaluation.py, or it runs.

    If it runs, it prints what the text shows. A definition or a constant would always run, also
    when it no longer is what the script has, so a block that is not quoted imports or prints.
    """
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    if is_quoted(code):
        return
    assert re.search(r"^(import|from) |\bprint\(", code, re.MULTILINE), (
        "not in the script that its first line names"
    )
    statement = []  # Python 3.11 and 3.12 end an indented block with an empty line alone
    for line in [*code.splitlines(), ""]:
        statement.append(line)
        if codeop.compile_command("\n".join(statement)):
            statement = []
    assert not statement, "cannot be pasted into a shell"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(readme), "exec"), {"__name__": "__main__"})
    shown = re.match(r"\s*```text\n(.*?)```", rest, re.DOTALL)
    if shown:
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(shown[1], printed.getvalue(), options), (
            printed.getvalue()
        )


def commands():
    """Return each command of the READMEs that is run, once."""
    return [
        pytest.param(command, id=f"{at}: {command}") for command, at in lines_of_shells().items()
    ]


class OptionsAreReadError(Exception):
    """Raised in place of making the folder, which comes before any computing."""


@pytest.mark.parametrize("command", commands())
def test_commands_run(command, load_quickly, tmp_path, monkeypatch):
    """A command that starts a script does so on a small slice; the others are known ones.

    Where other tests run the script, it goes no further than its options.
    """
    if NOT_SCRIPTS.match(command):
        return
    monkeypatch.chdir(ROOT)
    words = shlex.split(command, comments=True)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        if name == "KERAS_BACKEND" and value != os.environ.get("KERAS_BACKEND", "tensorflow"):
            pytest.skip(f"needs the {value} back end")
    python, script, *options = words
    assert python == "python"
    package, _, stem = script.removesuffix(".py").replace("/", ".").rpartition(".")
    tested = re.search(rf'\(\s*f?"{script}"|from {package} import [^\n]*\b{stem}\b', OTHER_TESTS)
    only_options = script not in NO_OUTPUTS and (script in RECORDED or tested)
    load_quickly(script)
    if only_options:
        replace_everywhere(monkeypatch, runs.make_folder, make_no_folder)
    with pytest.raises(OptionsAreReadError) if only_options else contextlib.nullcontext():
        run_slice(monkeypatch, script, options, tmp_path / "run")
    if not only_options and script not in NO_OUTPUTS:  # the figures of the book are there as well
        assert figures_of(script, options) <= {p.name for p in (tmp_path / "run").glob("*.png")}


def make_no_folder(_):
    raise OptionsAreReadError


def commands_not_run():
    """Return those of scripts that the READMEs except from running, and how results are made."""
    lines = lines_of_shells(excepted=True)
    started = filter(None, (re.match(r"(?:\w+=\S+ )*python (\S+\.py.*)", line) for line in lines))
    measured = {re.sub(r"^(\w+=\S+ )*", "", command) for command in COMMANDS.values()}
    return sorted(measured | {one[1] for one in started})


@pytest.mark.parametrize("command", commands_not_run())
def test_the_options_of_what_is_not_run_are_those_of_the_script(command, load_quickly, monkeypatch):
    """What is wrong with an option is said before the help that is asked for after it."""
    monkeypatch.setenv("KERAS_BACKEND", keras.config.backend())  # some set another one
    command = command.replace("conv_net_average", "conv_net")  # the text has one add it
    script, *options = shlex.split(command, comments=True)
    if script == "book/editions/notebooks.py":
        pytest.importorskip("nbformat", reason="needs book/requirements.txt")
    if os.name == "nt" and script == "book/timings/opening.py":
        pytest.skip("needs what Windows lacks")
    with pytest.raises(SystemExit) as end:
        load_quickly(script).main([*options, "--help"])
    assert end.value.code == 0


class Links(HTMLParser):
    """Collects what a rendered README links to and shows, and the anchors that it offers."""

    def __init__(self):
        super().__init__()
        self.targets, self.anchors, self.images = set(), set(), {}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "a" and "href" in attributes:
            self.targets.add(attributes["href"])
        if tag == "img":
            self.images[attributes["src"]] = attributes.get("alt", "")
        self.anchors |= {attributes[key] for key in ("id", "name") if key in attributes}


@pytest.fixture(scope="module")
def links():
    """Return {README: Links} of all of them."""
    found = {path: Links() for path in PAGES}
    for path, parser in found.items():
        parser.feed(render(path))
    return found


@each_page
def test_links_and_anchors_exist(page, links):
    for target in links[page].targets:
        if re.match(r"https?://|mailto:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), target
        if anchor:
            assert anchor in links[path].anchors, target
    prose = re.sub(r"<!--.*?-->|<(code|pre)\b.*?</\1>", "", render(page), flags=re.DOTALL)
    assert not re.findall(r"\[[A-Za-z][\w -]+\]", prose), "a link that is defined nowhere"
    quoted = "".join(re.findall("<blockquote>.*?</blockquote>", prose, re.DOTALL))
    assert "&gt;" not in quoted, "the mark of a quotation among its words"


@pytest.mark.parametrize("name", ["README.md", "CONTENTS.md"])
def test_the_front_page_and_the_contents_name_every_chapter(name, links):
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links[ROOT / name].targets}
    missing = [str(path) for path in READMES[1:] if path not in linked]
    assert not missing, f"{name} has no line for {missing}"


def test_figures_exist_and_say_what_they_show(links):
    shown = set()
    for path, found in links.items():
        for image, alt in found.images.items():
            assert (path.parent / image).is_file(), image
            assert len(alt) >= 20, image
            shown.add((path.parent / image).resolve())
    assert set((ROOT / "assets" / "image").iterdir()) - shown == set()


@each_page
def test_tables_and_numbers_are_those_of_the_results(page, load_script):
    script, text = load_script("book/pages/readme.py"), TEXTS[page]
    assert script.bring_up_to_date(text) == text
    # Every invisible comment is one that this module or that script understands.
    known = len(script.NUMBER.findall(text))
    other = r"not run(?: alone)?: .+|in a notebook: .+|table: \w+|end of table|printed: \w+"
    known += len(re.findall(rf"<!-- (?:{other}) -->", text))
    assert known == text.count("<!-- ")
    assert len(script.TABLE.findall(text)) == text.count("<!-- table:")


def test_a_number_may_be_that_of_a_script_and_break_over_two_lines(load_script):
    script = load_script("book/pages/readme.py")
    text = "{} networks, {} steps of {}.".format(
        "{}<!--\nxor.parameters d -->",
        "{}<!-- mlp/mlp.py:EPOCHS / mlp/mlp.py:BATCH_SIZE .1f -->",
        "{}<!-- mnist/mnist.py:BATCH_SIZE d -->",
    )
    assert script.bring_up_to_date(text.format(0, 0, 0)) == text.format(65, "10.0", 256)
    with pytest.raises(KeyError, match=r"mlp/mlp\.py has no constant BATCHES"):
        look_up("mlp/mlp.py:BATCHES")


def test_results_say_how_they_were_measured():
    for path in (ROOT / "assets" / "results").glob("*.json"):
        provenance = json.loads(path.read_text(encoding="utf-8"))["provenance"]
        assert {"command", "python", "keras", "cores"} <= set(provenance), path.name
        assert " /" not in provenance["command"], f"{path.name}: write RUN in place of a folder"


def test_summaries_are_those_of_the_models(load_script):
    zoo = load_script("mnist/models.py").MODELS
    text = TEXTS[ROOT / "mnist" / "README.md"]
    shown = re.findall(r'```text\n(Model: "(\w+)"\n.*?)```', text, re.DOTALL)
    assert {"mlp_one_layer", "conv_net"} <= {name for _, name in shown} <= set(zoo)
    for block, name in shown:
        keras.utils.clear_session()  # layers are numbered from the beginning again
        lines = []
        zoo[name]().summary(print_fn=lines.append)
        assert "\n".join(lines).split() == block.split()


@each_readme
def test_a_chapter_says_what_it_teaches_and_what_comes_next(readme):
    if readme == READMES[0]:
        assert len(readme.read_bytes()) <= 30 * 1024
        return
    opening, text = TEXTS[readme].partition("\n## ")[0], TEXTS[readme]
    for promise in ("You will learn", "You need", "Minutes"):
        assert promise in opening, promise
    ending = text.rstrip().rpartition("\n\n")[2]
    assert re.search(r"(Previous|Next|Back): \[", ending)


def test_a_chapter_is_one_sitting_and_says_how_long():
    """The path has at most 4,000 words a chapter. Its minutes are found, and so written, anew."""
    assert [number for number, *_ in chapters() if number] == [f"{n}. " for n in range(1, 16)]
    assert {ROOT / file for _, _, file, _ in chapters()} == set(READMES[1:])
    for number, _, file, _ in chapters():
        words = len(UNREAD.sub("", TEXTS[ROOT / file]).split())
        assert words <= 4_000 or not number, (file, words)
        assert HEAD.search(TEXTS[ROOT / file]), file
    assert len(LESSON.findall(TEXTS[ROOT / "teaching" / "TEACHING.md"])) == 12


def test_minutes_are_counted_as_a_reader_spends_them():
    """400 words and a table are two minutes and more, 30 lines of code two, a fold one."""
    text = "one two " * 200 + "\n\n| a | b |\n| --- | ---: |\n| [c](d.md) | e |\n\n"
    code = "```python\n" + 30 * "x = 1\n" + "```\n"
    fold = f"<details>\n<summary>F</summary>\n\n{'three ' * 199}\n\n</details>\n"
    assert minutes(text) == (2.02, 2.02)
    assert minutes(text + code + fold) == pytest.approx((2.02, 5.02))
    page = f"# A\n\n- **Minutes**: 9 to read; 3 to run.\n\n{text}{code}{fold}"
    head = "- **Minutes**: 2 to read, 5 with code, folds and questions; 3 to run."
    assert head in count_minutes(page)
    assert count_minutes(count_minutes(page)) == count_minutes(page)


def test_a_number_with_an_exponent_is_replaced_whole(load_script):
    bring = load_script("book/pages/readme.py").bring_up_to_date
    comment = "<!-- cnn_convolution.largest_difference .0e -->"
    assert re.fullmatch(r"\de-\d\d", bring(f"3e-01{comment}").removesuffix(comment))


def test_the_functions_that_contributing_names_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(utils\.\w+)\.(\w+)`", text))
    assert named
    assert [one for one in named if not hasattr(importlib.import_module(one[0]), one[1])] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_lines_are_short(page):
    """Tables, figures, links and traced numbers may be longer."""
    lines = FENCE.sub("", page.read_text(encoding="utf-8")).splitlines()
    long = [line for line in lines if len(line) > 100 and not re.search(r"^\||^!\[|<!--", line)]
    assert long == []
