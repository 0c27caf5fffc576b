"""Machinery of the chapter: texts as rows of tokens. Read one, cut windows, load a run.

`text/shakespeare.txt` holds 40,000 lines from the plays of William Shakespeare (public domain), as
Andrej Karpathy collected them for char-rnn: "Tiny Shakespeare". SHA-256:
86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed.
Chapter: text/gpt/README.md#training
"""

from chapter import OUTPUTS

import math
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from keras import layers
from pydantic import AfterValidator, BaseModel, Field
from scipy.special import log_softmax

from text.gpt.gpt import build_gpt
from text.pieces import Encoder, learn
from utils.files import file_sha256, read_text
from utils.loading import load_model
from utils.options import positive
from utils.runs import ROOT, fail, find_run, printable
from utils.schemas import Count, Name, Whole, read_form
from utils.statistics import interval

FOLDER = Path(__file__).resolve().parent

SHAKESPEARE = FOLDER.parent / "shakespeare.txt"
PRETRAINED = ROOT / "assets" / "models" / "shakespeare"  # shakespeare.py --ship made it
CHECKPOINT = "gpt_checkpoint.keras"  # in a run: the network that was saved last
VALIDATION_SHARE = 0.1  # the end of the text
LEAST = 10_000  # characters of a text to learn from
Token = Annotated[str, Field(min_length=1, max_length=100)]
PARTS = 50  # of the validation part, for intervals
MOST = 512  # characters that a network may see at once: a text may be as short as that


def check_alphabet(alphabet):
    if not 2 <= len({*alphabet}) == len(alphabet):
        raise ValueError("it should be two tokens or more, none of them twice")
    return alphabet


class Settings(BaseModel):
    """What settings.json says of a run. The alphabet may be a text, if it has only characters."""

    alphabet: Annotated[str | list[Token], AfterValidator(check_alphabet)]
    data: Name
    steps: Count
    batch_size: Count
    seed: Whole


class Text(NamedTuple):
    """A text as numbers: each token, a character or a piece of a word, is its place in a list."""

    alphabet: list
    train: np.ndarray
    validation: np.ndarray


def read_long_text(path):
    """Return the text in a file, or end the program with one line."""
    text = read_text(path)
    if "\0" in text:
        fail(f"{path} is not a text: it holds zero bytes.")
    if len(text) < LEAST:
        fail(f"{path} has {len(text):,} characters, too few: at least {LEAST:,}, better a million.")
    if len(set(text)) < 2:
        fail(f"{path} consists of one character only: there is nothing to learn.")
    return text


def unknown(text, alphabet):
    """Return the characters of a text that a network does not know."""
    return sorted(set(text) - set(alphabet))


def encode(text, alphabet):
    """Return the tokens of a text as numbers, or end the program if a character is not known."""
    if strange := unknown(text, alphabet):
        fail(f"the network has never seen {', '.join(map(repr, strange[:5]))}: leave it out.")
    return np.array(Encoder(alphabet, list).encode(text), "int32")


