"""Answer over HTTP: python serve.py, then

    curl localhost:8000/predict --data-binary "@NEW.jpg"

In PowerShell, type curl.exe.
"""

import io
from threading import Lock

from flask import Flask, jsonify, request
from pictures import read
from predict import load, predict
from waitress import serve

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 20_000_000  # bytes of a picture
lock = Lock()  # a network of Keras answers one thread at a time


@app.post("/predict")
def answer():
    """Return the class of a picture and its probability."""
    model, classes = app.config["MODEL"]
    try:
        picture = read(io.BytesIO(request.get_data()), model.input_shape[1])
    except ValueError as error:
        return jsonify(error=str(error)), 422
    with lock:
        kind, share = predict(model, classes, picture)
    return jsonify(kind=kind, probability=share)


if __name__ == "__main__":
    app.config["MODEL"] = load()
    print("Ask http://127.0.0.1:8000/predict; Ctrl-C stops it.", flush=True)
    serve(app, host="127.0.0.1", port=8000)
