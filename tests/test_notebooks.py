"""The notebooks: made from the READMEs and the scripts, complete, and run."""

import ast
import importlib.util
import re
from copy import deepcopy
from functools import cache

import pytest
from conftest import ROOT, given_away, load, skip_loudly

from utils.files import load_results

pytestmark = pytest.mark.slow  # what they need is installed for the slow tests alone


@pytest.fixture(scope="module")
def notebooks():
    for package in ("nbformat", "nbclient", "ipykernel"):
        if not importlib.util.find_spec(package):
            skip_loudly("needs book/requirements.txt")
    return load("book/editions/notebooks.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def make(notebooks, folder):
    """Return a function that gives the notebook of a name, which is made once."""
    names = notebooks.notebook_names()
    pages = {name: page for page, name in names.items()}
    made = cache(lambda name: notebooks.make_notebook(pages[name], names, folder))
    return lambda name: deepcopy(made(name))


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


FIXED = ("# @title", "# What the next cell takes", "# Parts of", "# As ")  # how such cells begin


def printed(notebook):
    return "".join(
        out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])
    )


def test_blocks_that_run_are_cells_and_quoted_ones_are_text(make):
    notebook = make("xor")
    code, text = sources(notebook, "code"), "\n".join(sources(notebook, "markdown"))
    assert code[0].startswith("# @title Run this cell first") and "raise SystemExit" in code[0]
    assert notebook.cells[1].metadata == {"jupyter": {"source_hidden": True}, "cellView": "form"}
    readme = (ROOT / "xor" / "README.md").read_text(encoding="utf-8")
    assert text.count("<details>") == readme.count("<details>") > 3 and "<!--" not in text
    blocks = re.findall(r"^```python\n", readme, re.MULTILINE)
    cells = sum(not source.startswith(("!", *FIXED)) for source in code)
    assert cells > 0 and text.count("```python\n") + cells == len(blocks)
    assert text.count("](data:image/png;base64,") == readme.count(".png)") > 1
    assert "Run the next cell. It takes 5 to 10 seconds" in " ".join(text.split())
    task = "%%end_of_file exercises/tasks/09_softmax.py\n"
    assert any(source.startswith(task) for source in sources(make("exercises"), "code"))


def test_blocks_and_links_of_all_chapters_are_whole(notebooks, make, folder):
    """What a cell does not define, Jupyter shows in brackets; blocks stay as they are."""
    from book.editions.notebook_texts import LINK

    pages = notebooks.notebook_names()
    made = {name: make(name) for name in pages.values()}
    texts = {name: "\n\n".join(sources(one, "markdown")) for name, one in made.items()}
    for readme, name in pages.items():
        text, page = texts[name], (ROOT / readme).read_text(encoding="utf-8")
        for fold in re.findall(r"<details>.*?</details>", page, re.DOTALL):  # answers stay folded
            for block in notebooks.FENCE.finditer(fold):
                assert block[3].strip() not in sources(made[name], "code"), name
        for block in notebooks.FENCE.finditer(page):
            shown = f"$$\n{block[3]}$$" if block[2] == "math" else block[0]
            assert block[2] in ("python", "shell") or shown in text, (name, block[0])
        labels = re.findall(r"^\[([^]\n]+)\]: ", text, re.MULTILINE)
        for cell in sources(made[name], "markdown"):
            said = " ".join(cell.lower().split())
            for label in {" ".join(label.lower().split()) for label in labels}:
                assert f"[{label}]: " in said or f"[{label}]" not in said, (name, label)
        prose = notebooks.FENCE.sub("", text)
        for other, section in re.findall(r"\](?:\(|: )(\w+\.ipynb)?#([^)\s]+)", prose):
            there = texts[other.removesuffix(".ipynb") or name]
            assert f'<a id="{section}"></a>' in there, (name, other, section)
        assert given_away(text) == [], name
        for _, target, _ in LINK.findall(prose):
            assert target.endswith(".ipynb") or (folder / target).exists(), (name, target)


