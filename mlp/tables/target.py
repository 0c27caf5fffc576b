"""Machinery of this part: the table, and what is to be predicted.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#the-target
"""

from collections import namedtuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from mlp.tables.columns import (
    DATE,
    DAY_0,
    IDENTIFIER,
    MOST_DIGITS,
    MOST_WORDS,
    NUMBER_AS_TEXT,
    counts_rows,
    look,
    look_at,
    say,
    to_dates,
    to_numbers,
    to_words,
)
from utils.runs import fail, printable
from utils.statistics import fit_float32
from utils.tables import MOSTLY, few, find_code, find_columns, read_rows, read_values, without_gaps

TASKS = ["yes-or-no", "classes", "number"]
YES = {"1", "yes", "true", "y", "t", "ja", "oui", "si", "sí"}
FEWEST_ROWS = 50  # of a table
FEWEST_OF_CLASS = 5  # rows: one for each of the five parts that the split is made of
MOST_CLASSES = 100  # of words; whole numbers are classes if there are at most ten of them

# classes: words, the one that means yes last; empty if a number is to be predicted. names: those of
# the network's outputs. y: the number of each row's class, or the number itself.
Target = namedtuple("Target", ["column", "task", "classes", "names", "y", "said"])


def decide_task(target, task):
    """Return the task for a column without gaps: as asked for, or as its values suggest."""
    different = target.nunique()
    name = target.name
    if different < 2:
        fail(f'the target {name} is "{target.iloc[0]}" in every row. Choose another column.')
    numeric = is_numeric_dtype(target)
    whole = numeric and (target == target.round()).all()
    if not numeric and target.astype(str).head(1000).str.fullmatch(DATE).mean() > 0.9:
        fail(f"the target {name} is a date, which this script does not predict.")
    if task == "number" and not numeric:
        words = target[to_numbers(target).isna()]
        example = find_code(target.astype(str)) or (words if len(words) else target).iloc[0]
        fail(
            f'the target {name} has words or codes, such as "{example}": --task number cannot be. '
            f'If all others are numbers: --numbers "{name}"'
        )
    all_differ = different == len(target)
    if task != "number" and all_differ and (not numeric or counts_rows(name, target)):
        fail(f"the target {name} is different in every row, so it only tells rows apart.")
    if task:
        return task
    if different == 2:
        return "yes-or-no"
    return "number" if numeric and not (whole and different <= 10) else "classes"


def read_table(args):
    """Return rows, columns, target, groups, times and form; say what they are taken for."""
    texts, form, said = read_rows(args.data, args.encoding)
    (name,) = find_columns([args.target], texts, args.data)
    dropped, words, numbers, group, time = (
        find_columns(names or [], texts, args.data)
        for names in (args.drop, args.words, args.numbers, args.group, args.time)
    )
    if name in dropped + group + time:
        fail(f"{name} is the target: it cannot be left out, and not be the group or the time.")
    kept = texts.drop(columns=[*dropped, *group])
    table, decimals = read_values(kept, args.decimal, numbers=numbers, words=words, exact=words)
    said += ["with decimal commas"] if "comma" in decimals.values() else []
    gaps = texts[name][table[name].isna() & (texts[name] != "")].value_counts()
    if len(gaps) and not is_numeric_dtype(table[name]):
        taken = ", ".join(f'"{text}" ({count:,})' for text, count in gaps.items())
        print(printable(f'Taken for a missing target: {taken}. If a word: --words "{name}"'))
    table, target, more = read_target(table, name, args.task, args.yes, args.data)
    if target.task != "yes-or-no" and (args.yes or args.cost_miss != args.cost_false_alarm):
        more.append("its target is not a yes-or-no question, so --yes and costs are not used")
    columns = look(table.drop(columns=name), words, numbers, decimals)
    used = [column["name"] for column in columns if column["kind"] != "left out"]
    if used and (copies := table.duplicated([*used, name]).sum()):
        more.append(f"{copies:,} rows equal others in all that is used. If they are the same cases")
        more[-1] += ", delete them, or the scores promise too much: what learned also judges"
    if dates := [column["name"] for column in columns if column["kind"] == "date" and not time]:
        more.append("its rows are split at random, so scores promise too much of later ones")
        more[-1] += "" if group else f'. To split them by date: --time "{dates[0]}"'
    if not group and (owners := find_owners(texts.loc[table.index].drop(columns=name))):
        more.append(
            f"most values of {few(owners, 4)} are in several rows. If they say whose rows these "
            f'are, scores promise too much of anyone new, even after --drop: --group "{owners[0]}"'
            + (" in place of --time" if time else "")
        )
    for sentence in said + more:
        print(printable(f"The table: {sentence}."))
    say(columns)
    print(printable(f"To predict: {name}, {target.said}"))
    if all(column["kind"] == "left out" for column in columns):
        fail(f"{args.data} has no column that {name} could be predicted from.")
    groups = without_gaps(texts.loc[table.index, group[0]]) if group else None
    if group and (gaps := groups.isna().sum()):
        print(f"The table: {gaps:,} rows have no {group[0]}; they stay together.")
    groups = to_words(groups).to_numpy() if group else None
    times = read_times(texts.loc[table.index, time[0]], args.decimal) if time else None
    return table, columns, target, groups, times, form


