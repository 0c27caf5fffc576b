"""Ask about a message of your own: what is it, and which words say so?

    python text/ask.py "Free entry! Text WIN to 80086 to claim your prize"
    python text/ask.py "Are you free for lunch?" --model transformer
    python text/ask.py "..." --data mine.tsv

A model learns from all messages but a tenth, which tells it when to stop. You will see how likely
each class is, and how much less likely the first one gets if a word is left out. Some ten seconds,
half a minute with a network.
Chapter: text/README.md#why
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np
from scipy import special

from text.classifiers import NAMES, fit
from text.messages import SPAM, STOP_FOLDS, load_messages, split_by_group
from utils.options import make_parser, seed
from utils.runs import fail, make_folder, printable, save_results

MODEL = "characters"
SEED = 1


def fit_on_all(name, messages, seed):
    """Return the function of a model that learned from all messages but those to stop by."""
    learn, stop = split_by_group(messages.labels, messages.groups, STOP_FOLDS, seed)[0]
    texts, labels = messages.texts, messages.labels
    return fit(name, texts[learn], labels[learn], texts[stop], labels[stop], seed)


def without_each_word(text):
    """Return the words of a text, and the text once without each of them."""
    words = text.split()
    return words, [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]


def logit(probability):
    """Return the logarithm of the odds: it moves also where a probability hardly can."""
    return special.logit(np.clip(probability, 1e-7, 1 - 1e-7))


def explain(predict, text):
    """Return the probabilities of the classes, and what each word adds to the likeliest one."""
    words, fewer = without_each_word(text)
    probabilities = predict(np.array([text, *fewer], dtype=object))
    likeliest = int(probabilities[0].argmax())
    changes = logit(probabilities[0, likeliest]) - logit(probabilities[1:, likeliest])
    return probabilities[0], list(zip(words, changes.tolist(), strict=True))


def main(argv=None):
    """Return the probability of each class, and what each word adds to the likeliest."""
    parser = make_parser("Tells what a message is, and why.", OUTPUTS, kept=False)
    add = parser.add_argument
    add("text", metavar="MESSAGE", help="in quotes")
    add("--model", choices=NAMES, default=MODEL, metavar="NAME", help=str(NAMES))
    add("--data", type=Path, default=SPAM, metavar="TSV", help="messages to learn from")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    if not args.text.strip():
        fail("the message is empty: put one in quotes.")
    folder = make_folder(args.outputs)
    messages = load_messages(args.data)
    keras.utils.set_random_seed(args.seed)
    probabilities, words = explain(fit_on_all(args.model, messages, args.seed), args.text)
    by_class = dict(zip(messages.classes, map(float, probabilities), strict=True))
    likeliest = max(by_class, key=by_class.get)
    shown = ", ".join(f"{name} {probability:.1%}" for name, probability in by_class.items())
    print(printable(shown))
    print(printable(f"what each word adds to the logit of {likeliest}:"))
    for word, change in words:
        print(f"    {printable(word):20}{change:+6.2f} {'#' * round(4 * max(0, change))}")
    results = {"text": args.text, "probabilities": by_class, "words": words}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
