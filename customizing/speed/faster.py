"""Settings that promise speed, and a train_step of one's own: what does each gain or cost here?

    python customizing/speed/faster.py
    KERAS_BACKEND=jax python customizing/speed/faster.py   # or torch

Two networks learn from digits by plain `fit`: an MLP, whose steps are tiny, and a network
with convolutions. Then the same with one thing changed. All take turns, one epoch each, so what
else the machine does meets all of them alike. You will see how long an epoch takes beside that of
plain `fit`, with an interval, what compiling took, and that the loss is still the same. Takes three
minutes or more: float16 is very slow on some processors. (Whether to compile is asked on TensorFlow
alone: on JAX, plain `fit` compiles with XLA, and PyTorch's compiler needs one for C++. PyTorch also
refuses several steps at once.)
Chapter: customizing/speed/README.md#settings-that-promise-speed
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np

from customizing.speed.slow_place import build_model
from customizing.train_steps import OwnStep
from mnist.data import prepare_mnist
from utils.comparisons import compare_family
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

ROUNDS = 10  # in each, all train for an epoch
IMAGES = {"perceptron": 6_400, "convolutions": 2_000}  # of an epoch
BATCH_SIZES = {"perceptron": 32, "convolutions": 100}
SEED = 1  # of the weights, and of the order in each round
KINDS = {  # class of the model, precision, options of compile
    "fit": (keras.Model, "float32", {}),
    "run_eagerly": (keras.Model, "float32", {"run_eagerly": True}),
    "own_step": (OwnStep, "float32", {}),
    "jit_compile": (keras.Model, "float32", {"jit_compile": True}),
    "steps_per_execution": (keras.Model, "float32", {"steps_per_execution": 20}),
    "bfloat16": (keras.Model, "mixed_bfloat16", {}),
    "float16": (keras.Model, "mixed_float16", {}),
}
if keras.config.backend() != "tensorflow":
    del KINDS["run_eagerly"], KINDS["jit_compile"]
if keras.config.backend() == "torch":
    del KINDS["steps_per_execution"]


def make_epoch(network, kind, digits):
    """Return a function that trains for one epoch and returns its seconds and its loss."""
    keras.utils.set_random_seed(SEED)
    model_class, precision, options = KINDS[kind]
    model = build_model(network, model_class, precision)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], **options)
    x, y, batch_size = digits.x_train, digits.y_train, BATCH_SIZES[network]

    def run_epoch():
        times = []  # without what fit does before the epoch
        clock = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: times.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: times.append(time.perf_counter()),
        )
        history = model.fit(
            x, y, batch_size=batch_size, shuffle=False, callbacks=[clock], verbose=0
        ).history
        return times[1] - times[0], history["loss"][0]

    return run_epoch


def take_turns(network, digits, rounds):
    """Return {kind: loss and seconds of the first epoch, and the seconds of the others}."""
    found, run = {}, {}
    for kind in KINDS:
        run[kind] = make_epoch(network, kind, digits)
        first, loss = run[kind]()  # which compiles
        found[kind] = {"loss": loss, "first": first, "seconds": []}
    random = np.random.default_rng(SEED)
    for _ in range(rounds):
        for kind in random.permutation(list(KINDS)):
            found[kind]["seconds"].append(run[kind]()[0])
    return found


def compare(networks):
    """Return {network: {kind: its seconds over those of plain fit}}, all of them one family.

    The logarithms of the seconds are compared in pairs, one for each round, as the rule asks:
    their mean difference is the logarithm of a ratio.
    """
    logs = {
        (network, kind): np.log(one["seconds"])
        for network, kinds in networks.items()
        for kind, one in kinds.items()
    }
    family = [(name, (name[0], "fit")) for name in logs if name[1] != "fit"]
    compared = {network: {} for network in networks}
    pairs = zip(family, compare_family(logs, family).values(), strict=True)
    for ((network, kind), _), one in pairs:
        for new, old in (("ratio", "mean"), ("low", "low"), ("high", "high")):
            one[new] = None if one[old] is None else float(np.exp(one[old]))
        compared[network][kind] = one
    return compared


def main(argv=None):
    """Return the seconds of each epoch, and how they compare with those of plain fit."""
    parser = make_parser("What settings gain, in turns.", OUTPUTS)
    parser.add_argument("--rounds", type=positive(int), default=ROUNDS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    networks = {
        network: take_turns(network, prepare_mnist((28, 28, 1), images), args.rounds)
        for network, images in IMAGES.items()
    }
    compared = compare(networks)
    for network, kinds in networks.items():
        print(f"\n{network:20} seconds  of fit's     interval      loss  first epoch")
        for kind, one in kinds.items():
            one["median"] = float(np.median(one["seconds"]))
            line, beside = f"{kind:20} {one['median']:7.2f}", ""
            if kind != "fit":
                ratio = compared[network][kind]
                beside = f"{ratio['ratio']:7.0%}"
                if ratio["low"] is not None:
                    beside += f"  {ratio['low']:4.0%} to {ratio['high']:4.0%}"
            print(f"{line}  {beside:24} {one['loss']:.4f}  {one['first']:6.1f} s")
    return save_results({"networks": networks, "compared": compared}, folder, __file__, argv)


if __name__ == "__main__":
    main()
