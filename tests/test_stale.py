"""What made a result: its fingerprint, and which results are older than their code."""

import os
from itertools import count

import pytest
from conftest import ROOT

from utils import runs
from utils.fingerprints import fingerprint

TIMES = count(1)
SCRIPT = '''
"""A script."""
from parts import measure

from utils.tools import SIZES, network

EPOCHS = 3  # passes

def main(argv=None):
    """Return the results."""
    add("--epochs", help="how long")
    print("begins")
    return measure(network, SIZES, EPOCHS, "digits.csv")

if __name__ == "__main__":
    main()
'''
PARTS = """
def measure(network, *others):
    return helper(network)

def helper(network):
    return network + 1

def unused():
    return 2
"""
TOOLS = """
import numpy as np

SIZES = {}
LOST = np.zeros(3)

def named(build):
    SIZES[build.__name__] = build
    return build

@named
def network():
    return 1

@named
def other():
    return 3
"""


@pytest.fixture
def project(tmp_path):
    """Return a function that changes files of a small project, and gives its fingerprint."""

    def change(**files):
        for name, text in files.items():
            folder = tmp_path / ("utils" if name == "tools" else "xor")
            folder.mkdir(exist_ok=True)
            path = folder / (f"{name}.csv" if name == "digits" else f"{name}.py")
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(0, next(TIMES)))
        return fingerprint(tmp_path / "xor" / "script.py", tmp_path)

    change(script=SCRIPT, parts=PARTS, tools=TOOLS, digits="1,2")
    return change


def names(found):
    return sorted(name for name, _ in found.values())


def test_a_fingerprint_has_what_a_script_uses(project):
    used = ["EPOCHS", "SIZES", "digits.csv", "helper", "main", "measure"]
    assert names(project()) == [*used, "named", "network", "other"]  # other: because SIZES has it


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("script", "3  # passes", "3  # how often"),
        ("script", "Return the results", "Return what is measured"),
        ("script", '"begins"', '"begins now"'),
        ("script", "how long", "passes"),
        ("script", '"""A script."""', '"""A better script."""'),
        ("parts", "return 2", "return 4"),
        ("tools", "zeros(3)", "zeros(4)"),
    ],
)
def test_what_is_only_said_or_not_used_does_not_count(project, file, old, new):
    text = {"script": SCRIPT, "parts": PARTS, "tools": TOOLS}[file]
    assert old in text
    assert project() == project(**{file: text.replace(old, new)})


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("script", "EPOCHS = 3", "EPOCHS = 4", "EPOCHS"),
        ("parts", "network + 1", "network + 2", "helper"),
        ("tools", "return 1", "return 2", "network"),
        ("tools", "return 3", "return 2", "other"),
        ("digits", "1,2", "1,3", "digits.csv"),
    ],
)
def test_what_is_used_counts(project, file, old, new, changed):
    text = {"script": SCRIPT, "parts": PARTS, "tools": TOOLS, "digits": "1,2"}[file]
    before, after = project(), project(**{file: text.replace(old, new)})
    assert [name for hash_, (name, _) in after.items() if hash_ not in before] == [changed]


def test_a_function_that_moves_stays_what_it_was(project):
    before, (where, helper) = project(), PARTS.split("def helper")
    moved = f"from utils.tools import helper\n{where}"
    after = project(parts=moved, tools=f"{TOOLS}\ndef helper{helper}")
    assert before.keys() == after.keys() and before != after


def test_a_run_during_which_its_code_was_edited_says_so(monkeypatch):
    script = ROOT / "xor" / "xor.py"
    assert set(runs.provenance(script, [])["code"].split()) == set(fingerprint(script, ROOT))
    monkeypatch.setattr(runs, "STARTED", 0)
    assert runs.provenance(script, [])["code"] == "edited during the run"


def test_no_result_is_older_than_its_code_without_a_reason(load_script):
    """If this fails: CONTRIBUTING.md, under "A number", says what to do."""
    stale, unneeded = load_script("book/stale.py").judge()
    assert stale == {}
    assert unneeded == []


def test_a_change_needs_a_reason_and_a_reason_needs_a_change(load_script):
    stale = load_script("book/stale.py")
    now = {name: hash_ for hash_, (name, _) in fingerprint(ROOT / "xor/xor.py", ROOT).items()}
    code = " ".join(hash_ for name, hash_ in now.items() if name != "EPOCHS")
    results = {"xor": {"command": "python xor/xor.py", "code": code}}
    change, file = f"EPOCHS {now['EPOCHS']}", f"xor/xor.py {stale.state('xor/xor.py', ROOT)}"

    def judge(same=(), waiting=(), **more):
        listed = {"same": [{"code": same}], "waiting": [{"results": waiting}]}
        return stale.judge({"xor": results["xor"] | more}, listed)

    found = {"xor": {change: "xor/xor.py"}}
    assert judge() == (found, [])
    for excuse in ({"same": [change]}, {"same": [file]}, {"waiting": ["xor"]}):
        assert judge(**excuse) == ({}, [])
        assert judge(**excuse, code=" ".join(now.values())) == ({}, next(iter(excuse.values())))
    assert judge(same=["EPOCHS 000000"]) == (found, ["EPOCHS 000000"])
    other = judge(same=[change], command="python xor/xor.py --epochs 5")
    assert other == ({"xor": {"command": "book/measurements.py"}}, [])
    gone = judge(command="python xor/gone.py")[0]["xor"]
    assert list(gone) == ["xor/gone.py is gone"]
