"""Near copies: what a message teaches that stands nearly the same in the test.

    python text/leak.py

You will see how many messages repeat another one apart from digits, punctuation and capitals, some
of them, and the errors of two models in five folds: with messages drawn at random, and with near
copies together. A few minutes on two cores.
Chapter: text/README.md#near-copies
"""

from chapter import OUTPUTS

from collections import Counter

import keras
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import pairwise_distances

from text.messages import FOLDS, load_messages, skeleton, split_by_group
from text.spam import describe, held_out
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

MODELS = ["words", "characters"]
SEEDS = 2  # each draws other folds


def count_similar(skeletons):
    """Return how many texts share four fifths of their words with another one (Jaccard index)."""
    words = CountVectorizer(binary=True, token_pattern=r"\S+").fit_transform(skeletons)
    shared = 1 - pairwise_distances(words.toarray().astype(bool), metric="jaccard")
    np.fill_diagonal(shared, 0)
    return int((shared.max(axis=0) >= 0.8).sum())


def main(argv=None):
    """Return the number of copies, an example, and the errors with and without the leak."""
    parser = make_parser("Measures what near copies pretend.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS)
    parser.add_argument("--messages", type=positive(int), metavar="N", help="None: all")
    args = parser.parse_args(argv)
    folder, messages = make_folder(args.outputs), load_messages(most=args.messages)
    keras.utils.set_random_seed(1)
    sizes = Counter(messages.groups.tolist())
    copied = [group for group, size in sizes.items() if size > 1]
    last = messages.labels == len(messages.classes) - 1
    spam = set(messages.groups[last].tolist())
    skeletons = sorted({skeleton(text) for text in messages.texts[last]})
    results = {
        "messages": len(messages.texts),
        "copies": len(messages.texts) - len(sizes),
        "copies_of_last": sum(sizes[group] - 1 for group in copied if group in spam),
        "different_of_last": len(skeletons),
        "similar_of_last": count_similar(skeletons),
    }
    print("{copies} of {messages:,} messages repeat another one".format(**results))
    rest = "of the {different_of_last} different {} texts, {similar_of_last} still resemble another"
    print(rest.format(messages.classes[-1], **results))
    for text in messages.texts[messages.groups == max(copied, key=lambda group: sizes[group])][:2]:
        print(f"    {text}")
    alone = np.arange(len(messages.texts))  # each message a group of its own
    for way, split_by in {"at_random": alone, "together": messages.groups}.items():
        results[way] = {}
        for name in MODELS:
            errors = []
            for seed in range(1, args.seeds + 1):
                folds = split_by_group(messages.labels, split_by, FOLDS, seed)
                predicted, _ = held_out(name, messages, folds, seed)
                errors.append(describe(predicted, messages.labels)["errors"])
            results[way][name] = {"errors": errors, "mean": float(np.mean(errors))}
            print(f"near copies {way}: {name} {errors} errors", flush=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
