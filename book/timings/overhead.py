"""Machinery of the book: what mnist.py costs beside a bare fit, and its peak memory.

    python book/timings/overhead.py

Trains the convolutional network by a bare Keras fit with the same validation data and a checkpoint
per epoch, and by mnist.py, in turn, and compares the shortest time of each, which other work on the
machine has disturbed least; says how long figures and report took, and how much memory a default
run needs. Five minutes; nothing else should run meanwhile.
"""

from chapter import OUTPUTS

import resource
import time

import keras

from mnist import mnist
from mnist.data import prepare_mnist
from mnist.models import conv_net
from utils.options import make_parser
from utils.runs import make_folder, save_results

EPOCHS = 2
ROUNDS = 4


def bare_fit(folder):
    """Return the seconds of training without anything of mnist.py."""
    keras.utils.set_random_seed(mnist.SEED)
    model = conv_net()
    digits = prepare_mnist(model.input_shape[1:])
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
    """Return the seconds that mnist.py spends in training, and those of its figures."""
    seconds = {}

    def timed(name, function):
        def run(*args, **options):
            start = time.perf_counter()
            value = function(*args, **options)
            seconds[name] = time.perf_counter() - start
            return value

        return run

    originals = keras.Sequential.fit, mnist.draw_figures
    keras.Sequential.fit = timed("fit", keras.Sequential.fit)
    mnist.draw_figures = timed("figures", mnist.draw_figures)
    mnist.main(["--epochs", str(EPOCHS), "--outputs", str(folder)])
    keras.Sequential.fit, mnist.draw_figures = originals
    return seconds["fit"], seconds["figures"]


def main(argv=None):
    parser = make_parser("What mnist.py costs beside a bare fit.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
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
    results = {"bare": bare, "ours": ours, "ratio": ratio, "report": min(reports), "peak_gib": peak}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
