"""Machinery of the drill: draw a training with a hidden fault, train it, let the doctor look.

Network, sizes and rates are drawn, so they are others than those of broken.py and of mnist.py, with
which the thresholds of the doctor were set.
Chapter: visualizing/debugging/README.md#a-blind-drill
"""

from dataclasses import dataclass, replace
from functools import cache, partial

import keras
import numpy as np
import pandas as pd

from mnist.data import Digits, load_parts, prepare_part
from utils.statistics import score
from visualizing.debugging.faults import FAULTS, Training
from visualizing.debugging.symptoms import GUESSING, Patient, judge_rate

IMAGES = (500, 1500)  # to train with: each of these is drawn from a range
EPOCHS = (8, 12)
LEARNING_RATES = (0.0005, 0.003)
BATCH_SIZES = (16, 32, 64)
FACTORS = (20, 100)  # by which a wrong rate is wrong
WATCHED = 1000  # of the validation images, after each epoch
CHUNK = 500  # images at once where nothing is learned from them

DEALT, UP_TO = 10, 200  # the first faults of the register are those of the runs 1 to 200


@dataclass
class Case:
    """What was drawn for a run, and which fault is hidden in it."""

    seed: int
    fault: str
    images: int
    epochs: int
    learning_rate: float  # before the fault
    batch_size: int
    factor: float
    maps: list  # of each convolution; there may be none
    hidden: list  # neurons of each dense layer before the last

    def describe(self):
        """Return in words what the reader may know."""
        convolutions = f"convolutions with {' and '.join(map(str, self.maps))} maps, "
        hidden = f"{' and '.join(map(str, self.hidden))} hidden neurons"
        return (
            f"{convolutions if self.maps else ''}{hidden}; {self.images:,} images, "
            f"{self.epochs} epochs"
        )


def draw_case(seed):
    """Return the case of a seed, always the same. Ten seeds in a row have all faults, mixed.

    Up to run 200, whose numbers the book may have filed, a fault that is new is not among them.
    """
    random = np.random.default_rng(seed)
    names = list(FAULTS)[: DEALT if seed <= UP_TO else None]
    block, place = divmod(seed - 1, len(names))
    fault = np.random.default_rng(block).permutation(names)[place]

    def whole(least, most):
        return int(random.integers(least, most + 1))

    def between(least, most):  # as likely from 1 to 2 as from 2 to 4
        return float(np.exp(random.uniform(*np.log([least, most]))))

    return Case(
        seed,
        fault=str(fault),
        images=whole(*IMAGES),
        epochs=whole(*EPOCHS),
        learning_rate=between(*LEARNING_RATES),
        batch_size=int(random.choice(BATCH_SIZES)),
        factor=between(*FACTORS),
        maps=[whole(8, 24) for _ in range(whole(0, 2))],
        hidden=[whole(24, 96) for _ in range(whole(1, 2))],
    )


def make_network(case, normalized=False):
    """Return the untrained network of a case; normalized: with batch normalization."""

    def active(layer, *options):
        if not normalized:
            return [layer(*options, activation="relu")]
        normalize, relu = keras.layers.BatchNormalization(), keras.layers.Activation("relu")
        return [layer(*options), normalize, relu]

    layers = [keras.Input((28, 28, 1))]
    for count in case.maps:
        layers += [*active(keras.layers.Conv2D, count, 3), keras.layers.MaxPooling2D()]
    layers.append(keras.layers.Flatten())
    for count in case.hidden:
        layers += active(keras.layers.Dense, count)
    return keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])


@cache
def all_digits():
    """Return the parts of MNIST, read once for many runs."""
    return load_parts()


def prepare(case):
    """Return the training of a case with its fault: the same each time, and not yet trained."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(case.seed)
    random = np.random.default_rng(case.seed)
    parts = all_digits()
    images, labels = parts["train"]
    drawn = random.choice(len(images), case.images, replace=False)
    shape = (28, 28, 1)
    digits = Digits(
        *prepare_part(images[drawn], labels[drawn], shape),
        *prepare_part(*parts["validation"], shape),
    )
    training = Training(
        digits,
        random,
        make_network(case),
        case.learning_rate,
        case.batch_size,
        too_high=case.learning_rate * case.factor,
        too_low=case.learning_rate / case.factor,
        normalized=partial(make_network, case, normalized=True),
    )
    FAULTS[case.fault].put_into(training)
    training.model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return training


def train(case, training):
    """Train, and return all that the doctor looks at."""
    model, digits = training.model, training.digits
    step = max(1, len(digits.x_val) // WATCHED)
    history = model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=training.batch_size,
        shuffle=training.shuffle,
        epochs=case.epochs,
        validation_data=(digits.x_val[::step], digits.y_val[::step]),
        validation_batch_size=CHUNK,
        verbose=0,  # the number of steps would give the size of the batches away
    ).history
    said = {
        part: score(y, model.predict(x, batch_size=CHUNK, verbose=0))
        for part, (x, y) in digits.parts().items()
    }
    settings = {
        "optimizer": "adam",
        "learning_rate": training.learning_rate,
        "batch_size": training.batch_size,
    }
    return Patient.of(model, *all_digits()["validation"], pd.DataFrame(history), said, settings)


def measure(patient):
    """Return what the checks of the doctor look at, {what: in words}."""
    history, said = patient.history, patient.said
    sums = patient.predictions.sum(axis=1)
    measures = {
        "training loss": f"{history['loss'].iloc[0]:.2f} in epoch 1, "
        f"{history['loss'].iloc[-1]:.2f} in the last; guessing gives {GUESSING:.2f}",
        "training accuracy": f"at best {history['accuracy'].max():.1%}, "
        f"in the last epoch {history['accuracy'].iloc[-1]:.1%}, after it "
        f"{said['train']['accuracy']:.1%}",
        "sum of the ten outputs": f"from {sums.min():.2f} to {sums.max():.2f}",
        "the run's validation": describe(said["validation"]),
        "the book's, 0 to 1": describe(patient.score(patient.predictions)),
        "the book's, 0 to 255": describe(patient.score(patient.predictions_unscaled)),
    }
    for number, (_, alive) in enumerate(patient.neurons_alive(), 1):
        measures[f"never active in layer {number}"] = f"{(~alive).sum()} of {alive.size}"
    return measures


def describe(scores):
    return f"accuracy {scores['accuracy']:.1%}, cross-entropy {scores['cross_entropy']:.3f}"


def blind(patient):
    """Return a patient of whose rate and batches the doctor is told as little as the reader."""
    return replace(patient, settings={})


def diagnose(patient, found):
    """Return the one fault that what was found in a patient speaks for: the first that fits."""
    signs = {*found, f"{judge_rate(patient)}_rate"}  # a None_rate is in no line
    lines = [
        (place, n)
        for n, one in FAULTS.items()
        for place, needed in one.reading.items()
        if needed <= signs
    ]
    return min(lines)[1]
