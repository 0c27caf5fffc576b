"""Helpers for tests that run the scripts of the book as a reader does."""

import contextlib
import html
import importlib
import io
import json
import os
import re
import sys
import warnings
from collections import defaultdict
from functools import cache, partial
from itertools import groupby
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import records
import windows

import utils

ROOT = Path(__file__).resolve().parent.parent

if sys.platform == "linux":
    sys.addaudithook(windows.refuse)

# Tests share the cores: several threads of OpenMP would wait for those of other processes. One
# thread of TensorFlow would save a sixth, but the programs of the pages print other digits then.
os.environ["OMP_NUM_THREADS"] = "1"
# No test opens a window, and TensorFlow keeps its start-up messages to itself.
utils.set_up()
# The scripts import it first; it is that of the book, whose folder for runs no test writes to.
sys.modules["chapter"] = importlib.import_module("book.pages.chapter")
matplotlib.use("Agg")
matplotlib.rc_file(utils.STYLE)  # matplotlib, which was imported above, has not seen the setting


@cache
def render(path):
    """Return a page of Markdown as HTML, with an anchor at each heading."""
    from markdown_it import MarkdownIt  # only here: few tests need it
    from mdit_py_plugins.anchors import anchors_plugin

    markdown = MarkdownIt("gfm-like", {"linkify": False}).use(anchors_plugin, max_level=4)
    return markdown.render(path.read_text(encoding="utf-8"))


def words(text):
    """Return the words of a text, and its numbers, without what marks and links them."""
    text = re.sub(r"<!--.*?-->|</?\w[^>]*>|\]\([^)]*\)|\\n", " ", text, flags=re.DOTALL)
    return " ".join(re.findall(r"\w+", html.unescape(text)))


@cache
def answers():
    """Return the titles and the longer lines of the exam and of the keys, as words."""
    keys = [ROOT / "teaching" / "EXAM.md", *(ROOT / "teaching" / "keys").glob("*.md")]
    lines = [line for key in keys for line in key.read_text(encoding="utf-8").split("\n")]
    return [words(line) for line in lines if line.startswith("# ") or len(words(line)) > 60]


def given_away(text):
    """Return the lines of the exam and of the keys that a page of any form holds."""
    said = words(text)
    return [line for line in answers() if line in said]


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests, too")
    parser.addoption("--record", action="store_true", help="file what runs did: tests/records.py")


def pytest_configure(config):
    if config.option.record and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--record writes one file, in one process: with -n0")


def pytest_collection_modifyitems(config, items):
    """Leave the slow tests out, unless they are asked for, and the path on a back end."""
    left_out = {"path"} - {config.option.markexpr}
    left_out |= {"slow"} if not config.option.slow else set()
    left_out |= {"on_file"} if not (config.option.slow or config.option.record) else set()
    items[:] = [item for item in items if not any(map(item.get_closest_marker, left_out))]


def pytest_terminal_summary(terminalreporter, config):
    if not config.option.slow:
        terminalreporter.write_line("The slow tests were left out: python -m pytest --slow")


def skip_loudly(reason):
    """Skip a test, with a warning at the end of the run as well."""
    warnings.warn(f"NOT TESTED: {reason}", stacklevel=2)
    pytest.skip(reason)


def failure(function, *arguments):
    """Return the one line with which a function ends the program, and nothing else on stderr."""
    with pytest.raises(SystemExit) as stop, contextlib.redirect_stderr(io.StringIO()) as said:
        function(*arguments)
    assert isinstance(stop.value.code, str) and "\n" not in stop.value.code
    assert said.getvalue() == ""
    return stop.value.code


def spoilt(value):
    """Yield what a value of JSON may have become: it, or a part of it, is missing or another."""
    yield from (None, True, -1, 0.5, "2", "\x1b[2J", [], {}, [[2]], 10**400, float("nan"))
    yield float("inf")
    if isinstance(value, dict | list):
        for key in [*value] if isinstance(value, dict) else range(len(value)):
            for part in spoilt(value[key]):
                copy = value.copy()
                copy[key] = part
                yield copy
            copy = value.copy()
            del copy[key]
            yield copy


