"""Spam or not? Eight models learn from the same messages, and are asked about others.

    python text/spam.py
    python text/spam.py --models words characters           # only these
    python text/spam.py --data mine.tsv                      # a label, a tab, a text in each line

Each network first gets the learning rate, of seven, with the lowest loss on messages to stop by, in
another split; logistic regression chooses its strength in each fold, likewise. Then each message is
held out once, in five folds, and its near copies with it. You will see the errors of each model,
precision and recall of the last class, seconds, and how far each is behind logistic regression on
characters, which is simple and strong. About half an hour on two cores, half a minute for the
first three models.
Chapter: text/README.md#spam-or-not
"""

from chapter import OUTPUTS

import time
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss, precision_recall_fscore_support

from text.classifiers import NAMES, NETWORKS, fit
from text.messages import FOLDS, SPAM, STOP_FOLDS, load_messages, split_by_group
from utils.comparisons import compare_networks, correct_family, tune
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, printable, save_results

REFERENCE = "characters"  # the others are compared with it
RATES = [0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]  # of the networks
SEED = 1  # of the folds and the first weights


def to_learn_from(messages, train, seed):
    """Return texts and labels to learn from, then those to stop by; train: places of messages."""
    labels, groups = messages.labels[train], messages.groups[train]
    learn, stop = (train[part] for part in split_by_group(labels, groups, STOP_FOLDS, seed)[0])
    return [array[part] for part in (learn, stop) for array in (messages.texts, messages.labels)]


def find_rate(name, messages, seed):
    """Return what was tried and the best learning rate of a network; see utils.comparisons.tune."""
    train, _ = split_by_group(messages.labels, messages.groups, FOLDS, seed)[0]
    parts = to_learn_from(messages, train, seed)

    def stop_loss(rate):
        probabilities = fit(name, *parts, seed, rate)(parts[2])
        return log_loss(parts[3], probabilities, labels=range(probabilities.shape[1]))

    return tune(stop_loss, {"rate": RATES})


def held_out(name, messages, folds, seed, **setting):
    """Return the class that a model predicts for each message while it is held out, and seconds."""
    predicted, start = np.zeros_like(messages.labels), time.perf_counter()
    for train, test in folds:
        predict = fit(name, *to_learn_from(messages, train, seed), seed, **setting)
        predicted[test] = predict(messages.texts[test]).argmax(axis=1)
    return predicted, time.perf_counter() - start


def describe(predicted, labels):
    """Return errors, and precision and recall of the last class, the rarest one."""
    last = int(labels.max())
    precision, recall, _, _ = precision_recall_fscore_support(
        labels, predicted, labels=[last], zero_division=0
    )
    return {
        "errors": int((predicted != labels).sum()),
        "precision": float(precision[0]),
        "recall": float(recall[0]),
    }


def compare(right, groups, reference):
    """Return how much more each model gets right than the one of that name, by the book's rule."""
    behind = {
        name: compare_networks(right[reference], right[name], groups)
        for name in right
        if name != reference
    }
    correct_family(behind.values())
    return behind


def main(argv=None):
    """Return errors, precision, recall and seconds of each model, and how far it is behind."""
    parser = make_parser("Tells spam from other messages.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, default=SPAM, metavar="TSV", help="messages, such as your own")
    add("--models", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=str(NAMES))
    add("--messages", type=positive(int), metavar="N", help="only the first N; None: all")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    messages = load_messages(args.data, args.messages)
    folder = make_folder(args.outputs)
    folds = split_by_group(messages.labels, messages.groups, FOLDS, args.seed)
    last, results, right = messages.classes[-1], {"models": {}, "tuned": {}}, {}
    print(f"{len(messages.texts):,} messages, {len(set(messages.groups)):,} different ones")
    for name in args.models:
        setting = {}
        if name in NETWORKS:
            results["tuned"][name] = find_rate(name, messages, args.seed + 1)
            setting = results["tuned"][name]["best"]
        predicted, seconds = held_out(name, messages, folds, args.seed, **setting)
        right[name] = predicted == messages.labels
        results["models"][name] = describe(predicted, messages.labels) | {"seconds": seconds}
        print(
            "{:20}{errors:5} errors, {}: precision {precision:.1%}, recall {recall:.1%};"
            " {seconds:.0f} s".format(name, printable(last), **results["models"][name]),
            flush=True,
        )
    reference = REFERENCE if REFERENCE in right else args.models[0]
    results["best"] = max(right, key=lambda name: right[name].sum())
    results |= {"reference": reference, "behind": compare(right, messages.groups, reference)}
    for name, one in results["behind"].items():
        shown = "{mean:.2%} ({low:.2%} to {high:.2%}), p {holm:.3f} after Holm".format(**one)
        print(f"{name} - {reference}: {shown}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
