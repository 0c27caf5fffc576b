"""Augmentation of today: RandAugment, AugMix, MixUp and CutMix, beside flips and crops.

    python cnn/studies/augment.py

A pretrained network learns 10, then 30 photographs of each of seven classes, or all that a class
has, changed in one of six ways before each step. Each way tries four learning rates and three
values of its dial with 10, on a fifth held out for that alone; the other fifths are held out in
turn and tested once. You will see the share of each that is read, beside that of a logistic
regression, and pairs of ways. A figure shows what each does to three photographs. Ten to twenty
minutes.
Chapter: cnn/studies/README.md#augmentation-of-today
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold

from cnn.efficientnet_lite import build_network
from cnn.photographs import PHOTOGRAPHS, load_folder, read_pictures
from cnn.studies.cached import forget, predict, replace_head, thaw
from cnn.studies.few_pictures import choose
from utils.comparisons import compare_networks, correct_family, tune
from utils.figures import draw_sheet
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results
from utils.statistics import mean_over_groups

SIZE = 64  # pixels, width and height; at 160, as they are shipped, a step takes six times as long
COUNTS = [10, 30]  # photographs of each class, or all of three fifths; the first for the search
STEPS = 60
BATCH_SIZE = 16
FROZEN = "block_4_add"  # the last layer that stays as it is: 96 % of the weights lie above it
RATES = 0.00003, 0.0002, 0.001, 0.005  # of Adam, at first; they fall to 0
PLAIN = "flips and crops"  # to which the ways below it are added
# The dial of each way: the middle value with all rates, then the two others with the best rate.
WAYS = {
    "probe": (1, 10, 300),  # C of a logistic regression on the features; nothing is changed
    "none": (None,),
    PLAIN: (0.15, 0.3, 0.5),  # of the width and height: what a crop cuts off, at most
    "RandAugment": (0.3, 0.5, 0.8),  # factor
    "AugMix": (0.03, 0.1, 0.3),  # factor
    "MixUp": (0.03, 0.1, 0.3),  # alpha
    "CutMix": (0.25, 0.5, 1),  # factor, at most 1
}
SHOWN, SEED = ("kingfisher", "rose", "fox"), 6  # of the figure


def make_layers(way, dial, cut):
    """Return the layers that change a batch, one after the other; cut: the dial of the crops."""
    changing = [
        layers.RandomFlip("horizontal"),
        layers.RandomTranslation(cut / 2, cut / 2),  # to a side, then nearer: a crop
        layers.RandomZoom((-cut, 0.0)),
    ]
    if way == "MixUp":
        changing.append(layers.MixUp(alpha=dial))
    elif way != PLAIN:
        changing.append(getattr(layers, way)(factor=dial))
    return changing


def change(changing, images, labels):
    """Return a batch as layers change it: images (n, size, size, 3), labels (n, classes).

    Called outside of any graph: in one, AugMix would draw its operations once and for all.
    """
    batch = {"images": images, "labels": labels}
    for layer in changing:
        batch = layer(batch, training=True)
    return batch["images"], batch["labels"]


def settled_loss(labels, probabilities):
    """Return the loss with the best of some temperatures: mixing only makes a network less sure."""
    powers = [np.maximum(probabilities, 1e-7) ** sure for sure in (0.25, 0.5, 1, 2, 4)]
    shares = [one / one.sum(axis=1, keepdims=True) for one in powers]
    return min(log_loss(labels, one, labels=range(one.shape[1])) for one in shares)


class Photographs:
    """The photographs in fifths, the first for the search, and the network, compiled once."""

    def __init__(self, size):
        keras.utils.set_random_seed(1)
        pictures = load_folder(PHOTOGRAPHS)
        self.labels, self.groups = pictures.labels, np.array(pictures.groups)
        self.images = read_pictures(pictures.sources, size)[1].astype("float32")
        self.one_hot = np.eye(len(pictures.classes), dtype="float32")[self.labels]
        parts = StratifiedGroupKFold(5, shuffle=True, random_state=1)
        self.fifths = [part for _, part in parts.split(self.labels, self.labels, self.groups)]
        self.network, *_ = replace_head(build_network(size), len(pictures.classes))
        trunk = keras.Model(self.network.input, self.network.get_layer("pooling").output)
        self.features = keras.utils.normalize(predict(trunk, self.images))
        self.untrained = self.network.get_weights()
        thaw(self.network)
        keras.Model(self.network.input, self.network.get_layer(FROZEN).output).trainable = False
        self.network.compile(keras.optimizers.Adam(), "categorical_crossentropy")

    def learn(self, way, held_out, judged, count, rate, dial, cut, steps):
        """Learn some of all fifths but the first and one; return probabilities of those judged."""
        random = np.random.default_rng(held_out)
        known = [part for i, part in enumerate(self.fifths) if i not in (0, held_out)]
        known = choose(np.concatenate(known), self.labels, count, random)
        if way == "probe":
            model = LogisticRegression(C=dial, max_iter=2000)
            model.fit(self.features[known], self.labels[known])
            return model.predict_proba(self.features[judged])
        keras.utils.set_random_seed(held_out)
        cut = dial if way == PLAIN else cut
        changing = [] if way == "none" else make_layers(way, dial, cut)
        forget(self.network.optimizer)
        self.network.set_weights(self.untrained)
        looks = 1 + steps * BATCH_SIZE // len(known)
        order = np.concatenate([random.permutation(known) for _ in range(looks)])
        batches = order[: steps * BATCH_SIZE].reshape(steps, BATCH_SIZE)
        rates = rate * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2
        for some, self.network.optimizer.learning_rate in zip(batches, rates, strict=True):
            self.network.train_on_batch(*change(changing, self.images[some], self.one_hot[some]))
        return predict(self.network, self.images[judged])

    def search(self, way, count, cut, steps):
        """Return the best rate and dial, and all that were tried, as the first fifth judges."""

        def validation_loss(rate, dial):
            answer = self.learn(way, 1, self.fifths[0], count, rate, dial, cut, steps)
            return settled_loss(self.labels[self.fifths[0]], answer)

        rates, dials = RATES if way != "probe" else [0], list(WAYS[way])
        found = tune(validation_loss, {"rate": rates, "dial": [dials.pop(len(dials) // 2)]})
        if not dials:
            return found
        more = tune(validation_loss, {"rate": [found["best"]["rate"]], "dial": dials})
        best = min(found, more, key=lambda one: one["loss"])["best"]
        return {"best": best, "tried": found["tried"] + more["tried"]}


def draw(path):
    """Draw three photographs as each way changes them; of mixed ones, with their labels."""
    paths = [next(PHOTOGRAPHS.glob(f"*/{name}.jpg")) for name in SHOWN]
    images = read_pictures(paths, 160)[1].astype("float32")
    drawn = [(image.astype("uint8"), "none") for image in images]
    for way in list(WAYS)[2:]:
        keras.utils.set_random_seed(SEED)
        changing = make_layers(way, WAYS[way][-1], WAYS[PLAIN][1])
        changed, labels = map(np.asarray, change(changing, images, np.eye(3, dtype="float32")))
        for image, row in zip(changed.clip(0, 255).astype("uint8"), labels, strict=True):
            parts = [f"{p:.0%} {SHOWN[i]}" for i, p in enumerate(row) if 0 < p < 1]
            drawn.append((image, ", ".join([way, *parts])))
    rows = [drawn[i] for row in range(3) for i in range(row, 18, 3)]
    draw_sheet(*zip(*rows, strict=True), path, 6)


def main(argv=None):
    parser = make_parser("Compare ways to change pictures before a network learns.", OUTPUTS)
    add = parser.add_argument
    add("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    add("--counts", nargs="+", type=positive(int), default=COUNTS, help="of each class")
    add("--folds", type=positive(int, 4), default=4, help="how many fifths are tested")
    add("--steps", type=positive(int), default=STEPS, help="of each training")
    add("--size", type=number(int, 32, 160), default=SIZE, help="pixels, width and height")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    draw(folder / "augment.png")
    photographs = Photographs(args.size)
    tested = list(enumerate(photographs.fifths))[1 : args.folds + 1]
    numbers = np.concatenate([part for _, part in tested])
    fold = np.concatenate([np.full(len(part), i) for i, part in tested])
    labels, groups = photographs.labels[numbers], photographs.groups[numbers]
    searched, results, pairs, cut = {}, {}, {}, WAYS[PLAIN][1]
    for way in [way for way in WAYS if way in args.ways]:  # the crops before what is added to them
        searched[way] = photographs.search(way, args.counts[0], cut, args.steps)
        cut = searched[way]["best"]["dial"] if way == PLAIN else cut
    for count in args.counts:
        found, right = {}, {}
        for way, one in searched.items():
            how = one["best"] | {"count": count, "cut": cut, "steps": args.steps}
            answers = [photographs.learn(way, *fifth, **how) for fifth in tested]
            right[way] = np.concatenate(answers).argmax(axis=1) == labels
            shares = [float(right[way][fold == i].mean()) for i, _ in tested]
            found[way] = {"accuracies": shares} | mean_over_groups(right[way] * 1.0, groups)
            print(count, way, *(f"{share:.1%}" for share in shares), flush=True)
        for way in [way for way in found if PLAIN in found and way != PLAIN]:
            pair = pairs[f"{count}: {way}"] = compare_networks(right[PLAIN], right[way], groups)
            shares = [found[one]["accuracies"] for one in (way, PLAIN)]
            pair["differences"] = np.subtract(*shares).tolist()
        results[str(count)] = found
    correct_family(pairs.values())
    for name, one in pairs.items():
        print("{}: {mean:+.1%} ({low:+.1%} to {high:+.1%}), p {holm:.3f}".format(name, **one))
    results = {"searched": searched, "counts": results, "pairs": pairs}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