def need_chromium(browser):
    """Skip a test, loudly, where there is no Chromium. browser: book/figures/browser.py, loaded."""
    if browser.find_chromium() is None:
        skip_loudly("needs chromium and chromedriver (Debian: chromium, chromium-driver)")


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Fail a test that changes the folder, or how NumPy, figures or Keras work, for others.

    Which tests follow it in the same process differs from run to run. (What a fixture for a whole
    module changes goes unseen: it is set up first.)
    """

    def settings():
        keras = sys.modules.get("keras")
        precision = keras.config.dtype_policy().name if keras else "float32"
        back_end = os.environ.get("KERAS_BACKEND")
        return Path.cwd(), back_end, precision, np.get_printoptions(), plt.rcParams.copy()

    before = settings()
    yield
    assert settings() == before


def load(path):
    """Return a script, given by its path, as the module that other scripts import, too."""
    return importlib.import_module(path.removesuffix(".py").replace("/", "."))


@pytest.fixture
def load_script():
    return load


def replace_everywhere(monkeypatch, function, instead):
    """Replace a function of the project in each module that has it.

    Whatever else has it must be loaded before, or it would keep what is there instead.
    """
    for module in [*sys.modules.values()]:
        if getattr(module, function.__name__, None) is function:
            monkeypatch.setattr(module, function.__name__, instead)


@pytest.fixture
def load_quickly(few_digits, monkeypatch):
    """Return load with few_digits; mnist.py and its laboratory draw no figures, to save time."""

    def load_without_figures(path):
        module = load(path)
        for script in ("mnist.mnist", "mnist.overfitting.lab"):
            if script in sys.modules:
                monkeypatch.setattr(f"{script}.draw_figures", lambda *_: None)
        return module

    return load_without_figures


def finished_run(name, **settings):
    """Return what results.json says of a run of mnist.py with one network."""
    scores = {"images": 100, "errors": 0, "accuracy": 1.0, "cross_entropy": 0.1}
    network = {"parameters": 1, "epochs": 1, "seconds_per_epoch": 1.0}
    network |= {"train": scores, "validation": scores}
    run = {"provenance": {"split": "by writer"}, "settings": settings}
    return run | {"models": {name: network}}


@pytest.fixture
def few_digits(monkeypatch):
    """Let only 500 images of MNIST validate, and only 500 test.

    For tests that do not ask how well a network reads, or not to a percent.
    """
    from mnist import data

    whole = data.split

    def split(train, test, writers):
        parts = whole(train, test, writers)
        return {part: parts[part][: None if part == "train" else 500] for part in parts}

    monkeypatch.setattr(data, "split", split)


# The numbers of the rows in each part of `numbered_digits`, within what a pixel can hold.
NUMBERS = {"train": range(2, 122), "validation": range(122, 182), "test": range(182, 242)}
PARTS = {number: part for part, numbers in NUMBERS.items() for number in numbers}


@pytest.fixture
def numbered_digits(monkeypatch):
    """Let MNIST be 240 images, all of whose pixels are the number of the row; `rows` finds it.

    Every writer has written four, two of a kind.
    """
    parts, writers = {}, {}
    for part, numbers in NUMBERS.items():
        row = np.arange(len(numbers))
        images = np.full((28, 28, len(row)), numbers, "uint8").transpose(2, 0, 1)
        parts[part], writers[part] = (images, (row // 2 % 10).astype("uint8")), row // 4
    known = {"images": {part: images for part, (images, _) in parts.items()}, "writers": writers}
    known["labels"] = {part: labels for part, (_, labels) in parts.items()}
    monkeypatch.setattr("mnist.data.load_mnist", lambda: 2 * [("images", "labels")])
    monkeypatch.setattr("mnist.data.load_writers", lambda: ("writers", "writers"))
    monkeypatch.setattr("mnist.data.split", lambda train, *_: known[train])


class Rows(list):
    """Calls in their order: the name of each, and the numbers of the rows that came into it.

    The number of a row is the largest in it; of an image from 0 to 1, as it was in uint8.
    """

    def note(self, call, values):
        from keras import tree

        known = set(getattr(values, "file_paths", []))  # of images that Keras reads
        for array in tree.flatten(values):
            if isinstance(array, np.ndarray) and array.size > len(array):  # it is not of labels
                most = array.reshape(len(array), -1).max(axis=1)
                known.update(np.rint(255 * most if most.max() <= 1 else most).tolist())
        if known:
            self.append((call, known))

    def of(self, call):
        return set().union(*(known for name, known in self if name == call))

    def story(self, names=PARTS):
        """Return such as "fit train; predict train+validation; ", without repetitions.

        names: {number of a row: its part}.
        """
        parts = ["+".join(sorted({names.get(row, "?") for row in known})) for _, known in self]
        lines = [f"{call} {part}; " for (call, _), part in zip(self, parts, strict=True)]
        return "".join(line for line, _ in groupby(lines))


class Scores(defaultdict):
    """Scores of any name, each the same number; converted, it is this number."""

    def __float__(self):
        return self.default_factory()


@pytest.fixture
def rows(monkeypatch):
    """Return Rows: what comes into fit (validation data, too), train_on_batch, evaluate, predict.

    Nothing is trained, but each loss falls from epoch to epoch. What is predicted is the number of
    the row, so that it is known further on, unless rows.answer(inputs, shape) is another function.
    rows.watch(owner, name, of, instead) does the same for other functions and methods; of: from
    what they get to the rows in it; instead: what is then called, unless it is they themselves.
    """
    import keras
    from keras import tree

    noted = Rows()

    def watch(owner, name, of, instead=None):
        before = getattr(owner, name)
        work = instead or before

        def watched(*args, **options):
            noted.note(name, of(*args, *options.values()))
            return work(*args, **options)

        monkeypatch.setattr(owner, name, watched)
        replace_everywhere(monkeypatch, before, watched)

    def inputs(model, x, y=None, *_):  # and an autoencoder's targets
        return [x, y] if getattr(x, "shape", 0) == getattr(y, "shape", None) else x

    def fit(model, x, y=None, validation_data=None, epochs=1, callbacks=(), **options):
        evaluate(model, x, y)
        pair = isinstance(validation_data, tuple)
        noted.note("validate", validation_data[0] if pair else validation_data)
        if y is not None:  # what the network says and the targets must fit the loss
            to_tensor = lambda one: keras.ops.convert_to_tensor(one[:2])  # noqa: E731
            few, targets = tree.map_structure(to_tensor, (x, y))
            model.compute_loss(few, targets, model(few))
        noted.trainings += 1
        losses = [0.9 / (epoch + 2) + score(x) / 10 for epoch in range(epochs)]
        called = keras.callbacks.CallbackList(callbacks, add_history=True, model=model)
        model.stop_training = False
        called.on_train_begin()
        for epoch in range(options.get("initial_epoch", 0), epochs):
            called.on_epoch_begin(epoch)
            logs = {}
            for part, loss in {"": losses[epoch], "val_": 1.1 * losses[epoch]}.items():
                logs |= {f"{part}{name}": loss for name in ("loss", "mae")}
                logs |= {f"{part}{name}": 1 - loss for name in ("accuracy", "auc")}
            called.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        called.on_train_end()
        known = model.history.history
        model.history.history = defaultdict(lambda: known.get("loss", losses), known)
        return model.history

    def evaluate(model, x, y=None, *_, **options):
        arrays = [one for one in tree.flatten((x, y)) if isinstance(one, np.ndarray)]
        assert len(set(map(len, arrays))) < 2, "inputs of one part, targets of another"
        return Scores(partial(score, x))

    def score(x):
        """Return a share: another one after each training, and for another number of rows."""
        first = tree.flatten(x)[0]
        count = len(first) if hasattr(first, "__len__") else 0  # of a generator
        return (0.618 * noted.trainings + 0.0414 * count) % 1

    def predict(model, x, **options):
        if not model.built:
            model(x)
        inputs = np.asarray(tree.flatten(x)[0])
        outputs = model.outputs[0] if isinstance(model, keras.Sequential) else model.output
        if None in tree.flatten(tree.map_structure(lambda one: one.shape[1:], outputs)):
            outputs = model(tree.map_structure(lambda one: one[:1], x))
        answer = lambda one: noted.answer(inputs, tuple(one.shape[1:]))  # noqa: E731
        return tree.map_structure(answer, outputs)

    def number(inputs, shape):
        most = inputs.reshape(len(inputs), -1).max(axis=1)
        return np.tile(most.reshape(-1, *[1] * len(shape)), (1, *shape))

    noted.answer, noted.trainings = number, 0
    noted.watch = watch
    for name, instead in {"fit": fit, "evaluate": evaluate, "predict": predict}.items():
        watch(keras.Model, name, inputs, instead)
    watch(keras.Model, "train_on_batch", inputs, evaluate)
    monkeypatch.setattr(keras.Model, "predict_on_batch", keras.Model.predict)
    return noted


@pytest.fixture
def set_policy():
    """Return a function that sets in how many bits new layers compute, until the test ends."""
    config = sys.modules["keras"].config
    before = config.dtype_policy()
    yield config.set_dtype_policy
    config.set_dtype_policy(before)


@pytest.fixture
def recorder(rows, request, monkeypatch):
    """Return a Recorder; what it noted in the end is held against what is on file."""
    sys.modules["keras"].utils.clear_session()  # names of layers are counted from 1
    noted, failed = records.Recorder(monkeypatch), request.session.testsfailed
    yield noted
    if request.session.testsfailed == failed:
        noted.hold(request.node.nodeid, request.config.option.record)


@pytest.fixture
def eagerly():
    """Let TensorFlow build no graphs: of a GPT, that takes longer than a few steps."""
    tensorflow = pytest.importorskip("tensorflow")
    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.fixture
def run_main(load_script, tmp_path, monkeypatch):
    """Return a function that runs a script in this process and gives module and results.

    The keyword arguments replace constants of the script.
    """

    def run(path, *options, **constants):
        module = load_script(path)
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)
        results = module.main([*map(str, options), "--outputs", str(tmp_path / "run")])
        saved = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
        saved.pop("provenance")
        assert saved == json.loads(json.dumps(results, default=lambda value: value.tolist()))
        return module, saved

    return run


@pytest.fixture
def run_lesson(run_main, tmp_path):
    """Return run_main for a lesson that draws one figure; figure: its name, if not the script's."""

    def run(path, *options, figure=None, **constants):
        module, results = run_main(path, *options, **constants)
        folder, figure = tmp_path / "run", f"{figure or Path(path).stem}.png"
        assert {path.name for path in folder.iterdir()} == {
            ".code.zip",
            ".lock",
            "results.json",
            figure,
        }
        assert plt.imread(folder / figure).std() > 0.05, "the figure is empty"
        return module, results

    return run
