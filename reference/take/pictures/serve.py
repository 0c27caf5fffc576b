"""Answer over HTTP: python serve.py, then

curl localhost:8000/predict --data-binary @NEW.jpg
"""

import io

from flask import Flask, jsonify, request
from PIL import Image
from predict import load, predict
from waitress import serve

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 20_000_000  # bytes of a picture
Image.MAX_IMAGE_PIXELS = 50_000_000


@app.post("/predict")
def answer():
    """Return the class of a picture and its probability."""
    try:
        ((kind, share),) = predict(*app.config["MODEL"], [io.BytesIO(request.get_data())])
    except Exception:  # Pillow raises many kinds for a broken file
        return jsonify(error="this is no picture that can be read"), 422
    return jsonify(kind=kind, probability=share)


if __name__ == "__main__":
    app.config["MODEL"] = load()
    serve(app, host="127.0.0.1", port=8000)
