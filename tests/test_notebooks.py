"""The notebooks: made from the READMEs, complete, and run."""

import importlib.util
import re

import pytest
from conftest import ROOT, skip_loudly


@pytest.fixture
def notebooks(load_script):
    for package in ("nbformat", "nbclient", "ipykernel"):
        if not importlib.util.find_spec(package):
            skip_loudly("needs book/requirements.txt")
    return load_script("book/notebooks.py")


@pytest.fixture
def make(notebooks, tmp_path):
    names = {path: name for name, path in notebooks.chapters().items()}

    def make(name):
        readme = notebooks.chapters()[name]
        return notebooks.make_notebook(readme, names, tmp_path, "URL")

    return make


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_blocks_that_run_are_cells_and_quoted_ones_are_text(make):
    notebook = make("xor")
    code, text = sources(notebook, "code"), "\n".join(sources(notebook, "markdown"))
    assert code[0].startswith("# Run this cell first.")
    assert "!python xor/xor.py" in code
    assert any(source.startswith("import keras\n") for source in code)
    readme = (ROOT / "xor" / "README.md").read_text(encoding="utf-8")
    assert text.count("<details>") == readme.count("<details>") > 3
    assert "<!--" not in text
    blocks = re.findall(r"^```python\n", readme, re.MULTILINE)
    quoted = text.count("```python\n")
    cells = sum(not source.startswith(("!", "# Run this")) for source in code)
    assert quoted > 0 and cells > 0 and quoted + cells == len(blocks)
    figures = {name for cell in notebook.cells for name in cell.get("attachments", {})}
    assert {"xor.png"} <= figures
    assert len(figures) == text.count("](attachment:") > 1


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("serialization_rest", "app.py"),  # would never end
        ("text_gpt", "generate.py RUN"),  # a run that the reader names
        ("mnist", "--resume"),
        ("generating", "few_real.py VAE_RUN FLOW_RUN"),
    ],
)
def test_what_only_the_reader_can_run_stays_text(name, command, make):
    notebook = make(name)
    assert command in "\n".join(sources(notebook, "markdown"))
    assert not any(command in source for source in sources(notebook, "code"))


def test_links_lead_to_notebooks_and_files(make, tmp_path):
    text = "\n".join(sources(make("mlp_tables"), "markdown"))
    assert "](mlp.ipynb)" in text
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert target.endswith(".ipynb") or (tmp_path / target).exists(), target


@pytest.mark.slow
def test_a_notebook_runs(notebooks, make, tmp_path):
    """Of its commands, which other tests run, one is left, so that this takes seconds."""
    notebook = make("basics")
    for cell in notebook.cells:
        if "basics/backpropagation.py" in cell.source and cell.cell_type == "code":
            cell.source += f" --outputs {tmp_path}"
        elif cell.source.startswith("!"):
            cell.source = ""
    executed = notebooks.execute(notebook)
    assert executed["wrong"] is None and executed["not_printed"] == []
    printed = [out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("Largest difference from the gradient by hand" in text for text in printed)
    one = notebooks.new_code_cell("print('loss 0.25\\nloss 0.125')\n1 + 1")
    one.metadata["shown"] = "loss 0.25\n...\nloss 0.12\n\n2\n"
    notebook.cells = [one]
    assert notebooks.execute(notebook)["not_printed"] == ["loss 0.12"]
    notebook.cells = [notebook.cells[0], notebooks.new_code_cell("1 / 0")]
    assert notebooks.execute(notebook)["wrong"] == "ZeroDivisionError: division by zero"
    notebook.cells = [notebooks.new_code_cell("!python no_such.py")]
    wrong = notebooks.execute(notebook)["wrong"]
    assert wrong == "RuntimeError: status 2: python no_such.py"
    assert [cell.source for cell in notebook.cells] == ["!python no_such.py"]


def test_an_execution_goes_on_where_it_was_stopped(notebooks, tmp_path, monkeypatch):
    outcomes = {"xor": None, "basics": "KeyError: 1"}
    ran = []

    def execute(notebook):
        ran.append(name := next(name for name in outcomes if f"python {name}/" in str(notebook)))
        return {"seconds": 1.0, "wrong": outcomes[name], "not_printed": []}

    monkeypatch.setattr(notebooks, "execute", execute)
    options = ["--execute", "xor", "basics", "--outputs", str(tmp_path)]
    with pytest.raises(SystemExit, match="not all notebooks ran to their end"):
        notebooks.main(options)
    outcomes["basics"] = None
    executed = notebooks.main(options)["executed"]
    assert {name: one["wrong"] for name, one in executed.items()} == outcomes
    assert sorted(ran) == ["basics", "basics", "xor"]
