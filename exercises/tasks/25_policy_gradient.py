"""The policy gradient: an answer becomes likelier the better it did, compared with the mean.

An answer is a single token here. logits: (answers, symbols), from which each was drawn; tokens:
(answers,), the number of the token that was drawn, from 0; rewards: (answers,), for each answer.
All answers are one group. The advantage of an answer is its reward minus the mean of the rewards
(the baseline), divided by their standard deviation, `np.std`. If all rewards are equal, all
advantages are 0. (Look at the rewards: as it is computed, the deviation of equal numbers is not
always 0.) The loss is

    -mean(logarithm of the token's probability * advantage)

over the answers. Probabilities are the softmax of a row of logits, of which some may be thousands,
and must not overflow.
Returns the gradient of the loss with respect to the logits, (answers, symbols). Take the advantages
as constants.

    >>> found = policy_gradient(np.zeros((2, 4)), np.array([0, 3]), np.array([1.0, 0.0]))
    >>> print(found)
    [[-0.375  0.125  0.125  0.125]
     [-0.125 -0.125 -0.125  0.375]]

Check: python exercises/check.py policy_gradient
Chapter: text/answers/README.md#reward
"""

import numpy as np


def policy_gradient(logits, tokens, rewards):
    raise NotImplementedError
