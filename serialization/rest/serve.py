"""The least that serves a network: any saved one of yours, with Flask.

    python serialization/rest/serve.py serialization/outputs/iris.keras setosa versicolor virginica

Words behind the file name the outputs, if you like. Ask with a list of rows as the network takes
them: of numbers, images as lists in lists, texts, or, if it has several inputs, {"name of an
input": value, ...}. Starts in some seconds; Ctrl-C stops it.
Chapter: serialization/rest/README.md#a-service-of-your-own
"""

import argparse
import sys

import keras
import numpy as np
from flask import Flask, request

MOST = 100  # rows of a request


def read(values, entry):
    """Return values as an array for an input of a network; ValueError if they do not fit it."""
    x, wanted = np.array(values), entry.shape[1:]
    if (*x.shape[1:], 1) == wanted:  # plain values for a column, grey levels for an image
        x = x[..., np.newaxis]
    words = entry.dtype == "string"
    good = x.dtype.kind == "U" if words else x.dtype.kind in "iuf" and np.isfinite(x).all()
    if not good or x.shape[1:] != wanted or not 0 < len(x) <= MOST:
        raise ValueError
    return x if words else x.astype(entry.dtype)


def create_app(model, names=()):
    """Return the service for a network; names: of its outputs."""
    app, entries = Flask("serve"), model.inputs
    wanted = {one.name: one.shape[1:] for one in entries}

    @app.post("/predict")
    def predict():
        try:
            rows = request.get_json()
            if len(entries) == 1:
                x = read(rows, entries[0])
            else:
                x = {one.name: read([row[one.name] for row in rows], one) for one in entries}
        except (LookupError, RecursionError, TypeError, ValueError):
            return {"error": f"send 1 to {MOST} rows; of a row, the network takes {wanted}"}, 400
        answers = model.predict_on_batch(x).astype(float).round(4).tolist()
        return [dict(zip(names, one, strict=True)) for one in answers] if names else answers

    return app


def main(argv=None):
    parser = argparse.ArgumentParser(description="Serve a saved network.")
    parser.add_argument("model", help="a .keras file")
    parser.add_argument("names", nargs="*", help="of its outputs")
    args = parser.parse_args(argv)
    try:
        model = keras.saving.load_model(args.model)
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        sys.exit(f"serve.py: {(str(error).strip() or repr(error)).splitlines()[0]}")
    if args.names and len(args.names) != model.output_shape[-1]:
        sys.exit(f"serve.py: {len(args.names)} names for {model.output_shape[-1]} outputs")
    create_app(model, args.names).run(port=8000, threaded=False)


if __name__ == "__main__":
    main()
