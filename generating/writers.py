"""Whose hand is it? Digits drawn in the style of a writer whom the flow has never seen.

    python generating/writers.py VAE_RUN    # the folder of a run of vae.py

A writer's style is taken to be sixteen numbers: how far, on average, this writer's digits lie from
the middle of their kind in the space of the VAE. You will see how often the style of 1, 5, 20 or 50
digits finds the other digits of its writer among those of all validation writers who have written
enough. Then a flow is trained that is told a style beside the digit, and the digits that it draws
are put to the same test. The figure shows digits of some writers, and below them what was drawn in
their style. About a minute.
Chapter: generating/README.md#whose-hand
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np

from generating.flow import BATCH_SIZE, LEARNING_RATE, REPORT, STEPS, as_floats, build_flow, draw
from generating.images import CLASSES, draw_sheet, load_digits
from generating.judge import Judge
from generating.latents import load_vae
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

FEW = [1, 5, 20, 50]  # digits from which a style is taken
LEAST = 100  # digits of a validation writer who takes part
REPEATS = 20  # times that digits are chosen anew
SHOWN = 5  # writers in the figure
SEED = 1


def middles(codes, labels):
    """Return the mean code of each kind of digit: (10, size)."""
    return np.stack([codes[labels == digit].mean(axis=0) for digit in range(CLASSES)])


def find_styles(offsets, writers):
    """Return the mean offset of each image's writer, (n, size); offsets: of the images."""
    _, places = np.unique(writers, return_inverse=True)
    sums = np.stack([np.bincount(places, column) for column in offsets.T], axis=1)
    return as_floats(sums / np.bincount(places)[:, None])[places]


def pairs(codes, styles, labels, random):
    """Yield what a flow gets, with a style behind each point, and the velocity."""
    while True:
        chosen = random.integers(len(codes), size=BATCH_SIZE)
        noise, time = random.normal(size=codes[chosen].shape), random.random((BATCH_SIZE, 1))
        point = (1 - time) * noise + time * codes[chosen]
        both = as_floats(np.hstack([point, styles[chosen]]))
        yield (both, as_floats(time), labels[chosen]), as_floats(codes[chosen] - noise)


class InStyle:
    """A flow that is told these styles, (n, size), whatever points it is asked about."""

    def __init__(self, flow, styles):
        self.flow, self.styles = flow, styles
        self.output_shape = flow.output_shape

    def predict_on_batch(self, inputs):
        points, times, digits = inputs
        styles = np.tile(self.styles, (len(points) // len(self.styles), 1))
        return self.flow.predict_on_batch([np.hstack([points, styles]), times, digits])


def found(styles, others):
    """Return the share of styles, (writers, size), to which that of the same writer is nearest."""
    distances = np.linalg.norm(styles[:, None] - others[None], axis=2)
    return float((distances.argmin(axis=1) == np.arange(len(styles))).mean())


def halves(part, random):
    """Return {writer: (places of half of the digits, places of the others)}, in a new order."""
    result = {}
    for writer in np.unique(part.writers):
        places = random.permutation(np.flatnonzero(part.writers == writer))
        if len(places) >= LEAST:
            result[writer] = np.array_split(places, 2)
    return result


def mean_rows(offsets, groups):
    return np.stack([offsets[places].mean(axis=0) for places in groups])


def recognize(offsets, part, random):
    """Return {digits: share of styles of so many digits that find their writer's other digits}."""
    shares = {str(count): [] for count in FEW}
    for _ in range(REPEATS):
        first, second = zip(*halves(part, random).values(), strict=True)
        others = mean_rows(offsets, second)
        for count in FEW:
            styles = mean_rows(offsets, [places[:count] for places in first])
            shares[str(count)].append(found(styles, others))
    return {count: float(np.mean(values)) for count, values in shares.items()}


def draw_in_styles(flow, decoder, offsets, part, random):
    """Return pictures in the style of one half of each writer's digits, labelled as the other half.

    Returns the pictures (n, 784), the labels (n,), the number of the writer of each (n,), and the
    styles of the other halves (writers, size).
    """
    first, second = zip(*halves(part, random).values(), strict=True)
    styles = as_floats(mean_rows(offsets, first))
    writer = np.repeat(np.arange(len(second)), [len(places) for places in second])
    labels = part.labels[np.concatenate(second)]
    images = draw(InStyle(flow, styles[writer]), decoder, labels, random, guidance=1)
    return images, labels, writer, mean_rows(offsets, second)


def draw_figure(flow, decoder, offsets, part, random, path):
    """Draw ten digits of some writers, one of each kind, and below each row what was drawn."""
    rows, titles = [], []
    for writer, places in list(halves(part, random).items())[:: max(1, 20 // SHOWN)][:SHOWN]:
        everything = np.concatenate(places)
        one_each = [everything[part.labels[everything] == digit][0] for digit in range(CLASSES)]
        style = as_floats(offsets[everything].mean(axis=0))
        told = InStyle(flow, np.tile(style, (CLASSES, 1)))
        rows += [part.images[one_each], draw(told, decoder, np.arange(CLASSES), random, guidance=1)]
        titles += [f"writer {writer}", "drawn"]
    draw_sheet(np.concatenate(rows), CLASSES, path, titles)


def main(argv=None):
    """Return how often a style finds its writer: of real digits, and of drawn ones."""
    parser = make_parser("Draw digits in the style of a writer.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="VAE_RUN", help="folder of a run of vae.py")
    add("--steps", type=positive(int), default=STEPS, help="of training")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    _, encoder, decoder = load_vae(args.run)
    keras.utils.set_random_seed(args.seed)
    digits, random = load_digits(), np.random.default_rng(args.seed)
    train_part, validation = digits["train"], digits["validation"]
    codes, _ = encoder.predict(train_part.images, batch_size=1000, verbose=0)
    middle = middles(codes, train_part.labels)
    others, _ = encoder.predict(validation.images, batch_size=1000, verbose=0)
    offsets = others - middle[validation.labels]
    writers = len(halves(validation, random))
    real = recognize(offsets, validation, random)
    print(f"real digits of {writers} writers, chance {1 / writers:.1%}:", real)

    styles = find_styles(codes - middle[train_part.labels], train_part.writers)
    flow = build_flow(codes.shape[1], style=styles.shape[1])
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, args.steps)
    flow.compile(keras.optimizers.Adam(rate), loss="mean_squared_error")
    epochs = math.ceil(args.steps / REPORT)
    flow.fit(
        pairs(codes, styles, train_part.labels, np.random.default_rng(args.seed)),
        steps_per_epoch=math.ceil(args.steps / epochs),
        epochs=epochs,
        shuffle=False,  # the points are drawn at random already
        verbose=2,
    )
    images, labels, writer, others = draw_in_styles(flow, decoder, offsets, validation, random)
    drawn = encoder.predict(images, batch_size=1000, verbose=0)[0] - middle[labels]
    groups = [np.flatnonzero(writer == number) for number in range(writers)]
    results = {
        "writers": writers,
        "real": real,
        "drawn": found(mean_rows(drawn, groups), others),
        "accuracy": Judge().accuracy(images, labels),
    }
    print("drawn digits find their writer: {drawn:.1%}; as asked: {accuracy:.1%}".format(**results))
    draw_figure(flow, decoder, offsets, validation, random, folder / "writers.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
