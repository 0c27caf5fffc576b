"""A split without a leak: what belongs together lies on one side.

groups: (n,), for each image the number of its writer; share: how much of the images should
validate, above 0 and below 1; seed: the same seed gives the same split, another seed another one.
Draw writers at random for the validation part, each with the same chance and at most once, until
it has at least the share of the images.
Every image is in exactly one part, all images of a writer in the same.
Returns the numbers (from 0) of the images that train and of those that validate, two arrays.

With four writers of two images each, one writer validates:

    >>> train, validation = split_by_group(np.array([7, 7, 8, 8, 9, 9, 5, 5]), 0.25, 1)
    >>> print(len(train), len(validation))
    6 2

Check: python exercises/check.py split_by_group
Chapter: mnist/README.md#people-it-has-never-met
"""

import numpy as np


def split_by_group(groups, share, seed):
    raise NotImplementedError
