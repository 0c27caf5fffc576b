"""Trainings: how long epochs take, Ctrl-C, checkpoints to go on from."""

import io
import json
import math
import signal
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import ops

from utils.loading import load_model
from utils.runs import fail, first_line, read_bytes, replacing

# In a checkpoint: what Keras leaves out of it, the states of dropout and such, and the back end.
BACK_ENDS = ["tensorflow", "jax", "torch"]
DRAWN = "drawn.json"
CURVES = {"loss", "accuracy", "val_loss", "val_accuracy"}


class TimeCallback(keras.callbacks.Callback):
    """Measure how long each epoch takes, validation included.

    `times` holds the seconds of each epoch of this fit.
    """

    def on_train_begin(self, logs=None):
        self.times = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter() - self.start)
        # The callbacks that come later, and the History, see what is added here.
        logs["seconds"] = self.times[-1]


class DeferInterrupt(keras.callbacks.Callback):
    """Raise the KeyboardInterrupt of Ctrl-C between two steps of training, not within one.

    Raised at any moment, it may fall into the back end's own code, which can abort the process.
    Use it as a callback of fit and, around fit, in a with statement.
    """

    def __enter__(self):
        self.pressed = False
        self.previous = signal.signal(signal.SIGINT, self.remember)
        return self

    def __exit__(self, error, *_):
        signal.signal(signal.SIGINT, self.previous)
        if self.pressed and error is None:  # after the last step, while the end was being saved
            raise KeyboardInterrupt

    def remember(self, *_):
        self.pressed = True

    def on_train_batch_end(self, batch, logs=None):
        if self.pressed:
            raise KeyboardInterrupt

    on_test_batch_end = on_train_batch_end


class SaveCheckpoint(keras.callbacks.Callback):
    """Save the whole model, optimizer and random states included, and the history of every epoch.

    history is a dict of lists with one entry per epoch, to which each epoch is added.
    folder receives NAME_checkpoint.keras and NAME_history.csv, and with keep_best also
    NAME_best_eN.keras, the model after epoch N with the lowest validation loss so far.
    (Keras has a callback for each of the three; a kill between two of them separates them.)
    """

    def __init__(self, folder, name, history, keep_best=False):
        super().__init__()
        self.folder, self.name = folder and Path(folder), name  # None where another process saves
        self.history, self.keep_best = history, keep_best

    def on_train_begin(self, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def epochs_done(self):
        return len(self.history.get("epoch", []))

    @property
    def best_epoch(self):
        """The epoch with the lowest validation loss, counted from 1."""
        losses = self.history["val_loss"]
        return 1 + losses.index(min(losses))

    @property
    def best_path(self):
        return self.folder / f"{self.name}_best_e{self.best_epoch}.keras"

    def on_epoch_end(self, epoch, logs=None):
        for key, value in {"epoch": epoch + 1, **logs}.items():
            self.history.setdefault(key, []).append(value)
        # The checkpoint goes last. After a kill before it, the history is one row ahead, which
        # load_checkpoint drops, and the best model of the epochs before is still there.
        try:
            with replacing(self.folder / f"{self.name}_history.csv") as partial:
                pd.DataFrame(self.history).to_csv(partial, index=False)
            if self.keep_best and self.best_epoch == self.epochs_done:
                self.save(self.best_path)
            self.save(checkpoint_path(self.folder, self.name))
        except OSError as error:
            go_on = f"the laboratory and the GPT then go on with --resume {self.folder}"
            fail(f"cannot write to {self.folder} ({first_line(error)}). Make room; {go_on}")
        for path in self.folder.glob(f"{self.name}_best_e*.keras"):
            if self.keep_best and path != self.best_path:
                path.unlink()

    def save(self, path):
        with replacing(path) as partial:
            self.model.save(partial)
            with zipfile.ZipFile(partial, "a") as file:
                drawn = [ops.convert_to_numpy(s).tolist() for s in random_states(self.model)]
                about = {"backend": keras.config.backend(), "states": drawn}
                file.writestr(DRAWN, json.dumps(about))


def checkpoint_path(folder, name):
    """Return the path of the file from which a training goes on."""
    return Path(folder) / f"{name}_checkpoint.keras"


def random_states(model):
    """Return the variables from which dropout, noise and augmentation draw what comes next."""
    others = {id(variable) for variable in model.weights + model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in others]


def load_checkpoint(folder, name, steps_per_epoch):
    """Return the model that SaveCheckpoint saved last and its history, a dict of lists."""
    path = checkpoint_path(folder, name)
    model = load_model(path, diverged=True)  # the report will show it
    try:
        with zipfile.ZipFile(path) as file:
            about = json.loads(file.read(DRAWN))
        back_end = BACK_ENDS[BACK_ENDS.index(about["backend"])]
        for state, saved in zip(random_states(model), about["states"], strict=True):
            state.assign(np.array(saved, state.dtype))
        # In float16, Keras skips a step that overflows, and does not count it.
        epochs = math.ceil(int(model.optimizer.iterations) / steps_per_epoch)
    except Exception:  # whatever else may lie under this name
        fail(f"{path} is not the checkpoint of a training, or an old one. Start anew.")
    if back_end != keras.config.backend():  # which would end elsewhere
        fail(f"{path} is of another back end: go on with KERAS_BACKEND={back_end}.")
    history = load_history(folder, name, {"loss"}).head(epochs)
    if list(history["epoch"]) != list(range(1, epochs + 1)):
        fail(f"{name}_history.csv in {folder} does not hold the {epochs} epochs of its checkpoint.")
    return model, history.to_dict(orient="list")


def load_history(folder, name, needed=CURVES):
    """Return what NAME_history.csv holds, a row per epoch, or end the program with one line.

    needed: names of columns without which it ends.
    """
    path = Path(folder) / f"{name}_history.csv"
    try:
        history = pd.read_csv(io.BytesIO(read_bytes(path))).astype(float).astype({"epoch": int})
        if missing := needed - set(history):
            raise ValueError(f"no column {', '.join(sorted(missing))}")
        if history.empty:
            raise ValueError("not one epoch")
    except (OSError, ValueError, KeyError, OverflowError) as error:
        fail(f"{path} is not the history of a training ({first_line(error)}).")
    return history
