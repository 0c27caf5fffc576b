"""A vision transformer: digits cut into patches, which look at one another as letters do in a GPT.

    python cnn/transformer/vit.py
    python cnn/transformer/vit.py --ways transformer convolutions scrambled --search --seeds 3

You will see how many test digits a small vision transformer reads after learning from 2,000 digits,
and how many a convolutional network of as many parameters, trained for as many steps. A minute.
The second command is that of the book, with a third way: convolutions, with the patches of all
digits scrambled alike. With --search, each way gets the best of five learning rates on the
validation digits, and then new seeds. The transformer is saved as vit.keras.
Chapter: cnn/transformer/README.md#the-network
"""

from chapter import OUTPUTS

import time

import keras
import numpy as np
from keras import layers

from mnist.data import prepare_mnist, prepare_test
from mnist.models import NUM_CLASSES, conv_net
from text.gpt.gpt import XLA, Positions
from utils.comparisons import compare_family, show_family, tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_network, save_results
from utils.statistics import score, spread

SHAPE, PATCH = (28, 28, 1), 7  # of a digit; pixels on each side of a patch
WIDTH, HEADS, BLOCKS = 48, 4, 3  # numbers that stand for a patch; heads of each attention
IMAGES, STEPS, BATCH_SIZE, WARM_UP = 2_000, 400, 100, 50
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]  # tried with --search
RATE = 0.003  # otherwise
ORDER, SEARCH_SEED = 1, 101  # of the scrambled patches; the trainings have 1, 2, ...


def build_vit():
    """Return the network: images (batch, 28, 28, 1) to probabilities (batch, 10).

    Source: Dosovitskiy and others, "An image is worth 16x16 words", 2020.
    """
    images = keras.Input(SHAPE)
    x = layers.Conv2D(WIDTH, PATCH, strides=PATCH)(images)  # one dense layer for all patches
    x = layers.Reshape((-1, WIDTH))(x)  # (batch, patches, width), row by row
    x = layers.ZeroPadding1D((1, 0))(x)  # one more before them: it will gather the answer
    x = Positions(x.shape[1], name="places")(x)
    for number in range(BLOCKS):
        y = layers.LayerNormalization()(x)
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"attention_{number}")
        taken, _ = attention(y, y, return_attention_scores=True)  # no mask: each sees all
        x = x + taken
        y = layers.LayerNormalization()(x)
        y = layers.Dense(4 * WIDTH, activation="gelu")(y)
        x = x + layers.Dense(WIDTH)(y)
    first = layers.LayerNormalization()(x)[:, 0]
    return keras.Model(images, layers.Dense(NUM_CLASSES, activation="softmax")(first), name="vit")


WAYS = {"transformer": build_vit, "convolutions": conv_net, "scrambled": conv_net}
FAMILY = [
    ("convolutions", "transformer"),
    ("transformer", "scrambled"),
    ("convolutions", "scrambled"),
]


def scramble(images):
    """Return images (n, 28, 28, 1) whose patches have changed places, in all in the same way."""
    side = SHAPE[0] // PATCH
    patches = images.reshape(-1, side, PATCH, side, PATCH).swapaxes(2, 3)
    order = np.random.default_rng(ORDER).permutation(side**2)
    patches = patches.reshape(-1, side**2, PATCH, PATCH)[:, order]
    return patches.reshape(-1, side, side, PATCH, PATCH).swapaxes(2, 3).reshape(images.shape)


def batches(images, labels, random):
    """Yield batches without end, in a new order each time."""
    while True:
        order = random.permutation(len(images))
        for chosen in np.split(order, range(BATCH_SIZE, len(order), BATCH_SIZE)):
            yield images[chosen], labels[chosen]


def train(build, digits, rate, steps, seed):
    """Return a trained network, and the seconds that the processors worked for it."""
    keras.utils.set_random_seed(seed)
    network = build()
    falling = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - WARM_UP), warmup_target=rate, warmup_steps=WARM_UP
    )
    xla = XLA if network.name == "vit" else "auto"  # each in its faster way
    network.compile(keras.optimizers.Adam(falling), "categorical_crossentropy", jit_compile=xla)
    rows = batches(digits.x_train, digits.y_train, np.random.default_rng(seed))
    # In the first step the back end makes its program.
    network.fit(rows, steps_per_epoch=1, shuffle=False, verbose=0)
    began = time.process_time()
    network.fit(rows, steps_per_epoch=steps - 1 or 1, shuffle=False, verbose=0)
    return network, time.process_time() - began


def predict(network, images):
    return network.predict(images, batch_size=500, verbose=0)


def main(argv=None):
    """Return what each way reads of the test digits."""
    parser = make_parser("Train a vision transformer beside a convolutional network.", OUTPUTS)
    add = parser.add_argument
    add("--images", type=positive(int), default=IMAGES, help="digits to learn from")
    add("--steps", type=positive(int), default=STEPS, help="of training")
    add("--ways", nargs="+", choices=WAYS, default=["transformer", "convolutions"])
    add("--search", action="store_true", help="look for the learning rate of each way")
    add("--seeds", type=positive(int), default=1, help="trainings of each way")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits, (images, labels) = prepare_mnist(SHAPE, args.images), prepare_test(SHAPE)
    found = {}
    for name in dict.fromkeys(args.ways):
        print(f"{name}:", flush=True)
        build, seen, asked = WAYS[name], digits, images
        if name == "scrambled":
            seen = digits._replace(x_train=scramble(digits.x_train), x_val=scramble(digits.x_val))
            asked = scramble(images)

        def validation_loss(rate, build=build, seen=seen):
            network, _ = train(build, seen, rate, args.steps, SEARCH_SEED)
            return score(seen.y_val, predict(network, seen.x_val))["cross_entropy"]

        tuned = tune(validation_loss, {"rate": RATES}) if args.search else {"best": {"rate": RATE}}
        accuracies, seconds = [], []
        for seed in range(1, args.seeds + 1):
            network, worked = train(build, seen, tuned["best"]["rate"], args.steps, seed)
            accuracies.append(score(labels, predict(network, asked))["accuracy"])
            seconds.append(worked)
        if name == "transformer":
            save_network(network, folder / "vit.keras")
        found[name] = one = spread(accuracies, len(labels)) | {"tuned": tuned}
        one |= {"parameters": network.count_params(), "seconds": float(np.median(seconds))}
        print("  {mean:.2%} of the test digits read, {parameters:,} parameters".format(**one))
    family = [pair for pair in FAMILY if found.keys() >= {*pair}]
    compared = compare_family({name: one["accuracies"] for name, one in found.items()}, family)
    show_family(compared, "{:+.2f} points", 100)
    results = {"ways": found, "compared": compared}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
