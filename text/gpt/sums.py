"""Machinery of the chapter: sums to learn from, others that are held out, and how many are right.

Chapter: text/gpt/README.md#fine-tuning
"""

import numpy as np

from characters import VALIDATION_SHARE, encode

ROUNDS = 20  # the sums to learn from, so many times


def make_sums(seed, backwards=False):
    """Return sums to learn from, many times in another order, and others: a text each.

    What 12+34 is tells what 34+12 is, so both are among the same. backwards: the last digit of the
    sum comes first, 12+34=64. Source: Lee and others, "Teaching arithmetic to small transformers",
    2023.
    """
    random, known, held_out = np.random.default_rng(seed), [], []
    for a in range(10, 100):
        for b in range(10, a + 1):
            total = str(a + b)[:: -1 if backwards else 1]
            lines = {f"{a}+{b}={total}\n", f"{b}+{a}={total}\n"}
            (held_out if random.random() < VALIDATION_SHARE else known).extend(sorted(lines))
    learned = "".join(line for _ in range(ROUNDS) for line in random.permutation(known))
    return learned, "".join(held_out)


def share_right(model, alphabet, text):
    """Return the share of sums, a text of lines, that a network would write wholly right.

    It would write the likeliest character each time. So its answer is right if after the question
    and each part of the right answer the likeliest is the next of the right ones.
    """
    lines = text.splitlines(keepends=True)
    tokens = np.zeros((len(lines), model.input_shape[1] + 1), "int32")
    asked = np.zeros(tokens.shape, bool)
    for row, line in enumerate(lines):
        tokens[row, : len(line)] = encode(line, alphabet)
        asked[row, line.index("=") + 1 : len(line)] = True
    likeliest = model.predict(tokens[:, :-1], batch_size=64, verbose=0).argmax(axis=2)
    return float(((likeliest == tokens[:, 1:]) | ~asked[:, 1:]).all(axis=1).mean())