def test_a_notebook_of_a_repository_at_github_opens_in_colab(notebooks, tmp_path):
    pages = notebooks.notebook_names()
    for address, colab in {
        "https://github.com/o/k.git": "/github/o/k/blob/notebooks/xor.ipynb)",
        "https://example.org/k.git": "",
        None: "",
    }.items():
        page = next(page for page, name in pages.items() if name == "xor")
        first, start, *_ = notebooks.make_notebook(page, pages, tmp_path, address).cells
        assert ("Open in Colab" in first.source) == bool(colab) and colab in first.source
        assert (f"git clone --depth 1 {address}" in start.source) == bool(address)
    notebooks.main(["--outputs", str(tmp_path), "--repository", "https://github.com/o/k"])
    branch = (tmp_path / "README.md").read_text(encoding="utf-8")
    opened = re.findall(r"/github/o/k/blob/notebooks/(\w+)\.ipynb\)", branch)
    assert set(opened) == set(notebooks.chapters()) and opened[:2] == ["basics", "xor"]


def test_a_cell_of_many_minutes_waits_for_the_reader(notebooks, tmp_path, monkeypatch):
    minutes, names = {"python rnn/pixel_order.py": 5.6}, notebooks.notebook_names()
    monkeypatch.setattr(notebooks, "measured_minutes", lambda: minutes)
    (page,) = [page for page, name in names.items() if name == "rnn"]
    note = "# Takes 6 minutes: take the # before the ! away, and run it while you read on."
    code = sources(notebooks.make_notebook(page, names, tmp_path), "code")
    assert f"{note}\n#!python rnn/pixel_order.py" in code
    minutes.clear()
    code = sources(notebooks.make_notebook(page, names, tmp_path), "code")
    assert "!python rnn/pixel_order.py" in code


def test_scripts_become_cells_with_the_numbers_of_the_command(notebooks):
    imports, work = notebooks.cells_of_command("python xor/xor.py --seed 4")
    assert "from xor.xor import build_model\n" in imports and "def " not in work
    assert "\nSEED = 4  # fixes the initial" in work and "\nHIDDEN = [8, 4]  # neurons" in work
    assert "model = build_model(HIDDEN, ACTIVATION)" in work and "epochs=EPOCHS" in work
    # What reads a number of the notebook stands in it; what has that from main is imported.
    imports, parts, work = notebooks.cells_of_command("python rnn/names.py --layer gru")
    assert "def build_network" in parts and "LETTER_SIZE)" in parts and "def invent" not in parts
    assert "invent" in imports and "build_network" not in imports
    assert '\nLAYER = "gru"  # or gru, simple_rnn\n' in work and work.endswith(
        "show_figures(folder)"
    )


def test_the_main_scripts_of_chapters_are_cells_that_know_all_names(notebooks, make):
    from book.editions.code_names import missing

    chapters = ["basics", "xor", "mlp", "mnist", "mnist_overfitting", "rnn", "text", "text_gpt"]
    for name in chapters:
        code = sources(make(name), "code")
        places = [number for number, cell in enumerate(code) if cell.startswith("# As ")]
        assert places, name
        for place in places:
            begin = max(n for n in range(place) if code[n].startswith("# What the next cell takes"))
            imports = [
                one for one in ast.walk(ast.parse(code[begin])) if isinstance(one, ast.alias)
            ]
            known = {one.asname or one.name for one in imports}
            assert missing("\n".join(code[begin + 1 : place + 1])) <= known, name
            assert not re.search(r"\b(args|options|argv)\b", code[place]), name


