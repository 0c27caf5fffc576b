"""Fine-tuning: the head alone, the last blocks, or the whole network with augmentation.

    python cnn/studies/fine_tuning.py              # fifteen minutes on two cores
    python cnn/studies/fine_tuning.py --ways head blocks    # three

Trains a new head for the emoji on EfficientNet-Lite0, and then more of the network, which starts
from that head. Each way tries its own learning rates on a division of the concepts, and the best
goes to new ones: each seed holds out another fifth. You will see the share of the emoji held out
that each way reads, as drawn by the artist that was learned from and by the other one, and how many
points that is above the head alone.
Chapter: cnn/studies/README.md#fine-tuning
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import StratifiedGroupKFold

from cnn.efficientnet_lite import build_network
from cnn.photographs import load_emoji
from cnn.studies.cached import FROZEN, predict, read_batches, replace_head, thaw
from cnn.studies.few_pictures import ARTISTS, FOLDS
from utils.comparisons import compare_seeds, tune
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

SIZE = 96  # pixels, width and height to which the emoji are enlarged
SEEDS = 3  # each holds out another fifth of the emoji
SEARCH_SEED = 101
BATCH_SIZE = 32
# The head alone, the last blocks, the whole network with augmentation: epochs, and the learning
# rates of Adam that are tried, from which they fall to 0.
WAYS = {
    "head": (50, [0.0003, 0.001, 0.003, 0.01]),
    "blocks": (10, [0.00003, 0.0001, 0.0003, 0.001]),
    "whole": (12, [0.00003, 0.0001, 0.0003, 0.001]),
}


def augmented(network):
    """Return the network with layers in front that change the images while it learns."""
    x = inputs = keras.Input(network.input_shape[1:])
    for layer in (
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05, fill_mode="nearest"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
    ):
        x = layer(x)
    return keras.Model(inputs, network(x))


def train(model, inputs, labels, epochs, rate):
    """Train what is not frozen, quietly, at a rate that falls to 0 along a cosine."""
    steps = epochs * math.ceil(len(labels) / BATCH_SIZE)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(inputs, labels, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)


class Emoji:
    """The emoji of both artists, what the frozen layers make of them, and the network."""

    def __init__(self):
        network = build_network(SIZE)
        pictures = load_emoji(ARTISTS[0])
        self.labels, self.groups = pictures.labels, pictures.groups
        self.whole, self.head, self.last_blocks = replace_head(network, len(pictures.classes))
        self.untrained = self.whole.get_weights()
        outputs = [network.get_layer(name).output for name in ("pooling", FROZEN)]
        trunk = keras.Model(network.input, outputs)
        self.images, self.features, self.maps = {}, {}, {}
        for artist in ARTISTS:
            batches = [pixels for _, pixels in read_batches(load_emoji(artist), SIZE)]
            self.images[artist] = np.concatenate(batches)
            made = zip(*(trunk.predict_on_batch(pixels) for pixels in batches), strict=True)
            self.features[artist], self.maps[artist] = map(np.concatenate, made)

    def divide(self, seed):
        """Return the numbers of the emoji to learn from and of those held out, a fifth."""
        parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        return next(parts.split(self.labels, self.labels, self.groups))

    def learn(self, way, rates, seed):
        """Return probabilities {artist: (held out, classes)} of a way, and the right labels.

        rates: {way: rate}; the ways that go on from the head need its rate, too.
        """
        keras.utils.set_random_seed(seed)
        known, held_out = self.divide(seed)
        learn_from, labels = ARTISTS[0], self.labels[known]
        self.whole.set_weights(self.untrained)
        epochs, _ = WAYS["head"]
        train(self.head, self.features[learn_from][known], labels, epochs, rates["head"])
        model, inputs = self.head, self.features
        if way == "blocks":
            model, inputs = self.last_blocks, self.maps
            thaw(model)
            train(model, inputs[learn_from][known], labels, WAYS[way][0], rates[way])
        elif way == "whole":
            model, inputs = self.whole, self.images
            thaw(model)
            train(augmented(model), inputs[learn_from][known], labels, WAYS[way][0], rates[way])
        found = {artist: predict(model, inputs[artist][held_out]) for artist in ARTISTS}
        return found, self.labels[held_out]


def main(argv=None):
    parser = make_parser("Fine-tune a pretrained network, more and more of it.", OUTPUTS)
    add = parser.add_argument
    add("--seeds", type=positive(int), default=SEEDS, help="how many")
    add("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    emoji, rates, results = Emoji(), {}, {}
    ways = ["head"] + [way for way in WAYS if way in args.ways and way != "head"]
    for way in ways:

        def loss(rate, way=way):
            found, right = emoji.learn(way, rates | {way: rate}, SEARCH_SEED)
            return -np.log(found[ARTISTS[0]][np.arange(len(right)), right] + 1e-7).mean()

        found = tune(loss, {"rate": WAYS[way][1]})
        rates[way] = found["best"]["rate"]
        accuracies = {artist: [] for artist in ARTISTS}
        for seed in range(1, args.seeds + 1):
            predicted, right = emoji.learn(way, rates, seed)
            for artist, probabilities in predicted.items():
                accuracies[artist].append(float((probabilities.argmax(axis=1) == right).mean()))
        results[way] = found | {artist: spread(values) for artist, values in accuracies.items()}
        line = f"{way}, rate {rates[way]}:"
        for artist, values in accuracies.items():
            line += f"  {artist} {np.mean(values):.1%}"
            if way != "head":
                first = results["head"][artist]["accuracies"]
                compared = results[way][artist]["compared"] = compare_seeds(values, first)
                line += f" ({100 * compared['mean']:+.1f})"
        print(line, flush=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
