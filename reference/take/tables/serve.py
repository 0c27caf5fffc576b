"""Answer over HTTP: python serve.py, then

    curl localhost:8000/predict -H "Content-Type: application/json" -d "@rows.json"

In PowerShell, type curl.exe. In rows.json is a list of rows, each with all columns from which the
model has learned: [{"age": 41, "country": "France", "income": null}]; null is a gap.
"""

import pandas as pd
from flask import Flask, jsonify, request
from predict import load
from table import GAPS
from waitress import serve

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000  # bytes of a question


def faults(row, kinds):
    """Return what is wrong with a row, in words: one for each column."""
    if not isinstance(row, dict):
        return ["a row is an object with a value for each column"]
    said = [f"{name} is missing" for name in kinds if name not in row]
    said += [f"{name} is unknown" for name in row if name not in kinds]
    for name, value in row.items():
        if kinds.get(name) == "number" and value is not None:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            said += [] if number and abs(value) < 1e30 else [f"{name} must be a number"]
        if kinds.get(name) == "words" and not (value is None or isinstance(value, str)):
            said.append(f"{name} must be a text")
    return said


@app.errorhandler(RecursionError)
def too_deep(error):
    """Refuse lists in lists in lists, which Python does not follow to their end."""
    return jsonify(error="not so deep, please"), 422


@app.post("/predict")
def answer():
    """Return a prediction for each row of a list; what is wrong with it is said with status 422."""
    rows, (model, about) = request.get_json(), app.config["MODEL"]
    if not isinstance(rows, list) or not rows:
        return jsonify(error="a list of rows, please"), 422
    if said := [one for row in rows for one in faults(row, about["kinds"])]:
        return jsonify(error="; ".join(dict.fromkeys(said))[:1_000]), 422
    table = pd.DataFrame(rows, columns=[*about["kinds"]])
    for name, kind in about["kinds"].items():
        if kind == "number":
            table[name] = table[name].astype(float)
        else:
            words = table[name].fillna("").astype(str).str.strip()
            table[name] = words.mask(words.isin(GAPS), "").astype(object)
    return jsonify(model.predict(table).tolist())


if __name__ == "__main__":
    app.config["MODEL"] = load()
    print("Ask http://127.0.0.1:8000/predict; Ctrl-C stops it.", flush=True)
    serve(app, host="127.0.0.1", port=8000)
