MUTANTS = [
    (
        "hands",
        "    for writer in random.permutation(np.unique(groups)):\n"
        "        if chosen.sum() >= share * len(groups):\n"
        "            break\n"
        "        chosen |= groups == writer\n",
        "    chosen[random.permutation(len(groups))[: int(share * len(groups)) + 1]] = True\n",
    ),
    (
        "hands",
        "    for writer in random.permutation(np.unique(groups)):\n"
        "        if chosen.sum() >= share * len(groups):\n"
        "            break\n"
        "        chosen |= groups == writer\n",
        "    chosen[-int(share * len(groups)) - 1 :] = True\n",
    ),
    (
        "more than once",
        "np.flatnonzero(~chosen), np.flatnonzero(chosen)",
        "np.concatenate([np.flatnonzero(~chosen)] * 2), np.flatnonzero(chosen)",
    ),
    ("both parts", "np.flatnonzero(~chosen), ", "np.arange(len(groups)), "),
    (
        "changed places",
        "np.flatnonzero(~chosen), np.flatnonzero(chosen)",
        "np.flatnonzero(chosen), np.flatnonzero(~chosen)",
    ),
    ("same split", "default_rng(seed)", "default_rng(0)"),
    ("another split", "default_rng(seed)", "default_rng()"),
    ("same split", "random.permutation(np.unique(groups))", "np.unique(groups)"),
    (
        "less than",
        "        chosen |= groups == writer\n",
        "        if (chosen | (groups == writer)).sum() > share * len(groups):\n"
        "            break\n        chosen |= groups == writer\n",
    ),
    ("lost", "np.flatnonzero(~chosen), ", "np.flatnonzero(~chosen)[1:], "),
    (
        "share of the images",
        "chosen.sum() >= share * len(groups)",
        "len(np.unique(groups[chosen])) >= max(share, 0.3) * 1.4 * len(np.unique(groups))",
    ),
    (
        "Are these writers",
        "np.flatnonzero(~chosen), np.flatnonzero(chosen)",
        "np.unique(groups[~chosen]), np.unique(groups[chosen])",
    ),
    (
        "or of the writers",
        "chosen.sum() >= share * len(groups)",
        "len(np.unique(groups[chosen])) >= share * len(np.unique(groups))",
    ),
    (
        "drawn twice",
        "np.flatnonzero(~chosen), np.flatnonzero(chosen)",
        "np.flatnonzero(~chosen), np.concatenate([np.flatnonzero(chosen)] * 2)",
    ),
    ("np.where gives", "np.flatnonzero(~chosen), ", "np.where(~chosen), "),
    ("whole", "np.flatnonzero(~chosen), np.flatnonzero(chosen)", "~chosen, chosen"),
    ("same chance", "random.permutation(np.unique(groups))", "random.permutation(groups)"),
    ("less than", ">= share * len(groups)", ">= 1"),
    (
        "never validate",
        "random.permutation(np.unique(groups))",
        "[*random.permutation(np.unique(groups)[:-1]), groups.max()]",
    ),
    ("different splits", "default_rng(seed)", "default_rng(seed % 2)"),
    (
        "different splits",
        "random.permutation(np.unique(groups))",
        "np.roll(np.unique(groups), random.integers(len(groups)))",
    ),
]

UNSEEN = [
    ("share", "groups == writer", "groups <= writer"),
    ("same split", "random.permutation(np.unique(groups))", "np.unique(groups)[::-1]"),
]

OTHER = """
import random

import numpy as np

def split_by_group(groups, share, seed):
    writers = sorted(set(groups.tolist()))
    random.Random(seed).shuffle(writers)
    validation = []
    while len(validation) < share * len(groups):
        writer = writers.pop()
        validation += [i for i, group in enumerate(groups) if group == writer]
    train = [i for i in range(len(groups)) if i not in set(validation)]
    return np.array(train), np.array(validation)
"""
