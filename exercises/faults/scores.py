MUTANTS = [
    ("changed places", "return precision, recall, f1", "return recall, precision, f1"),
    ("accuracy", "found / max(np.sum(predicted == 1), 1)", "np.mean(truth == predicted)"),
    ("ordinary mean", "2 * precision * recall / (precision + recall)", "(precision + recall) / 2"),
    ("factor 2", "2 * precision * recall /", "precision * recall /"),
    ("geometric", "2 * precision * recall / (precision + recall)", "(precision * recall) ** 0.5"),
    ("divided by 0", "max(np.sum(predicted == 1), 1)", "np.sum(predicted == 1)"),
    ("divided by 0", "max(np.sum(truth == 1), 1)", "np.sum(truth == 1)"),
    ("divided by 0", " if found else 0.0", ""),
    ("f1 should be 0", " if found else 0.0", " if found else 1.0"),
    ("all examples", "max(np.sum(predicted == 1), 1)", "len(truth)"),
    ("all examples", "max(np.sum(truth == 1), 1)", "len(truth)"),
    ("false alarms", "max(np.sum(predicted == 1), 1)", "max(np.sum(predicted > truth), 1)"),
    ("missed", "max(np.sum(truth == 1), 1)", "max(np.sum(predicted < truth), 1)"),
    ("precision", "np.sum((truth == 1) & (predicted == 1))", "np.sum(truth == predicted)"),
    (
        "zeros",
        "recall = found / max(np.sum(truth == 1), 1)",
        "recall = np.sum((truth == 0) & (predicted == 0)) / max(np.sum(truth == 0), 1)",
    ),
    ("results", "return precision, recall, f1", "return precision, recall"),
]

UNSEEN = [
    ("precision", "max(np.sum(predicted == 1), 1)", "max(np.sum(predicted == 0), 1)"),
    ("F1", "2 * precision * recall / (precision + recall)", "min(precision, recall)"),
    (
        "F1",
        "2 * precision * recall / (precision + recall)",
        "5 * precision * recall / (4 * precision + recall)",
    ),
]

OTHER = """
def scores(truth, predicted):
    hits = false = missed = 0
    for t, p in zip(truth, predicted):
        hits += int(t == 1 and p == 1)
        false += int(t == 0 and p == 1)
        missed += int(t == 1 and p == 0)
    precision = hits / (hits + false) if hits + false else 0
    recall = hits / (hits + missed) if hits + missed else 0
    return precision, recall, 2 * hits / (2 * hits + false + missed) if hits else 0
"""
