"""Parts of one's own: two layers, an initializer, a loss, a metric, a schedule, a callback.

    from parts import RootMeanSquareNorm

`use_parts.py` trains a network with all of them. Each works on every back end, since it computes
with `keras.ops` and `keras.random` alone, and each but the callback comes back from a saved model,
since `get_config` says with which arguments it was made.
Chapter: customizing/README.md#parts-of-ones-own
"""

import time

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="customizing")
class RootMeanSquareNorm(keras.layers.Layer):
    """Divide each row by the root of its mean square; then multiply by a learned scale.

    Source: Zhang and Sennrich, "Root mean square layer normalization", 2019.
    """

    def __init__(self, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.supports_masking = True  # each step of a sequence by itself, so a mask stays valid

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs):
        mean_square = ops.mean(ops.square(inputs), axis=-1, keepdims=True)
        return inputs * ops.rsqrt(mean_square + self.epsilon) * self.scale

    def get_config(self):
        return super().get_config() | {"epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="customizing")
class Cutout(keras.layers.Layer):
    """Blank a square in each image, at a place drawn by chance; only while the network trains.

    Source: DeVries and Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017. (Here the square always lies within the image.)
    """

    def __init__(self, size, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):  # (n, height, width, channels)
        if not training:
            return images
        inside = True
        for axis in (1, 2):
            length, shape = images.shape[axis], [1, 1, 1, 1]
            shape[axis] = length
            place = ops.reshape(ops.arange(length), shape)
            starts = (ops.shape(images)[0], 1, 1, 1)  # one for each image
            first = keras.random.randint(starts, 0, length - self.size + 1, seed=self.generator)
            within = ops.logical_and(place >= first, place < first + self.size)
            inside = ops.logical_and(inside, within)
        return ops.where(inside, ops.zeros_like(images), images)

    def get_config(self):
        return super().get_config() | {"size": self.size, "seed": self.seed}


@keras.saving.register_keras_serializable(package="customizing")
class SparseNormal(keras.initializers.Initializer):
    """Connect each neuron with a few inputs only, with normal weights; all others start at zero.

    For Dense layers; those with the same seed begin alike.
    Source: Martens, "Deep learning via Hessian-free optimization", 2010.
    """

    def __init__(self, connections, seed):
        self.connections = connections
        self.seed = seed

    def __call__(self, shape, dtype=None):  # (inputs, neurons)
        places = keras.random.uniform(shape, seed=self.seed)
        # The places of a neuron with the smallest numbers get a weight.
        limit = ops.sort(places, axis=0)[min(self.connections, shape[0]) - 1]
        # With the same seed, small places would go with small weights: both come of the same bits.
        weights = keras.random.normal(shape, stddev=self.connections**-0.5, seed=self.seed + 1)
        return ops.cast(ops.where(places <= limit, weights, 0), dtype or keras.config.floatx())

    def get_config(self):
        return {"connections": self.connections, "seed": self.seed}


@keras.saving.register_keras_serializable(package="customizing")
class CrossEntropyWithCost(keras.losses.Loss):
    """Cross-entropy, and beside it what the answers of the network would cost on average.

    costs: costs[i][j] is the cost of answer j where i is true; weight: how much they count.
    """

    def __init__(self, costs, weight=1.0, name="cross_entropy_with_cost", **kwargs):
        super().__init__(name=name, **kwargs)
        self.costs = np.array(costs, "float32")
        self.weight = weight

    def call(self, y_true, y_pred):  # one-hot labels and logits: (n, classes); returns (n,)
        surprise = ops.categorical_crossentropy(y_true, y_pred, from_logits=True)
        cost_of_each = ops.matmul(y_true, self.costs)  # of each answer: (n, classes)
        return surprise + self.weight * ops.sum(ops.softmax(y_pred) * cost_of_each, axis=-1)

    def get_config(self):
        return super().get_config() | {"costs": self.costs.tolist(), "weight": self.weight}


@keras.saving.register_keras_serializable(package="customizing")
class MeanCost(keras.metrics.Metric):
    """What an answer costs on average: the most probable one, or the one that is cheapest.

    costs: as above. The cheapest answer has the smallest cost if the probabilities are right.
    """

    def __init__(self, costs, cheapest=False, name="cost", **kwargs):
        super().__init__(name=name, **kwargs)
        self.costs = np.array(costs, "float32")
        self.cheapest = cheapest
        self.total = self.add_variable((), initializer="zeros", name="total")
        self.count = self.add_variable((), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "float32")
        expected = ops.matmul(ops.softmax(y_pred), self.costs)  # of each answer
        answers = ops.argmin(expected, -1) if self.cheapest else ops.argmax(y_pred, -1)
        chosen = ops.one_hot(answers, len(self.costs))
        cost = ops.sum(chosen * ops.matmul(y_true, self.costs), axis=-1)
        weights = (
            ops.ones_like(cost) if sample_weight is None else ops.cast(sample_weight, "float32")
        )
        self.total.assign_add(ops.sum(weights * cost))
        self.count.assign_add(ops.sum(weights))

    def result(self):
        return ops.divide_no_nan(self.total, self.count)

    def get_config(self):
        return super().get_config() | {"costs": self.costs.tolist(), "cheapest": self.cheapest}


@keras.saving.register_keras_serializable(package="customizing")
class WarmUpThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """Raise the learning rate from zero to a peak, then lower it to zero; both along a line."""

    def __init__(self, peak, warm_up, steps):
        self.peak, self.warm_up, self.steps = peak, warm_up, steps

    def __call__(self, step):  # which counts from 0, and may be a tensor
        step = ops.cast(step, "float32")
        rising = (step + 1) / self.warm_up
        falling = (self.steps - step) / (self.steps - self.warm_up)
        return self.peak * ops.maximum(ops.minimum(rising, falling), 0.0)

    def get_config(self):
        return {"peak": self.peak, "warm_up": self.warm_up, "steps": self.steps}


class StopAfter(keras.callbacks.Callback):
    """End the training after so many seconds, between two steps."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self.end = time.monotonic() + self.seconds

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() > self.end:
            self.model.stop_training = True
