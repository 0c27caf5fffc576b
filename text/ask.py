"""Ask about a message of your own: what is it, and which words say so?

    python text/ask.py "Free entry! Text WIN to 80086 to claim your prize"
    python text/ask.py "..." --data mine.tsv                       # a label, a tab, a text a line
    python text/ask.py --data mine.csv --columns LABEL TEXT --keep  # only learn, and keep it
    python text/ask.py "..." --model RUN                           # ask what was kept
    python text/ask.py --rows new.csv --model RUN                  # about each row of a file

A model learns by counting words or characters. You will see how many messages it gets right of a
tenth that is held out; then it learns from all. You will see how likely each class is, and how much
less likely the likeliest gets if a word is left out. Half a minute, three seconds if kept.
Chapter: text/README.md#why
"""

from chapter import OUTPUTS

import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import skops.io
from pydantic import BaseModel, Field
from scipy import special
from sklearn.base import clone

from text.counting import REGRESSIONS, fit_regression
from text.messages import SPAM, STOP_FOLDS, load_messages, read_texts, split_by_group
from utils.estimators import load_estimator
from utils.files import write_rows
from utils.options import make_parser, seed
from utils.runs import (
    NEW,
    fail,
    find_run,
    make_folder,
    printable,
    read_json,
    replacing,
    save_results,
    write_json,
)
from utils.schemas import Count, Name, Names, Share, Two, Whole, check
from utils.statistics import describe_share, share_right

MODEL = "characters"
KINDS = r"sklearn\.(pipeline\.Pipeline|linear_model\._logistic\.\w+|feature_extraction\.text\.\w+)"
SEED = 1
ANSWER = ["answer", "probability"]  # columns that are added to such a file
SHOWN = 5  # answers about the rows of a file


class Scores(BaseModel):
    right: Whole
    images: Count
    accuracy: Share
    sampling_error: Share
    low: Share
    high: Share
    majority: Share


class About(BaseModel):
    """What ask.json says of a model that was kept; columns: those of a label and of a text."""

    classes: Annotated[Names, Field(min_length=2)]
    columns: Annotated[list[Name], Two] | None
    scores: Scores


def fit_and_judge(pieces, messages, seed):
    """Return a model of all messages, and its scores on a tenth while it did not know them.

    Another tenth chooses its strength.
    """
    texts, labels, groups = messages.texts, messages.labels, messages.groups
    (_, stop), (_, test), *folds = split_by_group(labels, groups, STOP_FOLDS, seed)
    learn = np.concatenate([part for _, part in folds])
    model = fit_regression(pieces, texts[learn], labels[learn], texts[stop], labels[stop])
    right = int((model.predict(texts[test]) == labels[test]).sum())
    scores = share_right(right, len(test)) | {"majority": float((labels[test] == 0).mean())}
    return clone(model).fit(texts, labels), scores


def without_each_word(text):
    """Return the words of a text, and the text once without each of them."""
    words = text.split()
    return words, [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]


def explain(predict, text):
    """Return the probabilities of the classes, and what each word adds to the likeliest one."""
    words, fewer = without_each_word(text)
    probabilities = predict(np.array([text, *fewer], dtype=object))
    likeliest = int(probabilities[0].argmax())
    # The logarithm of the odds: it moves also where a probability hardly can.
    logits = special.logit(np.clip(probabilities[:, likeliest], 1e-12, 1 - 1e-12))
    return probabilities[0], list(zip(words, (logits[0] - logits[1:]).tolist(), strict=True))


def keep(model, about, folder):
    """Save a model with its vectorizer, without pickle, and what is known about it."""
    how = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": 1}
    with replacing(folder / "ask.skops") as partial:
        skops.io.dump(model, partial, **how)
    write_json(about, folder / "ask.json")


def load_kept(folder):
    """Return a model that was kept, and what is known about it, or end with one line."""
    try:
        about = check(read_json(folder / "ask.json"), About)
        model = load_estimator(folder / "ask.skops", KINDS)
        known = [pieces().get_params() for pieces in REGRESSIONS.values()]
        shape = model[0].get_params() in known and model.predict_proba(["a"]).shape
        if shape != (1, len(about["classes"])):
            raise ValueError("not of this script, or not of one run")
        return model, about
    except Exception:  # of whatever a damaged file has led to
        return fail(f"{folder} is no run with --keep, and no model ({', '.join(REGRESSIONS)}).")


