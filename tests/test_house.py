"""The house: which folder may import from which, what every script has, what `utils` promises."""

import ast
import json
import os
import re
import shutil
import signal
import stat
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import TopologicalSorter

import psutil
import pytest
from conftest import ROOT, render

from book.measuring import closure, measure
from book.measuring.closure import imports, lessons, size
from utils import runs
from utils.options import make_parser, number, positive, seed
from utils.runs import read_json

CHAPTERS = {path.parent.name for path in ROOT.glob("*/chapter.py")}
# From which other chapters a chapter may import: the digits and their networks are those of mnist,
# and pages that ask a network have the protections of the service.
# What transformers and autoencoders are made of is in the chapters that explain them.
ALLOWED = defaultdict(lambda: {"mnist"}, {"text": {"serialization"}, "mlp": {"xor", "mnist"}})
ALLOWED |= {"generating": {"mnist", "serialization"}, "serialization": {"mnist", "mlp", "text"}}
ALLOWED |= {"cnn": {"mnist", "text", "generating"}}
ALLOWED |= {"visualizing": {"mnist", "serialization", "cnn"}, "backends": {"mnist", "text"}}
# What the exercises load by themselves, what a reader fills in or takes along: no scripts.
BENCH = {ROOT / "exercises" / name for name in ("tasks", "checks", "faults", "solutions")}
BENCH |= {*(ROOT / "reference" / "take").iterdir()}
SCRIPTS = sorted(
    path
    for folder in [*CHAPTERS, "book", "utils"]
    for path in (ROOT / folder).rglob("*.py")
    if "outputs" not in path.parts and path.parent not in BENCH
)
LESSONS = [path for path in SCRIPTS if path.relative_to(ROOT).parts[0] in CHAPTERS]
# Of each chapter of the path, what its text starts first, and on how many files that may stand.
FIRST = {
    "basics/draw_network.py": 6, "xor/xor.py": 7, "mlp/mlp.py": 6, "mnist/mnist.py": 13,
    "mnist/overfitting/fitting.py": 22, "serialization/save_model.py": 6,
    "serialization/rest/serve.py": 6, "visualizing/feature_maps.py": 9,
    "visualizing/debugging/checklist.py": 14, "cnn/convolution.py": 6, "rnn/order.py": 6,
    "forecasts/forecast.py": 20, "text/pieces.py": 7, "text/gpt/attention.py": 6,
    "generating/autoencoder.py": 9,
}  # fmt: skip
name = lambda path: path.relative_to(ROOT).as_posix()  # noqa: E731
STOPPED = 0xC000013A if os.name == "nt" else -signal.SIGINT  # the status after Ctrl-C
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
    assert statistics.median(files) <= 10 and statistics.median(lines) <= 1_130


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
    # models.py is where readers add their own; measurements.py grows when somebody says so here.
    budget = {"xor/xor.py": 60, "mnist/mnist.py": 150, "mnist/models.py": 400}
    budget["book/measuring/measurements.py"] = 402
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
    for chapter in CHAPTERS:  # or its runs would be taken for edited code
        assert (ROOT / chapter / "outputs" / ".gitignore").is_file(), chapter
    assert len({path.read_text(encoding="utf-8") for path in copies}) == 1
    assert {path.parent for path in copies} == {path.parent for path in SCRIPTS} - {ROOT / "utils"}


