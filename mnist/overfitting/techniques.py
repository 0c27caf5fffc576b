"""Machinery of lab.py: the techniques that one of its options switches on, for any model.

Chapter: mnist/overfitting/README.md#the-laboratory
"""

import keras
from keras import layers
from keras.optimizers import schedules

from mnist.models import IMAGE_SHAPE
from mnist.overfitting.augmentation import RandomAffine
from utils.loading import load_model
from utils.runs import fail, first_line

SCHEDULES = ["constant", "step", "exponential", "cosine", "plateau"]
AUGMENTATIONS = ["layers", "affine"]


def make_optimizer(settings, steps):
    """Return the optimizer that the settings of a run ask for, for a training of so many steps."""
    build = type(keras.optimizers.get(settings.optimizer))
    rate = settings.learning_rate or float(build().learning_rate)
    return build(
        learning_rate=learning_rate_schedule(settings.lr_schedule, rate, steps),
        global_clipnorm=settings.clip_norm,
        use_ema=settings.average_weights,
        **({} if settings.momentum is None else {"momentum": settings.momentum}),
    )


def learning_rate_schedule(name, rate, steps):
    """Return the learning rate over a training of so many steps, of which rate is the highest.

    For "constant" that is all, and for "plateau" as well: there a callback lowers it.
    """
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


def augmenting_layers(kind):
    """Return new layers that change images: three of Keras for "layers", ours for "affine".

    The three rotate by up to 11 degrees, shift by up to 2 pixels and zoom by up to 10 %.
    """
    if kind == "affine":
        return [RandomAffine(dtype="float32")]
    return [
        layers.RandomRotation(0.03, fill_mode="constant", dtype="float32"),
        layers.RandomTranslation(0.08, 0.08, fill_mode="constant", dtype="float32"),
        layers.RandomZoom(0.1, fill_mode="constant", dtype="float32"),
    ]


def augment(model, kind="layers"):
    """Return the model behind a first layer that changes its images at random, in training only.

    kind: of the augmenting layers in it. When the model is evaluated or predicts, they pass the
    images on unchanged.
    """
    shape = model.input_shape[1:]
    to_image = [] if shape == IMAGE_SHAPE else [layers.Reshape(IMAGE_SHAPE)]
    and_back = [layers.Reshape(shape)] if to_image else []
    changes = keras.Sequential(
        [keras.Input(shape), *to_image, *augmenting_layers(kind), *and_back], name="augmentation"
    )
    return keras.Sequential([keras.Input(shape), changes, *model.layers], name=model.name)


def without_augmentation(model):
    """Return the trained network as it predicts: any script can load it, RandomAffine or not."""
    if model.layers[0].name != "augmentation":
        return model
    inputs = keras.Input(model.input_shape[1:])
    network = keras.Sequential([inputs, *model.layers[1:]], name=model.name)
    network.compile(model.optimizer, loss=model.loss, metrics=["accuracy"])
    return network


def lasting_plateau(checkpoint):
    """Return callbacks that halve the rate when 3 epochs have not lowered val_loss.

    After a resume, the second one tells the first what was there before.
    """
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=3)

    def recall(logs):
        rate = float(plateau.model.optimizer.learning_rate)
        for epoch, loss in enumerate(checkpoint.history.get("val_loss", [])):
            plateau.on_epoch_end(epoch, {"val_loss": loss})  # it counts, and halves the rate
        plateau.model.optimizer.learning_rate = rate

    return [plateau, keras.callbacks.LambdaCallback(on_train_begin=recall)]


def early_stopping(patience, checkpoint):
    """Return callbacks that end training when `patience` epochs have not lowered val_loss.

    After a resume, the second one tells the first what was there before.
    """
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=patience, restore_best_weights=True, verbose=1
    )

    def recall(logs):
        if checkpoint.epochs_done:
            stopping.best = min(checkpoint.history["val_loss"])
            stopping.best_epoch = checkpoint.best_epoch - 1  # Keras counts from 0
            stopping.wait = checkpoint.epochs_done - checkpoint.best_epoch
            stopping.best_weights = load_model(checkpoint.best_path).get_weights()

    return [stopping, keras.callbacks.LambdaCallback(on_train_begin=recall)]


def last_epoch(settings, checkpoint):
    """Return up to which epoch to train: a run that early stopping has ended stays ended."""
    patience, done = settings.early_stopping, checkpoint.epochs_done
    stopped = patience and done and done - checkpoint.best_epoch >= patience
    return done if stopped else settings.epochs


def start_from(model, folder):
    """Give a model the weights that the model of the same name learned in another run."""
    path = folder / f"{model.name}.keras"
    try:
        model.set_weights(load_model(path).get_weights())
    except ValueError as error:
        fail(f"the weights of {path} do not fit {model.name} ({first_line(error)}).")


class RecordLearningRate(keras.callbacks.Callback):
    """Record the learning rate at the end of each epoch in the history, as "learning_rate"."""

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def in_precision(build, kind):
    """Return the model that build() returns; with a kind, its layers compute in 16 bits.

    kind: None; "bfloat16", which recent processors and GPUs have, with the range of float32 and
    two to three digits; or "float16" for GPUs, with more digits and less range, for which Keras
    scales the loss so that small gradients do not vanish. Weights stay in float32.
    """
    if not kind:
        return build()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(f"mixed_{kind}")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy(before)
    # Probabilities need more digits than that, and the loss is computed from them.
    last = model.pop()
    last.dtype_policy = "float32"
    model.add(last)  # computed anew, so that what comes out is known as float32
    return model
