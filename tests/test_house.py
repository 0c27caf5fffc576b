"""The house: which folder may import from which, what every script has, what `utils` promises."""

import ast
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
from collections import Counter, defaultdict, namedtuple
from graphlib import TopologicalSorter
from types import SimpleNamespace

import pytest
from closure import imports, lessons, size
from conftest import ROOT, render

from book.measuring import measure
from utils import runs
from utils.files import newest, read_json
from utils.options import make_parser, number, positive, seed

CHAPTERS = {path.parent.name for path in ROOT.glob("*/chapter.py")}
# From which other chapters a chapter may import: the digits and their networks are those of mnist,
# and pages that ask a network have the protections of the service.
ALLOWED = defaultdict(lambda: {"mnist"}, {"text": {"serialization"}, "mlp": {"xor", "mnist"}})
ALLOWED |= {"generating": {"mnist", "serialization"}, "serialization": {"mnist", "mlp"}}
ALLOWED |= {"visualizing": {"mnist", "serialization", "cnn"}}
# What the exercises load by themselves, and what a reader fills in: no scripts.
BENCH = {ROOT / "exercises" / name for name in ("tasks", "checks", "faults", "solutions")}
SCRIPTS = sorted(
    path
    for folder in [*CHAPTERS, "book", "utils"]
    for path in (ROOT / folder).rglob("*.py")
    if "outputs" not in path.parts and path.parent not in BENCH
)
LESSONS = [path for path in SCRIPTS if path.relative_to(ROOT).parts[0] in CHAPTERS]
# Of each chapter of the path, what its text starts first, and on how many files that may stand.
FIRST = {
    "basics/draw_network.py": 6, "xor/xor.py": 6, "mlp/mlp.py": 6, "mnist/mnist.py": 13,
    "mnist/overfitting/fitting.py": 21, "serialization/save_model.py": 7,
    "serialization/rest/app.py": 18, "visualizing/feature_maps.py": 12,
    "visualizing/debugging/checklist.py": 13, "cnn/convolution.py": 6, "rnn/order.py": 6,
    "forecasts/forecast.py": 14, "text/pieces.py": 7, "text/gpt/attention.py": 6,
    "generating/autoencoder.py": 8,
}  # fmt: skip
name = lambda path: path.relative_to(ROOT).as_posix()  # noqa: E731
SET_UP = "import utils; utils.set_up()"  # what chapter.py does
each_script = pytest.mark.parametrize("path", SCRIPTS, ids=name)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=name)


def room(path):
    return path.relative_to(ROOT).parts[0]


def test_arrows_point_down():
    """From book to chapters to utils; few chapters import another one, and no file itself."""
    for path in SCRIPTS:
        here = room(path)
        down = {"utils", here, *(CHAPTERS if here == "book" else ALLOWED[here])}
        allowed = {"utils"} if here == "utils" else down
        wrong = [name(one) for one in imports(path) if room(one) not in allowed]
        assert not wrong, f"{name(path)} imports {wrong}"


def test_no_file_needs_itself():
    graph = {path: imports(path) - {path.parent / "__init__.py"} for path in SCRIPTS}
    list(TopologicalSorter(graph).static_order())  # which raises a CycleError


def test_a_lesson_stands_on_little():
    """What exists to prove the book is not under its lessons."""
    for path, most in FIRST.items():
        files, lines = size(ROOT / path)
        assert files <= most, f"{path} stands on {files} files, {lines} lines"
    files, lines = zip(*map(size, lessons()), strict=True)
    assert statistics.median(files) <= 11 and statistics.median(lines) <= 1_200


def test_no_two_files_that_a_reader_opens_have_one_name():
    opened = [path.name for path in LESSONS] + [path.name for path in (ROOT / "utils").glob("*")]
    twice = {one for one, count in Counter(opened).items() if count > 1}
    assert twice == {"chapter.py"}


