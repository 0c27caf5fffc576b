"""Answer over HTTP: python serve.py, then

    curl localhost:8000/predict -H "Content-Type: application/json" -d "@texts.json"

In PowerShell, type curl.exe. In texts.json is a list: ["a new message", "another one"].
"""

from flask import Flask, jsonify, request
from predict import load, predict
from waitress import serve

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000  # bytes of a question


@app.errorhandler(RecursionError)
def too_deep(error):
    """Refuse lists in lists in lists, which Python does not follow to their end."""
    return jsonify(error="not so deep, please"), 422


@app.post("/predict")
def answer():
    """Return class and probability of each text of a list."""
    texts = request.get_json()
    if not (isinstance(texts, list) and texts and all(isinstance(one, str) for one in texts)):
        return jsonify(error="a list of texts, please"), 422
    return jsonify(
        [[str(label), float(share)] for label, share in predict(app.config["MODEL"], texts)]
    )


if __name__ == "__main__":
    app.config["MODEL"] = load()
    print("Ask http://127.0.0.1:8000/predict; Ctrl-C stops it.", flush=True)
    serve(app, host="127.0.0.1", port=8000)
