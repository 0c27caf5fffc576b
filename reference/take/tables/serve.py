"""Answer over HTTP: python serve.py, then

curl localhost:8000/predict --json '[{"age": 41, "country": "France"}]'
"""

import pandas as pd
from flask import Flask, jsonify, request
from predict import load, predict
from waitress import serve

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000  # bytes of a question


@app.post("/predict")
def answer():
    """Return a prediction for each row of a list; what is wrong with it is said with status 422."""
    rows = request.get_json()
    try:
        columns = app.config["MODEL"].feature_names_in_
        table = pd.DataFrame(rows, columns=[*columns]).infer_objects()
        return jsonify(predict(app.config["MODEL"], table).tolist())
    except (ValueError, TypeError) as error:
        return jsonify(error=str(error).split("\n")[0]), 422


if __name__ == "__main__":
    app.config["MODEL"] = load()
    serve(app, host="127.0.0.1", port=8000)
