"""Fine-tuning: what the two usual precautions are good for.

    python cnn/studies/fine_tuning.py

Trains a new head for the emoji on EfficientNet-Lite0, then its last blocks: with a tenth of the
head's rate and the batch normalization left alone, and without one or both of these precautions. A
fifth of the concepts is held out, five times in turn. You will see the accuracy on these, drawn by
the artist that was learned from and by the other one. Takes four minutes on two cores.
Chapter: cnn/studies/README.md#fine-tuning
"""

from chapter import OUTPUTS

import keras
from keras import layers
from sklearn.model_selection import StratifiedGroupKFold

from cnn.efficientnet_lite import build_network
from cnn.pictures import load_emoji
from cnn.studies.cached import (
    EPOCHS,
    FROZEN,
    LEARNING_RATE,
    compute_features,
    predict,
    replace_head,
    train,
)
from cnn.studies.few_pictures import ARTISTS, FOLDS, SIZE
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread

FINE_EPOCHS = 5  # of training the last blocks
# Whether batch normalization stays in inference mode, and the learning rate of the last blocks.
VARIANTS = {
    "both precautions": (True, LEARNING_RATE / 10),
    "batch normalization trained, too": (False, LEARNING_RATE / 10),
    "rate as for the head": (True, LEARNING_RATE),
    "neither": (False, LEARNING_RATE),
}


def thaw(last_blocks, normalization_stays):
    """Make the last blocks trainable, with or without their batch normalization."""
    for layer in last_blocks.layers:
        normalization = isinstance(layer, layers.BatchNormalization)
        layer.trainable = not (normalization and normalization_stays)


def compare(variants, folds, epochs):
    """Return {artist: {variant: accuracies, one for each fold}}; "head only" is a variant, too."""
    network = build_network(SIZE)
    inputs = {}
    for artist in ARTISTS:
        inputs[artist], pictures = compute_features(
            network, ["pooling", FROZEN], load_emoji(artist)
        )
    labels = pictures.labels
    accuracies = {artist: {} for artist in ARTISTS}

    def note(variant, model, which, held_out):
        for artist in ARTISTS:
            predicted = predict(model, inputs[artist][which][held_out]).argmax(axis=1)
            right = float((predicted == labels[held_out]).mean())
            accuracies[artist].setdefault(variant, []).append(right)

    keras.utils.set_random_seed(1)
    whole, head, last_blocks = replace_head(network, len(pictures.classes))
    untrained = whole.get_weights()
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=1)
    splits = parts.split(labels, labels, pictures.groups)
    for fold, (known, held_out) in list(enumerate(splits))[:folds]:
        features, maps = (array[known] for array in inputs[ARTISTS[0]])
        whole.set_weights(untrained)
        train(head, features, labels[known], EPOCHS, LEARNING_RATE)
        note("head only", head, 0, held_out)
        with_head = whole.get_weights()
        for variant in variants:
            normalization_stays, rate = VARIANTS[variant]
            thaw(last_blocks, normalization_stays)
            train(last_blocks, maps, labels[known], epochs, rate)
            note(variant, last_blocks, 1, held_out)
            whole.set_weights(with_head)
        print(f"fold {fold + 1} of {folds} is done", flush=True)
    return accuracies


def main(argv=None):
    parser = make_parser("Fine-tune with and without the usual precautions.", OUTPUTS)
    add = parser.add_argument
    add("--folds", type=positive(int, FOLDS), default=FOLDS, help="how many are held out in turn")
    add("--epochs", type=positive(int), default=FINE_EPOCHS, help="of training the last blocks")
    add("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    accuracies = compare(args.variants, args.folds, args.epochs)
    results = {}
    print(f"{'accuracy on ...':34}" + "".join(f"{artist:>16}" for artist in ARTISTS))
    for variant in accuracies[ARTISTS[0]]:
        line = f"{variant:34}"
        for artist in ARTISTS:
            one = spread(accuracies[artist][variant])
            results.setdefault(artist, {})[variant] = one
            line += f"{one['mean']:16.1%}"
        print(line)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
