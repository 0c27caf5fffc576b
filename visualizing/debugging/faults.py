"""The faults of this chapter: a function for each, and with it all that the chapter knows of it.

This is the one place where a fault is entered. `broken.py` trains with each, `checklist.py` checks
them, `drill.py` hides one. Of the drill's runs, 1 to 200 hide the first ten, as they stand here; a
new fault comes last, and is hidden from run 201 on.
Chapter: visualizing/debugging/README.md#broken-training-runs
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from mnist.data import Digits
from mnist.models import conv_net, conv_net_batch_norm

COUNT = 9  # faults, without the healthy training: what the pages say
FAULTS = {}  # name: Fault


@dataclass
class Training:
    """What a training run needs. A fault changes it."""

    digits: Digits
    random: np.random.Generator
    model: keras.Model = field(default_factory=conv_net)
    learning_rate: float = 0.001
    batch_size: int = 32
    shuffle: bool = True
    too_high: float = 0.05  # rates that are wrong; the drill draws others
    too_low: float = 0.00003
    normalized: Callable = conv_net_batch_norm  # the same network with batch normalization

    def replace(self, **arrays):
        self.digits = self.digits._replace(**arrays)


@dataclass(frozen=True)
class Fault:
    """A way to break a training. None of this has a default, so nothing can be forgotten."""

    put_into: Callable  # changes a Training
    changes: set  # the names of what it changes there
    sign: str  # what usually shows it; it need not show
    found: set  # what the doctor must find in the gallery, whatever else it finds as well
    # What the doctor finds speaks for the fault, {place: findings}. Of the lines of all faults, the
    # first that fits counts. They were read off the gallery, before any run of the drill.
    reading: dict


def fault(**known):
    """Enter the function below it as a fault; known: the other parts of a Fault."""

    def enter(put_into):
        FAULTS[put_into.__name__] = Fault(put_into, **known)
        return put_into

    return enter


@fault(
    changes=set(),
    sign="both losses fall, and the book's images are read as well as the run's",
    found=set(),
    reading={17: set()},  # nothing, or overfitting: the images are few
)
def healthy(training):
    """Nothing is wrong."""


@fault(
    changes={"learning_rate"},
    sign="the first epoch is loud, or all that follow are flat",
    found={"learned_nothing", "dead_neurons", "unusual_rate"},
    reading={
        7: {"high_rate"},
        8: {"diverged"},
        9: {"learned_nothing", "loud_start"},
        15: {"loud_start"},
    },
)
def rate_too_high(training):
    training.learning_rate = training.too_high


@fault(
    changes={"learning_rate"},
    sign="both losses fall together, slowly, and are still falling at the end",
    found={"unusual_rate"},
    reading={6: {"low_rate"}, 11: {"learned_nothing"}, 14: {"still_learning"}},
)
def rate_too_low(training):
    training.learning_rate = training.too_low


@fault(
    changes={"y_train"},
    sign="what it learns of its training images helps with no other",
    found={"unrelated_labels"},
    reading={4: {"unrelated_labels"}},
)
def labels_shuffled(training):
    """The labels are those of other images, as after sorting one of two lists."""
    training.replace(y_train=training.random.permutation(training.digits.y_train))


@fault(
    changes={"x_train", "x_val"},
    sign="the run's validation loss comes out with pixels from 0 to 255, not from 0 to 1",
    found={"loud_start", "not_scaled"},
    reading={3: {"not_scaled"}},
)
def not_scaled(training):
    """Grey levels of 0 to 255 instead of 0 to 1."""
    training.replace(x_train=training.digits.x_train * 255, x_val=training.digits.x_val * 255)


@fault(
    changes={"weights"},
    sign="flat curves, a first loss as by guessing, neurons that are never active",
    found={"dead_neurons", "learned_nothing"},
    reading={10: {"learned_nothing", "dead_neurons"}, 16: {"dead_neurons"}},
)
def dead_relus(training):
    """The hidden neurons begin so far below zero that relu gives 0 for every image."""
    hidden = training.model.layers[-2]
    hidden.bias.assign(np.full(hidden.units, -10.0))


@fault(
    changes={"activations"},
    sign="the ten outputs do not add up to 1",
    found={"not_probabilities"},
    reading={1: {"not_probabilities"}},
)
def softmax_forgotten(training):
    """The last layer gives any numbers, and the loss takes them for probabilities."""
    training.model.layers[-1].activation = keras.activations.linear


@fault(
    changes={"x_train", "y_train", "x_val", "y_val"},
    sign="the run's own validation images are easier than the book's",
    found={"leak"},
    reading={2: {"leak"}},
)
def leak(training):
    """Every image is there twice, and then they are split at random: duplicates in both parts."""
    x, y = training.digits.x_train, training.digits.y_train
    order = training.random.permutation(np.tile(np.arange(len(x)), 2))
    train, val = order[: len(x) * 3 // 2], order[len(x) * 3 // 2 :]
    training.replace(x_train=x[train], y_train=y[train], x_val=x[val], y_val=y[val])


@fault(
    changes={"weights", "batch_size"},
    sign="validation jumps, and is better than training",
    found={"small_batches"},
    reading={5: {"small_batches"}, 13: {"training_lags"}},
)
def batches_of_two(training):
    """Batch normalization, whose means and deviations are those of two images."""
    training.model, training.batch_size = training.normalized(), 2


@fault(
    changes={"x_train", "y_train", "shuffle"},
    sign="learning is slow, and validation better than training",
    found={"training_lags"},
    reading={12: {"training_lags", "still_learning"}},
)
def not_shuffled(training):
    """First all the zeros, then all the ones, and in each epoch in this order."""
    order = training.digits.y_train.argmax(axis=1).argsort(kind="stable")
    training.replace(x_train=training.digits.x_train[order], y_train=training.digits.y_train[order])
    training.shuffle = False