@each_lesson
def test_a_script_names_its_place_in_the_book(path):
    """The docstring ends with `Chapter: FILE#HEADING`, and the heading exists."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if path.name == "chapter.py":
        return
    (place,) = re.findall(r"^Chapter: (\S+)$", docstring, re.MULTILINE)
    file, _, anchor = place.partition("#")
    assert f'id="{anchor}"' in render(ROOT / file), place


@each_script
def test_files_keep_to_their_budget(path):
    """A lesson is short enough to be read line by line; what is none may take a little more."""
    # models.py is where readers add their own; measurements.py is a list that grows with the book.
    budget = {"xor/xor.py": 60, "mnist/mnist.py": 150, "mnist/models.py": 400}
    budget["book/measuring/measurements.py"] = 400
    text = path.read_text(encoding="utf-8")
    most = 200 if path in LESSONS and not text.startswith('"""Machinery') else 250
    assert text.count("\n") <= budget.get(name(path), most)


def test_a_folder_can_be_seen_through():
    """Ten lessons are enough; machinery does not count, and says that it is such."""
    lessons = Counter(
        path.parent
        for path in LESSONS
        if path.name != "chapter.py"
        and not path.read_text(encoding="utf-8").startswith('"""Machinery')
    )
    assert max(lessons.values()) <= 10, lessons


def test_chapters_find_the_project_in_one_way():
    """The copies of chapter.py do not drift apart, and no folder with scripts lacks one."""
    copies = [path for path in SCRIPTS if path.name == "chapter.py"]
    assert len({path.read_text(encoding="utf-8") for path in copies}) == 1
    assert {path.parent for path in copies} == {path.parent for path in SCRIPTS} - {ROOT / "utils"}


def test_who_imports_utils_is_left_as_before():
    """At the top of its modules nothing is called, and nothing of another module is set."""
    harmless = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    for path in (ROOT / "utils").glob("*.py"):
        docstring, *others = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(docstring.value, ast.Constant), path
        for node in others:
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            own = all(isinstance(target, ast.Name) for target in targets)
            assert own or isinstance(node, harmless), f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    "script", ["basics/draw_network.py", "rnn/cells/through_time.py", "visualizing/shapes.py"]
)
def test_a_script_runs_from_anywhere(script, run_script, tmp_path):
    """From a folder where nothing of the project can be found by chance; one from its own, too."""
    strange = tmp_path / "Übung 1"
    strange.mkdir()
    places = [strange]
    if script == "basics/draw_network.py":  # the others bring Keras, which takes seconds
        places += [ROOT, (ROOT / script).parent]
    for cwd in places:
        run = run_script(script, "--outputs", strange / "run", cwd=cwd)
        assert run.returncode == 0, run.stderr


def test_a_checkout_may_lie_in_a_folder_with_spaces_and_umlauts(tmp_path):
    copy = tmp_path / "Übung 1"
    ignore = shutil.ignore_patterns("outputs", "__pycache__")
    for folder in ("basics", "utils"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    (copy / "assets").mkdir()
    shutil.copy(ROOT / "assets" / "book.mplstyle", copy / "assets")
    run = subprocess.run(
        [sys.executable, str(copy / "basics" / "draw_network.py")],
        cwd=copy / "basics",
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert re.search(r"^In outputs/[-_\d]+: network_", run.stdout, re.MULTILINE)
    (results,) = (copy / "basics" / "outputs").glob("*/results.json")
    assert "python basics/draw_network.py" in results.read_text(encoding="utf-8")


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "webagg"])
def test_figures_need_no_window_and_no_notebook(run_script, tmp_path, backend):
    run = run_script("basics/draw_network.py", "--outputs", tmp_path, MPLBACKEND=backend)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("OSError(28, 'No space left on device')", 1, "x.py: [Errno 28] No space left on device\n"),
        ("MemoryError", 1, "x.py: MemoryError\n"),
        ("KeyboardInterrupt", -signal.SIGINT, "x.py: stopped\n"),
        (
            "ModuleNotFoundError('No jax', name='jax')",
            1,
            "x.py: No jax. Install it: pip install jax\n",
        ),
        (
            "ValueError('Unable to import backend : theano')",
            1,
            "x.py: Unable to import backend : theano."
            " KERAS_BACKEND may be tensorflow, jax or torch.\n",
        ),
        ("ModuleNotFoundError('No nmpy', name='nmpy')", 1, None),
        ("NameError('no import of it', name='torch')", 1, None),
        ("ValueError('a mistake')", 1, None),
    ],
)
def test_what_is_not_the_fault_of_a_script_ends_with_one_line(error, status, said):
    code = f"{SET_UP}; import sys; sys.argv = ['x.py']; raise {error}"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == status
    assert run.stderr == said or (said is None and run.stderr.startswith("Traceback"))