def answer_rows(model, about, args, folder):
    """Write the rows of a file with answers, print the first; return how many of each class.

    The file is written as it was. What is empty gets no answer.
    """
    classes, column = about["classes"], about["columns"] and about["columns"][1]
    texts, table, form = read_texts(args.rows, column, args.encoding, classes)
    asked = [number for number, text in enumerate(texts) if text.strip()]
    probabilities = model.predict_proba(texts[asked])
    names = np.array(classes)[probabilities.argmax(axis=1)]
    shares = probabilities.max(axis=1).round(4)
    for text, name, share in zip(texts[asked][:SHOWN], names, shares, strict=False):
        print(printable(f"{name} {share:.1%}: {text[:60]}"))
    for name, answers in zip(ANSWER, (names, shares), strict=True):
        while name in table:  # a column of the reader's
            name += "_new"
        table = table.join(pd.Series(answers, asked, name=name))
    # Where columns are separated by semicolons, a comma stands before decimals.
    write_rows(table, folder / "answers.csv", form, form["separator"] == ";")
    return {name: int((names == name).sum()) for name in classes}


def main(argv=None):
    """Return the probability of each class, and what each word adds to the likeliest."""
    parser = make_parser("Tells what a message is, and why.", OUTPUTS, kept=False)
    add = parser.add_argument
    add("text", metavar="MESSAGE", nargs="?", help="in quotes")
    names = ", ".join(REGRESSIONS)
    add("--model", default=MODEL, metavar="NAME", help=f"{names}, or a run with --keep")
    add("--data", type=Path, default=SPAM, metavar="FILE", help="messages to learn from")
    about = "of a CSV or Excel file; without them, each line is a label, a tab and a text"
    add("--columns", nargs=2, metavar=("LABEL", "TEXT"), help=about)
    add("--group", nargs=1, default=[], metavar="COLUMN", help="of senders: none is on both sides")
    add("--encoding", help="of such a file, if it is not UTF-8")
    add("--rows", type=Path, metavar="FILE", help="answer about each row of this file, or line")
    add("--keep", action="store_true", help="save the model")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    if args.text is not None and not args.text.strip():
        fail("the message is empty: put one in quotes.")
    if not (args.text or args.rows or args.keep):
        parser.error("it takes a MESSAGE, --rows or --keep")
    if args.group and not args.columns:
        parser.error("--group needs --columns")
    folder = make_folder(args.outputs or (OUTPUTS / NEW if args.rows or args.keep else None))

    if args.model in REGRESSIONS:
        columns = args.columns and args.columns + args.group
        messages = load_messages(args.data, None, columns, args.encoding)
        model, scores = fit_and_judge(REGRESSIONS[args.model], messages, args.seed)
        about = {"classes": messages.classes, "columns": args.columns, "scores": scores}
    else:
        model, about = load_kept(find_run(args.model, OUTPUTS))
        if args.data != SPAM or args.columns:
            print("--data and --columns are left aside: the kept model has learned already.")
    if args.keep:
        keep(model, about, folder)
    scores = about["scores"]
    print(f"of those held out {describe_share(scores)}; always the same: {scores['majority']:.1%}")
    results = {"scores": scores}
    if args.rows:
        results["rows"] = answer_rows(model, about, args, folder)
    if args.text:
        probabilities, words = explain(model.predict_proba, args.text)
        by_class = dict(zip(about["classes"], map(float, probabilities), strict=True))
        likeliest = max(by_class, key=by_class.get)
        print(printable(", ".join(f"{name} {share:.1%}" for name, share in by_class.items())))
        print(printable(f"what each word adds to the logit of {likeliest}:"))
        for word, change in words:
            print(f"    {printable(word):20}{change:+6.2f} {'#' * round(4 * max(0, change))}")
        results |= {"text": args.text, "probabilities": by_class, "words": words}
    then = "text/ask.py MESSAGE --model RUN" if args.keep else None
    return save_results(results, folder, __file__, argv, then=then)


if __name__ == "__main__":
    main()
