"""The README against the project: its code, commands, links, figures, tables and numbers."""

import contextlib
import doctest
import io
import json
import os
import re
import shlex
from html.parser import HTMLParser

import keras
import pytest
from conftest import ROOT
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = [path.read_text(encoding="utf-8") for path in ROOT.glob("*/*.py")]
SCRIPTS += [path.read_text(encoding="utf-8") for path in ROOT.glob("serialization/rest/*.py")]

TINY = ["--epochs", "1", "--train-samples", "256"]
# The options that cut a script down to a small slice of its work, put after those of the README.
SLICES = {
    "mnist/mnist.py": TINY,
    "mnist/fitting.py": TINY,
    "mnist/experiments.py": [*TINY, "--groups", "images"],
    "mnist/seeds.py": [*TINY, "--techniques", "plain", "--seeds", "1"],
    "mnist/recipes.py": [*TINY, "--seeds", "1"],
    "mnist/holdout.py": TINY,
    "mnist/search.py": [*TINY, "--trials", "1"],
    "mlp/mlp.py": ["--epochs", "1"],
    "mlp/mlp_data_split.py": ["--epochs", "1"],
    "xor/xor.py": ["--epochs", "25"],
    "mlp/experiments.py": ["--only", "base", "--seeds", "1", "--epochs", "1"],
    "basics/optimizers.py": ["--optimizers", "adam", "--epochs", "1", "--seeds", "1"],
    "basics/vanishing_gradient.py": ["--epochs", "1"],
    "xor/forward_propagation.py": ["--epochs", "25"],
    "serialization/save_model.py": ["--epochs", "1"],
    "serialization/rest/ship_model.py": ["--model", "serialization/rest/conv_net.keras"],
    "serialization/rest/preparation.py": ["--images", "50"],
    "xor/initializations.py": ["--networks", "20", "--epochs", "10"],
}
# Commands that set up, start what does not end, or are this very test run.
NOT_SCRIPTS = re.compile(
    r"(git clone|cd|\. |python3? -m venv|python -m pytest|(\.venv\S*[/\\])?(pip|activate)|pip|"
    r"source|export|set|\$env:|# )"
)


def no_evaluation(example):
    """Sybil only finds the blocks here; the tests below say what is done with them."""


def blocks(language):
    """Return the README's fenced blocks of a language that it does not except from running."""
    document = Sybil([CodeBlockParser(language, no_evaluation)]).parse(ROOT / "README.md")
    found = []
    for example in document.examples():
        line = TEXT[: example.start].count("\n") + 1
        before = TEXT[: example.start].rstrip().rpartition("\n")[2]
        if not re.fullmatch(r"<!-- not run: .+ -->", before):
            found.append(pytest.param(example.parsed, TEXT[example.end :], id=f"line {line}"))
    return found


@pytest.mark.parametrize(("code", "rest"), blocks("python"))
def test_python_is_quoted_or_runs(code, rest, monkeypatch):
    """A block stands in a script letter for letter, or runs and prints what the text shows."""
    monkeypatch.chdir(ROOT)
    if any(is_quoted(code, script) for script in SCRIPTS):
        return
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    shown = re.match(r"`*\s*```text\n(.*?)```", rest, re.DOTALL)
    if shown:
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(shown[1], printed.getvalue(), options), (
            printed.getvalue()
        )


def is_quoted(code, script):
    """Tell whether the code's lines stand in the script, one after the other, equally indented."""
    lines = code.rstrip().split("\n")
    for indent in ("", " " * 4, " " * 8, " " * 12):
        quoted = "\n".join(indent + line if line else line for line in lines)
        if f"\n{quoted}\n" in f"\n{script}\n":
            return True
    return False


def commands():
    """Return each command of the README once."""
    lines = {}
    for block in blocks("shell"):
        code, _ = block.values
        for line in code.replace("\\\n", " ").splitlines():
            for command in line.split(" && "):
                if command.strip():
                    lines.setdefault(command.strip(), block.id)
    return [pytest.param(command, id=f"{at}: {command}") for command, at in lines.items()]


@pytest.mark.parametrize("command", commands())
def test_commands_run(command, load_script, tmp_path, monkeypatch):
    """A command that starts a script does so on a small slice; the others are known ones."""
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
    outputs = ["--outputs", str(tmp_path / "run")]
    module = load_script(script)
    if script == "mnist/mnist.py" and len(options) == 2 and options[0] == "-m":
        assert options[1] in module.ZOO  # tests/test_mnist.py trains all of these
        return
    if options[:2] == ["-m", "all"]:
        monkeypatch.setattr(module, "ZOO", module.ZOO[:1])
    module.main([*options, *SLICES.get(script, []), *outputs])


class Links(HTMLParser):
    """Collects what the rendered README links to and shows, and the anchors that it offers."""

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
    markdown = MarkdownIt("gfm-like", {"linkify": False}).use(anchors_plugin, max_level=4)
    parser = Links()
    parser.feed(markdown.render(TEXT))
    return parser


def test_links_and_anchors_exist(links):
    inside = {target[1:] for target in links.targets if target.startswith("#")}
    assert inside, "a book of this length has a table of contents"
    assert inside <= links.anchors
    files = {target for target in links.targets if not re.match(r"#|https?://|mailto:", target)}
    assert [file for file in files if not (ROOT / file.partition("#")[0]).exists()] == []


def test_figures_exist_and_say_what_they_show(links):
    missing = [image for image in links.images if not (ROOT / image).is_file()]
    assert missing == []
    assert [image for image, alt in links.images.items() if len(alt) < 20] == []
    unused = {f"assets/image/{path.name}" for path in (ROOT / "assets/image").iterdir()}
    assert unused - set(links.images) == set()


def test_tables_and_numbers_are_those_of_the_results(load_script):
    readme = load_script("book/readme.py")
    assert readme.bring_up_to_date(TEXT) == TEXT
    # Every invisible comment is one that this module or that script understands.
    known = len(readme.NUMBER.findall(TEXT))
    known += len(re.findall(r"<!-- (?:not run: .+|table: \w+|end of table) -->", TEXT))
    assert known == TEXT.count("<!-- ")
    assert len(readme.TABLE.findall(TEXT)) == TEXT.count("<!-- table:")


def test_results_say_how_they_were_measured():
    for path in (ROOT / "assets" / "results").glob("*.json"):
        provenance = json.loads(path.read_text())["provenance"]
        assert {"command", "python", "keras", "backend", "cores"} <= set(provenance)


def test_summaries_are_those_of_the_models(load_script):
    zoo = load_script("mnist/models.py").MODELS
    shown = re.findall(r'```text\n(Model: "(\w+)"\n.*?)```', TEXT, re.DOTALL)
    assert {"mlp_one_layer", "conv_net"} <= {name for _, name in shown}
    for block, name in shown:
        if name in zoo:
            keras.utils.clear_session()  # layers are numbered from the beginning again
            lines = []
            zoo[name]().summary(print_fn=lines.append)
            assert "\n".join(lines).split() == block.split()


def test_nothing_is_left_to_do():
    assert re.findall(r"\b(TODO|FIXME|TBD)\b|coming soon", TEXT) == []
