"""Transfer learning: a network that knows ImageNet learns to tell your images apart.

    python cnn/transfer.py                          # 409 emoji in six classes
    python cnn/transfer.py --data FOLDER            # yours, one subfolder for each class
    python cnn/transfer.py --data FOLDER --fine-tune 10
    python cnn/classify.py --model RUN/transfer.keras photo.jpg

Prints which images it found, how many it gets right of those that it did not learn from, which
classes it confuses, and its worst mistakes; saves the network. Takes a minute on two cores for the
emoji, and some more with --fine-tune.
Chapter: cnn/README.md#transfer-learning
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold

from efficientnet_lite import SIZE, build_network
from pictures import count_groups, keep, load_emoji, load_folder, read_batches, read_picture
from utils.figures import save_figure
from utils.options import make_parser, number, positive, seed
from utils.runs import fail, make_folder, save_results, write_json, writing_to
from utils.statistics import sampling_error

EPOCHS = 50  # of training the new head
LEARNING_RATE = 0.001  # of the head; the last blocks get a tenth
FINE_TUNE = 0  # epochs of training the last blocks, after the head
FROZEN = "block_11_project_norm"  # the last layer that fine-tuning leaves as it is
FOLDS = 5  # parts of the images; each is held out once
SEED = 1  # initial weights of the head, and which images are held out together


def replace_head(network, classes):
    """Return three models that share their layers: the whole, its new head, its last blocks.

    The whole takes images, the head what `pooling` gives, the last blocks what FROZEN gives.
    """
    features = network.get_layer("pooling").output
    answer = layers.Dense(classes, activation="softmax", name="classifier")(features)
    last_blocks = keras.Model(network.get_layer(FROZEN).output, answer)
    return keras.Model(network.input, answer), keras.Model(features, answer), last_blocks


def compute_features(network, names, pictures):
    """Compute once what some layers give for each image, since the layers below never change.

    Returns an array for each layer, and the images without those that cannot be read.
    """
    outputs = {name: network.get_layer(name).output for name in names}
    trunk = keras.Model(network.input, outputs)
    kept, batches = [], []
    for numbers, pixels in read_batches(pictures, network.input_shape[1]):
        kept += numbers
        batches.append(trunk.predict_on_batch(pixels))
    if not kept:
        fail("there are no images in subfolders, one for each class, that can be read.")
    features = [np.concatenate([batch[name] for batch in batches]) for name in names]
    return features, keep(pictures, kept)


def train(model, inputs, labels, epochs, learning_rate):
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    model.fit(inputs, labels, epochs=epochs, verbose=0)


def fine_tune(last_blocks, maps, labels, epochs, learning_rate):
    """Train the last blocks, but not their batch normalization, which also keeps its averages."""
    for layer in last_blocks.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    train(last_blocks, maps, labels, epochs, learning_rate / 10)


def predict(model, inputs):
    """Return probabilities (n, classes); predict would be compiled anew for each fold."""
    batches = np.array_split(inputs, -(-len(inputs) // 32))
    answers = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches]
    return np.concatenate(answers)


def learn(models, inputs, labels, args):
    """Train the head and, if there are maps for them, the last blocks; yield each when trained."""
    _, head, last_blocks = models
    train(head, inputs[0], labels, args.epochs, args.learning_rate)
    yield head
    if args.fine_tune:
        fine_tune(last_blocks, inputs[1], labels, args.fine_tune, args.learning_rate)
        yield last_blocks


def cross_validate(models, inputs, labels, groups, args):
    """Hold out a fifth of the images and learn from the others, then the next fifth, and so on.

    Images of one group are held out together. Returns probabilities (n, classes) from networks
    that did not learn from the image: a list of one array, or of two, without and with fine-tuning.
    """
    start = models[0].get_weights()
    answers = [np.zeros((len(labels), models[0].output_shape[1])) for _ in inputs]
    folds = min(FOLDS, count_groups(labels, groups).min())  # each part must have every class
    folds = StratifiedGroupKFold(folds, shuffle=True, random_state=args.seed)
    for known, held_out in folds.split(labels, labels, groups):
        models[0].set_weights(start)
        trained = learn(models, [array[known] for array in inputs], labels[known], args)
        for answer, array, model in zip(answers, inputs, trained, strict=True):
            answer[held_out] = predict(model, array[held_out])
    models[0].set_weights(start)
    return answers


def describe(pictures, answers):
    """Return accuracies, the confusion matrix and the mistakes, the surest first; print them."""
    labels, classes = pictures.labels, pictures.classes
    results = {"majority": float(np.bincount(labels).max() / len(labels))}
    print(f"always {classes[np.bincount(labels).argmax()]}: {results['majority']:.1%} right")
    for name, answer in zip(("head", "fine_tuned"), answers, strict=False):
        right = float((answer.argmax(axis=1) == labels).mean())
        error = sampling_error(right, len(labels))
        results[name] = {"accuracy": right, "sampling_error": error}
        print(f"{name.replace('_', '-')}: {right:.1%} right of those held out, ± {error:.1%}")
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
    """Draw the confusion matrix and the eight surest mistakes."""
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
        axis.set_title(f"{one['predicted']},\n{one['probability']:.0%}", fontsize=9)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Train a pretrained network on a few images of your own.", OUTPUTS)
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
    list(learn(models, inputs, labels, args))  # what is kept learns from all
    with writing_to(folder):
        models[0].save(folder / "transfer.keras")
        write_json(pictures.classes, folder / "transfer.json")
    draw(pictures, results, folder / "transfer.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
