"""Machinery: questions with answers, made by a script, and the format in which a GPT reads them.

    <47+85?>7+5+0=12,4+8+1=13:132|<Spell thou backwards.>uoht|

`<` begins what the user says and `>` the answer, which `|` ends. What is held out is held out by
content: 85+47 with 47+85, and a word with all questions about it. What is worked out on the way is
written down first; the answer stands behind the colon. For sums, this is the detailed scratchpad of
Lee and others, "Teaching arithmetic to small transformers", 2023.
Chapter: text/answers/README.md#questions-and-answers
"""

from chapter import OUTPUTS  # noqa: F401

import re
from typing import NamedTuple

import numpy as np

from text.gpt.characters import SHAKESPEARE, VALIDATION_SHARE, encode
from utils.files import read_text

USER, ANSWER, END = "<>|"  # tokens of the format, which nobody may type
NEW = USER + ANSWER + END + "0123456789+="  # what Shakespeare's plays lack, but for the 3
WORKING = ":"  # what stands before it is not yet the answer
PLACES = 64  # characters that are enough for a question with its answer
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MOST_DAYS = 20
LONG_SUMS = {"test": 200, "choose": 100, "learn": 1_000}  # of three digits, for reward.py
PLAYS = {
    "Coriolanus": "Menenius Cominius Sicinius Aufidius Volumnia Virgilia Valeria Lartius",
    "Romeo and Juliet": "Romeo Juliet Mercutio Benvolio Tybalt Capulet Montague Balthasar",
    "The Winter's Tale": "Leontes Hermione Perdita Florizel Polixenes Paulina Camillo Autolycus",
    "Measure for Measure": "Escalus Angelo Lucio Isabella Mariana Pompey Elbow Abhorson",
    "The Taming of the Shrew": "Petruchio Katharina Bianca Lucentio Tranio Gremio Grumio Sly",
}
UNTOLD = 2  # names of each play, the last ones, about which nothing is learned
FORMS = {  # ways to ask
    "sum": ["{}+{}?", "Add {}+{}."],
    "day": ["{} days after {}?", "{} days from {} on?"],
    "backwards": ["{} backwards?", "Spell {} backwards."],
    "letter": ["Letter {} of {}?", "Which is letter {} of {}?"],
    "play": ["{}?", "Which play has {}?", "{} is in which play?", "Where is {}?"],
}
FORMS |= {"long word": FORMS["backwards"], "long sum": FORMS["sum"], "untold": FORMS["play"]}
SHARES = {"sum": 0.25, "day": 0.2, "backwards": 0.3, "letter": 0.15, "play": 0.1}  # of a row
PARTS = {"test": 200, "choose": 100, "learn": None}  # questions of each kind; None: all others


class Question(NamedTuple):
    kind: str
    text: str
    answer: str  # with its end

    @property
    def line(self):
        return USER + self.text + ANSWER + self.answer


def final(answer):
    """Return an answer without what was worked out before it."""
    return answer.rpartition(WORKING)[2]


def known_words(letters):
    """Return words of the part of the plays that a network learns from; letters: such as 4,6."""
    text = read_text(SHAKESPEARE)
    text = text[: round(len(text) * (1 - VALIDATION_SHARE))]
    return sorted(set(re.findall(rf"\b[a-z]{{{letters}}}\b", text)))


def add(a, b):
    """Return the working of a sum and the sum, as in 7+5+0=12,4+8+1=13:132.

    It begins with the last digits; the third number is what is carried.
    """
    carried, steps = 0, []
    for one, other in zip(str(a)[::-1], str(b)[::-1], strict=True):
        found = int(one) + int(other) + carried
        steps.append(f"{one}+{other}+{carried}={found:02}")
        carried = found // 10
    return f"{','.join(steps)}{WORKING}{a + b}"


def ask_letters(word):
    return [((n, word), f"{word[:n]}{WORKING}{word[n - 1]}") for n in range(1, len(word) + 1)]


def ask_day(n, day):
    return (n, DAYS[day]), f"{n % 7}{WORKING}{DAYS[(day + n) % 7]}"


