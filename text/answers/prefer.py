"""Preferences: the network learns which of two answers is better (direct preference optimization).

    python text/answers/prefer.py
    python text/answers/prefer.py RUN --questions 500

RUN is a run of `instruct.py`. It answers questions to learn from, each several times, by chance; a
rule makes pairs of them: a right answer and a wrong one to the same question. DPO raises
the probability of the first beside that of the second. As long, by the processor's clock, another
copy learns the right answers of the pairs alone. Each has its rate by a small search. You will see
the right answers of each kind before and after, and what became of the probabilities of both
answers. Takes about three minutes on two cores.
Chapter: text/answers/README.md#preferences
"""

from chapter import OUTPUTS

import time
from functools import partial

import keras
import numpy as np
from keras import ops

from text.answers.asking import (
    ANSWERS,
    Asker,
    as_rows,
    copy_of,
    is_right,
    judge,
    load_answering,
    show_kinds,
)
from text.answers.instruct import BATCH_SIZE, CONTEXT, keep, next_token_loss, plays_loss
from text.answers.questions import PLACES, SHARES, batches, draw_questions, make_questions
from text.gpt.characters import add_run, text_of_run
from utils.comparisons import tune
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, save_results

ASKED = 800  # questions of which pairs are made
TRIES = 4  # answers to each, drawn by chance
BETA = 0.1  # how much it costs to move away from where it began
PAIRS = 16  # a step
SECONDS = 24.0  # of the processor, for each way to learn on; a quarter with each rate
RATES = [0.0001, 0.00003, 0.00001, 0.000003, 0.000001]  # of some that are level, the first counts
SEED = 1
WAYS = ("the better answers", "pairs")


def answer_logs(logits, tokens, counts):
    """Return the logarithm of the probability of each row's answer, (rows,).

    logits: (rows, time, symbols); tokens: what comes next, and counts: 1 for answers, (rows, time).
    """
    losses = keras.losses.sparse_categorical_crossentropy(tokens, logits, from_logits=True)
    return -ops.sum(losses * counts, axis=1)


