"""Serve a network: python serve.py model.keras, then

    curl localhost:8000/predict -H "Content-Type: application/json" -d "@rows.json"
    curl localhost:8000/health

In PowerShell, type curl.exe. In rows.json are rows of numbers: {"rows": [[0.1, 0.2, ...], ...]}.
A question is checked before the network sees it; what is wrong with it is said with status 422.
"""

import sys
from threading import Lock

import keras
import numpy as np
from flask import Flask, jsonify, request
from waitress import serve

MOST = 100  # rows of a question


def create_app(model):
    """Return a service around a network with one input of a fixed shape, and one output."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 10_000_000  # bytes of a question
    shape, lock = model.input_shape[1:], Lock()
    for rows in (1, 2):  # TensorFlow traces the network twice; no question shall wait for it
        model.predict_on_batch(np.zeros((rows, *shape), "float32"))

    @app.get("/health")
    def health():
        return jsonify(status="ok", takes=list(shape), gives=list(model.output_shape[1:]))

    @app.post("/predict")
    def predict():
        try:
            rows = np.array(request.get_json()["rows"])
        except (ValueError, TypeError, KeyError, RecursionError):
            rows = np.array("none")
        if rows.dtype.kind not in "iuf":  # texts, true, whole numbers without an end
            return jsonify(error="rows must be a list of rows of numbers"), 422
        if rows.shape[1:] != shape or not 0 < len(rows) <= MOST:
            said = f"1 to {MOST} rows of shape {list(shape)}, please, not {list(rows.shape)} in all"
            return jsonify(error=said), 422
        if not (np.abs(rows) < 3e38).all():  # what float32 holds
            return jsonify(error="the numbers must be finite, and less than 3e38"), 422
        with lock:  # a network of Keras answers one thread at a time
            return jsonify(predictions=model.predict_on_batch(rows.astype("float32")).tolist())

    return app


if __name__ == "__main__":
    model = keras.saving.load_model(sys.argv[1])
    if len(model.inputs) + len(model.outputs) > 2 or None in model.inputs[0].shape[1:]:
        sys.exit("The network needs one input of a fixed shape, and one output.")
    app = create_app(model)
    print("Ask http://127.0.0.1:8000/predict; Ctrl-C stops it.", flush=True)
    serve(app, host="127.0.0.1", port=8000)