def split(contents, random):
    """Return {part: contents}; at most a sixth is held out to test, and half of that to choose."""
    contents = [contents[place] for place in random.permutation(len(contents))]
    test = min(PARTS["test"], len(contents) // 6)
    choose = test + test // 2
    return {"test": contents[:test], "choose": contents[test:choose], "learn": contents[choose:]}


def make_questions(seed):
    """Return {part: questions}: those to learn from, to choose a setting by, and to test.

    Of a name, one way to ask is held out to choose and one to test.
    """
    random = np.random.default_rng(seed)
    pairs = split([(a, b) for a in range(10, 100) for b in range(10, a + 1)], random)
    days = split([(n, day) for n in range(1, MOST_DAYS + 1) for day in range(7)], random)
    words, long = (split(known_words(letters), random) for letters in ("4,6", "7"))
    plays = {part: [] for part in (*PARTS, "untold")}
    for play, names in PLAYS.items():
        for name in (names := names.split())[:-UNTOLD]:
            forms = random.permutation(FORMS["play"])
            for part, form in zip(("test", "choose", "learn", "learn"), forms, strict=True):
                plays[part].append((form.format(name), play))
        plays["untold"] += [(FORMS["play"][0].format(name), play) for name in names[-UNTOLD:]]
    found = {}
    for part, most in PARTS.items():
        asked = {
            "sum": [(two, add(*two)) for a, b in pairs[part] for two in {(a, b), (b, a)}],
            "day": [ask_day(*one) for one in days[part]],
            "backwards": [((word,), word[::-1]) for word in words[part]],
            "letter": [one for word in words[part] for one in ask_letters(word)],
            "long word": [((word,), word[::-1]) for word in long[part]],
        }
        found[part] = [
            Question(kind, FORMS[kind][random.integers(2)].format(*what), answer + END)
            for kind, all_of_kind in asked.items()
            for what, answer in (
                all_of_kind[i] for i in random.permutation(len(all_of_kind))[:most]
            )
        ] + [Question("play", text, play + END) for text, play in plays[part]]
    drawn = set()
    for part, count in LONG_SUMS.items():
        for a, b in random.integers(100, 1_000, size=(count, 2)).tolist():
            if {a, b} not in drawn:
                text = FORMS["sum"][a % 2].format(a, b)
                found[part].append(Question("long sum", text, add(a, b) + END))
            drawn.add(frozenset((a, b)))
    found["test"] += [Question("untold", text, play + END) for text, play in plays["untold"]]
    return found


def contents(question):
    """Return what a question is about, whatever its form: a word, or numbers, sorted, and names."""
    words = re.findall(r"\d+|\w+", question.text)
    if question.kind in ("backwards", "letter", "long word"):
        return words[-1 if question.kind == "letter" else -2]
    forms = set(re.findall(r"\w+", " ".join(FORMS[question.kind])))
    return question.kind, *sorted(word for word in words if word not in forms)


def contaminated(learned, held_out):
    """Return those of the held-out questions that were learned, be it in another form or order."""
    known = {contents(one) for one in learned if one.kind != "play"}
    lines = {one.text for one in learned}
    return [one for one in held_out if contents(one) in known or one.text in lines]


def tokens_of(questions, alphabet):
    """Return each question with its answer as tokens, and which tokens count in the loss.

    Two lists of arrays; what counts is 1 for the answer and its end, and 0 for the question.
    """
    rows = [encode(one.line, alphabet) for one in questions]
    begins = [len(one.text) + 2 for one in questions]
    counts = [np.arange(len(row)) >= begin for row, begin in zip(rows, begins, strict=True)]
    return rows, counts


def draw_questions(questions, count, random):
    """Return so many different questions, as many of each of the kinds of SHARES if there are."""
    drawn = [questions[place] for place in random.permutation(len(questions))]
    most = -(-count // len(SHARES))
    of_kinds = ([one for one in drawn if one.kind == kind][:most] for kind in SHARES)
    return [one for some in of_kinds for one in some]


def padded(rows, places=PLACES):
    """Return arrays of different lengths as one, (rows, places), with zeros behind each."""
    return np.array([np.pad(row[:places], (0, max(0, places - len(row)))) for row in rows])


def batches(questions, alphabet, context, seed, size, plays=None, share=0.0):
    """Yield without end rows of questions with answers, the same one token on, and what counts.

    All three have the shape (size, context). Kinds come as often as SHARES says, others not at all
    if one of these is there. plays: tokens of a text, windows of which are the first `share` of the
    rows, and count everywhere.
    """
    random = np.random.default_rng(seed)
    rows, counts = tokens_of(questions, alphabet)
    kinds = [one.kind for one in questions]
    shares = {kind: SHARES[kind] for kind in SHARES if kind in kinds} or {kinds[0]: 1.0}
    places = {kind: np.flatnonzero(np.equal(kinds, kind)) for kind in shares}
    total = sum(shares.values())
    often = round(size * share)
    while True:
        tokens, counted = np.zeros((2, size, context + 1), "int32")
        for row in range(size):
            if row < often:
                start = random.integers(len(plays) - context)
                tokens[row], counted[row] = plays[start : start + context + 1], 1
                continue
            end = 0
            while end <= context:
                kind = random.choice(list(shares), p=[share / total for share in shares.values()])
                one = random.choice(places[kind])
                length = min(len(rows[one]), context + 1 - end)
                tokens[row, end : end + length] = rows[one][:length]
                counted[row, end : end + length] = counts[one][:length]
                end += length
        yield tokens[:, :-1], tokens[:, 1:], counted[:, 1:].astype("float32")
