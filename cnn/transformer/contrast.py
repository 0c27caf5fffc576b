"""Learning without labels: a network learns that two views of one digit belong together.

    python cnn/transformer/contrast.py

You will see the loss fall, and of how many test digits the nearest of 5,000 others is the same
digit, by their pixels and by the 64 numbers of the network, which has seen no label. Figures:
views.png, two views of some digits, and neighbours.png. Two minutes. The network is saved as
encoder.keras; few_labels.py says what it is worth.
Chapter: cnn/transformer/README.md#two-views-of-one-digit
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from mnist.data import prepare_mnist, prepare_test
from mnist.models import IMAGE_SHAPE, conv_net
from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_network, save_results

STEPS, BATCH_SIZE, RATE = 600, 256, 0.002  # Adam's rate falls to 0 along a cosine
TEMPERATURE = 0.2  # the smaller, the more the likest of the others count
PROJECTED = 32  # numbers that the loss compares
NEIGHBOURS = 5  # in the figure
SHOWN = [2, 4, 5, 8]  # digits in the figures
SEED = 1


def make_augmentation():
    """Return layers that turn, stretch and move digits at random, in training only."""
    return keras.Sequential(
        [
            layers.RandomRotation(0.08, fill_mode="constant"),  # of a whole turn: 29 degrees
            layers.RandomZoom((-0.2, 0.3), (-0.2, 0.3), fill_mode="constant"),
            layers.RandomTranslation(0.12, 0.12, fill_mode="constant"),
        ],
        name="augmentation",
    )


def contrastive_loss(first, second, temperature=TEMPERATURE):
    """Return the mean cross-entropy of telling each view's partner among all other views.

    first, second: the numbers of two views of each digit, (batch, size).
    Source: Chen and others, "A simple framework for contrastive learning of visual
    representations" (SimCLR), 2020.
    """
    views = ops.normalize(ops.concatenate([first, second]))  # (2 * batch, size), of length 1
    count = ops.shape(views)[0]
    alike = ops.matmul(views, ops.transpose(views)) / temperature  # cosines: logits
    alike -= 1e9 * ops.eye(count)  # no view is compared with itself
    partner = (ops.arange(count) + count // 2) % count
    return ops.mean(ops.sparse_categorical_crossentropy(partner, alike, from_logits=True))


def build_encoder():
    """Return conv_net without its last layer: images (batch, 28, 28, 1) to (batch, 64)."""
    return keras.Sequential([keras.Input(IMAGE_SHAPE), *conv_net().layers[:-1]], name="encoder")


def build_pairs(encoder):
    """Return the network that learns: images to the numbers of two views, (batch, 2, size)."""
    head = keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(PROJECTED)])
    images, augment = keras.Input(IMAGE_SHAPE), make_augmentation()
    views = [head(encoder(augment(images))) for _ in range(2)]  # drawn anew for each
    return keras.Model(images, ops.stack(views, axis=1))


def fall(rate, steps):
    """Return Adam with a rate that falls to 0."""
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))


def learn_pairs(encoder, images, steps):
    """Train an encoder without labels; return the mean loss of each tenth of the steps."""
    model = build_pairs(encoder)
    model.compile(fall(RATE, steps), lambda _, pairs: contrastive_loss(pairs[:, 0], pairs[:, 1]))
    random, size = np.random.default_rng(SEED), min(BATCH_SIZE, len(images))

    def batches():
        while True:
            chosen = random.choice(len(images), size, replace=False)
            yield images[chosen], np.zeros(size, "float32")  # a loss wants some answer

    tenths = {"steps_per_epoch": steps // 10 or 1, "epochs": 10}
    history = model.fit(batches(), **tenths, shuffle=False, verbose=2)
    return history.history["loss"]


def predict(network, images):
    return network.predict(images, batch_size=1000, verbose=0)


def flatten(images):
    return images.reshape(len(images), -1)


def nearest(queries, others):
    """Return for each query the places of the others that are likest to it by cosine."""
    queries, others = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, others))
    return np.argsort(-queries @ others.T, axis=1)[:, :NEIGHBOURS]


def draw_rows(rows, titles, path):
    """Draw a row of images for each title."""
    size = (0.6 * len(rows[0]), 0.68 * len(rows))
    figure, axes = plt.subplots(len(rows), len(rows[0]), figsize=size)
    for row, images, title in zip(axes, rows, titles, strict=True):
        for one, image in zip(row, images, strict=True):
            one.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            one.axis("off")
        row[0].text(-0.3, 0.5, title, ha="right", va="center", transform=row[0].transAxes)
    save_figure(figure, path)


def main(argv=None):
    """Return the losses, and the share of digits whose nearest neighbour is the same digit."""
    parser = make_parser("Learn from digits without labels.", OUTPUTS)
    add = parser.add_argument
    add("--steps", type=positive(int), default=STEPS, help="of training")
    add("--images", type=positive(int), default=55_000, help="digits to learn from")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    digits, (images, labels) = prepare_mnist(IMAGE_SHAPE, args.images), prepare_test(IMAGE_SHAPE)
    encoder = build_encoder()
    loss = learn_pairs(encoder, digits.x_train, args.steps)
    save_network(encoder, folder / "encoder.keras")

    truth, others = labels.argmax(axis=1), digits.y_val.argmax(axis=1)
    shown = [np.flatnonzero(truth == digit)[0] for digit in SHOWN]
    views = [make_augmentation()(images[shown], training=True) for _ in range(2)]
    views = [ops.convert_to_numpy(view) for view in views]
    draw_rows([images[shown], *views], ["digit", "a view", "another"], folder / "views.png")
    results, found = {"loss": loss, "same": {}}, {}
    ways = {"pixels": flatten, "contrast": lambda images: predict(encoder, images)}
    for way, code in ways.items():
        found[way] = nearest(code(images), code(digits.x_val))
        same = results["same"][way] = float((others[found[way][:, 0]] == truth).mean())
        print(f"{way}: the nearest neighbour is the same digit for {same:.1%}")
    rows = {}
    for place in shown:
        for way, order in found.items():
            rows[f"{truth[place]}, {way}"] = [images[place], *digits.x_val[order[place]]]
    draw_rows([*rows.values()], [*rows], folder / "neighbours.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
