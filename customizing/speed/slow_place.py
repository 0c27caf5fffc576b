"""A slow training: is it the data that are late, or the computing? And which part of it?

    python customizing/speed/slow_place.py

Two networks learn from digits, each of which is turned by chance before it is shown. You will see
how long a batch takes to arrive, how long the network computes with it, and how long both take in
`fit`: as first written, and after three attempts to make it faster. Then Python's profiler says
which functions the input spends its time in, and that of the back end, which operations the network
does. Takes about a minute.
Chapter: customizing/speed/README.md#input-or-computing
"""

from chapter import OUTPUTS

import cProfile
import pstats
import time

import keras
import numpy as np
from keras import layers
from scipy import ndimage

from customizing.speed.tracing import operations
from mnist.data import prepare_mnist
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

NETWORKS = ["perceptron", "convolutions"]  # the step of the last one is profiled
IMAGES = 2_000  # of an epoch
BATCH_SIZE = 100
ROUNDS = 5  # in which all take turns
DEGREES = 20  # by which an image is turned at most
SHOWN = 8  # lines of each profile
SEED = 1


def build_model(network, kind, precision="float32"):
    """Return a network of 10 logits; kind: keras.Model, or a class derived from it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        inputs = x = keras.Input((28, 28, 1))
        if network == "convolutions":
            for name, filters in (("small", 32), ("large", 64)):
                x = layers.Conv2D(filters, 3, activation="relu", name=f"{name}_convolution")(x)
                x = layers.MaxPooling2D(2)(x)
        x = layers.Flatten()(x)
        if network == "perceptron":
            x = layers.Dense(128, activation="relu")(x)
        logits = layers.Dense(10, dtype="float32")(x)  # they need their digits
        return kind(inputs, logits, name=network)
    finally:
        keras.config.set_dtype_policy(before)


class Turned(keras.utils.PyDataset):
    """Batches of digits; scipy turns one image after the other, by another angle in each epoch."""

    def __init__(self, digits, order=3, **kwargs):
        super().__init__(**kwargs)
        self.digits, self.order, self.epoch = digits, order, 0

    def __len__(self):
        return len(self.digits.x_train) // BATCH_SIZE

    def __getitem__(self, index):
        random = np.random.default_rng((SEED, self.epoch, index))  # threads share nothing
        angles = random.uniform(-DEGREES, DEGREES, BATCH_SIZE)
        rows = slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE)
        images = [
            ndimage.rotate(image, angle, reshape=False, order=self.order)
            for image, angle in zip(self.digits.x_train[rows], angles, strict=True)
        ]
        return np.stack(images), self.digits.y_train[rows]

    def on_epoch_end(self):
        self.epoch += 1


def read(data):
    """The input alone: ask for each batch of an epoch; return the seconds."""
    start = time.perf_counter()
    for index in range(len(data)):
        data[index]
    return time.perf_counter() - start


def train(model, x, **options):
    """Train for an epoch; return its seconds up to the last batch, without what fit does around.

    When workers stop, at the end of each epoch, Keras waits for a tenth of a second.
    """
    times = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: times.append(time.perf_counter()),
        on_train_batch_end=lambda batch, logs: times.append(time.perf_counter()),
    )
    model.fit(x, **options, callbacks=[clock], verbose=0)
    return times[-1] - times[0]


def compiled(network, turning=False):
    """Return a network that is ready for fit; turning: whether a layer of it turns the images."""
    model = build_model(network, keras.Model)
    if turning:
        inputs = keras.Input((28, 28, 1))
        outputs = model(layers.RandomRotation(DEGREES / 360, seed=SEED)(inputs))
        model = keras.Model(inputs, outputs)
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    return model


def make_runs(network, digits):
    """Return {what: a function that does it for an epoch and returns its seconds}.

    The input alone, computing alone, and then both, with each kind of input.
    """
    by_scipy, by_layer = compiled(network), compiled(network, turning=True)
    x, rest = digits.x_train, {"y": digits.y_train, "batch_size": BATCH_SIZE}
    splines, lines = Turned(digits), Turned(digits, order=1)
    workers = Turned(digits, workers=2)
    return {
        "splines_input": lambda: read(splines),
        "lines_input": lambda: read(lines),
        "computing": lambda: train(by_scipy, x, **rest),  # the images as they are, in memory
        "splines": lambda: train(by_scipy, splines),
        "workers": lambda: train(by_scipy, workers),
        "lines": lambda: train(by_scipy, lines),
        "layer": lambda: train(by_layer, x, **rest),
    }


def take_turns(runs, rounds, batches):
    """Return {what: milliseconds for a batch}: the median of some rounds, after one to compile."""
    times = [{what: run() for what, run in runs.items()} for _ in range(rounds + 1)][1:]
    return {what: 1000 * float(np.median([one[what] for one in times])) / batches for what in runs}


def profile_python(function):
    """Return the functions that Python spends most time in, without that of what they call."""
    profiler = cProfile.Profile()
    profiler.runcall(function)
    found = pstats.Stats(profiler).get_stats_profile()
    most = sorted(found.func_profiles.items(), key=lambda item: -item[1].tottime)[:SHOWN]
    return [
        {
            "name": name,
            "calls": int(one.ncalls.split("/")[0]),
            "share": one.tottime / found.total_tt,
        }
        for name, one in most
    ]


def profile_step(function):
    """Return the operations that the back end spends most time in."""
    seconds, calls = operations(function)
    total = sum(seconds.values())
    return [
        {"name": name, "calls": calls[name], "share": value / total}
        for name, value in seconds.most_common(SHOWN)
    ]


def main(argv=None):
    """Return milliseconds for a batch, functions of the input, and operations of the step."""
    parser = make_parser("Find the slow place of a training.", OUTPUTS)
    parser.add_argument("--images", type=positive(int), default=IMAGES, help="of an epoch")
    parser.add_argument("--rounds", type=positive(int), default=ROUNDS)
    args = parser.parse_args(argv)
    if args.images % BATCH_SIZE:
        parser.error(f"--images must be a multiple of {BATCH_SIZE}")
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(SEED)
    digits = prepare_mnist((28, 28, 1), args.images)
    batches = args.images // BATCH_SIZE
    results = {"milliseconds": {}}
    for network in NETWORKS:
        runs = make_runs(network, digits)
        results["milliseconds"][network] = found = take_turns(runs, args.rounds, batches)
        print(f"\n{network}, milliseconds for a batch")
        for what, value in found.items():
            print(f"  {what:20} {value:7.1f}")
    results["input"] = profile_python(runs["splines_input"])
    results["step"] = profile_step(runs["computing"])
    for title, part in (("Functions of the input", "input"), ("Operations of a step", "step")):
        print(f"\n{title}, and their share of the time")
        for one in results[part]:
            print(f"  {one['share']:6.1%}  {one['calls']:6,} calls  {one['name']}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