def meanings(code):
    """Return {name: what it stands for} of the names that a cell imports, defines or sets."""
    found = {}
    for one in ast.parse(code).body:
        if isinstance(one, ast.Import | ast.ImportFrom):
            module = getattr(one, "module", None)
            found |= {alias.asname or alias.name: (module, alias.name) for alias in one.names}
        elif isinstance(one, ast.FunctionDef | ast.ClassDef):
            found[one.name] = ast.dump(one)
        else:
            parts = [*ast.walk(one)]
            inner = [part for part in parts if isinstance(part, ast.comprehension)]
            own = {id(name) for part in inner for name in ast.walk(part.target)}
            names = [part for part in parts if isinstance(part, ast.Name) and id(part) not in own]
            stored = [name.id for name in names if isinstance(name.ctx, ast.Store)]
            found |= dict.fromkeys(stored, ast.dump(one))
    return found


def test_what_a_script_needs_in_a_notebook_keeps_its_meaning(notebooks, make):
    """A reader runs any cell again after any other: what was to be run once, still holds."""
    for name in notebooks.chapters():
        code = [
            one for one in sources(make(name), "code") if not re.search(r"^(#?!|%%)", one, re.M)
        ]
        known = [meanings(one) for one in code]
        for source, needed in zip(code, known, strict=True):
            if source.startswith(("# What the next cell takes", "# Parts of")):
                for other, others in zip(code, known, strict=True):
                    lost = {one for one in needed if others.get(one, needed[one]) != needed[one]}
                    assert not lost, (name, lost, source[:60], other[:60])


def test_a_notebook_runs(notebooks, make, tmp_path):
    """Of its commands, which other tests run, none is left, so that this takes seconds."""
    notebook = make("basics")
    start = notebook.cells[1]
    for cell in notebook.cells:
        cell.source = "" if cell.source.startswith("!") else cell.source
    assert notebooks.execute(notebook)["wrong"] is None
    assert "Largest difference from the gradient by hand" in printed(notebook)
    task = notebooks.ROOT / "exercises" / "tasks" / "09_softmax.py"
    before = task.read_bytes()
    written = [f"%%end_of_file {task}\n\n1 / 0", "import sys; print('no', file=sys.stderr)"]
    notebook.cells = [start, *map(notebooks.new_code_cell, written)]
    assert notebooks.execute(notebook)["wrong"] == "in red: no" and task.read_bytes() == before


def test_a_reader_works_in_a_notebook(notebooks, make):
    """The network learns XOR in its cell; then a number is changed, and the cell runs again."""
    notebook = make("xor")
    start, cells = notebook.cells[1], [cell for cell in notebook.cells if cell.cell_type == "code"]
    place = next(n for n, cell in enumerate(cells) if cell.source.startswith("# As xor/xor.py"))
    imports, work = cells[place - 1 : place + 1]
    assert "\nHIDDEN = [8, 4]  #" in work.source and "\nEPOCHS = 500  #" in work.source
    other = work.source.replace("HIDDEN = [8, 4]", "HIDDEN = [3]").replace(
        "EPOCHS = 500", "EPOCHS = 2"
    )
    ask = (
        'print("left:", model.count_params(), len(history.history["loss"]), predicted[1, 0] > 0.9)'
    )
    ask = notebooks.new_code_cell(ask)
    before = notebooks.new_code_cell("predicted = model.predict(X, verbose=0)")
    notebook.cells = [start, imports, work, before, notebooks.new_code_cell(other), ask]
    assert notebooks.execute(notebook)["wrong"] is None
    assert "65 parameters, accuracy 100%\n0 XOR 0 = 0." in printed(notebook)
    assert "left: 13 2 True" in printed(notebook)
    for cell in (work, notebook.cells[4]):
        assert [out.output_type for out in cell.outputs] == ["stream", "display_data"]


def test_the_notebooks_that_were_measured_ran(notebooks):
    executed = load_results("notebooks")["executed"]
    assert set(executed) <= set(notebooks.chapters()) and {"basics", "xor"} <= set(executed)
    assert not any(one["wrong"] for one in executed.values())
