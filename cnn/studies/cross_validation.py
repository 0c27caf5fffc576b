"""Cross-validation: how good a new head is, tested on every image and not on a fifth of them.

    python cnn/studies/cross_validation.py                 # 409 emoji in six classes
    python cnn/studies/cross_validation.py --data FOLDER   # yours, one subfolder for each class
    python cnn/studies/cross_validation.py --fine-tune 10  # train the last blocks, too

Holds out a fifth of the images, trains a head on the others, and goes on to the next fifth, with
features that are computed once. You will see how many images it gets right of those that it did not
learn from, and its worst mistakes; the figure shows which classes it confuses. Takes half a minute
on two cores for the emoji, and some more with --fine-tune.
Chapter: cnn/studies/README.md#cross-validation
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from cnn.efficientnet_lite import SIZE, build_network
from cnn.photographs import load_emoji, load_folder, read_picture
from cnn.studies.cached import (
    EPOCHS,
    FROZEN,
    LEARNING_RATE,
    compute_features,
    count_groups,
    cross_validate,
    replace_head,
)
from utils.figures import save_figure
from utils.options import make_parser, number, positive, seed
from utils.runs import fail, make_folder, save_results
from utils.statistics import describe_share, share_right

FINE_TUNE = 0  # epochs of training the last blocks, after the head
SEED = 1  # initial weights of the head, and which images are held out together


def describe(pictures, answers):
    """Return and print accuracies, the confusion matrix, the mistakes (most confident first)."""
    labels, classes = pictures.labels, pictures.classes
    results = {"majority": float(np.bincount(labels).max() / len(labels))}
    print(f"always {classes[np.bincount(labels).argmax()]}: {results['majority']:.1%} right")
    for name, answer in zip(("head", "fine_tuned"), answers, strict=False):
        right = int((answer.argmax(axis=1) == labels).sum())
        results[name] = share_right(right, len(labels))
        print(f"{name.replace('_', '-')}: of those held out {describe_share(results[name])}")
    probabilities = answers[-1]
    predicted = probabilities.argmax(axis=1)
    results["confusion_matrix"] = confusion_matrix(labels, predicted).tolist()
    wrong = np.flatnonzero(predicted != labels)
    results["mistakes"] = [
        {
            "picture": int(i),
            "name": pictures.names[i],
            "true": classes[labels[i]],
            "predicted": classes[predicted[i]],
            "probability": float(probabilities[i].max()),
        }
        for i in sorted(wrong, key=lambda i: -probabilities[i].max())
    ]
    for one in results["mistakes"][:5]:
        print(f"  {one['name']}: {one['predicted']} ({one['probability']:.0%}), not {one['true']}")
    return results


def draw(pictures, results, path):
    """Draw the confusion matrix and the eight most confident mistakes."""
    figure = plt.figure(figsize=(10, 4.6))
    matrix, mistakes = figure.subfigures(1, 2, width_ratios=(1, 1.2))
    display = ConfusionMatrixDisplay(
        np.array(results["confusion_matrix"]), display_labels=pictures.classes
    )
    axis = matrix.subplots()
    display.plot(ax=axis, cmap="Blues", colorbar=False, xticks_rotation=45)
    axis.set(title="What is taken for what", xlabel="predicted", ylabel="true")
    axis.grid(False)
    for axis in (panels := mistakes.subplots(2, 4)).flat:
        axis.axis("off")
    for axis, one in zip(panels.flat, results["mistakes"], strict=False):
        axis.imshow(read_picture(pictures.sources[one["picture"]], SIZE))
        answer = f"{one['predicted']} ({one['probability']:.0%}),\nnot {one['true']}"
        axis.set_title(answer, fontsize=9)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Cross-validate a new head on a pretrained network.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="one subfolder of images for each class")
    add("--epochs", type=positive(int), default=EPOCHS, help="of training the head")
    add("--fine-tune", type=number(int, 0), default=FINE_TUNE, help="epochs of the last blocks")
    add("--learning-rate", type=positive(float), default=LEARNING_RATE, help="of the head")
    add("--size", type=number(int, 32, 1024), default=SIZE, help="pixels that images are cut to")
    add("--seed", type=seed, default=SEED, help="fixes the initial weights and what is held out")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    pictures = load_folder(args.data) if args.data else load_emoji()
    keras.utils.set_random_seed(args.seed)
    network = build_network(args.size)
    names = ["pooling", FROZEN] if args.fine_tune else ["pooling"]
    inputs, pictures = compute_features(network, names, pictures)
    counts = np.bincount(pictures.labels)
    each = ", ".join(f"{n} {name}" for name, n in zip(pictures.classes, counts, strict=True))
    print(f"{len(pictures.labels)} images: {each}")
    labels, groups = pictures.labels, pictures.groups
    if len(counts) < 2 or count_groups(labels, groups).min() < 2:
        about = "it takes at least two subfolders, one for each class, with two images in each"
        fail(f"{about} (those that share a folder within it count as one).")
    models = replace_head(network, len(pictures.classes))
    results = describe(pictures, cross_validate(models, inputs, labels, groups, args))
    draw(pictures, results, folder / "cross_validation.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
