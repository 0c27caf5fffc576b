"""Look at embeddings: which words does a network that learned spam put side by side?

    python text/embeddings.py

You will see the nearest neighbours of some words, by the angle between their vectors, and a map of
the hundred most frequent words in the two directions in which the vectors differ most; a word that
would cover a more frequent one is only a point. Some twenty seconds on two cores.
Chapter: text/README.md#what-the-embeddings-hold
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from text.classifiers import BATCH_SIZE, averaged, build_network, make_vectorizer, numbers_of
from text.messages import load_messages
from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

EPOCHS = 8
ASKED = ["free", "call", "love", "tomorrow"]
NEIGHBOURS = 6
DRAWN = 100  # words on the map, the most frequent ones of three letters or more
SEEN = 20  # a neighbour must occur as often, or its vector is mostly chance
SEED = 1


def learn(messages, epochs):
    """Return {word: its vector} and {word: how many more messages with it are of the last class}.

    The second is the share among messages of the last class minus that among the others.
    """
    vectorizer = make_vectorizer(messages.texts)
    numbers = numbers_of(vectorizer, messages.texts)
    model = build_network(averaged, len(messages.classes))
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(numbers, messages.labels, batch_size=BATCH_SIZE, epochs=epochs, verbose=2)
    (weights,) = model.get_layer("embedding").get_weights()  # (WORDS, WIDTH)
    last, vectors, leaning = messages.labels == len(messages.classes) - 1, {}, {}
    for number, word in enumerate(vectorizer.get_vocabulary()[2:], 2):
        within = (numbers == number).any(axis=1)
        if within.sum() >= SEEN:
            vectors[word] = weights[number]
            leaning[word] = float(within[last].mean() - within[~last].mean())
    return vectors, leaning


def neighbours(vectors, word):
    """Return the words nearest to a word, each with the cosine of the angle between them."""
    words = list(vectors)
    unit = np.array([vectors[w] / np.linalg.norm(vectors[w]) for w in words])
    cosines = unit @ unit[words.index(word)]
    return [(words[i], float(cosines[i])) for i in np.argsort(-cosines)[1 : NEIGHBOURS + 1]]


def draw(vectors, leaning, pca, path):
    words = [word for word in vectors if len(word) > 2][:DRAWN]
    places = pca.transform([vectors[word] for word in words])
    figure, axes = plt.subplots(figsize=(9, 6))
    axes.scatter(*places.T, alpha=0)
    axes.set(title="Words more frequent in spam (bold, squares) and in other messages")
    axes.set(xlabel="first direction", ylabel="second direction")
    figure.draw_without_rendering()  # from here on it is known where a word lies
    written, marks = [], []
    for word, place in zip(words, places, strict=True):
        spam = leaning[word] > 0
        color, weight, marker = ("C1", "bold", "s") if spam else ("C0", "normal", "o")
        text = axes.text(*place, word, color=color, weight=weight, ha="center", va="center", size=8)
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in written):  # one could read neither
            text.remove()
            marks.append((place, marker, color))
        else:
            written.append(box)
    for place, marker, color in marks:
        if not any(box.contains(*axes.transData.transform(place)) for box in written):
            axes.plot(*place, marker, color=color, markersize=3)
    save_figure(figure, path)


def main(argv=None):
    """Return the neighbours, and how well the first direction tells words of spam apart."""
    parser = make_parser("Looks at the embeddings of words.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder, messages = make_folder(args.outputs), load_messages()
    keras.utils.set_random_seed(args.seed)
    vectors, leaning = learn(messages, args.epochs)
    results = {"neighbours": {word: neighbours(vectors, word) for word in ASKED}}
    for word, near in results["neighbours"].items():
        print(f"{word:8} {', '.join(f'{other} {cosine:.2f}' for other, cosine in near)}")
    pca = PCA(2).fit(list(vectors.values()))
    first = pca.transform(list(vectors.values()))[:, 0]
    results["first_direction"] = float(pca.explained_variance_ratio_[0])
    results["correlation"] = float(abs(np.corrcoef(first, list(leaning.values()))[0, 1]))
    print(
        "the first direction holds {first_direction:.0%} of the differences; its correlation with"
        " spam is {correlation:.2f}".format(**results)
    )
    draw(vectors, leaning, pca, folder / "embeddings.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
