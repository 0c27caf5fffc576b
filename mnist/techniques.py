"""Techniques that mnist.py switches on by an option, for any of its models."""

import keras
from keras import layers

from models import IMAGE_SHAPE, VECTOR_SHAPE

SCHEDULES = ["constant", "step", "exponential", "cosine", "plateau"]


def augment(model):
    """Return the model behind layers that turn, shift and zoom its images, in training only.

    Up to 11 degrees, 2 pixels and 10 %; what moves in from outside is paper. When the model
    is evaluated or used, the layers pass the images on as they are.
    """
    to_image = [] if model.input_shape[1:] == IMAGE_SHAPE else [layers.Reshape(IMAGE_SHAPE)]
    to_vector = [layers.Reshape(VECTOR_SHAPE)] if to_image else []
    return keras.Sequential(
        [
            keras.Input(model.input_shape[1:]),
            *to_image,
            layers.RandomRotation(0.03, fill_mode="constant", dtype="float32"),
            layers.RandomTranslation(0.08, 0.08, fill_mode="constant", dtype="float32"),
            layers.RandomZoom(0.1, fill_mode="constant", dtype="float32"),
            *to_vector,
            *model.layers,
        ],
        name=model.name,
    )


def learning_rate_schedule(name, rate, steps):
    """Return the learning rate over a training of so many steps, of which rate is the highest.

    For "constant" that is all, and for "plateau" as well: there a callback lowers it.
    """
    schedules = keras.optimizers.schedules
    if name == "step":
        return schedules.PiecewiseConstantDecay(
            [steps // 2, steps * 3 // 4], [rate, rate / 10, rate / 100]
        )
    if name == "exponential":
        return schedules.ExponentialDecay(rate, decay_steps=steps, decay_rate=0.01)
    if name == "cosine":
        warmup = steps // 10
        return schedules.CosineDecay(
            0.0, decay_steps=steps - warmup, warmup_target=rate, warmup_steps=warmup
        )
    return rate


def reduce_on_plateau():
    """Return the callback that halves the rate when 3 epochs have not lowered val_loss."""
    return keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=3)


def early_stopping(patience):
    """Return the callback that ends training when so many epochs have not lowered val_loss."""
    return keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=patience, restore_best_weights=True, verbose=1
    )


class RecordLearningRate(keras.callbacks.Callback):
    """Record the learning rate at the end of each epoch in the history, as "learning_rate"."""

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def in_mixed_precision(build, kind):
    """Return the model that build() returns, with layers that compute in 16 bits.

    kind: "bfloat16", which recent processors and GPUs have, with the range of float32 and two
    to three digits; or "float16" for GPUs, with more digits and less range, for which Keras
    scales the loss so that small gradients do not vanish. Weights stay in float32.
    """
    keras.config.set_dtype_policy(f"mixed_{kind}")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy("float32")
    # Probabilities need more digits than that, and the loss is computed from them.
    model.layers[-1].dtype_policy = "float32"
    return model
