"""The notebooks: made from the READMEs, complete, and run."""

import importlib.util
import re

import pytest
from conftest import ROOT, given_away, skip_loudly

from utils.files import load_results

pytestmark = pytest.mark.slow  # what they need is installed for the slow tests alone


@pytest.fixture
def notebooks(load_script):
    for package in ("nbformat", "nbclient", "ipykernel"):
        if not importlib.util.find_spec(package):
            skip_loudly("needs book/requirements.txt")
    return load_script("book/editions/notebooks.py")


@pytest.fixture
def make(notebooks, tmp_path):
    pages = {name: page for page, name in notebooks.notebook_names().items()}
    return lambda name: notebooks.make_notebook(pages[name], notebooks.notebook_names(), tmp_path)


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_blocks_that_run_are_cells_and_quoted_ones_are_text(make):
    notebook = make("xor")
    code, text = sources(notebook, "code"), "\n".join(sources(notebook, "markdown"))
    assert code[0].startswith("# Run this cell first.") and "raise SystemExit" in code[0]
    readme = (ROOT / "xor" / "README.md").read_text(encoding="utf-8")
    assert text.count("<details>") == readme.count("<details>") > 3 and "<!--" not in text
    blocks = re.findall(r"^```python\n", readme, re.MULTILINE)
    cells = sum(not source.startswith(("!", "# Run this")) for source in code)
    assert cells > 0 and text.count("```python\n") + cells == len(blocks)
    assert text.count("](data:image/png;base64,") == readme.count(".png)") > 1
    # What the README says a command prints is told apart from what it has printed now.
    after = notebook.cells[[cell.source for cell in notebook.cells].index("!python xor/xor.py") + 1]
    assert after.source.startswith("Our run printed:\n\n```text\n")
    task = "%%end_of_file exercises/tasks/09_softmax.py\n"
    assert any(source.startswith(task) for source in sources(make("exercises"), "code"))


def test_blocks_and_links_of_all_chapters_are_whole(notebooks, make, tmp_path):
    """What a cell does not define, Jupyter shows in brackets; blocks stay as they are."""
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
        for _, target, _ in notebooks.LINK.findall(prose):
            assert target.endswith(".ipynb") or (tmp_path / target).exists(), (name, target)


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


def test_a_notebook_runs(notebooks, make, tmp_path):
    """Of its commands, which other tests run, one is left, so that this takes seconds."""
    notebook = make("basics")
    start = notebook.cells[1]
    for cell in notebook.cells:
        if "basics/backpropagation.py" in cell.source and cell.cell_type == "code":
            cell.source += f" --outputs {tmp_path}"
        elif cell.source.startswith("!"):
            cell.source = ""
    assert notebooks.execute(notebook)["wrong"] is None
    printed = [out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("Largest difference from the gradient by hand" in text for text in printed)
    notebook.cells = [start, notebooks.new_code_cell("!python no_such.py")]
    assert notebooks.execute(notebook)["wrong"] == "RuntimeError: status 2: python no_such.py"
    task = notebooks.ROOT / "exercises" / "tasks" / "09_softmax.py"
    before = task.read_bytes()
    notebook.cells = [start, notebooks.new_code_cell(f"%%end_of_file {task}\n\n1 / 0")]
    assert notebooks.execute(notebook)["wrong"] is None and task.read_bytes() == before


def test_an_execution_goes_on_where_it_was_stopped(notebooks, tmp_path, monkeypatch):
    outcomes, ran, filed = {"xor": None, "basics": "KeyError: 1"}, [], {}

    def execute(notebook):
        commands = " ".join(sources(notebook, "code"))
        ran.append(next((name for name in outcomes if f"!python {name}/" in commands), "another"))
        return {"seconds": 1.0, "wrong": outcomes.get(ran[-1])}

    monkeypatch.setattr(notebooks, "execute", execute)
    monkeypatch.setattr(notebooks, "load_results", lambda name: {"executed": filed})
    outputs = ["--outputs", str(tmp_path)]
    with pytest.raises(SystemExit, match="not all notebooks ran to their end"):
        notebooks.main(["--execute", "xor", "basics", *outputs])
    outcomes["basics"] = None
    executed = notebooks.main(["--execute", "xor", "basics", *outputs])["executed"]
    assert {name: one["wrong"] for name, one in executed.items()} == outcomes
    assert sorted(ran) == ["basics", "basics", "xor"] and (tmp_path / "GLOSSARY.ipynb").exists()
    # What has run is kept, also where it is not named, until its code changes.
    assert len(notebooks.main(outputs)["executed"]) == 2
    # What was filed for the book does not run again, unless its code or something was wrong.
    filed.update({"basics": executed["basics"], "xor": executed["xor"] | {"code": "another"}})
    ran.clear()
    again = notebooks.main(["--execute", "changed", "--outputs", str(tmp_path / "new")])["executed"]
    assert "basics" not in ran and ran.count("xor") == 1 and set(again) == set(notebooks.chapters())
    with monkeypatch.context() as other:
        other.setattr(notebooks, "code_hash", lambda notebook: "another")
        assert notebooks.main(outputs)["executed"] == {}


def test_the_notebooks_of_all_chapters_ran(notebooks):
    executed = load_results("notebooks")["executed"]
    # Those of the newest chapters have not run yet, as the README says.
    assert set(notebooks.chapters()) - set(executed) == {"text_answers", "cnn_transformer"}
    assert not set(executed) - set(notebooks.chapters())
    assert not any(one["wrong"] for one in executed.values())