def harmless(text):
    """Return a text whose alphabet came from a file so that no character commands a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def load_text(path=SHAKESPEARE, alphabet=None, pieces=0):
    """Return the Text of a file; alphabet: that of a network, None for the text's own.

    pieces: how many of words stand in the text's own beside all its characters. The training part
    decides which.
    """
    text = read_long_text(path)
    cut = round(len(text) * (1 - VALIDATION_SHARE))
    parts = text[:cut], text[cut:]
    alphabet = alphabet or sorted(set(text)) + learn(parts[0], pieces, list)
    return Text(alphabet, *(encode(part, alphabet) for part in parts))


def decode(tokens, alphabet):
    return "".join(alphabet[token] for token in tokens)


def window_starts(length, context, step):
    """Return where windows begin that cover a text; the last one ends with it."""
    last = length - context - 1
    return np.append(np.arange(0, last, step), last)


def windows(tokens, context, step=None):
    """Cut a text into windows: what the network reads, and what it should say.

    Returns two arrays (windows, context); the second is the first, one token on. step: from one
    beginning to the next; None: context, so that they lie side by side.
    """
    starts = window_starts(len(tokens), context, step or context)
    places = starts[:, None] + np.arange(context)
    return tokens[places], tokens[places + 1]


def token_losses(model, tokens, symbols=None):
    """Return the loss in nats of each token but the first: (tokens - 1,).

    The windows overlap by half, and of each but the first one only the second half counts: so all
    tokens but the first ones have at least half a window before them. symbols: only the first so
    many tokens may come; None: all.
    """
    context = model.input_shape[1]
    half = context // 2
    x, y = windows(tokens, context, context - half)
    rows = []
    for some in np.array_split(np.arange(len(x)), math.ceil(len(x) / 256)):
        logits = model.predict(x[some], batch_size=64, verbose=0)[:, :, :symbols]
        logs = log_softmax(logits.astype("float64"), axis=2)
        rows.append(-np.take_along_axis(logs, y[some][:, :, None], axis=2)[:, :, 0])
    rows, losses = np.concatenate(rows), np.empty(len(tokens) - 1)
    losses[:half] = rows[0, :half]
    for start, row in zip(window_starts(len(tokens), context, context - half), rows, strict=True):
        losses[start + half : start + context] = row[half:]
    return losses


def character_losses(model, tokens, alphabet):
    """Return the loss in nats of each character of all tokens but the first.

    What a token costs is shared out among its characters: so all alphabets can be compared.
    """
    lengths = np.array([len(alphabet[token]) for token in tokens[1:]])
    return np.repeat(token_losses(model, tokens) / lengths, lengths)


def mean_with_interval(losses):
    """Return mean, bits per character and a 95 % interval over parts of the text."""
    parts = np.array_split(losses, PARTS)
    sums, counts = np.array([[part.sum(), len(part)] for part in parts]).T
    mean = float(losses.mean())
    return {"mean": mean, "bits": mean / float(np.log(2)), **interval(sums, counts)}


def build_alike(model, symbols=None, context=None):
    """Return a GPT of gpt.py with the sizes of another one; None: also this one.

    With rotary positions, the weights are the same for any context.
    """
    names = [layer.name for layer in model.layers]
    embedding, attention = model.get_layer("embedding"), model.get_layer("block_1_attention")
    gated = "block_1_gate" in names
    kind = {
        "rotary": attention.rotary,
        "rms": isinstance(model.get_layer("normal"), layers.RMSNormalization),
        "gated": gated,
        "activation": model.get_layer("block_1_gate" if gated else "block_1_wide").activation,
        "groups": attention.groups,
    }
    return build_gpt(
        embedding.input_dim if symbols is None else symbols,
        context or positive(int, MOST)(model.input_shape[1]),
        width=embedding.output_dim,
        heads=attention.heads,
        blocks=sum(name.endswith("_attention") for name in names),
        kind=kind,
        tied=embedding.tie_weights,
    )


def add_run(parser, script="shakespeare.py", default=PRETRAINED):
    about = f"folder of a run of {script}; None: the network that comes with the book"
    parser.add_argument("run", nargs="?", default=default, metavar="RUN", help=about)


def load_run(name):
    """Return the network of a run of shakespeare.py, its settings and its folder.

    Ends the program with one line if they are not what shakespeare.py writes.
    """
    folder = find_run(name, OUTPUTS)
    if not folder.is_dir():
        fail(f"there is no folder {folder}.")
    settings = read_form(folder / "settings.json", Settings, "a run of a GPT")
    settings["alphabet"] = list(settings["alphabet"])
    model, symbols = load_model(folder / CHECKPOINT), len(settings["alphabet"])
    try:
        networks = (model, build_alike(model, symbols))
        found, wanted = ([(w.path, w.shape) for w in one.weights] for one in networks)
        alike = found == wanted
    except (AttributeError, TypeError, ValueError):  # a layer of another kind, or none
        alike = False
    if not alike:
        fail(f"the network in {folder} is not a GPT of gpt.py with its {symbols} tokens.")
    return model, settings, folder


def text_of_run(settings):
    """Return the Text that a run learned from, or end the program if the file holds another one.

    Cut elsewhere, it would validate with what the network has learned.
    """
    path = ROOT / settings["data"]
    if not path.is_file() or file_sha256(path) != settings.get("sha256"):
        fail(f"{path} is not, or no longer, the text of this run, or the run is old. Train anew.")
    return load_text(path, settings["alphabet"])
