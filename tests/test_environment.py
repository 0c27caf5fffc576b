"""What looks whether a computer is ready for the book, and the versions that it recommends."""

import math
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import ROOT, given_away

from backends import environment as looks


def test_all_is_well_here(capsys, monkeypatch):
    """What the tests need to run is what the script looks for."""
    for constant, value in {"MEMORY": 0, "DISK": 0, "IMAGES": 128}.items():
        monkeypatch.setattr(looks, constant, value)
    assert all(advice is None for _, advice in looks.main([]).values())
    out = capsys.readouterr().out
    assert out.endswith("All is well.\n") and "70,000 digits" in out


def test_it_starts_without_any_package():
    command = [sys.executable, "-S", "backends/environment.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "the packages are not installed" in done.stdout


def broken(*_):
    raise RuntimeError("Unable to import backend : theano\nand more")


def both():
    names = ("tensorflow", "tensorflow_cpu")
    return [SimpleNamespace(name=name, version="2.21.0") for name in names]


@pytest.mark.parametrize(
    ("look", "owner", "name", "value", "said"),
    [
        ("memory", "psutil", "virtual_memory", lambda: SimpleNamespace(available=2**30), "1.0 GiB"),
        ("disk", "shutil", "disk_usage", lambda path: SimpleNamespace(free=2**29), "0.5 GiB"),
        ("data", looks, "PROJECT", ROOT / "nowhere", "the digits cannot be read ("),
        ("back_end", "importlib", "import_module", broken, "import backend : theano"),
        ("training", looks, "training_speed", lambda: (9, math.nan), "its loss is nan"),
        ("packages", "importlib.metadata", "distributions", both, "overwrite each other"),
    ],
)
def test_what_is_not_right_is_told_with_what_helps(monkeypatch, look, owner, name, value, said):
    with monkeypatch.context() as other:
        other.setattr(sys.modules[owner] if isinstance(owner, str) else owner, name, value)
        found, advice = getattr(looks, f"look_at_{look}")()
    assert said in found and advice and "\n" not in found


def test_a_minute_of_the_book_becomes_one_of_this_computer(monkeypatch):
    monkeypatch.setattr(looks, "load_results", lambda name: {"images_per_second": 100})
    monkeypatch.setattr(looks, "training_speed", lambda: (50.0, 2.3))
    found, advice = looks.look_at_training()
    assert found.endswith("a minute of the book takes about 120 s here") and not advice


def test_the_versions_that_are_recommended_are_allowed():
    lists = ["requirements-student.txt", "requirements.txt", "book/requirements.txt"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.lower().split("==") for line in lines if not line.startswith("#"))
    for requirement in looks.requirements(*lists):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement
    assert "protobuf" in pinned, "what these packages need in turn, too"
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")  # for the containers
    locked = dict(re.findall(r"^([\w-]+)==([^ ;]+)", lock, re.MULTILINE))
    for package, version in pinned.items():
        assert locked.get(re.sub("[._]", "-", package), version) == version, package
    for requirement in looks.requirements(*lists[:1]):
        assert requirement.specifier.contains(locked[requirement.name.lower()]), requirement
    assert lock.count("--hash=sha256:") > len(re.findall("==", lock)) > 100
    for file in (".devcontainer/devcontainer.json", ".github/workflows/edition.yml"):
        (install,) = re.findall(r"pip install (.+)", (ROOT / file).read_text(encoding="utf-8"))
        assert "-c constraints.txt" in install


def test_the_students_copy_has_no_keys(load_script, tmp_path):
    """It has the chapters; what is missing is what is said to be missing."""
    script = load_script("book/editions/student_copy.py")
    folder = tmp_path / "class"
    script.main([str(folder)])
    assert (folder / "xor" / "xor.py").is_file() and (folder / "teaching/TEACHING.md").is_file()
    for name in (*script.KEYS, ".git", ".venv"):
        assert not (folder / name).exists(), name
    assert list((folder / "xor" / "outputs").iterdir()) == []
    results = (folder / "assets" / "results").glob("*.json")
    assert not any("def dropout" in path.read_text(encoding="utf-8") for path in results)
    for page in folder.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert given_away(text) == [], page
    with pytest.raises(SystemExit, match="exists already"):
        script.main([str(folder)])
