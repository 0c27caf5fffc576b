"""Machinery of this part: rows that a kept model is asked about, and what it has not met.

`table.py`, `predict.py` and the service use it; it does nothing by itself.
Chapter: mlp/tables/README.md#predicting-tomorrow
"""

import re

import numpy as np

from mlp.tables.columns import inputs_of, is_words, to_inputs
from utils.runs import printable
from utils.tables import read_values

UNREADABLE = 0.1  # of the values of a column, at most
OUTSIDE = 0.5  # of the values of a column, at most, may be smaller or larger than all learned ones
FEW_GAPS = 0.1  # of the values of a column; if it had no more, half of them must not be missing
MANY = 10  # values: of fewer, it is only said that they are
ZEROS = r"^(\d+)[.,]0+$"  # behind a whole number: "3.0" is the word "3"


def to_values(texts, kept, decimal=None, same=True):
    """Return rows of texts as the model takes them: a table, its inputs, and its decimal marks.

    same: whether they come from where the rows came from that it has learned.
    """
    kinds = {column["name"]: column["kind"] for column in kept.columns}
    numbers, words = ([one for one in kinds if kinds[one] == kind] for kind in ("number", "words"))
    exact = [one["name"] for one in kept.columns if one.get("exact")]
    before = {one["name"]: one.get("decimal") if same else None for one in kept.columns}
    table, decimals = read_values(texts[[*before]], decimal, before, numbers, words, exact)
    return table, read_inputs(table, kept), decimals


def read_inputs(table, kept):
    """Return the inputs of the model for a table of values. 3.0 is the word 3, and 3 is 3.0."""
    inputs = to_inputs(table, kept.columns)
    for name in filter(inputs.__contains__, kept.about["words"]):
        known = kept.about["words"][name]
        plain = {re.sub(ZEROS, r"\1", word): word for word in known}
        asked = {word: word for word in known}
        inputs[name] = np.array(
            [asked.get(one) or plain.get(re.sub(ZEROS, r"\1", one), one) for one in inputs[name]],
            object,
        )
    return inputs


def find_strange(inputs, table, kept):
    """Return what the model does not know, and what is smaller or larger than all it has learned.

    Both are dicts: for each input "rows", an array of bools, "of" how many that have a value, and
    in the first one an example, "such as".
    """
    unknown, outside = {}, {}
    for column in kept.columns:
        known = table[column["name"]].notna().to_numpy()
        for name in inputs_of(column):
            values = inputs[name]
            if is_words(values):
                strange = known & ~np.isin(values.astype(str), kept.about["words"][name])
            else:
                strange = known & np.isnan(values)
                least, most = kept.about["ranges"].get(name, (-np.inf, np.inf))
                far = (values < least) | (values > most)
                if far.any():
                    outside[name] = {"rows": far, "of": int(known.sum())}
            if strange.any():
                example = str(table[column["name"]].iloc[int(strange.argmax())])
                unknown[name] = {"rows": strange, "of": int(known.sum()), "such as": example}
    return unknown, outside


def say_strange(unknown, outside, missing, inputs, ranges):
    """Print what find_strange and find_missing have found."""
    for name, one in unknown.items():
        kind = "unknown or rare words" if is_words(inputs[name]) else "values that it cannot read"
        counts = f"{one['rows'].sum():,} of {len(one['rows']):,} rows"
        print(printable(f'{name}: {kind}, such as "{one["such as"]}", in {counts}'))
    for name, one in outside.items():
        counts = f"{one['rows'].sum():,} of {one['of']:,} values"
        print(printable(f"{name}: {counts} outside of {ranges[name][0]:g} to {ranges[name][1]:g}"))
    for name, share in missing.items():
        print(printable(f"{name}: {share:.0%} of its values are missing, far more than usual"))


def find_ranges(inputs):
    """Return the least and the largest number of each input of numbers, which may be days."""
    numbers = {name: values for name, values in inputs.items() if not is_words(values)}
    return {
        name: [float(np.nanmin(values)), float(np.nanmax(values))]
        for name, values in numbers.items()
        if not np.isnan(values).all()
    }


def find_usual(inputs, table, kept):
    """Return the shares of gaps, by column, and of rare words, by input, in what was learned."""
    gaps = {one["name"]: float(table[one["name"]].isna().mean()) for one in kept.columns}
    unknown, _ = find_strange(inputs, table, kept)
    words = {name: one for name, one in unknown.items() if is_words(inputs[name])}
    rare = {name: float(one["rows"].sum() / one["of"]) for name, one in words.items()}
    return {"gaps": gaps, "rare": rare}


def find_missing(table, kept):
    """Return the share of gaps of each column that has far more of them than what was learned."""
    usual, shares = kept.about["gaps"], table.isna().mean()
    return {name: one for name, one in shares.items() if one > halfway(usual.get(name, 1))}


def halfway(share):
    """Return the share in the middle between a usual one and all."""
    return (1 + share) / 2


def find_refused(unknown, outside, missing, table, kept):
    """Return the names of what is so unlike all that was learned that answers would mislead.

    Of few values, it is only said that they are unlike. So it is of dates, since tomorrow's are
    always later.
    """
    usual, found = kept.about, []
    for name, one in unknown.items():
        if name not in usual["words"]:
            found.append((name, one, UNREADABLE, 1))
        elif name in table.columns:  # and no part of a date
            found.append((name, one, halfway(usual["rare"].get(name, 0)), MANY))
    found += [(name, one, OUTSIDE, MANY) for name, one in outside.items() if name in table.columns]
    far = [
        name
        for name, one, most, many in found
        if one["of"] >= many and one["rows"].sum() > most * one["of"]
    ]
    if len(table) >= MANY:
        far += [name for name in missing if usual["gaps"][name] <= FEW_GAPS]
    return far
