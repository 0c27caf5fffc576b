import numpy as np


def split_by_group(groups, share, seed):
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(groups), bool)
    for writer in random.permutation(np.unique(groups)):
        if chosen.sum() >= share * len(groups):
            break
        chosen |= groups == writer
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
