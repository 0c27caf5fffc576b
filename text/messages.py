"""Messages with labels: read them, find near copies, split them into folds.

`text/sms_spam.tsv` holds 5,574 English text messages, 4,827 of them ham and 747 spam: Tiago Almeida
and Jose Maria Gomez Hidalgo, SMS Spam Collection, UCI Machine Learning Repository, DOI
10.24432/C5CC84, CC BY 4.0. A line is a label, a tab and the text, in UTF-8. Some messages are rude.
SHA-256: 7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d.
Chapter: text/README.md#the-messages
"""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from utils.files import read_text
from utils.runs import fail
from utils.tables import find_columns, read_rows

SPAM = Path(__file__).with_name("sms_spam.tsv")
FOLDS = 5  # each is held out once
STOP_FOLDS = 10  # of what trains, one part in ten decides when to stop
LEAST = 3 * FOLDS  # messages of a class that are not near copies: each fold needs some


class Messages(NamedTuple):
    """Texts (messages,), the number of each one's class, the names of the classes, and groups.

    Messages of one group are near copies of one another, or of one sender.
    """

    texts: np.ndarray
    labels: np.ndarray
    classes: list
    groups: np.ndarray


def skeleton(text):
    """Return a message without digits, punctuation, capitals: what its near copies share."""
    return " ".join(re.findall(r"[^\W\d_]+", text.lower()))


def read_lines(path):
    """Return (label, text) for each line of a file with tabs, or end with one line."""
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        label, _, text = line.partition("\t")
        if label.strip() and text.strip():
            rows.append((label.strip(), text))
        elif line.strip():
            fail(
                f"line {number} of {path} is not a label, a tab and a text. If it has columns with "
                "names, name two of them: python text/ask.py --columns LABEL TEXT"
            )
    return rows


def read_texts(path, column=None, encoding=None, classes=()):
    """Return the texts of a file, (texts,), its table and its form, or end with one line.

    column: where they stand in a CSV or Excel file; None: each line is a text, or the name of one
    of the classes, a tab and a text.
    """
    if column:
        table, form, _ = read_rows(path, encoding)
        (column,) = find_columns([column], table, path)
    else:
        rows, column = [], "text"
        for line in filter(str.strip, read_text(path).split("\n")):
            label, tab, text = line.partition("\t")
            known = tab and label.strip() in classes
            rows.append((label.strip(), text) if known else ("", line))
        table = pd.DataFrame(rows, columns=["label", column], dtype=object)
        form = {"separator": "\t", "encoding": "utf-8"}
        if not table["label"].any():
            table, form = table[[column]], form | {"separator": ","}
    if not table[column].str.strip().any():
        fail(f"{path} has no texts in it.")
    return table[column].to_numpy(object), table, form


def join_groups(groups, others):
    """Return groups that keep together what either of two keeps together: numbers, (n,) each."""
    count = len(groups)
    links = coo_array((np.ones(count), (groups, count + others)), (2 * count, 2 * count))
    return connected_components(links, directed=False)[1][groups]


def load_messages(path=SPAM, most=None, columns=None, encoding=None):
    """Return the Messages of a file, the rarest class last, or end with one line.

    most: so many, from the beginning; None: all. columns: the names of that with labels, that with
    texts and, if messages of one sender belong together, that with senders, in a CSV or Excel file;
    None: each line is a label, a tab and a text.
    """
    if columns:
        table, *_ = read_rows(path, encoding)
        columns = find_columns(columns, table, path)
        rows = [row for row in table[columns].to_numpy().tolist() if all(row[:2])]
        if gaps := len(table) - len(rows):
            print(f"left out: {gaps:,} rows without a label or a text")
    else:
        rows = read_lines(path)
    rows = rows[:most]
    counts = Counter(label for label, *_ in rows)
    if len(counts) < 2:
        fail(f"{path} has {len(counts)} classes: two or more are needed.")
    label, text, *sender = rows[0]
    if not columns and counts[label] == 1:
        names = f'--columns "{label}" "{text}"'
        fail(f"the first line of {path} seems to name columns: python text/ask.py {names}")
    classes = [label for label, _ in counts.most_common()]
    texts = np.array([row[1] for row in rows], dtype=object)
    labels = np.array([classes.index(row[0]) for row in rows])
    # A message of digits only is near to nothing but its like.
    groups = np.unique([skeleton(text) or text for text in texts], return_inverse=True)[1]
    if sender:
        groups = join_groups(groups, np.unique([row[2] for row in rows], return_inverse=True)[1])
    for number, name in enumerate(classes):
        different = len(set(groups[labels == number]))
        if different < LEAST:
            what = f'"{columns[2]}" (some sent near copies)' if sender else "messages"
            fail(f"only {different} different {what} are {name}: {LEAST} or more are needed.")
    return Messages(texts, labels, classes, groups)


def split_by_group(labels, groups, folds=FOLDS, seed=1):
    """Return [(numbers that train, numbers held out)]: near copies are on one side."""
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(labels, labels, groups))
