"""Look inside a trained GPT: which head does something that can be named?

    python text/gpt/heads.py

Takes the network that comes with the book, or with RUN one that `shakespeare.py` has trained. Each
of the 16 heads gets four scores: how much it looks at the character before, at the beginning of the
line, at vowels, and at what followed the same character earlier; each is divided by what a head
without any preference would reach. The best head for each is chosen on one half of some validation
windows, and scored on the other half. The figure shows the maps of two. Half a minute on two cores.
Chapter: text/gpt/README.md#looking-inside
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np

from text.gpt.characters import add_run, load_run, text_of_run, windows
from utils.figures import save_figure
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results

WINDOWS = 64
SHOWN = 28  # characters of the maps
SEED = 1  # of the windows


def all_shares(model, x):
    """Return how much each place looks at each: (windows, blocks * heads, time, time)."""
    names = [layer.name for layer in model.layers if layer.name.endswith("_attention")]
    normals = {n: model.get_layer(n.replace("attention", "normal_1")).output for n in names}
    inputs = keras.Model(model.inputs, normals).predict(x, batch_size=16, verbose=0)
    shares = []
    for name in names:
        attention = model.get_layer(name)
        query, key, _ = attention.project(inputs[name])
        scores = keras.ops.convert_to_numpy(attention.share(query, key))
        shares.append(scores.reshape(len(x), -1, *scores.shape[-2:]))  # (windows, heads, ...)
    return np.concatenate(shares, axis=1)


def patterns(text):
    """Return what a head might look at: {name: (time, time), True where row looks at column}.

    text: the tokens as text.
    """
    time = len(text)
    row, column = np.indices((time, time))
    before = column < row
    newline = np.array(["\n" in token for token in text])
    last = np.maximum.accumulate(np.where(newline, np.arange(time), -1))  # newline, up to here
    same = np.array(text)[:, None] == np.array(text)
    after_same = np.zeros((time, time), bool)
    after_same[:, 1:] = same[:, :-1]  # the column before this one holds what the row holds
    return {
        "the character before": column == row - 1,
        "the beginning of the line": before & (column == last[:, None]),
        "vowels": before & np.isin(text, list("aeiouAEIOU")),
        "what followed the same character": before & after_same,
    }


def scores(shares, texts):
    """Return {pattern: for each head the share that it looks there, and as times the usual one}.

    The usual share is that of a head that looks equally at all places up to its own. Places from
    which there is nothing of the kind to look at do not count. Both arrays: (heads,).
    """
    found = {}
    for number, text in enumerate(texts):
        usual = np.tril(np.ones((len(text), len(text))))
        usual /= usual.sum(axis=1, keepdims=True)
        for name, where in patterns(text).items():
            sums = found.setdefault(name, [0, 0, 0])
            sums[0] = sums[0] + (shares[number] * where).sum(axis=(1, 2))
            sums[1] += (usual * where).sum()
            sums[2] += where.any(axis=1).sum()
    return {name: (looked / rows, looked / usual) for name, (looked, usual, rows) in found.items()}


def draw(shares, text, best, path):
    """Draw the maps of the two heads with the highest scores; shares: of one window."""
    figure, panels = plt.subplots(1, 2, figsize=(9.6, 5))
    labels = [token.replace("\n", "\\n").replace(" ", "␣") for token in text[:SHOWN]]
    turned = 90 if max(map(len, labels)) > 2 else 0  # pieces of words are wide
    highest = sorted(best, key=lambda name: -best[name]["score"])[:2]
    for axes, name in zip(panels, highest, strict=True):
        one = best[name]
        axes.imshow(shares[one["number"], :SHOWN, :SHOWN], cmap="Blues", vmin=0)
        axes.set_xticks(range(len(labels)), labels, fontsize=7, rotation=turned)
        axes.set_yticks(range(len(labels)), labels, fontsize=7)
        axes.set_title(f"{name}: block {one['block']}, head {one['head']}", fontsize=10)
        axes.grid(visible=False)
        axes.set(xlabel="looked at", ylabel="looks")
    save_figure(figure, path)


def main(argv=None):
    """Return the best head for each pattern, with its scores on both halves of the windows."""
    parser = make_parser("Finds heads that do something nameable.", OUTPUTS)
    add_run(parser)
    parser.add_argument("--seed", type=seed, default=SEED, help="of the windows")
    args = parser.parse_args(argv)
    folder, random = make_folder(args.outputs), np.random.default_rng(args.seed)
    model, settings, _ = load_run(args.run)
    text = text_of_run(settings)
    x, _ = windows(text.validation, model.input_shape[1])
    x = x[random.permutation(len(x))[:WINDOWS]]
    texts = [[text.alphabet[token] for token in row] for row in x]
    shares, half = all_shares(model, x), len(x) // 2
    chosen, confirmed = scores(shares[:half], texts[:half]), scores(shares[half:], texts[half:])
    heads, best = model.get_layer("block_1_attention").heads, {}
    for name, (_, values) in chosen.items():
        number = int(values.argmax())
        best[name] = {
            "number": number,
            "block": number // heads + 1,
            "head": number % heads + 1,
            "chosen_by": float(values[number]),
            "share": float(confirmed[name][0][number]),
            "score": float(confirmed[name][1][number]),
            "all": confirmed[name][1].tolist(),
        }
        print(
            "{:32} block {block}, head {head}: {share:.0%} of its attention, {score:.1f} times the"
            " usual share".format(name, **best[name])
        )
    # A window with the beginning of a line that can be seen.
    shown = max(range(len(x)), key=lambda number: texts[number][4 : SHOWN // 2].count("\n"))
    draw(shares[shown], texts[shown], best, folder / "heads.png")
    return save_results({"windows": len(x), "best": best}, folder, __file__, argv)


if __name__ == "__main__":
    main()