def test_an_error_is_told_in_one_line_that_says_what_is_wrong():
    for said, line in [("a\nb", "a"), ("objects, such as:\n\n  b\nc", "objects, such as: b")]:
        assert runs.first_line(ValueError(said)) == line
    assert runs.first_line(ValueError("such as:")) == "such as:"
    assert runs.first_line(ValueError()) == "ValueError"


def test_ctrl_c_during_the_imports_ends_with_one_line():
    code = f"""
{SET_UP}
import sys

class PressCtrlC:
    def find_spec(self, name, *_):
        if name == "importlib.metadata":
            sys.meta_path.remove(self)
            raise KeyboardInterrupt

sys.argv, sys.meta_path = ["x.py"], [PressCtrlC(), *sys.meta_path]
import utils.runs
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr == "x.py: stopped\n"


def test_ctrl_c_counts_where_python_would_ignore_it():
    """It would where nothing can be raised, as in what is called at a collection of garbage."""
    code = f"""
{SET_UP}
import gc

def press_ctrl_c(*_):
    raise KeyboardInterrupt

gc.callbacks.append(press_ctrl_c)
gc.collect()
print("goes on")
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "-c: stopped\n")


def test_a_terminal_that_knows_only_ascii_is_enough():
    command = [sys.executable, "-c", f"{SET_UP}; print('1 ± 2')"]
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=ascii_only)
    assert run.stdout == "1 ? 2\n"


def test_a_result_is_filed_whole_or_not_at_all(load_script, tmp_path, monkeypatch):
    measure = load_script("book/measuring/measure.py")
    for place in ("RESULTS", "IMAGES"):
        monkeypatch.setattr(measure, place, tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    runs.write_json({"provenance": {"command": "x"}}, run / "results.json")
    with pytest.raises(SystemExit, match=r"has no a\.png: nothing was filed"):
        measure.file_run("name", run, {"a.png": "a.png"})
    assert not (tmp_path / "name.json").exists()


def test_a_measurement_says_whether_the_machine_was_busy(
    load_script, tmp_path, monkeypatch, capsys
):
    measure = load_script("book/measuring/measure.py")
    times = namedtuple("Times", ["user", "system", "idle", "iowait"])(7, 2, 100, 4)
    children = SimpleNamespace(children_user=3, children_system=1)
    with monkeypatch.context() as patch:
        patch.setattr(measure.psutil, "cpu_times", lambda: times)
        patch.setattr(measure.os, "times", lambda: children)
        assert measure.cpu_seconds() == 7 + 2 - 3 - 1

    for place in ("RESULTS", "IMAGES"):
        monkeypatch.setattr(measure, place, tmp_path)
    monkeypatch.setattr(measure, "MEASUREMENTS", {"neurons": ("basics/draw_neuron.py", [])})
    for busy in (0, 1000):
        counts = iter([5, 5 + busy])
        monkeypatch.setattr(measure, "cpu_seconds", counts.__next__)
        measure.measure("neurons")
        filed = json.loads((tmp_path / "neurons.json").read_text(encoding="utf-8"))
        assert (filed["provenance"]["others"] > measure.BUSY) == bool(busy)
        assert ("Other programs" in capsys.readouterr().out) == bool(busy)
    assert filed["provenance"]["seconds"] > 0 and filed["provenance"]["date"]

    # If its seconds are what counts, it waits, and is not filed if that was in vain.
    (tmp_path / "neurons.json").unlink()
    shares = iter([50, 9])
    monkeypatch.setattr(measure, "ALONE", {"neurons"})
    monkeypatch.setattr(measure.psutil, "cpu_percent", lambda _: next(shares))
    monkeypatch.setattr(measure, "cpu_seconds", iter([5, 1005]).__next__)
    assert "nothing was filed" in measure.measure("neurons")
    assert "50% of the processors: waiting" in capsys.readouterr().out
    assert not (tmp_path / "neurons.json").exists() and next(shares, None) is None


def test_every_result_is_made_by_a_command_that_is_written_down(load_script):
    measure = load_script("book/measuring/measure.py")
    filed = {path.stem for path in runs.RESULTS.glob("*.json")}
    assert {name for name in filed if not name.startswith("bands_")} == set(measure.MEASUREMENTS)
    assert set(measure.COMMANDS) >= measure.READ | measure.ALONE


@pytest.fixture
def small_graph(load_script, tmp_path, monkeypatch):
    """Return measure.py with three measurements, of which one reads a run and one another."""
    measure = load_script("book/measuring/measure.py")
    commands = {
        "late": "c/late.py {early} $WORD",
        "early": "A=b c/early.py {base}",
        "base": "c/base.py",
        "other": "c/other.py",
    }
    monkeypatch.setattr(measure, "COMMANDS", commands)
    monkeypatch.setattr(measure, "MEASUREMENTS", {name: (commands[name], []) for name in commands})
    del measure.MEASUREMENTS["base"]
    monkeypatch.setattr(
        measure, "NEEDS", {"late": ["early"], "early": ["base"], "base": [], "other": []}
    )
    monkeypatch.setattr(measure, "READ", {"early", "base"})
    for place in ("RESULTS", "OUTPUTS", "ROOT"):
        monkeypatch.setattr(measure, place, tmp_path)
    return measure


def test_runs_come_before_what_reads_them_and_none_is_made_twice(small_graph, tmp_path):
    def file(name, commit):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"provenance": {"commit": commit}}))

    choose = small_graph.choose
    assert choose(["late"], "new") == ["base", "early", "late"]
    assert set(choose([], "new")) == {"base", "early", "late", "other"}
    for name in ("early/results.json", "base/results.json", "other.json", "early.json"):
        file(name, "new")
    assert choose([], "new") == ["late"] and choose(["late"], "newer") == ["late"]
    file("late.json", "new")
    assert choose([], "new") == []
    file("base/results.json", "old")  # which nobody needs any more
    assert choose([], "new") == []
    for code in ("newer", "new-dirty", None):
        assert set(choose([], code)) == {"base", "early", "late", "other"}


