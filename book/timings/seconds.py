"""Machinery of the book: small measurements of seconds, each for a sentence of a text.

    python book/timings/seconds.py churn         # fifty steps at a time, and boosting
    python book/timings/seconds.py augmentation  # by the place where it is done
    python book/timings/seconds.py gpt_cache     # what a cache of keys and values saves
    python book/timings/seconds.py machine       # how fast this computer trains

What is compared takes turns. Up to a minute and a half each; nothing else should run meanwhile.
"""

from chapter import OUTPUTS, ROOT

import re
import statistics
import subprocess
import sys
import time

import keras
import tensorflow as tf

from mlp import churn, evaluation
from mnist.data import prepare_mnist
from mnist.models import IMAGE_SHAPE, conv_net
from mnist.overfitting import techniques
from text.gpt.generate import check
from text.gpt.gpt import KINDS, SYMBOLS, build_gpt
from utils.options import make_parser
from utils.runs import make_folder, save_results

ROUNDS = 4
EPOCHS = 2  # of churn in a round, after one that builds what TensorFlow runs
BATCH_SIZE, STEPS = 256, 80  # of augmentation
GPTS = [("gpt2", 64), ("today", 64), ("today", 128), ("today", 256)]  # places seen at once
TRIALS = 5  # of the speed of the machine


def in_turn(ways, rounds):
    """Return the seconds of each way in each round; ways: {name: function without arguments}."""
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def time_churn():
    """Return the seconds of an epoch at 1 and 50 steps at a time, and of fitting boosting.

    The shortest time counts, which other work on the machine has disturbed least.
    """
    keras.utils.set_random_seed(evaluation.SEED)
    customers = churn.load_customers(churn.DATA)
    parts = evaluation.split(customers, evaluation.SEED)
    (X, y), *_ = evaluation.prepare_parts(parts, churn.make_preprocessor())
    ways = {}
    for name, steps in (("single", 1), ("fifty", 50)):
        model = churn.build_model(evaluation.HIDDEN)
        compiled = {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy"]}
        model.compile(**compiled, steps_per_execution=steps)
        options = {"batch_size": evaluation.BATCH_SIZE, "epochs": EPOCHS, "verbose": 0}
        ways[name] = lambda model=model, options=options: model.fit(X, y, **options)
        ways[name]()
    boosting = evaluation.GradientBoostingClassifier(random_state=evaluation.SEED)
    ways["boosting"] = lambda: boosting.fit(X, y)
    least = {name: min(times) for name, times in in_turn(ways, ROUNDS).items()}
    single, fifty = least["single"] / EPOCHS, least["fifty"] / EPOCHS
    whole = evaluation.EPOCHS * fifty  # the training of the lesson
    return {"single": single, "fifty": fifty, "boosting": least["boosting"], "network": whole}


def augmented_data(digits, place):
    """Return training data for fit: augmented where the place is a pipeline."""
    data = tf.data.Dataset.from_tensor_slices((digits.x_train, digits.y_train))
    data = data.shuffle(len(digits.x_train))
    augmenter = keras.Sequential(techniques.augmenting_layers("layers"))

    def augmented(images, labels):
        return augmenter(images, training=True), labels

    if place == "images":
        data = data.map(augmented, tf.data.AUTOTUNE)
    data = data.batch(BATCH_SIZE)
    if place == "batches":
        data = data.map(augmented, tf.data.AUTOTUNE)
    return data.prefetch(tf.data.AUTOTUNE)


def time_augmentation():
    """Return the median seconds of STEPS steps for each place, and their ratio to none."""
    digits, ways = prepare_mnist(IMAGE_SHAPE, STEPS * BATCH_SIZE), {}
    for place in ("none", "model", "batches", "images"):
        keras.utils.set_random_seed(0)
        model = techniques.augment(conv_net()) if place == "model" else conv_net()
        model.compile(optimizer="adam", loss="categorical_crossentropy")
        data = augmented_data(digits, place)
        ways[place] = lambda model=model, data=data: model.fit(data, verbose=0)
        ways[place]()  # compiles, which must not count
    medians = {name: statistics.median(times) for name, times in in_turn(ways, 3).items()}
    none = medians["none"]
    return {name: {"seconds": one, "ratio": one / none} for name, one in medians.items()}


def time_gpt_cache():
    """Return what check finds of untrained GPTs of several sizes that go on with half a window."""
    alphabet, results = "".join(map(chr, range(SYMBOLS))), {}
    for kind, places in GPTS:
        keras.utils.set_random_seed(1)
        model = build_gpt(SYMBOLS, context=places, kind=KINDS[kind])
        found = check(model, alphabet, *(places // 2 * alphabet[one] for one in (0, 1)))
        results[f"{kind}_{places}"] = found
    return results


def time_machine():
    """Return the images a second that environment.py reads, for it to compare with."""
    command = [sys.executable, "backends/environment.py"]
    speeds = []
    for _ in range(TRIALS):
        printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
        speed = re.search(r"reads ([\d,]+) images a second", printed)[1]
        speeds.append(float(speed.replace(",", "")))
    return {"images_per_second": statistics.median(speeds), "all": speeds}


TIMINGS = {
    "churn": time_churn,
    "augmentation": time_augmentation,
    "gpt_cache": time_gpt_cache,
    "machine": time_machine,
}


def main(argv=None):
    parser = make_parser("Measure the seconds of a sentence.", OUTPUTS)
    parser.add_argument("timing", choices=TIMINGS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    results = TIMINGS[args.timing]()
    for name, value in results.items():
        print(f"{name:20}{value if isinstance(value, dict | list) else f'{value:.4g}'}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
