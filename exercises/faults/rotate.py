SPEEDS = "10_000 ** (-np.arange(half) / half)"
TURN = "[first * cos - second * sin, second * cos + first * sin]"

MUTANTS = [
    ("wrong way", TURN, "[first * cos + second * sin, second * cos - first * sin]"),
    ("Nothing is subtracted", TURN, "[first * cos + second * sin, second * cos + first * sin]"),
    ("here it is subtracted", TURN, "[first * cos - second * sin, second * cos - first * sin]"),
    ("change places", TURN, "[second * cos + first * sin, first * cos - second * sin]"),
    ("sines are left out", TURN, "[first * cos, second * cos]"),
    ("stay as it is", TURN, "[first * cos, second * sin]"),
    (
        "new first half",
        "    return np.concatenate(" + TURN,
        "    first = first * cos - second * sin\n"
        "    return np.concatenate([first, second * cos + first * sin]",
    ),
    ("neighbours", "x[:, :half], x[:, half:]", "x[:, ::2], x[:, 1::2]"),
    (
        "neighbours",
        "first, second = x[:, :half], x[:, half:]\n    return np.concatenate(" + TURN + ", axis=1)",
        "first, second = x[:, ::2], x[:, 1::2]\n    return np.stack("
        + TURN
        + ", axis=-1).reshape(x.shape)",
    ),
    ("Its pair", "x[:, half:]", "x[:, :half - 1 : -1]"),
    (
        "degrees",
        "np.cos(angles), np.sin(angles)",
        "np.cos(angles * np.pi / 180), np.sin(angles * np.pi / 180)",
    ),
    ("same angle", SPEEDS, "np.ones(half)"),
    ("-i / size", SPEEDS, "10_000 ** (-np.arange(half) / (2 * half))"),
    ("-2 i / half", SPEEDS, "10_000 ** (-2 * np.arange(half) / half)"),
    ("ends at -1", SPEEDS, "10_000 ** -np.linspace(0, 1, half)"),
    ("lacks its minus", SPEEDS, "10_000 ** (np.arange(half) / half)"),
    ("first pair is the slowest", SPEEDS, SPEEDS + "[::-1]"),
    ("count from 0", SPEEDS, "10_000 ** (-np.arange(1, half + 1) / half)"),
    ("equal steps", SPEEDS, "(1 - np.arange(half) / half)"),
    ("powers of 1000", "10_000", "1_000"),
    ("place 0", "places[:, None]", "(places[:, None] + 1)"),
    ("number of the row", "places[:, None]", "np.arange(len(x))[:, None]"),
    ("number of the row", "places[:, None]", "(places - places[0])[:, None]"),
    ("place of the first", "places[:, None]", "places[0]"),
    ("sorts", "places[:, None]", "np.sort(places)[:, None]"),
    ("ValueError", "places[:, None]", "places"),
    ("shape", "axis=1", "axis=0"),
    ("as it is", "np.cos(angles), np.sin(angles)", "np.ones(half), np.zeros(half)"),
]

UNSEEN = [
    ("wrong way", "np.sin(angles)", "np.sin(-angles)"),
    ("place", "places[:, None]", "places[:, None] / max(places.max(), 1)"),
    ("angle", "places[:, None]", "np.minimum(places, 1)[:, None]"),
    ("angle", SPEEDS, "np.exp(-np.arange(half))"),
    ("Its pair", "x[:, half:]", "np.roll(x[:, half:], 1, axis=1)"),
    ("place", "places[:, None]", "places[::-1, None]"),
]

OTHER = """
import numpy as np

def rotate(x, places):
    tokens, size = x.shape
    turned = np.zeros((tokens, size))
    for token in range(tokens):
        for i in range(size // 2):
            pair = complex(x[token, i], x[token, i + size // 2])
            pair *= np.exp(1j * places[token] / 10_000 ** (2 * i / size))
            turned[token, i], turned[token, i + size // 2] = pair.real, pair.imag
    return turned
"""
