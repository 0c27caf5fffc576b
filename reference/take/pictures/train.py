"""Learn to tell pictures apart: python train.py FOLDER, which has a subfolder for each class.

A network that knows ImageNet gets a new last layer. It is judged on a fifth of the pictures, which
it does not learn from. If a class has subfolders, one for each person, place or day, each of them
is on one side. Writes model.keras and classes.json.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from efficientnet_lite import build_network
from keras import layers
from pictures import find
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils.class_weight import compute_class_weight

SIZE = 160  # pixels, width and height
EPOCHS = 15
LOSS = "sparse_categorical_crossentropy"
RAREST = 10  # pictures of a class
PARTS = 5  # one of them judges


def build(classes):
    """Return a network from pictures (n, SIZE, SIZE, 3) to probabilities (n, classes)."""
    base = build_network(SIZE, include_top=False)
    base.trainable = False
    pictures = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomFlip("horizontal")(pictures)
    x = layers.RandomRotation(0.03, fill_mode="nearest")(x)
    x = layers.Dropout(0.2)(base(x, training=False))
    return keras.Model(pictures, layers.Dense(classes, activation="softmax")(x))


def main(folder, epochs=EPOCHS):
    keras.utils.set_random_seed(1)
    x, kinds, groups = find(folder, SIZE)
    classes, y = np.unique(kinds, return_inverse=True)
    for kind in classes:
        here = groups[kinds == kind]
        if len(here) < RAREST or len(set(here)) < PARTS:
            sys.exit(f"{kind} needs {RAREST} pictures or more, and {PARTS} subfolders, if any.")
    split = StratifiedGroupKFold(PARTS, shuffle=True, random_state=1)
    known, test = next(split.split(x, y, groups))
    if one_sided := set(classes[y[known]]) ^ set(classes[y[test]]):
        sys.exit(f"more subfolders are needed, or smaller ones, of {', '.join(one_sided)}")
    # Rare ones count more.
    weights = compute_class_weight("balanced", classes=np.unique(y), y=y[known])
    model = build(len(classes))
    model.compile(keras.optimizers.Adam(0.003), LOSS, metrics=["accuracy"])
    weights = dict(enumerate(weights))
    model.fit(x[known], y[known], epochs=epochs, class_weight=weights, verbose=2)
    right = (model.predict(x[test], verbose=0).argmax(axis=1) == y[test]).mean()
    print(f"{right:.1%} of {len(test)} pictures right, from which it did not learn")
    model.save("model.keras")
    Path("classes.json").write_text(json.dumps(classes.tolist()), encoding="utf-8")
    return right


if __name__ == "__main__":
    main(sys.argv[1])
