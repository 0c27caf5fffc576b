import numpy as np


def scores(truth, predicted):
    found = np.sum((truth == 1) & (predicted == 1))
    precision = found / max(np.sum(predicted == 1), 1)
    recall = found / max(np.sum(truth == 1), 1)
    f1 = 2 * precision * recall / (precision + recall) if found else 0.0
    return precision, recall, f1
