"""A web service for a model that takes the columns of a table by name: anything but digits.

    python serialization/operating/table_app.py serialization/outputs/RUN/churn_plain.keras
    python serialization/operating/table_app.py mlp/outputs/RUN

RUN is a run of serialization/plain_values.py, or of mlp/tables/table.py. Prints "Serving
churn_plain on http://127.0.0.1:8000" after a few seconds. That address says which columns the
model takes; /predict takes a row as JSON, {"CreditScore": 640, "Geography": "Germany", ...}, or a
list of rows. This script names no column: names and words are in the files. A network runs on
TensorFlow only, because of the words.

Chapter: serialization/operating/README.md#anything-but-digits
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import contextlib
import hashlib
import threading
from pathlib import Path

import numpy as np
import pandas as pd

from mlp.tables.columns import LARGEST, to_dates
from mlp.tables.kept import MODELS, load_run
from mlp.tables.unlike import find_strange, read_inputs
from serialization.operating.server import serve
from serialization.operating.service import RequestError, add_address, make_flask, read_request
from utils.options import make_parser
from utils.runs import fail

HOST, PORT = "127.0.0.1", 8000
UNKNOWN = "[UNK]"  # in Keras's list of words, if a network has a place for unknown ones
LONGEST = 1_000  # bytes of a word
MAX_BODY = 2**20  # bytes of a request: some thousand rows
MOST = 1e9  # of a number for plain_values.py, without its sign, so that nothing overflows
DATE = "a date as "  # how the description of one begins: its format follows

TYPES = {list: "str", str: "float32"}  # of numpy, for a column of words and one of numbers


class Network:
    """A network of plain_values.py, which gives one probability."""

    gaps = False  # null is no value
    largest, ranges = MOST, None

    def __init__(self, path):
        from utils.loading import load_model  # only here: Keras takes seconds

        self.path, self.model = path, load_model(path, compile=False)
        self.columns = describe(self.model)
        shapes = {column.shape for column in self.model.inputs}
        if len(self.columns) < 2 or shapes != {(None, 1)} or self.model.output_shape != (None, 1):
            fail(f"{path} does not take columns by name and give one probability.")

    def ask(self, rows):
        """Return an answer for each row, a dict of JSON."""
        arrays = {
            name: np.array([[row[name]] for row in rows], TYPES[type(words)])
            for name, words in self.columns.items()
        }
        answers = self.model.predict_on_batch(arrays)
        if not np.isfinite(answers).all():
            raise RequestError(422, "the network gives no finite number")
        return [{"probability": round(float(one), 6)} for one in answers[:, 0]]


class Run:
    """The model that a run of table.py has kept, with what it has learned of the columns."""

    gaps = True
    largest = LARGEST  # as where it has learned

    def __init__(self, folder):
        self.kept, about = load_run(folder), {}
        self.path = folder / MODELS[self.kept.about["kept"]]
        for column in self.kept.columns:
            words = [UNKNOWN, *self.kept.about["words"].get(column["name"], [])]
            kinds = {"number": "a number", "words": words}
            about[column["name"]] = kinds.get(column["kind"]) or DATE + column["format"]
        self.columns, self.ranges = about, self.kept.about["ranges"]

    def ask(self, rows):
        """Return an answer for each row, a dict of JSON, with what is unlike all that was learned.

        "unknown" are columns with a word that was not learned, "outside" such with a smaller or
        larger number.
        """
        table = pd.DataFrame(rows, columns=[*self.columns], dtype=object)
        inputs = read_inputs(table, self.kept)
        names, answers = self.kept.about["names"], self.kept.ask(inputs)
        chosen = self.kept.choose(answers)
        found = []
        for one, answer in zip(answers.reshape(len(rows), -1), chosen, strict=True):
            said = {name: float(f"{value:.6g}") for name, value in zip(names, one, strict=True)}
            found.append({"answer": said} | ({"predicted": answer} if len(names) > 1 else {}))
        strange = find_strange(inputs, table, self.kept)
        for kind, by_name in zip(["unknown", "outside"], strange, strict=True):
            for name, one in by_name.items():
                if kind == "unknown" or name in self.columns:  # tomorrow's date is always later
                    for row in np.flatnonzero(one["rows"]):
                        found[row].setdefault(kind, []).append(name)
        return found


def describe(model):
    """Return for each column that the model takes the list of its words, or "a number"."""
    columns = {column.name: "a number" for column in model.inputs}
    for layer in model.layers:
        if hasattr(layer, "get_vocabulary"):
            columns[layer.input.name] = [str(word) for word in layer.get_vocabulary()]
    return columns


def check(rows, columns, gaps, largest):
    """Raise RequestError, with one sentence, unless rows have these columns and good values.

    gaps: whether null may stand for a value that is missing. largest: number, without its sign.
    Where a model has a place for unknown words, any word is good.
    """
    for row in rows:
        if not isinstance(row, dict):
            raise RequestError(422, f"expected an object with {', '.join(columns)}")
        if odd := sorted(row.keys() ^ columns.keys()):
            raise RequestError(422, f"missing or unknown: {', '.join(odd)[:200]}")
    for name, words in columns.items():
        values = [row[name] for row in rows if not (gaps and row[name] is None)]
        if words == "a number":
            good = [type(one) in (int, float) and abs(one) <= largest for one in values]  # no NaN
            wanted = f"a number of at most {largest:g}"
        elif isinstance(words, str):
            good, wanted = [is_word(one) for one in values], words
            if all(good):  # a column at once: pandas needs a moment for each call
                dates = pd.Series(values, dtype=object)
                good = to_dates(dates, words.removeprefix(DATE)).notna()
        elif UNKNOWN in words:
            good, wanted = [is_word(one) for one in values], "a word"
        else:
            good, wanted = [one in words for one in values], f"one of {', '.join(words)}"
        if not all(good):
            raise RequestError(422, f"{name} must be {wanted}")


def is_word(value):
    """Tell whether a value is a short text that can be written as UTF-8."""
    with contextlib.suppress(UnicodeEncodeError):  # half of a pair of surrogates
        return isinstance(value, str) and len(value.encode()) <= LONGEST
    return False


def create_app(path, hosts=()):
    """Return the Flask application for a run or a file, or end the program with one line."""
    if path.is_file() and path.name in MODELS.values():
        path = path.parent
    model = Run(path) if path.is_dir() else Network(path)
    sha256 = hashlib.sha256(model.path.read_bytes()).hexdigest()
    app = make_flask(__name__, model.path.stem, sha256, hosts, MAX_BODY)
    lock = threading.Lock()
    if isinstance(model, Network):  # the first call compiles it; no user has to wait for that
        columns = model.columns.items()
        model.ask([{name: 0 if type(words) is str else words[-1] for name, words in columns}])

    @app.get("/")
    def show_columns():
        ranges = {"ranges": model.ranges} if model.ranges else {}
        return app.about | {"columns": model.columns} | ranges

    @app.post("/predict")
    def predict():
        asked = read_request()
        rows = asked if isinstance(asked, list) else [asked]
        check(rows, model.columns, model.gaps, model.largest)
        with lock:  # Keras does not promise that several threads may ask at once
            answers = model.ask(rows) if rows else []
        return app.about | ({"answers": answers} if rows is asked else answers[0])

    return app


def main(argv=None):
    parser = make_parser("Serve a model that takes the columns of a table by name.")
    parser.add_argument("model", type=Path, help="a file of plain_values.py, or a run of table.py")
    add_address(parser, HOST, PORT)
    options = parser.parse_args(argv)
    app = create_app(options.model, [options.host, *options.allowed_host])
    return serve(app, app.about["model"], options.host, options.port)


if __name__ == "__main__":
    main()
