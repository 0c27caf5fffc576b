"""A network learns surnames letter by letter, and then invents new ones.

    python rnn/names.py
    python rnn/names.py --temperatures 0.3 2     # the first plays it safe, the second is bold
    python rnn/names.py --layer gru

You will see how well n-grams of one to six letters and the network predict the next letter of 5,000
names that neither has seen, in bits per letter; invented names, and how many of 2,000 are real;
and a figure of where the network puts the 26 letters. About three minutes on two cores.
Chapter: rnn/README.md#names
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from scipy.special import softmax
from sklearn.decomposition import PCA

from rnn.letters import (
    EDGE,
    LONGEST,
    PADDING,
    SYMBOLS,
    count_letters,
    difference,
    encode,
    load_names,
    mean_bits,
    network_bits,
    ngram_bits,
)
from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

ORDER = 6  # letters of the longest n-grams
LAYER = "lstm"  # or gru, simple_rnn
UNITS = 128
LETTER_SIZE = 16  # numbers that stand for a letter
EPOCHS = 8
BATCH_SIZE = 256
LEARNING_RATE = 0.003
TEMPERATURES = [0.5, 1.0, 1.5]  # below 1 likely letters become likelier, above 1 less so
INVENTED = 2_000
SEED = 1  # of the split, the first weights and the invented names

SPELLED = " abcdefghijklmnopqrstuvwxyz "  # the padding, the letters, and the edge of a name
LAYERS = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}


def build_network(layer, units):
    """Return the network: letters (names, places) to logits (names, places, SYMBOLS)."""
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(SYMBOLS, LETTER_SIZE),
            LAYERS[layer](units, return_sequences=True),
            layers.Dense(SYMBOLS),  # logits: softmax turns them into probabilities
        ]
    )


def invent(model, count, temperature, seed):
    """Let the network write names letter by letter, all at once, and keep its states between."""
    random = np.random.default_rng(seed)
    embedding, recurrent, dense = model.layers
    letters, state = np.full(count, EDGE), recurrent.cell.get_initial_state(count)
    words = [""] * count
    for _ in range(LONGEST):
        output, state = recurrent.cell(embedding(letters), state)  # one step
        logits = keras.ops.convert_to_numpy(dense(output)) / temperature  # (count, SYMBOLS)
        logits[:, PADDING] = -np.inf
        shares = softmax(logits.astype("float64"), axis=1)
        letters = np.array([random.choice(SYMBOLS, p=p) for p in shares])
        words = [word + SPELLED[letter] for word, letter in zip(words, letters, strict=True)]
    return [word.split(" ")[0] for word in words]


def draw_letters(vectors, path):
    """Draw the vectors of the letters in the two directions in which they differ most."""
    places = PCA(2).fit_transform(vectors)
    figure, axes = plt.subplots(figsize=(6, 4.5))
    axes.scatter(*places.T, alpha=0)
    for letter, place in zip("abcdefghijklmnopqrstuvwxyz", places, strict=True):
        color = "C1" if letter in "aeiou" else "C0"
        axes.text(*place, letter, color=color, ha="center", va="center", weight="bold", size=13)
    axes.set(title="The letters, as the network sees them", xlabel="first direction")
    axes.set(ylabel="second direction")
    save_figure(figure, path)


def vowels_together(vectors, random):
    """Return how far apart vowels and five random letters are, and how rarely the latter less."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def spread(letters):
        return np.linalg.norm(vectors[letters] - vectors[letters].mean(axis=0), axis=1).mean()

    vowels = spread([ord(letter) - ord("a") for letter in "aeiou"])
    others = np.array([spread(random.permutation(26)[:5]) for _ in range(10_000)])
    return {"vowels": vowels, "five": others.mean(), "rarely": (others <= vowels).mean()}


def main(argv=None):
    """Return bits per letter of all models, and some invented names with the origin of all."""
    parser = make_parser("Learns surnames letter by letter and invents new ones.", OUTPUTS)
    parser.add_argument("--layer", choices=LAYERS, default=LAYER)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    about = "names to learn from; None: all"
    parser.add_argument("--names", type=positive(int), metavar="N", help=about)
    about = "of the invented names"
    parser.add_argument(
        "--temperatures", type=positive(float), nargs="+", default=TEMPERATURES, help=about
    )
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    keras.utils.set_random_seed(args.seed)
    train_names, validation, test = load_names(args.seed, args.names)

    ngrams = count_letters(ORDER, train_names)
    counted = [ngram_bits(ngrams, name) for name in test]
    bits = {f"ngrams_{n}": [one[n - 1] for one in counted] for n in range(1, ORDER + 1)}

    model = build_network(args.layer, UNITS)
    # What the network says after the end of a name does not count.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=loss)
    x, y = encode(train_names)
    model.fit(
        x,
        y,
        batch_size=BATCH_SIZE,
        epochs=args.epochs,
        validation_data=encode(validation),
        verbose=2,
    )
    bits[args.layer] = network_bits(model, test)
    for name, values in bits.items():
        print(f"{name:12} {mean_bits(values):.3f} bits per letter")
    ahead = difference(bits[args.layer], bits[f"ngrams_{ORDER}"], args.seed)
    print(
        "{} - n-grams of {} letters: {mean:.3f} ({low:.3f} to {high:.3f})".format(
            args.layer, ORDER, **ahead
        )
    )

    invented = []
    for temperature in args.temperatures:
        names = invent(model, INVENTED, temperature, args.seed)
        origin = {
            "learned": np.isin(names, train_names).mean(),
            "held_out": np.isin(names, validation + test).mean(),
        }
        origin["new"] = 1 - origin["learned"] - origin["held_out"]
        invented.append({"temperature": temperature, "names": names[:50], **origin})
        print(f"temperature {temperature}: {', '.join(names[:8])}")
        shares = "{learned:.1%} learned, {held_out:.1%} held out, {new:.1%} new".format(**origin)
        print(f"    of {INVENTED:,}: {shares}")
    vectors = model.layers[0].get_weights()[0][1:27]  # of the letters from a to z
    draw_letters(vectors, folder / "names_letters.png")
    results = {
        "bits": {name: mean_bits(values) for name, values in bits.items()},
        "difference": ahead,
        "parameters": model.count_params(),
        "invented": invented,
        "vowels": vowels_together(vectors, np.random.default_rng(args.seed)),
    }
    return save_results(results, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
