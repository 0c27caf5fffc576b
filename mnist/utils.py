"""Callbacks, checkpoints and plots that every script about MNIST shares."""

import math
import signal
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import MaxNLocator

plt.style.use(Path(__file__).resolve().parent.parent / "assets" / "book.mplstyle")

# What draw_graph_by_type can draw: the key in the history and the label of the axis.
GRAPHS = {
    "acc": ("accuracy", "Accuracy"),
    "loss": ("loss", "Loss"),
    "lr": ("learning_rate", "Learning rate"),
}


def get_start_time():
    """Return the local time as a name for a run's folder, e.g. 2026-11-24_15-04-05."""
    return datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


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


class SaveCheckpoint(keras.callbacks.Callback):
    """Save the whole model, optimizer included, and the history after every epoch.

    history is a dict of lists with one entry per epoch, to which each epoch is added.
    folder receives NAME.keras and NAME_history.csv, and with keep_best also NAME_best.keras,
    the model of the lowest validation loss so far.
    """

    def __init__(self, folder, name, history, keep_best=False):
        super().__init__()
        self.folder = folder
        self.name = name
        self.history = history
        self.keep_best = keep_best

    @property
    def best_path(self):
        return self.folder / f"{self.name}_best.keras"

    @property
    def epochs_done(self):
        return len(self.history.get("epoch", []))

    def on_epoch_end(self, epoch, logs=None):
        for key, value in {"epoch": epoch + 1, **logs}.items():
            self.history.setdefault(key, []).append(value)
        # The history goes first: after a kill between the two it is one row ahead of the
        # model, and load_checkpoint drops that row.
        with replacing(self.folder / f"{self.name}_history.csv") as partial:
            pd.DataFrame(self.history).to_csv(partial, index=False)
        with replacing(self.folder / f"{self.name}.keras") as partial:
            self.model.save(partial)
        if self.keep_best and logs["val_loss"] == min(self.history["val_loss"]):
            with replacing(self.best_path) as partial:
                self.model.save(partial)


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


@contextmanager
def replacing(path):
    """Yield a path to write to; what was written there then takes path's place at once."""
    partial = path.with_stem(f"{path.stem}_partial")
    yield partial
    partial.replace(path)


def load_checkpoint(folder, name, steps_per_epoch):
    """Return the model that SaveCheckpoint saved last and its history, a dict of lists."""
    model = keras.models.load_model(folder / f"{name}.keras")
    epochs = int(model.optimizer.iterations) // steps_per_epoch
    history = pd.read_csv(folder / f"{name}_history.csv").head(epochs)
    return model, history.to_dict(orient="list")


def draw_graph_by_type(history, kind, name, path):
    """Draw one quantity of a history over the epochs, for training and for validation.

    history: dict of lists; kind: a key of GRAPHS; name: of the model, for the title.
    """
    key, label = GRAPHS[kind]
    figure, axes = plt.subplots()
    axes.plot(history["epoch"], history[key], marker=marker(history), label="training")
    if f"val_{key}" in history:
        values = history[f"val_{key}"]
        axes.plot(history["epoch"], values, marker=marker(history), label="validation")
        best = values.index(max(values) if kind == "acc" else min(values))
        axes.plot(history["epoch"][best], values[best], "o", color="C1", markersize=7)
        axes.annotate(
            f"best: {values[best]:.4f}\nepoch {history['epoch'][best]}",
            (history["epoch"][best], values[best]),
            xytext=(0, -14 if kind == "acc" else 14),
            textcoords="offset points",
            ha="center",
            va="top" if kind == "acc" else "bottom",
            color="C1",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1},
        )
        axes.legend()
    if len(history["epoch"]) >= 10:  # the first epochs would squeeze the others into a thin band
        later = [value for k in (key, f"val_{key}") for value in history.get(k, [])[2:]]
        margin = 0.08 * (max(later) - min(later))
        axes.set_ylim(min(later) - margin, max(later) + margin)
    finish_graph(figure, axes, f"{name}: {label.lower()}", label, path)


def draw_acc_loss_graph(history, name, folder):
    """Draw NAME_acc_eN.png and NAME_loss_eN.png, where N is the number of epochs."""
    epochs = history["epoch"][-1]
    for kind in ("acc", "loss"):
        draw_graph_by_type(history, kind, name, folder / f"{name}_{kind}_e{epochs}.png")


def draw_times(history, name, folder):
    """Draw NAME_times_eN.png: the seconds that each epoch took."""
    figure, axes = plt.subplots()
    axes.bar(history["epoch"], history["seconds"], color="C2", width=0.8)
    title = f"{name}: {math.fsum(history['seconds']):.0f} s of training"
    path = folder / f"{name}_times_e{history['epoch'][-1]}.png"
    finish_graph(figure, axes, title, "Seconds per epoch", path)


def finish_graph(figure, axes, title, label, path):
    """Label a graph over the epochs and save it."""
    axes.set(title=title, xlabel="Epoch", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(path)
    plt.close(figure)


def marker(history):
    """A line of few points needs markers: a single epoch would not be seen at all."""
    return "o" if len(history["epoch"]) < 10 else ""