def find_owners(texts):
    """Return the columns that may say whose rows these are, if most have several rows each.

    Those that are called like that, and words of which there are more than a network gets.
    """
    found = []
    for name, column in texts.items():
        counts, called = without_gaps(column).value_counts(), IDENTIFIER.search(name)
        many = len(counts) > (MOST_DIGITS if called else MOST_WORDS)
        if many and (counts > 1).mean() >= 0.5:
            plain = counts.index.str.fullmatch(f"{DATE}|{NUMBER_AS_TEXT}").mean() >= MOSTLY
            found += [name] if called or not plain else []
    return found


def read_target(table, name, task, yes, path):
    """Return the rows that have a target, the target, and what there is to say about the rows."""
    said = []
    known = table[name].notna()
    if not known.all():
        said.append(f"left out: {(~known).sum():,} rows in which the target is missing")
    table = table[known]
    code = find_code(table[name].astype(str))
    numbers = to_numbers(table[name])
    known = numbers.notna()
    odd, numbers = table[name][~known], numbers[known]
    mostly = len(odd) and known.mean() >= MOSTLY and numbers.nunique() > 1
    if mostly and not code and decide_task(numbers, task) == "number":  # as for a column
        said.append(f'left out: {len(odd):,} targets that are no numbers, such as "{odd.iloc[0]}"')
        table = table[known].assign(**{name: numbers})
    if len(table) < FEWEST_ROWS:
        fail(f"{path} has {len(table)} rows with a target. Give at least {FEWEST_ROWS}.")
    task = decide_task(table[name], task)
    if task == "number":
        y = to_numbers(table[name]).to_numpy()
        if not fit_float32(y.mean(), y.std()):
            fail(
                f"the target {name} varies by {y.std():g} around {y.mean():g}, which numbers of "
                "32 bits cannot hold: take another unit, or subtract what is always there."
            )
        about = f"a number from {y.min():g} to {y.max():g}"
        if (y == y.round()).all() and len(np.unique(y)) <= MOST_CLASSES:
            about += " (if it is a code: --task classes)"
        return table, Target(name, task, [], [name], y, about), said

    labels = to_words(table[name])
    counts = labels.value_counts()
    if rare := sorted(counts.index[counts < FEWEST_OF_CLASS]):
        rows = labels.isin(rare)
        if (~rows).mean() < MOSTLY:
            fail(
                f"the target {name} has {rows.sum():,} of {len(rows):,} rows in classes with fewer "
                f"than {FEWEST_OF_CLASS}: {few(rare, 4)}. Write numbers with digits and a point, "
                "join rare classes, or choose another column."
            )
        said.append(f"left out: {rows.sum()} rows of classes with fewer than 5: {few(rare)}")
        table, labels, counts = table[~rows], labels[~rows], counts.drop(rare)
    if len(counts) < 2:
        fail(f"the target {name} has fewer than two classes of at least {FEWEST_OF_CLASS} rows.")
    if len(counts) > MOST_CLASSES:
        fail(
            f"the target {name} has {len(counts):,} classes, and {MOST_CLASSES} are the most. "
            "If it is a number: --task number."
        )
    classes = sorted(counts.index)
    if len(classes) == 2:
        classes = order(name, counts, yes)
    elif task == "yes-or-no":
        fail(f"the target {name} has {len(counts)} values: --task yes-or-no needs two.")
    task = "yes-or-no" if len(classes) == 2 else "classes"
    about = f"yes is {classes[1]}, no is {classes[0]}" if len(classes) == 2 else few(classes)
    y = labels.map(classes.index).to_numpy()
    return table, Target(name, task, classes, classes, y, f"{task}: {about}"), said


def order(name, counts, yes):
    """Return the two classes, yes last: the one asked for, one of the usual words, or the rarer."""
    classes = sorted(counts.index)
    if yes is not None and yes not in classes:
        fail(f"the target {name} is never {yes}. --yes may be {' or '.join(classes)}.")
    usual = [word for word in classes if word.lower() in YES]
    yes = yes or (usual[0] if len(usual) == 1 else counts.index[-1])
    return sorted(classes, key=lambda word: word == yes)


def read_times(texts, decimal):
    """Return the numbers or dates of a column of texts as numbers, or end with one line."""
    table, _ = read_values(texts.to_frame(), decimal)
    name, values = texts.name, table[texts.name]
    about = look_at(name, values, as_numbers=is_numeric_dtype(values))
    if about["kind"] == "date":
        values = (to_dates(values.astype(object), about["format"]) - DAY_0) / pd.Timedelta(days=1)
    elif about["kind"] != "number":
        fail(f"{name} is neither dates nor numbers, so --time cannot put its rows in order.")
    values = values if about["kind"] == "date" else to_numbers(values)
    if gaps := values.isna().sum():
        odd = next((f', such as "{text}"' for text in texts[values.isna()] if text.strip()), "")
        fail(
            f"{gaps:,} rows have no {name} that can be read{odd}: --time cannot put them in order."
        )
    return values.to_numpy("float64")
