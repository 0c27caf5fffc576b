"""Early stopping: when does training end, and which epoch was the best?

losses: a list of the validation loss after each epoch, as it would be if training went on to the
end; patience: a whole number, 1 or more. Training ends after that many epochs in a row without a
new lowest loss (the same loss again is not a new lowest), or when the list ends.
Returns the last epoch that is trained, and the best of those that were; epochs count from 1.

    >>> early_stopping([0.50, 0.40, 0.45, 0.41, 0.30], 2)
    (4, 2)

Check: python exercises/check.py early_stopping
Chapter: mnist/overfitting/README.md#early-stopping
"""


def early_stopping(losses, patience):
    raise NotImplementedError
