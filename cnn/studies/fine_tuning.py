"""Fine-tuning: what the two usual precautions are good for.

    python cnn/studies/fine_tuning.py              # twenty minutes on two cores
    python cnn/studies/fine_tuning.py --seeds 1    # four

Trains a new head for the emoji on EfficientNet-Lite0, then its last blocks: with a tenth of the
head's rate and the batch normalization left alone, and without one or both of these precautions. A
fifth of the concepts is held out, five times in turn; all this with five seeds, each of which also
divides the concepts anew. You will see the accuracy on all emoji, as drawn by the artist that was
learned from and by the other one, and how many points each variant is above the head alone; the
intervals over the seeds are in results.json.
Chapter: cnn/studies/README.md#fine-tuning
"""

from chapter import OUTPUTS

import keras
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from cnn.efficientnet_lite import build_network
from cnn.photographs import load_emoji
from cnn.studies.cached import (
    EPOCHS,
    FROZEN,
    LEARNING_RATE,
    compute_features,
    predict,
    replace_head,
    thaw,
    train,
)
from cnn.studies.few_pictures import ARTISTS, FOLDS, SIZE
from utils.comparisons import compare_seeds, correct_family
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

SEEDS = 5  # each divides the emoji anew, and gives the head other initial weights
FINE_EPOCHS = 5  # of training the last blocks
# Whether batch normalization stays in inference mode, and the learning rate of the last blocks.
VARIANTS = {
    "both precautions": (True, LEARNING_RATE / 10),
    "batch normalization trained, too": (False, LEARNING_RATE / 10),
    "rate as for the head": (True, LEARNING_RATE),
    "neither": (False, LEARNING_RATE),
}


def compare(variants, seeds, epochs):
    """Return {artist: {variant: accuracies, one for each seed}}; "head only" is a variant, too.

    An accuracy is that on all emoji, each of which is held out once.
    """
    network = build_network(SIZE)
    inputs = {}
    for artist in ARTISTS:
        inputs[artist], pictures = compute_features(
            network, ["pooling", FROZEN], load_emoji(artist)
        )
    labels = pictures.labels
    right = {artist: {} for artist in ARTISTS}  # for each variant (seeds, emoji)

    def note(variant, model, which, seed, held_out):
        for artist in ARTISTS:
            predicted = predict(model, inputs[artist][which][held_out]).argmax(axis=1)
            table = right[artist].setdefault(variant, np.zeros((seeds, len(labels))))
            table[seed - 1, held_out] = predicted == labels[held_out]

    for seed in range(1, seeds + 1):
        keras.utils.set_random_seed(seed)
        whole, head, last_blocks = replace_head(network, len(pictures.classes))
        untrained = whole.get_weights()
        parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for known, held_out in parts.split(labels, labels, pictures.groups):
            features, maps = (array[known] for array in inputs[ARTISTS[0]])
            whole.set_weights(untrained)
            train(head, features, labels[known], EPOCHS, LEARNING_RATE)
            note("head only", head, 0, seed, held_out)
            with_head = whole.get_weights()
            for variant in variants:
                normalization_stays, rate = VARIANTS[variant]
                thaw(last_blocks, normalization_stays)
                train(last_blocks, maps, labels[known], epochs, rate)
                note(variant, last_blocks, 1, seed, held_out)
                whole.set_weights(with_head)
        print(f"seed {seed} of {seeds} is done", flush=True)
    return {
        artist: {variant: table.mean(axis=1).tolist() for variant, table in tables.items()}
        for artist, tables in right.items()
    }


def main(argv=None):
    parser = make_parser("Fine-tune with and without the usual precautions.", OUTPUTS)
    add = parser.add_argument
    add("--seeds", type=positive(int), default=SEEDS, help="how many")
    add("--epochs", type=positive(int), default=FINE_EPOCHS, help="of training the last blocks")
    add("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    results = {}
    for artist, found in compare(args.variants, args.seeds, args.epochs).items():
        results[artist] = {variant: spread(values) for variant, values in found.items()}
        for variant in args.variants:
            compared = compare_seeds(found[variant], found["head only"])
            results[artist][variant]["compared"] = compared
    correct_family([one[name]["compared"] for one in results.values() for name in args.variants])
    print(f"{'accuracy, and points more ...':34}" + "".join(f"{artist:>18}" for artist in ARTISTS))
    for variant in ("head only", *args.variants):
        line = f"{variant:34}"
        for found in results.values():
            one = found[variant]
            more = f"{100 * one['compared']['mean']:+.1f}" if "compared" in one else ""
            line += f"{one['mean']:12.1%}{more:>6}"
        print(line)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
