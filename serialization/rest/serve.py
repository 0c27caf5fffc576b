"""The least that serves a network: any saved one of yours, in a few lines of Flask.

    python serialization/rest/serve.py serialization/outputs/iris.keras setosa versicolor virginica

Words behind the file name the outputs, if you like. Ask with a list of rows as the network takes
them: of numbers, images as lists in lists, texts, or, if it has several inputs, {"name of an
input": value, ...}. Starts in some seconds; Ctrl-C stops it.
Chapter: serialization/rest/README.md#a-service-of-your-own
"""

import sys

import keras
import numpy as np
from flask import Flask, request

MOST = 100  # rows of a request


def read(values, entry):
    """Return values as an array for an input of a network; ValueError if they do not fit it."""
    words = entry.dtype == "string"
    x = np.array(values, str if words else entry.dtype)
    good = all(isinstance(one, str) for one in values) if words else np.isfinite(x).all()
    if not (good and 0 < len(x) <= MOST):
        raise ValueError
    return x.reshape(len(x), *entry.shape[1:])


def create_app(model, names=()):
    """Return the service for a network; names: of its outputs."""
    app, entries = Flask("serve"), model.inputs
    wanted = {one.name: one.shape[1:] for one in entries}

    @app.post("/predict")
    def predict():
        rows = request.get_json()
        try:
            if len(entries) == 1:
                x = read(rows, entries[0])
            else:
                x = {one.name: read([row[one.name] for row in rows], one) for one in entries}
        except (LookupError, TypeError, ValueError):
            return {"error": f"send 1 to {MOST} rows; of a row, the network takes {wanted}"}, 400
        answers = model.predict_on_batch(x).astype(float).round(4).tolist()
        return [dict(zip(names, one, strict=True)) for one in answers] if names else answers

    return app


if __name__ == "__main__":
    create_app(keras.saving.load_model(sys.argv[1]), sys.argv[2:]).run(port=8000, threaded=False)
