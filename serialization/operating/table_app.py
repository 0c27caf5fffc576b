"""A web service for a network that takes the columns of a table by name: anything but digits.

    python serialization/operating/table_app.py serialization/outputs/RUN/churn_plain.keras
    python serialization/operating/table_app.py mlp/outputs/RUN/table.keras

RUN is a run of serialization/plain_values.py, or of mlp/tables/table.py. Prints "Serving
churn_plain on http://127.0.0.1:8000" after a few seconds. That address says which columns the
network takes; /predict takes them as JSON: {"CreditScore": 640, "Geography": "Germany", ...}. This
script names no column: names and words are in the file. It runs on TensorFlow only, because of
the words.

Chapter: serialization/operating/README.md#anything-but-digits
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import contextlib
import hashlib
import threading
from pathlib import Path

import keras
import numpy as np

from serialization.operating.server import serve
from serialization.operating.service import RequestError, add_address, make_flask, read_request
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail

HOST, PORT = "127.0.0.1", 8000
UNKNOWN = "[UNK]"  # in Keras's list of words, if a network has a place for unknown ones
GAP = "(gap)"  # what mlp/tables/ calls a word that is missing
LONGEST = 1_000  # bytes of a word
MAX_BODY = 2**18  # bytes of a request: a row is short, even with hundreds of columns
LARGEST = 1e9  # of a number, without its sign; far larger ones would overflow in float32

TYPES = {list: "str", str: "float32"}  # of numpy, for a column of words and one of numbers


def describe(model):
    """Return for each column that the model takes the list of its words, or "a number"."""
    columns = {column.name: "a number" for column in getattr(model, "inputs", None) or []}
    for layer in model.layers:
        if isinstance(layer, keras.layers.StringLookup):
            columns[layer.input.name] = [str(word) for word in layer.get_vocabulary()]
    return columns


def check(row, columns, gaps=False):
    """Raise RequestError, with one sentence, unless a row has these columns and good values.

    gaps: whether null may stand for a value that is missing. Where a network has a place for
    unknown words, any word is good.
    """
    if not isinstance(row, dict):
        raise RequestError(422, f"expected an object with {', '.join(columns)}")
    if odd := sorted(row.keys() ^ columns.keys()):
        raise RequestError(422, f"missing or unknown: {', '.join(odd)[:200]}")
    for name, words in columns.items():
        value = row[name]
        if gaps and value is None:
            continue
        if words == "a number":
            good = type(value) in (int, float) and abs(value) <= LARGEST  # which NaN is not
            wanted = f"a number of at most {LARGEST:,.0f}"
        elif UNKNOWN in words:
            good, wanted = is_word(value), "a word"
        else:
            good, wanted = value in words, f"one of {', '.join(words)}"
        if not good:
            raise RequestError(422, f"{name} must be {wanted}")


def is_word(value):
    """Tell whether a value is a short text that can be written as UTF-8."""
    with contextlib.suppress(UnicodeEncodeError):  # half of a pair of surrogates
        return isinstance(value, str) and len(value.encode()) <= LONGEST
    return False


def to_arrays(row, columns):
    """Return what the network takes of a row: a number or a word of each column, shape (1, 1)."""
    arrays = {}
    for name, words in columns.items():
        value = row[name]
        if value is None:
            value = np.nan if words == "a number" else GAP
        arrays[name] = np.array([[value]], TYPES[type(words)])
    return arrays


def create_app(path, hosts=()):
    """Return the Flask application for a model file, or end the program with one line."""
    model = load_model(path, compile=False)
    columns = describe(model)
    named = isinstance(getattr(model, "output", None), dict)  # as those of mlp/tables/ have it
    if not named and (len(columns) < 2 or model.output_shape != (None, 1)):
        fail(f"{path} does not take columns by name and give one probability.")
    if any(column.shape != (None, 1) for column in model.inputs):
        fail(f"{path} does not take one value of each column.")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    app = make_flask(__name__, path.stem, sha256, hosts, MAX_BODY)
    lock = threading.Lock()

    def predict_row(row):
        with lock:  # Keras does not promise that several threads may ask at once
            answer = model.predict_on_batch(to_arrays(row, columns))
        if not all(np.isfinite(value).all() for value in keras.tree.flatten(answer)):
            raise RequestError(422, "the network gives no finite number for this row")
        if not named:
            return {"probability": round(float(answer[0, 0]), 6)}
        return {"answer": {name: float(f"{value[0, 0]:.6g}") for name, value in answer.items()}}

    # The first call compiles the network; no user has to wait for it.
    first = {name: 0 if words == "a number" else words[-1] for name, words in columns.items()}
    try:
        predict_row(first)
    except Exception:  # of whatever library the network has led to
        fail(f"{path} does not answer a row with one finite number, or with one for each name.")

    @app.get("/")
    def show_columns():
        return app.about | {"columns": columns}

    @app.post("/predict")
    def predict():
        row = read_request()
        check(row, columns, gaps=named)
        unknown = [
            name
            for name, words in columns.items()
            if words != "a number" and row[name] not in (None, *words)
        ]
        return app.about | predict_row(row) | ({"unknown": unknown} if unknown else {})

    return app


def main(argv=None):
    parser = make_parser("Serve a network that takes the columns of a table by name.")
    parser.add_argument("model", type=Path, help="a .keras file of plain_values.py or table.py")
    add_address(parser, HOST, PORT)
    options = parser.parse_args(argv)
    app = create_app(options.model, [options.host, *options.allowed_host])
    return serve(app, options.model.stem, options.host, options.port)


if __name__ == "__main__":
    main()
