"""Machinery of the book: what mnist.py costs beside a bare fit, and its peak memory.

    python book/overhead.py

Trains the convolutional network by a bare Keras fit with the same validation data and a checkpoint
per epoch, and by mnist.py, in turn, and compares the shortest time of each, which other work on the
machine has disturbed least; says how long figures and report took, and how much memory a default
run needs. Five minutes; nothing else should run meanwhile.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "mnist"))

import keras  # noqa: E402

import mnist  # noqa: E402
from data import load_digits  # noqa: E402
from models import conv_net  # noqa: E402

EPOCHS = 2
ROUNDS = 4


def bare_fit(folder):
    """Return the seconds of training without anything of mnist.py."""
    keras.utils.set_random_seed(mnist.SEED)
    model = conv_net()
    digits = load_digits(model.input_shape[1:])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=mnist.BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(digits.x_val, digits.y_val),
        callbacks=[keras.callbacks.ModelCheckpoint(folder / "bare.keras")],
        verbose=2,
    )
    return time.perf_counter() - start


def laboratory(folder):
    """Return the seconds that mnist.py spends in training, and those of its report."""
    seconds = {}

    def timed(name, function):
        def run(*args):
            start = time.perf_counter()
            value = function(*args)
            seconds[name] = time.perf_counter() - start
            return value

        return run

    originals = mnist.fit_model, mnist.describe
    mnist.fit_model = timed("fit", mnist.fit_model)
    mnist.describe = timed("describe", mnist.describe)
    mnist.main(["--epochs", str(EPOCHS), "--outputs", str(folder)])
    mnist.fit_model, mnist.describe = originals
    return seconds["fit"], seconds["describe"]


def main(argv=None):
    parser = argparse.ArgumentParser(description="What mnist.py costs beside a bare fit.")
    parser.add_argument("--outputs", type=Path, default=Path(tempfile.mkdtemp()))
    folder = parser.parse_args(argv).outputs
    folder.mkdir(parents=True, exist_ok=True)
    bare, ours, reports = [], [], []
    for number in range(ROUNDS):
        fit, report = laboratory(folder / str(number))
        ours.append(fit)
        reports.append(report)
        if number == 0:  # the first run of this process is a default run, nothing before it
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # from KiB
        bare.append(bare_fit(folder))
    ratio = min(ours) / min(bare)
    print(f"bare fit {bare}, mnist.py {ours}: ratio {ratio:.3f}; report {min(reports):.1f} s")
    print(f"peak memory {peak:.2f} GiB")
    return {"bare": bare, "ours": ours, "ratio": ratio, "report": min(reports), "peak_gib": peak}


if __name__ == "__main__":
    main()
