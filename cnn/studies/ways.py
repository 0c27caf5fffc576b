"""Machinery of the studies: seven ways to learn the photographs, each with one thing to set.

What the frozen layers make of the photographs, as they are and changed at random, is computed once.
Chapter: cnn/studies/README.md#from-scratch-to-thawed
"""

import math

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from cnn.efficientnet_lite import build_network
from cnn.photographs import PHOTOGRAPHS, load_folder, read_pictures
from cnn.studies.cached import FROZEN, forget, predict, replace_head, thaw
from cnn.studies.few_pictures import from_scratch
from cnn.transfer import augment

SIZE = 160  # pixels, width and height of the photographs as they are shipped
SMALL = 64  # for the network from scratch
EDGES = [slice(6), slice(-6, None)]  # the pixels at the border
FOLDS = 5
VIEWS = 5  # of each photograph, changed at random, whose features are computed once
BATCH_SIZE = 16
HEAD_STEPS, PART_STEPS, WHOLE_STEPS = 400, 64, 160  # 160: ten looks at 250 photographs
# What each way tries: C of a regression, neighbours, or learning rates of Adam.
WAYS = {
    "border": (0.1, 3, 100),
    "scratch": (0.0005, 0.002, 0.008),
    "nearest": (1, 3, 5),
    "probe": (10, 300, 10000),
    "head": (0.001, 0.005, 0.03),
    "part": (0.00003, 0.0002, 0.001),
    "whole": (0.00001, 0.00003, 0.0001),
}


class Falling(keras.callbacks.Callback):
    """Let the learning rate fall to 0 along half a cosine."""

    def __init__(self, rate, steps):
        super().__init__()
        self.rates = iter(rate * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2)

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = next(self.rates)


def train(model, inputs, labels, rate, steps):
    """Train with an Adam that knows nothing yet, for so many steps or a few more."""
    forget(model.optimizer)
    in_epoch = math.ceil(len(labels) / BATCH_SIZE)
    epochs = math.ceil(steps / in_epoch)
    falling = Falling(rate, epochs * in_epoch)
    how = {"batch_size": BATCH_SIZE, "epochs": epochs, "verbose": 0}
    model.fit(inputs, labels, callbacks=[falling], **how)


class Photographs:
    """The photographs, what frozen layers make of them, and the networks, compiled once."""

    def __init__(self, size=SIZE):
        keras.utils.set_random_seed(1)
        pictures = load_folder(PHOTOGRAPHS)
        self.classes, self.labels = pictures.classes, pictures.labels
        self.groups = np.array(pictures.groups)
        self.pixels = read_pictures(pictures.sources, size)[1]
        self.images = self.pixels.astype("float32")
        self.small = read_pictures(pictures.sources, SMALL)[1].astype("float32")
        across = self.images.swapaxes(1, 2)
        sides = [image[:, part] for image in (self.images, across) for part in EDGES]
        border = np.concatenate([side.reshape(len(side), -1, 3) for side in sides], axis=1)
        self.border = np.concatenate([border.mean(axis=1), border.std(axis=1)], axis=1)

        network = build_network(size)
        trunk = keras.Model(
            network.input, [network.get_layer(name).output for name in ("pooling", FROZEN)]
        )
        self.whole, self.head, self.part = replace_head(network, len(self.classes))
        self.untrained = self.whole.get_weights()
        thaw(self.whole)
        self.augment = augment()
        inputs = keras.Input((size, size, 3))
        self.augmented = keras.Model(inputs, self.whole(self.augment(inputs)))
        for model in (self.head, self.part, self.augmented):
            model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
        made = [trunk.predict(self.images, verbose=0)]
        for _ in range(VIEWS):
            parts = np.array_split(self.images, math.ceil(len(self.images) / 32))
            changed = [trunk.predict_on_batch(self.augment(part, training=True)) for part in parts]
            made.append([np.concatenate(kind) for kind in zip(*changed, strict=True)])
        self.features, self.maps = (np.stack(kind) for kind in zip(*made, strict=True))

    def learn(self, way, known, value, rate=None):
        """Learn photographs of these numbers; return a function that gives probabilities.

        rate: of the head, from which the ways that thaw go on.
        """
        keras.utils.set_random_seed(1)
        labels = self.labels[known]
        if way == "scratch":
            answer = from_scratch(1, self.small[known], labels, len(self.classes), value)
            return lambda numbers: answer(self.small[numbers])
        if way in ("border", "nearest", "probe"):
            rows = self.border if way == "border" else self.features[0]
            if way == "nearest":
                model = make_pipeline(Normalizer(), KNeighborsClassifier(min(value, len(labels))))
            else:
                scale = StandardScaler() if way == "border" else Normalizer()
                model = make_pipeline(scale, LogisticRegression(C=value, max_iter=2000))
            model.fit(rows[known], labels)
            return lambda numbers: model.predict_proba(rows[numbers])

        def views(of):
            return np.concatenate(of[1:, known]), np.tile(labels, VIEWS)

        self.whole.set_weights(self.untrained)
        train(self.head, *views(self.features), value if way == "head" else rate, HEAD_STEPS)
        if way == "part":
            train(self.part, *views(self.maps), value, PART_STEPS)
        if way == "whole":
            train(self.augmented, self.images[known], labels, value, WHOLE_STEPS)
        if way == "head":
            return lambda numbers: predict(self.head, self.features[0, numbers])
        return lambda numbers: predict(self.whole, self.images[numbers])

    def divide(self, numbers, seed):
        """Yield the numbers to learn from and those held out, FOLDS times, groups together."""
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for known, held_out in folds.split(numbers, self.labels[numbers], self.groups[numbers]):
            yield numbers[known], numbers[held_out]
