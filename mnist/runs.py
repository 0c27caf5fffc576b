"""Machinery of mnist.py: the folder of a run, resuming it, and its provenance."""

import json
import os
import platform
import shlex
import sys
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import keras

from utils import load_checkpoint, replacing

OUTPUTS = Path(__file__).resolve().parent / "outputs"
NOT_SAVED = {"outputs", "resume"}


def find_run(name):
    """Return the folder of a run, given as a path or as its name in outputs/."""
    return Path(name) if Path(name).is_dir() else OUTPUTS / name


def open_run(args, argv):
    """Make the folder of a new run, or find the one to resume.

    Returns the folder and what results.json says of the run: its settings, and the command,
    versions and number of processor cores that a reader needs to repeat it.
    """
    folder = find_run(args.resume) if args.resume else Path(args.outputs)
    file = folder / "run.json"
    settings = {name: value for name, value in vars(args).items() if name not in NOT_SAVED}
    run = {"provenance": provenance("mnist/mnist.py", argv), "settings": settings}
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if args.resume:
            run["provenance"] = json.loads(file.read_text())["provenance"]
        elif file.exists():
            sys.exit(f"mnist.py: {folder} holds a run already. Go on with it: --resume {folder}")
        write_json(run, file)
    return folder, run


@contextmanager
def writing_to(folder):
    """End the program with one line if, within the with statement, a file cannot be written."""
    try:
        yield
    except OSError as error:
        sys.exit(
            f"{Path(sys.argv[0]).name}: cannot write to {folder} ({error.strerror}). "
            "Name another folder with --outputs."
        )


def learned_weights(name, run):
    """Return the weights that a run reports for the model of this name, its best or its last."""
    folder = find_run(run)
    best = folder / f"{name}_best.keras"
    path = best if best.exists() else folder / f"{name}.keras"
    try:
        return keras.models.load_model(path).get_weights()
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        reason = str(error).splitlines()[0]
        sys.exit(f"mnist.py: cannot read the weights of {path} ({reason}).")


def load_progress(model, folder, steps_per_epoch):
    """Return the model and its history as the run's last checkpoint holds them.

    Where there is none, the model comes back as it is, with an empty history.
    """
    path = folder / f"{model.name}.keras"
    if not path.exists():
        return model, {}
    try:
        return load_checkpoint(folder, model.name, steps_per_epoch)
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        reason = str(error).splitlines()[0]
        sys.exit(
            f"mnist.py: cannot read the checkpoint {path} ({reason}). Delete it to start anew."
        )


def epochs_without_progress(history):
    """Return how many epochs have gone by since the lowest validation loss."""
    losses = history["val_loss"]
    return len(losses) - 1 - losses.index(min(losses))


def last_epoch(args, checkpoint):
    """Return up to which epoch to train: a run that early stopping has ended stays ended."""
    done = checkpoint.epochs_done
    if args.early_stopping and done:
        patience_is_over = epochs_without_progress(checkpoint.history) >= args.early_stopping
        return done if patience_is_over else args.epochs
    return args.epochs


def recall_best(stopping, checkpoint):
    """Return a callback that tells an EarlyStopping, after a resume, what was there before."""

    def recall(logs):
        if checkpoint.epochs_done:
            losses = checkpoint.history["val_loss"]
            stopping.best = min(losses)
            stopping.best_epoch = losses.index(stopping.best)
            stopping.wait = epochs_without_progress(checkpoint.history)
            stopping.best_weights = keras.models.load_model(checkpoint.best_path).get_weights()

    return keras.callbacks.LambdaCallback(on_train_begin=recall)


def provenance(script, argv):
    """Return what a reader must know to repeat a run: command, versions, processor cores."""
    options = sys.argv[1:] if argv is None else argv
    return {
        "command": shlex.join(["python", script, *options]),
        "python": platform.python_version(),
        "keras": keras.version(),
        "backend": f"{keras.backend.backend()} {version(keras.backend.backend())}",
        "numpy": version("numpy"),
        "cores": os.cpu_count(),
    }


def write_json(value, path):
    """Write a value as JSON that people can read and compare, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(value, indent=1) + "\n")
