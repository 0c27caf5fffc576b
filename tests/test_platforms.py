"""What Windows asks of the project, looked for on any system, in all files at once.

`tests/windows.py` watches what scripts do with files while they are tested. Ruff looks for text in
an encoding that nobody has named, for shells, and for what Windows lacks (see ruff.toml).
"""

import ast
import os
import re
import subprocess
import sys
from textwrap import dedent

import pytest
import windows
from conftest import ROOT
from test_house import LESSONS, SCRIPTS, SET_UP, name
from test_readmes import blocks, lines_of_shells

from book.pages.texts import is_quoted
from utils.runs import replacing, write_json

TAKEN_ALONG = sorted((ROOT / "reference" / "take").rglob("*.py"))
# Characters of scripts that an older terminal of Windows cannot show, but which never get there.
DRAWN = {"basics/draw_network.py", "text/gpt/heads.py"}
DRAWN |= {"serialization/rest/not_digits.py", "text/pieces.py"}
# Commands for a Unix shell, of which the text around says so.
UNIX = re.compile(
    r"python3 -m venv|\. \.venv|source |export |nginx |rm -rf /tmp/counts|mkdir /tmp/counts|"
    r"PROMETHEUS_MULTIPROC_DIR=|KERAS_DISTRIBUTION_PROCESS_ID=|pip install .tensorflow\[and-cuda"
)


def git(*words):
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        pytest.skip("not a clone of the repository")
    return done.stdout


def test_windows_can_check_the_project_out():
    """Each path can be there, in a reader's folder; there are no links and no other line ends."""
    assert windows.problems(git("ls-files", "-z").split("\0")[:-1]) == []
    assert [line for line in git("ls-files", "--stage").splitlines() if line[:6] == "120000"] == []
    ends = [line.split() for line in git("ls-files", "--eol").splitlines()]
    assert [line for line in ends if line[0] not in ("i/lf", "i/-text", "i/none")] == []
    assert {tuple(line[2:4]) for line in ends} == {("attr/text=auto", "eol=lf")}


def test_what_windows_refuses_is_found():
    for bad in (["con.txt"], ["a:b"], ["folder/what?"], ["end."], ["A/b", "a/c"], ["a" * 240]):
        assert windows.problems(bad), bad
    assert windows.problems(["console.txt", "a/b.py"]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at what Linux knows of open files")
def test_a_file_that_is_open_cannot_be_replaced_or_removed(tmp_path, monkeypatch):
    """As on Windows; `replacing` does it, a file of the project."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # it tries again
    path = tmp_path / "a.json"
    write_json([1], path)
    with path.open(encoding="utf-8"), pytest.raises(PermissionError, match="is open"):
        write_json([2], path)
    with pytest.raises(PermissionError, match="is open"), replacing(path) as partial:
        kept = partial.open("w")
    kept.close()
    with pytest.raises(OSError, match="does not allow"):
        write_json([], tmp_path / "a:b.json")
    write_json([2], path)
    assert path.read_text(encoding="utf-8") == "[\n 2\n]\n"


def strings(code):
    """Yield the texts in Python code, without docstrings, which nobody prints in a terminal."""
    tree = ast.parse(dedent(code))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def unknown(code):
    """Return the characters in the texts of a program that a Windows of the West cannot write."""
    return {one for text in strings(code) for one in text if not one.encode("cp1252", "ignore")}


def test_what_is_printed_can_be_shown_or_becomes_a_question_mark():
    """A redirected output of Windows knows 251 characters: what chapter.py sets, and what is left.

    What a reader takes along, or copies from a page, has no chapter.py, and prints only these.
    """
    for path in [*LESSONS, *TAKEN_ALONG]:
        assert not unknown(path.read_text(encoding="utf-8")) or name(path) in DRAWN, path
    for block in blocks("python"):
        code = block.values[1]
        assert is_quoted(code) or not unknown(code), block.id
    run = subprocess.run(
        [sys.executable, "-c", rf"{SET_UP}; print('1 \N{{NOT EQUAL TO}} 2')"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "cp1252:strict"},
        capture_output=True,
    )
    assert run.stdout.strip() == b"1 ? 2"


def test_tables_and_results_are_the_same_on_every_system():
    """Without newline="", each line would end twice; str of a path has other slashes there."""
    of_a_path = re.compile(r"(\w\[|[{:] ?)str\((\w+\.)*(path|file|folder)\)")
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"csv\.(reader|writer)\(", text) or 'newline=""' in text, path
        if path in LESSONS and "save_results" in text:
            assert [one for one in text.splitlines() if of_a_path.search(one)] == [], path


def test_commands_of_the_pages_work_in_the_shells_of_windows():
    """Those of cmd and PowerShell. How a variable is set there, and \\ at an end, the pages say."""
    told = "$env:KERAS_BACKEND = "
    assert told in (ROOT / "backends" / "README.md").read_text(encoding="utf-8")
    commands = [*lines_of_shells(), *lines_of_shells(excepted=True)]
    for path in TAKEN_ALONG:
        usage = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        commands += re.findall(r"^ *((?:curl|python) .+)$", usage, re.MULTILINE)
    wrong = re.compile(r"'|\$|`|[<>|;*~]|/tmp|[ =]@|^(?!KERAS_BACKEND=)\w+=|^\./")
    assert [one for one in commands if wrong.search(one) and not UNIX.match(one)] == []
    # PowerShell 5.1 has no &&; at the end of a line, the text says to type only the next line.
    codes = [block.values[1] for kind in (False, True) for block in blocks("shell", kind)]
    lines = [line.strip() for code in codes for line in code.splitlines()]
    assert [line for line in lines if re.search("&& (?!.$)", line) and not UNIX.match(line)] == []
