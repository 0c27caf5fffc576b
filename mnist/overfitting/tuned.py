"""Which technique helps? Tune each of them, then compare the best of each in ten pairs of seeds.

    python mnist/overfitting/tuned.py                    # all of them: half an hour
    python mnist/overfitting/tuned.py plain dropout      # these, compared with the first
    python mnist/overfitting/tuned.py conv_net le_net    # networks of models.py, or your own
    python mnist/overfitting/tuned.py --outputs FOLDER   # the same folder again: go on there

A small convolutional network learns from so few images that it overfits. Each side tries six
learning rates and some values of its own constants, with three seeds; the validation images choose.
Then ten new seeds train the best of each, and images by people whom no network has met judge.
Chapter: mnist/overfitting/README.md#which-technique-helps
"""

from chapter import OUTPUTS

import functools

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from mnist.data import load_parts, prepare_mnist, prepare_part, writers_of
from mnist.models import IMAGE_SHAPE, MODELS, NUM_CLASSES, normalize
from mnist.overfitting.techniques import augmenting_layers, learning_rate_schedule
from utils.comparisons import compare_family, show_family, tune
from utils.figures import save_figure
from utils.options import make_parser, seed
from utils.runs import make_folder, read_json, save_results, write_json
from utils.statistics import score, spread

load_digits = functools.cache(prepare_mnist)  # once for all trainings
TRAIN_SAMPLES = 1_000
JUDGES = 10_000  # other training images, by none of those who wrote the first thousand
EPOCHS = 20
BATCH_SIZE = 50
SEARCH_SEEDS = [0, 100, 200]  # with a single one, luck chooses, too
SEEDS = list(range(1, 11))  # of the comparison
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]  # of Adam; of the cosine schedule, its peak
# Each side, and the values to try of each of its own constants, with each of the rates.
SIDES = {
    "plain": {},
    "L2": {"l2": [0.0003, 0.003]},
    "weight decay": {"decay": [0.04, 0.4]},
    "dropout": {"dropout": [0.25, 0.5]},
    "batch normalization": {"momentum": [0.9, 0.99]},
    "augmentation": {"augment": ["layers", "affine"]},
    "early stopping": {"patience": [3, 10]},
    "label smoothing": {"smoothing": [0.1, 0.2]},
    "cosine schedule": {"cosine": [True]},
    "averaged weights": {"average": [0.9, 0.95, 0.99]},
    "normalization + cosine": {"momentum": [0.9], "cosine": [True]},
}
RECIPE = "normalization + cosine"  # what the quick recipe of the studies has: does more help?
SIDES[f"{RECIPE} + smoothing"] = SIDES[RECIPE] | {"smoothing": [0.1]}


def network(augment=None, l2=0.0, momentum=None, dropout=0.0):
    """Return conv_net with a quarter of its filters, 13,498 parameters, and what is asked for."""
    penalty = {"kernel_regularizer": keras.regularizers.L2(l2) if l2 else None}

    def normal():
        return [normalize(momentum)] if momentum else []

    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            *(augmenting_layers(augment) if augment else []),
            layers.Conv2D(8, 3, activation="relu", **penalty),
            *(layers.MaxPooling2D(2), *normal(), layers.Dropout(dropout / 2)),
            layers.Conv2D(16, 3, activation="relu", **penalty),
            *(layers.MaxPooling2D(2), *normal()),
            *(layers.Conv2D(16, 3, activation="relu", **penalty), layers.Flatten()),
            layers.Dense(64, activation="relu", **penalty),
            *(*normal(), layers.Dropout(dropout)),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ]
    )


@functools.cache
def load_judges(shape):
    """Return images and labels by people who wrote none of the training and validation images."""
    writers, (images, labels) = writers_of("train"), load_parts()["train"]
    strangers = np.flatnonzero(~np.isin(writers, writers[:TRAIN_SAMPLES]))[-JUDGES:]
    return prepare_part(images[strangers], labels[strangers], shape)


def train(rate, seed, judged, model=None, smoothing=0.0, patience=None, **more):
    """Train a network of models.py, or that of network(); return its scores.

    judged: whether the judges see it, too; more: arguments of network and make_optimizer.
    """
    keras.utils.clear_session(free_memory=True)
    keras.utils.set_random_seed(seed)
    trains = {name: more.pop(name) for name in ("decay", "cosine", "average") if name in more}
    model = MODELS[model]() if model else network(**more)
    digits = load_digits(model.input_shape[1:], TRAIN_SAMPLES)
    steps = EPOCHS * TRAIN_SAMPLES // BATCH_SIZE
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    model.compile(optimizer=make_optimizer(rate, steps, **trains), loss=loss)
    stopping = keras.callbacks.EarlyStopping(patience=patience or 0, restore_best_weights=True)
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(digits.x_val, digits.y_val) if patience else None,
        callbacks=[stopping] if patience else [],
        verbose=0,
    )
    images = digits.parts() | ({"judges": load_judges(model.input_shape[1:])} if judged else {})
    answers = {part: model.predict(x, batch_size=500, verbose=0) for part, (x, _) in images.items()}
    return {part: score(images[part][1], answer) for part, answer in answers.items()}


