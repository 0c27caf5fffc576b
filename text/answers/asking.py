"""Machinery: ask a GPT many questions at once, greedily or by chance, and count what is right.

Chapter: text/answers/README.md#exact-answers
"""

from chapter import OUTPUTS  # noqa: F401

import keras
import numpy as np
from scipy.special import log_softmax

from text.answers.questions import (
    ANSWER,
    END,
    PLACES,
    SHARES,
    USER,
    final,
    padded,
    tokens_of,
)
from text.gpt.cache import Reader
from text.gpt.characters import build_alike, encode, load_run
from text.gpt.gpt import CausalAttention, Positions
from utils.runs import ROOT, fail

ANSWERS = ROOT / "assets" / "models" / "answers"  # a run of instruct.py
LOTS = 5  # of questions, by how sure the network is


def load_on_characters(name):
    """Return what load_run does, or end with one line if the network reads pieces of words."""
    model, settings, folder = load_run(name)
    if max(map(len, settings["alphabet"])) > 1:
        fail(f"the network in {folder} reads pieces of words: take one that reads characters.")
    return model, settings, folder


def load_answering(name):
    """Return the network of a run of instruct.py and its settings, or end with one line."""
    model, settings, folder = load_on_characters(name)
    if "questions" not in settings:
        fail(f"the network in {folder} has not learned to answer: give it to instruct.py first.")
    return model, settings


def copy_of(first, kind=keras.Model, context=PLACES):
    """Return a network with the same weights, as a model of a kind that learns otherwise."""
    if any(isinstance(layer, Positions) for layer in first.layers):
        fail("it has a vector for each place: take a network with rotary positions, not GPT-2's.")
    plain = build_alike(first, context=context)
    plain.set_weights(first.get_weights())
    return kind(plain.input, plain.output)


def as_rows(questions, alphabet, places=PLACES):
    """Return what a network reads, what comes next, and what of it counts: (questions, places)."""
    rows, counts = (padded(some, places + 1) for some in tokens_of(questions, alphabet))
    return rows[:, :-1], rows[:, 1:], counts[:, 1:].astype("float32")


class Asker:
    """Asks a network with rotary positions, whose weights are then the same for any context."""

    def __init__(self, model, alphabet):
        self.model, self.alphabet = copy_of(model), alphabet
        self.reader = Reader(self.model)

    def take_weights(self, model):
        """Let answer what a network has learned since."""
        self.model.set_weights(model.get_weights())
        for layer in self.model.layers:  # the reader has attentions of its own
            if isinstance(layer, CausalAttention):
                self.reader.network.get_layer(layer.name).set_weights(layer.get_weights())

    def ask(self, texts, random=None):
        """Return an answer to each of some texts, and the logarithms of their probabilities.

        The answers are text, with the end if it came within PLACES. random: draws each character;
        None: it is the likeliest. Questions of the same length are asked at once.
        """
        answers, logs = [""] * len(texts), np.zeros(len(texts))
        lengths = np.array([len(text) for text in texts])
        for length in np.unique(lengths):
            places = np.flatnonzero(lengths == length)
            asked = [encode(USER + texts[place] + ANSWER, self.alphabet) for place in places]
            said, logs[places] = self.write(np.array(asked), random)
            for place, row in zip(places, said, strict=True):
                text = "".join(self.alphabet[token] for token in row)
                answers[place] = text[: text.find(END) + 1] or text
        return answers, logs

    def write(self, tokens, random):
        """Return what comes after tokens, (texts, time), and its logarithms, (texts,)."""
        end, rows, total = self.alphabet.index(END), np.arange(len(tokens)), 0.0
        self.reader.forget()
        written, ended = [], np.zeros(len(tokens), bool)
        while not ended.all() and tokens.shape[1] + len(written) < PLACES:
            logits = self.reader.read(written[-1][:, None] if written else tokens)
            logs = log_softmax(logits.astype("float64"), axis=1)
            # The largest of the sums with this noise (Gumbel) is a draw with these probabilities.
            noise = random.gumbel(size=logs.shape) if random else 0
            newest = (logs + noise).argmax(axis=1).astype("int32")
            total += np.where(ended, 0, logs[rows, newest])
            written.append(newest)
            ended |= newest == end
        return np.array(written).T, total


def is_right(answer, question):
    """Tell whether an answer has ended and is right; what is worked out before it may be wrong."""
    return final(answer) == final(question.answer)


def judge(asker, questions):
    """Return the share of right answers to questions of each kind, and how sure the network was.

    Of greedy answers. "right": the mean over the kinds of SHARES; "sure": for lots of questions,
    from those of whose answers it is least sure, the mean probability of its answer, and the share
    that is right to the last character, working included, as that probability is of all of it;
    "gap": by how much the two differ in the mean (the expected calibration error).
    """
    answers, logs = asker.ask([one.text for one in questions])
    right = np.array([is_right(*both) for both in zip(answers, questions, strict=True)])
    exact = np.array([one.answer == answer for one, answer in zip(questions, answers, strict=True)])
    kinds = np.array([one.kind for one in questions])
    of_kinds = {str(kind): float(right[kinds == kind].mean()) for kind in dict.fromkeys(kinds)}
    lots = np.array_split(np.argsort(logs, kind="stable"), LOTS)
    said, true = ([float(values[lot].mean()) for lot in lots] for values in (np.exp(logs), exact))
    gap = float(np.abs(np.subtract(said, true)).mean())
    mean = float(np.mean([of_kinds[kind] for kind in of_kinds if kind in SHARES]))
    return {"kinds": of_kinds, "right": mean, "sure": {"said": said, "right": true}, "gap": gap}


def show_kinds(judged):
    """Print in a line what judge has found."""
    print("  right:", ", ".join(f"{kind} {right:.0%}" for kind, right in judged["kinds"].items()))
