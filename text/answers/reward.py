"""Reward: the network learns from what it tries, here to add numbers that are longer.

    python text/answers/reward.py
    python text/answers/reward.py RUN --seconds 300

RUN is a run of `instruct.py`. A network that is never right gets no reward, so first it is shown a
few answers of the new kind. Then it answers each question several times, by chance; a check gives 1
for a right answer and 0 for a wrong one. An answer becomes likelier by how much better it did than
the others to the same question (REINFORCE with the mean of a group as its baseline, as in GRPO). As
long, by the processor's clock, another copy goes on with the answers that were shown. You will see
the right answers of each kind. Takes six minutes or more on two cores.
Chapter: text/answers/README.md#reward
"""

from chapter import OUTPUTS

from functools import partial
from itertools import chain

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
from text.answers.instruct import BATCH_SIZE, CONTEXT, fit, keep, plays_loss
from text.answers.prefer import answer_logs, tune_and_learn
from text.answers.questions import batches, make_questions
from text.gpt.characters import add_run, text_of_run
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

KINDS = ["long sum", "long word"]  # which instruct.py does not teach
SHOWN, STEPS, RATE = 100, 300, 0.0003  # answers that are shown first, and how they are learned
GROUPS = 16  # questions a step
GROUP = 8  # answers to each
SECONDS = 120.0  # of the processor, for each way to learn on; a quarter with each rate
RATES = [0.00003, 0.0001, 0.0003, 0.001]
SEED = 1
WAYS = ("before", "answers shown", "more of that", "reward")


class Rewarded(keras.Model):
    """A GPT that makes an answer likelier, or less likely, by its advantage.

    Source: Williams, "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning" (REINFORCE), 1992.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logs = answer_logs(y_pred, y["tokens"], y["counts"])  # (answers,)
        return -ops.mean(logs * y["advantages"])


def advantages(rewards):
    """Return by how much each answer did better than its group, in standard deviations.

    rewards: (groups, answers). In a group that is all right or all wrong, none is better. Source:
    Shao and others, "DeepSeekMath" (GRPO), 2024.
    """
    spread = rewards.std(axis=1, keepdims=True)
    return (rewards - rewards.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)


def shown_batches(shown, known, alphabet, seed):
    """Yield without end rows of the answers that are shown, and in turn of what was learned."""
    sides = (batches(some, alphabet, CONTEXT, seed, BATCH_SIZE) for some in (shown, known))
    yield from chain.from_iterable(zip(*sides, strict=True))


def trial_batches(model, asker, questions, alphabet, seed, rewards):
    """Yield without end answers that the network, as it is then, has tried, and their advantages.

    rewards: a list, to which the mean reward of each step is added.
    """
    random = np.random.default_rng(seed)
    while True:
        asker.take_weights(model)
        drawn = random.integers(len(questions), size=GROUPS)
        asked = [questions[place] for place in drawn for _ in range(GROUP)]
        answers, _ = asker.ask([one.text for one in asked], random)
        right = np.array([is_right(*both) for both in zip(answers, asked, strict=True)], "float32")
        rewards.append(float(right.mean()))
        gained = advantages(right.reshape(GROUPS, GROUP)).reshape(-1)
        tried = [one._replace(answer=answer) for one, answer in zip(asked, answers, strict=True)]
        x, y, counts = as_rows(tried, alphabet)
        yield x, {"tokens": y, "counts": counts, "advantages": gained}


def main(argv=None):
    """Return for each way the right answers of each kind, and the rewards on the way."""
    parser = make_parser("Lets a GPT that answers learn from a reward.", OUTPUTS)
    add = parser.add_argument
    add_run(parser, "instruct.py", ANSWERS)
    add("--kind", choices=KINDS, default=KINDS[0], help="of the questions")
    add("--seconds", type=positive(float), default=SECONDS, help="of the processor, for each way")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    model, settings = load_answering(args.run)
    alphabet, questions, plays = (
        settings["alphabet"],
        make_questions(settings["questions"]),
        text_of_run(settings),
    )
    learned, choosing = (
        [one for one in questions[part] if one.kind == args.kind] for part in ("learn", "choose")
    )
    shown, tried = learned[:SHOWN], learned[SHOWN:]  # of what is tried, nobody says the answers
    asker, rewards, results = Asker(model, alphabet), [], {"kind": args.kind, "ways": {}}
    first = copy_of(model, context=CONTEXT)
    rows = partial(shown_batches, shown, questions["learn"], alphabet)

    def make(way, seed):
        if way == "reward":
            rewards.clear()
            model = copy_of(first, Rewarded)
            return model, trial_batches(model, asker, tried, alphabet, seed, rewards)
        return copy_of(first, context=CONTEXT), rows(seed)

    for way in WAYS:
        steps, tuned = 0, None
        if way == "answers shown":
            keras.utils.set_random_seed(args.seed)
            fit(first, rows(args.seed), STEPS, RATE)
            model, steps = first, STEPS
        elif way != "before":
            model, steps, tuned = tune_and_learn(partial(make, way), asker, choosing, args, RATES)
        asker.take_weights(model)
        results["ways"][way] = one = {"steps": steps, "tuned": tuned}
        one["plays"] = plays_loss(model, plays)
        one |= judge(asker, questions["test"])
        print(f"{way}: {steps} steps")
        show_kinds(one)
    results["rewards"] = rewards
    keep(model, settings, folder)  # what rewards have taught
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
