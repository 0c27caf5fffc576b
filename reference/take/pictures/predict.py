"""Say what is in pictures: python predict.py NEW.jpg ..."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from train import read


def load():
    """Return the network that train.py has written, and its classes."""
    classes = json.loads(Path("classes.json").read_text(encoding="utf-8"))
    return keras.saving.load_model("model.keras"), classes


def predict(model, classes, files):
    """Return the likeliest class and its probability for each file: a path, or an open one."""
    pictures = np.stack([read(file, model.input_shape[1]) for file in files])
    shares = model.predict(pictures, verbose=0)
    return [(classes[one.argmax()], float(one.max())) for one in shares]


def main(files):
    for file, (kind, share) in zip(files, predict(*load(), files), strict=True):
        print(f"{file}: {kind} ({share:.0%})")


if __name__ == "__main__":
    main(sys.argv[1:])