def test_a_command_is_started_with_its_runs_and_settings(small_graph, tmp_path, monkeypatch):
    started = []

    def run(words, **more):
        started.append((words[1:], more["env"].get("A")))
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(small_graph.subprocess, "run", run)
    assert not small_graph.start(small_graph.COMMANDS["early"], "out")
    assert started == [(["c/early.py", "base", "--outputs", "out"], "b")]
    assert small_graph.measure("late") == "" and len(started) == 1, "$WORD is not set"


def test_bounds_are_inclusive():
    assert number(int, 0)("0") == 0 and number(float, 0, 1)("1") == 1
    assert positive(float)("1e-300") == 1e-300 and seed("4294967295") == 2**32 - 1
    for kind, text in [
        (number(int, 0), "-1"), (number(float, 0, 1), "1.01"), (positive(int), "0"),
        (positive(float), "0"), (positive(float), "inf"), (positive(float), "nan"),
        (seed, "-1"), (seed, "4294967296"), (positive(int), str(2**63)), (positive(float), "1e308"),
    ]:  # fmt: skip
        with pytest.raises(ValueError):
            kind(text)


def test_runs_of_one_second_have_folders_of_their_own(tmp_path):
    outputs = make_parser("", tmp_path).parse_args([]).outputs
    folders = {runs.make_folder(outputs) for _ in range(3)}
    assert len(folders) == 3 and all(folder.parent == tmp_path for folder in folders)
    assert runs.make_folder(tmp_path / "named") == tmp_path / "named"


def test_what_is_only_said_leaves_a_folder_if_it_is_asked_to(tmp_path):
    parser, script = make_parser("", tmp_path / "outputs", kept=False), ROOT / "xor" / "xor.py"
    for options, left in [([], []), (["--outputs", str(tmp_path / "named")], ["named"])]:
        folder = runs.make_folder(parser.parse_args(options).outputs)
        assert runs.save_results({"a": 1}, folder, script, options) == {"a": 1}
        assert [path.name for path in tmp_path.iterdir()] == left
    assert (tmp_path / "named" / "results.json").exists()


def test_a_refused_run_leaves_no_empty_folder(tmp_path):
    for end, left in (("runs.fail('no')", 0), ("(folder / 'a').touch()", 1)):
        code = f"from utils import runs; folder = runs.make_folder({str(tmp_path / 'x')!r}); {end}"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
        assert len([*tmp_path.iterdir()]) == left