def test_a_script_runs_from_anywhere(tmp_path):
    """Where nothing of it is found by chance, in a folder of any name, in a notebook."""
    copy = tmp_path / "Übung 1"
    ignore = shutil.ignore_patterns("outputs", "__pycache__")
    for folder in ("basics", "utils"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    (copy / "assets").mkdir()
    shutil.copy(ROOT / "assets" / "book.mplstyle", copy / "assets")
    inline = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    for cwd, environment in ((tmp_path, inline), (copy, None), (copy / "basics", None)):
        run = subprocess.run(
            [sys.executable, str(copy / "basics" / "draw_network.py")],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
    assert re.search(r"^In outputs[/\\][-_\d]+: network_", run.stdout, re.MULTILINE)
    results = [*(copy / "basics" / "outputs").glob("*/results.json")]
    assert len(results) == 3
    assert "python basics/draw_network.py" in results[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("KeyboardInterrupt", STOPPED, "x.py: stopped\n"),
        (
            "ModuleNotFoundError('No jax', name='jax')",
            1,
            "x.py: No jax. Install it: pip install jax\n",
        ),
        ("ValueError('a mistake')", 1, None),
    ],
)
def test_what_is_not_the_fault_of_a_script_ends_with_one_line(error, status, said):
    code = f"{SET_UP}; import sys; sys.argv = ['x.py']; raise {error}"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == status
    assert run.stderr == said or (said is None and run.stderr.startswith("Traceback"))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_what_a_measurement_leaves_behind_counts_as_its_own():
    busy = "import time\nwhile time.process_time() < 1: pass"
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
    code = f"""
import os, subprocess, sys
from book.measuring import machine

machine.adopt()
subprocess.run([sys.executable, "-c", {start!r}], check=True)
while sum(os.times()[2:4]) < 1:  # seconds of children, until that of the child counts, too
    machine.cpu_seconds()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_a_measurement_says_whether_the_machine_was_busy(
    load_script, tmp_path, monkeypatch, capsys
):
    measure = load_script("book/measuring/measure.py")
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
    monkeypatch.setattr(psutil, "cpu_percent", lambda _: next(shares))
    monkeypatch.setattr(measure, "cpu_seconds", iter([5, 1005]).__next__)
    assert "nothing was filed" in measure.measure("neurons")
    assert "50% of the processors: waiting" in capsys.readouterr().out
    assert not (tmp_path / "neurons.json").exists() and next(shares, None) is None


def test_each_result_and_each_figure_is_made_by_a_task():
    """Of what no task makes, bands.py files seeds and trials; test_readmes.py parses commands."""
    filed = {path.stem: read_json(path) for path in runs.RESULTS.glob("*.json")}
    assert {one for one in filed if not one.startswith("bands_")} == set(measure.MEASUREMENTS)
    assert set(measure.COMMANDS) >= measure.READ | measure.ALONE
    drawn = []
    for task, (command, figures) in measure.MEASUREMENTS.items():
        drawn += figures.values() if isinstance(figures, dict) else figures
        form = re.escape(re.sub(r"^(\w+=\S+ )*", "python ", command))
        form = re.sub(r"\\\$\w+|\\{\w+\\}(/\S+)?", r"\\S+", form)  # a run or a folder
        made_by = filed[task]["provenance"]["command"]
        assert re.fullmatch(form, made_by) or task == "mnist_60", (task, made_by)
    assert sorted(drawn) == sorted(path.name for path in measure.IMAGES.iterdir())


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
    (tmp_path / "c").mkdir()
    for name in commands:
        (tmp_path / "c" / f"{name}.py").write_text("import keras")
    monkeypatch.setattr(measure, "closure", lambda path: {path})
    return measure


def test_runs_come_before_what_reads_them_and_none_is_made_twice(
    small_graph, tmp_path, monkeypatch
):
    def file(name, commit):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"provenance": {"commit": commit}}))

    changed = {"old": {"c/base.py"}, "new": set()}
    monkeypatch.setattr(small_graph, "changed_since", changed.get)
    choose = small_graph.choose
    assert choose(["late"]) == ["base", "early", "late"]
    assert set(choose([])) == {"base", "early", "late", "other"}
    for name in ("early/results.json", "base/results.json", "other.json", "early.json"):
        file(name, "new")
    assert choose([]) == ["late"] and choose(["late"]) == ["late"]
    file("late.json", "new")
    assert choose([]) == []
    file("base/results.json", "old")  # which nobody needs any more
    assert choose([]) == []
    file("other.json", "old")  # its code has not changed since
    assert choose([]) == []
    file("late.json", "old")  # but what that reads has
    assert choose([]) == ["late"]
    for commit in (None, "another", "new-dirty"):  # made where nothing tells, or by edited code
        file("other.json", commit)
        assert set(choose([])) == {"other", "late"}


def test_a_result_is_older_than_its_code_or_data(small_graph, monkeypatch):
    """Each change counts from the bottom up; what starts other scripts stands on all lessons."""
    other = small_graph.ROOT / "c" / "other.py"
    monkeypatch.setattr(small_graph, "made_by", lambda path: "old")
    stands_on = small_graph.stands_on("late")
    assert stands_on == {other.with_name(f"{name}.py") for name in ("late", "early", "base")}
    for path, names in {
        "c/early.py": {"early", "late"},
        "c/other.py": {"other"},
        "c/unused.py": set(),
        "c/data.csv": {"base", "early", "late", "other"},
        "c/page.html": set(),
        "c/Dockerfile": set(),
        "CITATION.cff": set(),
        ".ci/run": set(),
    }.items():
        monkeypatch.setattr(small_graph, "changed_since", lambda commit, path=path: {path})
        stale = {name for name in small_graph.COMMANDS if not small_graph.is_made(name, None)}
        assert stale == names, path
    other.write_text("import subprocess")
    for path, made in {"c/unused.py": False, "c/page.html": False, "book/unused.py": True}.items():
        monkeypatch.setattr(small_graph, "changed_since", lambda commit, path=path: {path})
        assert small_graph.is_made("other", None) == made, path


def test_words_about_code_do_not_make_a_result_old(tmp_path, monkeypatch):
    """A comment or docstring is not what a script does; a constant that it returns is."""
    monkeypatch.setattr(closure, "ROOT", tmp_path)
    script = tmp_path / "one.py"
    code = 'def one():\n    """Say it."""\n    return "a"  # always\n'
    script.write_text(code)
    for words in ("init -q", "add .", "-c user.name=a -c user.email=b commit -qm a"):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True)
    for before, after, alike in [
        ("a", "a", True),
        ("Say", "Return", True),
        ("always", "so far", True),
        ('"a"', '"b"', False),
        ("one", "two", False),
    ]:
        script.write_text(code.replace(before, after))
        closure.computes_as_in.cache_clear()
        assert closure.computes_as_in("HEAD", "one.py") == alike, after
    script.write_text(code)
    assert not closure.computes_as_in("another", "one.py"), "of a commit that nobody knows"
    assert not closure.computes_as_in("HEAD", "two.py"), "of a file that is gone"
    closure.computes_as_in.cache_clear()


def test_what_reads_filed_results_comes_after_them():
    """The scripts whose code names results are those of READS, and `mutants` wants all pages."""
    reading = {
        name: {*re.findall(r'load_results\("(\w+)"', source)}
        for name in measure.MEASUREMENTS
        for script in re.findall(r"\S+\.py", measure.COMMANDS[name])
        for source in [(ROOT / script).read_text("utf-8")]
    }
    for name, read in reading.items():
        assert read - {name} <= {*measure.READS.get(name, [])}, name
    for name, read in measure.READS.items():
        order = measure.choose([name, *read])
        assert order.index(name) > max(map(order.index, read))
    assert measure.choose(["notebooks", "xor", "mutants"]) == ["xor", "mutants", "notebooks"]


def test_the_version_heads_the_changes():
    citation, changes, front = (
        (ROOT / file).read_text("utf-8") for file in ("CITATION.cff", "CHANGES.md", "README.md")
    )
    newest = re.search(r"^## (\S+?)(, .+)?$", changes, re.MULTILINE)[1]
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == newest
    assert f"new in version {newest}." in front


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


NEXT = {  # scripts that learn from a reader's own data, and what uses what they have learned
    "mlp/tables/table.py": "mlp/tables/predict.py",
    "cnn/transfer.py": "cnn/classify.py",
    "cnn/segmentation/own_masks.py": "cnn/segmentation/label.py",
    "cnn/segmentation/boxes.py": "cnn/segmentation/label.py",
    "forecasts/forecast.py": "forecasts/go_on.py",
    "text/ask.py": "text/ask.py",
    "text/gpt/shakespeare.py": "text/gpt/generate.py",
}


def test_a_report_says_what_to_type_next(tmp_path, monkeypatch, capsys):
    """As seen from where the shell is; what has a space in it is quoted."""
    for here, script in ((ROOT, "cnn/classify.py"), (ROOT / "cnn", "classify.py")):
        monkeypatch.chdir(here)
        for name, quote in (("run", ""), ("my run", '"')):
            folder = runs.make_folder(tmp_path / name)
            then = "cnn/classify.py --model RUN/a.keras PHOTO"
            runs.save_results({}, folder, runs.__file__, [], then=then)
            path = f"{quote}{folder.as_posix()}/a.keras{quote}"
            said = capsys.readouterr().out.splitlines()
            assert said[-1] == f"Next: python {script} --model {path} PHOTO"
    for path, script in NEXT.items():
        text, used = ((ROOT / one).read_text(encoding="utf-8") for one in (path, script))
        (then,) = re.findall(r'"(\S+\.py .*?\bRUN\b.*?)"', text.partition("def main(")[2])
        named, options = then.split(maxsplit=1)
        assert named == script and all(f'"{one}"' in used for one in re.findall(r"--\w+", options))


def test_a_folder_that_cannot_be_written_ends_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["some/script.py"])
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"^script.py: cannot write to .*file .*--outputs\.$"):
        runs.make_folder(tmp_path / "file")


SAVES = {"save", "save_weights", "savefig"}
# Who calls save with a path of its own, and why that destroys no network that was good.
SAVED_IN_PLACE = {
    "book/timings/saved_forms.py": "compares the sizes of two files",
    "customizing/mistakes.py": "in a temporary folder",
    "text/answers/instruct.py": "in a temporary folder",
    "text/gpt/fewer_bits.py": "compares the sizes of files that can be made again",
    "serialization/save_model.py": "teaches how to save",
    "serialization/trust.py": "makes files that nobody should load",
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


def test_what_is_replaced_is_on_the_disk_before_it_gets_its_name_and_then_its_name(
    tmp_path, monkeypatch
):
    """So that after a power cut no file is there without those that were written before it."""
    path, order = tmp_path / "results.json", []

    def sync(number):
        kind = "folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file"
        order.append((kind, path.exists()))

    monkeypatch.setattr(runs.os, "fsync", sync)
    runs.write_json({}, path)
    assert order == [("file", False), ("folder", True)][: 1 if os.name == "nt" else 2]


def test_a_folder_is_for_one_process_at_a_time(tmp_path):
    runs.make_folder(tmp_path)
    code = f"from utils import runs; runs.make_folder({str(tmp_path)!r})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.count("another process is at work in") == 1


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
