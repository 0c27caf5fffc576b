"""The least that serves a network: any saved one of yours with one output, with Flask.

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
    if wanted[-1:] == (1,) and x.ndim == len(wanted):  # plain values for a column, grey levels
        x = x[..., np.newaxis]
    # None stands for a length that the network leaves open.
    fits = [size in (None, given) for size, given in zip(wanted, x.shape[1:], strict=True)]
    kinds = "U" if entry.dtype == "string" else "iuf"
    if not (x.dtype.kind in kinds and all(fits) and x.size and len(x) <= MOST):
        raise ValueError
    if kinds == "U":
        return x
    with np.errstate(all="ignore"):  # what is too large for the type that the network takes
        cast = x.astype(entry.dtype)
    if not np.isfinite(cast).all() or (cast.dtype.kind in "iub" and (cast != x).any()):
        raise ValueError
    return cast


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
        (y,) = keras.tree.flatten(model.predict_on_batch(x))  # the one output may have a name
        answers = y.astype(float).round(4).tolist()
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
    if len(model.outputs) != 1:
        sys.exit(f"serve.py: the network has {len(model.outputs)} outputs; it serves one")
    if args.names and model.output_shape != (None, len(args.names)):
        sys.exit(f"serve.py: {len(args.names)} names for outputs of shape {model.output_shape}")
    create_app(model, args.names).run(port=8000, threaded=False)


if __name__ == "__main__":
    main()