def test_the_newest_run_is_the_one_written_last(tmp_path):
    """Whatever its folder is called; of two at the same time, the one with the later name."""
    for name, time in [("first", 100), ("2026-01-01", 300), ("2026-01-02", 300)]:
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (time, time))
    assert newest(tmp_path.iterdir()) == tmp_path / "2026-01-02"
    assert newest([]) is None


def test_a_folder_that_cannot_be_written_ends_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["some/script.py"])
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"^script.py: cannot write to .*file .*--outputs\.$"):
        runs.make_folder(tmp_path / "file")


def test_a_file_that_others_have_open_is_replaced_a_moment_later(tmp_path, monkeypatch):
    """Windows refuses it until then."""
    refusals, replace = [PermissionError(), PermissionError()], runs.Path.replace

    def busy(self, target):
        if refusals:
            raise refusals.pop()
        return replace(self, target)

    monkeypatch.setattr(runs.Path, "replace", busy)
    monkeypatch.setattr(runs.time, "sleep", lambda _: None)
    runs.write_json([1], tmp_path / "one.json")
    assert read_json(tmp_path / "one.json") == [1]
    refusals += [PermissionError()] * 4
    with pytest.raises(PermissionError):
        runs.write_json([2], tmp_path / "one.json")
    assert [file.name for file in tmp_path.iterdir()] == ["one.json"]


SAVES = {"save", "save_weights"}
# Who calls save with a path of its own, and why that destroys no network that was good.
SAVED_IN_PLACE = {
    "book/timings/saved_forms.py": "compares the sizes of two files",
    "customizing/mistakes.py": "in a temporary folder",
    "text/gpt/fine_tune.py": "in a temporary folder",
    "serialization/save_model.py": "teaches how to save",
    "serialization/trust.py": "makes files that nobody should load",
    "visualizing/debugging/broken.py": "in a folder that it has just made",
}


def test_networks_are_saved_whole_or_not_at_all():
    """What save gets is called partial: a file that is `replacing` another. Not so of NumPy."""
    found = set()
    for path in SCRIPTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in SAVES:
                call = ast.unparse(node)
                if not re.match(r"(Image|np|self)\.|.*\b(partial|replacing)\b", call):
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == set(SAVED_IN_PLACE)


def test_what_is_replaced_is_whole_or_old(tmp_path):
    path = tmp_path / "results.json"
    runs.write_json({"a": 1}, path)
    with pytest.raises(ZeroDivisionError), runs.replacing(path) as partial:
        partial.write_text("{")
        raise ZeroDivisionError
    assert path.read_text(encoding="utf-8") == '{\n "a": 1\n}\n'


def test_a_run_leaves_its_provenance(tmp_path, capsys):
    script = ROOT / "xor" / "xor.py"
    assert runs.save_results({"a": 1}, tmp_path, script, ["--seed", 3]) == {"a": 1}
    assert "results.json" in capsys.readouterr().out
    text = (tmp_path / "results.json").read_text(encoding="utf-8")
    assert '"command": "python xor/xor.py --seed 3"' in text and '"cores"' in text


def test_a_run_names_its_commit_and_whether_it_was_clean(tmp_path, monkeypatch):
    def git(*words):
        options = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *options, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(measure, "ROOT", tmp_path)
    assert measure.commit() is None
    for name in ("lesson.py", "README.md"):
        (tmp_path / name).write_text("1")
    for words in (["init"], ["add", "."], ["commit", "-m", "first"]):
        git(*words)
    clean = measure.commit()
    (tmp_path / "README.md").write_text("2")  # a page may be written meanwhile
    assert measure.commit() == clean and re.fullmatch(r"[0-9a-f]{7,}", clean)
    git("commit", "-am", "second")
    assert measure.commit() == clean
    (tmp_path / "lesson.py").write_text("2")
    assert measure.commit() == f"{clean}-dirty"


@pytest.mark.parametrize("url", ["://me:S3C@RET@host/db", ":///s.db?user=me&password=S3C@RET"])
def test_a_password_is_not_filed(url):
    command = runs.provenance(ROOT / "xor" / "xor.py", ["--storage", "x" + url])["command"]
    assert "RET" not in command and "me" in command and "***" in command


def test_what_comes_from_a_file_cannot_command_a_terminal():
    assert runs.printable("a\x1b[2J\tb\r\nc\u202ed\N{NO-BREAK SPACE}\ufeff½") == "a?[2J b c?d ?½"
