"""Say what is in pictures: python predict.py NEW.jpg ..."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from pictures import read


def load():
    """Return the network that train.py has written, and its classes."""
    classes = json.loads(Path("classes.json").read_text(encoding="utf-8"))
    return keras.saving.load_model("model.keras"), classes


def predict(model, classes, picture):
    """Return the likeliest class of a picture, (size, size, 3), and its probability."""
    shares = model.predict_on_batch(picture[np.newaxis])[0]
    return classes[shares.argmax()], float(shares.max())


def main(files):
    model, classes = load()
    for file in files:
        try:
            picture = read(file, model.input_shape[1])
        except ValueError as error:
            print(f"{file}: {error}")
            continue
        kind, share = predict(model, classes, picture)
        print(f"{file}: {kind} ({share:.0%})")


if __name__ == "__main__":
    main(sys.argv[1:])