class Preferring(keras.Model):
    """A GPT that learns from pairs of rows: a better answer, and behind it a worse one.

    Source: Rafailov and others, "Direct preference optimization: your language model is secretly a
    reward model", 2023.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        raised = answer_logs(y_pred, y["tokens"], y["counts"]) - y["reference"]  # (rows,)
        better, worse = raised[::2], raised[1::2]
        return -ops.mean(ops.log_sigmoid(BETA * (better - worse)))


def make_pairs(asker, questions, random):
    """Return questions with right answers, and the same ones with a wrong answer of the network.

    Its answers are drawn by chance. The right answer, too, is one of its own if it has found any,
    or else the one to learn. A question to which all are right makes no pair.
    """
    better, worse = [], []
    answers, _ = asker.ask([one.text for one in questions for _ in range(TRIES)], random)
    for place, question in enumerate(questions):
        right, wrong = [], []
        for answer in answers[place * TRIES :][:TRIES]:
            (right if is_right(answer, question) else wrong).append(answer)
        if wrong:
            better.append(question._replace(answer=(right or [question.answer])[0]))
            worse.append(question._replace(answer=wrong[0]))
    return better, worse


def logs_of(model, questions, alphabet):
    """Return the logarithms of the probabilities of answers, (questions,)."""
    x, y, counts = as_rows(questions, alphabet)
    logits = model.predict(x, batch_size=64, verbose=0)
    return ops.convert_to_numpy(answer_logs(logits, y, counts))


def pair_batches(reference, pairs, alphabet, seed):
    """Yield without end rows of pairs, each better answer before its worse one.

    With them comes how likely the network found each at the beginning: computed once, by reference.
    """
    logs = np.stack([logs_of(reference, side, alphabet) for side in pairs], axis=1)
    sides = zip(*(as_rows(side, alphabet) for side in pairs), strict=True)
    x, y, counts = (np.stack(both, axis=1) for both in sides)  # (pairs, 2, PLACES)
    random = np.random.default_rng(seed)
    while True:
        drawn = random.integers(len(x), size=PAIRS)
        tokens, after, counted = (one[drawn].reshape(-1, PLACES) for one in (x, y, counts))
        yield tokens, {"tokens": after, "counts": counted, "reference": logs[drawn].reshape(-1)}


def learn(model, rows, learning_rate, seconds):
    """Train a network for so many seconds of the processor, and return the steps.

    The first step does not count: in it, TensorFlow builds its graph.
    """
    # A network with a compute_loss of its own does not use this loss.
    model.compile(keras.optimizers.Adam(learning_rate, global_clipnorm=1.0), next_token_loss())
    model.train_on_batch(*next(rows))
    end, steps = time.process_time() + seconds, 1
    while time.process_time() < end:
        model.train_on_batch(*next(rows))
        steps += 1
    return steps


def tune_and_learn(make, asker, choosing, args, rates=RATES):
    """Return what learned at its best rate, its steps, and what tune found.

    make: a function of a seed that returns a network and rows without end. choosing: questions of
    whose right answers as many as possible choose the rate.
    """

    def learn_one(seed, seconds, learning_rate):
        keras.utils.set_random_seed(seed)
        model, rows = make(seed)
        return model, learn(model, rows, learning_rate, seconds)

    def share_wrong(learning_rate):
        asker.take_weights(learn_one(args.seed + 100, args.seconds / 4, learning_rate)[0])
        answers, _ = asker.ask([one.text for one in choosing])
        return 1 - np.mean([is_right(*both) for both in zip(answers, choosing, strict=True)])

    tuned = tune(share_wrong, {"learning_rate": rates})
    return *learn_one(args.seed, args.seconds, **tuned["best"]), tuned


def main(argv=None):
    """Return for each way the right answers of each kind, and the logarithms of the pairs'."""
    parser = make_parser("Lets a GPT that answers learn from preferences.", OUTPUTS)
    add = parser.add_argument
    add_run(parser, "instruct.py", ANSWERS)
    add("--questions", type=positive(int), default=ASKED, help="of which pairs are made")
    add("--seconds", type=positive(float), default=SECONDS, help="of the processor, for each way")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    first, settings = load_answering(args.run)
    alphabet, random = settings["alphabet"], np.random.default_rng(args.seed)
    questions, asker = make_questions(settings["questions"]), Asker(first, settings["alphabet"])
    plays = text_of_run(settings)
    known = draw_questions(questions["learn"], args.questions, random)
    pairs = make_pairs(asker, known, random)
    if not pairs[0]:
        fail("the network has answered all questions rightly: there is no pair to learn from.")
    print(f"{len(pairs[0]):,} pairs of {len(known):,} questions")
    choosing = [one for one in questions["choose"] if one.kind in SHARES]
    results, begin = {"pairs": len(pairs[0]), "asked": len(known), "ways": {}}, copy_of(first)

    def make(way, seed):
        if way == "pairs":
            return copy_of(first, Preferring), pair_batches(begin, pairs, alphabet, seed)
        rows = batches(pairs[0], alphabet, CONTEXT, seed, BATCH_SIZE)
        return copy_of(first, context=CONTEXT), rows

    for way in ("before", *WAYS):
        model, steps, tuned = first, 0, None
        if way != "before":
            model, steps, tuned = tune_and_learn(partial(make, way), asker, choosing, args)
        asker.take_weights(model)
        logs = [float(logs_of(asker.model, side, alphabet).mean()) for side in pairs]
        results["ways"][way] = one = {"steps": steps, "tuned": tuned}
        one |= {"better": logs[0], "worse": logs[1], "plays": plays_loss(model, plays)}
        one |= judge(asker, questions["test"])
        print(
            f"{way}: {steps} steps; logarithms of the better answers {logs[0]:.2f},"
            f" of the worse {logs[1]:.2f}"
        )
        show_kinds(one)
    keep(model, settings, folder)  # what pairs have taught
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