def make_optimizer(rate, steps, decay=0.0, cosine=False, average=None):
    """Return Adam, which without decay AdamW is; average: momentum of the averaged weights."""
    return keras.optimizers.AdamW(
        learning_rate_schedule("cosine", rate, steps) if cosine else rate,
        weight_decay=decay,
        use_ema=average is not None,
        ema_momentum=average or 0.99,
    )


def train_once(folder, **setting):
    """Return the scores of a training, which a file keeps: from there if there is one."""
    name = "_".join(f"{name}_{value}" for name, value in setting.items())
    path = folder / f"{name}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(train(**setting), path)
    return read_json(path)


def draw(sides, path):
    """Draw how many points more than the first each side reads: each seed, mean and interval."""
    first, *others = sides
    others.sort(key=lambda side: sides[side]["compared"]["mean"])
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.5 * len(others)))
    for place, side in enumerate(others):
        one = sides[side]["compared"]
        points = 100 * np.array(one["differences"])
        axes.plot(points, [place + 0.2] * len(points), "o", color="C0", markersize=4, alpha=0.5)
        ends = [100 * one[end] for end in ("low", "mean", "high") if one[end] is not None]
        axes.plot(ends, [place] * len(ends), "-|", color="C1", linewidth=2)
    axes.axvline(0, color="C7", linewidth=1)
    axes.set_yticks(range(len(others)), [f"{side}\n({sides[side]['setting']})" for side in others])
    axes.set(xlabel=f"Points more than {first}", ylim=(-0.5, len(others) - 0.5))
    save_figure(figure, path)


def main(argv=None):
    """Tune and compare the sides; return what was tried, each side's scores, and the verdicts."""
    parser = make_parser("Tune each technique, then compare the best of each.", OUTPUTS)
    add, about = parser.add_argument, f"one of {', '.join(SIDES)}, or a network of models.py"
    add("sides", nargs="*", default=list(SIDES), metavar="SIDE", help=about)
    add("--seeds", nargs="+", type=seed, default=SEEDS, help="a pair of trainings with each")
    args = parser.parse_args(argv)
    if unknown := [side for side in args.sides if side not in SIDES | MODELS]:
        parser.error(f"{', '.join(unknown)}: neither a technique nor a network of models.py")
    folder = make_folder(args.outputs)
    print(f"The scores go to {folder}")
    sides = {}
    for side in args.sides:
        print(f"\n{side}: which rate, and which constant of its own? (loss: share of mistakes)")
        fixed = {} if side in SIDES else {"model": side}
        run = functools.partial(train_once, folder / side.replace(" ", "_"), **fixed)

        def mistakes(run=run, **setting):
            runs = [run(seed=number, judged=False, **setting) for number in SEARCH_SEEDS]
            return 1 - np.mean([one["validation"]["accuracy"] for one in runs])

        tuned = tune(mistakes, grid := SIDES.get(side, {}) | {"rate": RATES})
        runs = [run(seed=number, judged=True, **tuned["best"]) for number in args.seeds]
        chosen = [f"{name} {tuned['best'][name]}" for name in grid if grid[name] != [True]]
        sides[side] = tuned | {
            "setting": ", ".join(chosen),
            "accuracy": spread([one["judges"]["accuracy"] for one in runs]),
            "losses": {p: np.mean([one[p]["cross_entropy"] for one in runs]) for p in runs[0]},
        }
    values = {side: one["accuracy"]["accuracies"] for side, one in sides.items()}
    first, *others = values
    pairs = [(side, first) for side in others]
    more = [side for side in others if side.startswith(f"{RECIPE} +")]
    pairs += [(side, RECIPE) for side in more if RECIPE in others]
    compared = compare_family(values, pairs)
    show_family(compared, "{:+.2f}", 100)
    for side in others:
        sides[side]["compared"] = compared.pop(f"{side} - {first}")
    draw(sides, folder / "mnist_tuned.png")
    return save_results({"sides": sides, "recipe": compared}, folder, __file__, argv)


if __name__ == "__main__":
    main()
