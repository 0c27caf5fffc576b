"""Fine-tuning on questions with answers: the network that learned Shakespeare learns to add.

    python text/gpt/addition.py RUN
    python text/gpt/addition.py RUN --ways "all weights"

RUN is a run of `shakespeare.py`. It learns from lines such as 12+34=640: of the sum, 046, the last
digit comes first, as one adds by hand. Only the answers count in the loss. You will see how many
sums come out wholly right of those that are in none of these lines, and the loss on Shakespeare:
before, after training all weights, after training only LoRA's, and of a network that has never read
anything else; for each way five learning rates are tried first, with fewer steps. About ten
minutes on two cores. generate.py takes the folder of this run, too: it holds the network of which
all weights were trained.
Chapter: text/gpt/README.md#questions-and-answers
"""

from chapter import OUTPUTS

import numpy as np
from scipy.special import log_softmax

from text.gpt.characters import (
    VALIDATION_SHARE,
    add_run,
    build_alike,
    encode,
    load_run,
    text_of_run,
    token_losses,
)
from text.gpt.fine_tune import SEED, WAYS, keep, tune_and_train
from text.gpt.shakespeare import BATCH_SIZE
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

STEPS = 1_500
CONTEXT = 64  # characters at once: six sums
LENGTH = len("12+34=640\n")
ANSWER = "12+34=640\n".index("=")  # what comes after this place is the answer


def make_sums(seed):
    """Return sums to learn from and others, two lists of lines.

    What 12+34 is tells what 34+12 is, so both are in the same list. Source of the reversed order:
    Lee and others, "Teaching arithmetic to small transformers", 2023.
    """
    random, known, held_out = np.random.default_rng(seed), [], []
    for a in range(10, 100):
        for b in range(10, a + 1):
            total = f"{a + b:03}"[::-1]
            lines = {f"{a}+{b}={total}\n", f"{b}+{a}={total}\n"}
            (held_out if random.random() < VALIDATION_SHARE else known).extend(sorted(lines))
    return known, held_out


def extend(first, symbols):
    """Return the network with more tokens, whose vectors are drawn at random, as long as others.

    All other weights are those of the first one.
    """
    model, random = build_alike(first, symbols, CONTEXT), np.random.default_rng(SEED)
    for layer, known in zip(model.layers, first.layers, strict=True):
        weights = []
        for new, old in zip(layer.get_weights(), known.get_weights(), strict=True):
            weights.append(random.normal(0, old.std(), new.shape))
            both = tuple(map(slice, np.minimum(new.shape, old.shape)))
            weights[-1][both] = old[both]
        layer.set_weights(weights)
    return model


def batches(lines, context, seed):
    """Yield without end rows of sums, the same one token on, and which tokens count in the loss.

    lines: tokens, (sums, LENGTH). All three arrays have the shape (batch, context).
    """
    random = np.random.default_rng(seed)
    answers = np.arange(1, context + 1) % LENGTH > ANSWER
    counts = np.tile(answers, (BATCH_SIZE, 1)).astype("float32")
    while True:
        drawn = random.integers(len(lines), size=(BATCH_SIZE, context // LENGTH + 1))
        rows = lines[drawn].reshape(BATCH_SIZE, -1)[:, : context + 1]
        yield rows[:, :-1], rows[:, 1:], counts


def answer_logits(model, lines):
    """Return what a network says of each digit of the answers of sums, (sums, 3, symbols).

    It reads the question and the digits of the right answer before this one.
    """
    read = np.zeros((len(lines), model.input_shape[1]), "int32")
    read[:, : LENGTH - 1] = lines[:, :-1]
    return model.predict(read, batch_size=64, verbose=0)[:, ANSWER : LENGTH - 1]


def share_right(model, lines):
    """Return the share of sums, (sums, LENGTH), whose answers a network would write wholly right.

    It would write the likeliest character each time. So an answer comes out right if, after the
    question and each part of the right answer, the likeliest is the next of the right ones.
    """
    right = answer_logits(model, lines).argmax(axis=2) == lines[:, ANSWER + 1 :]
    return float(right.all(axis=1).mean())


def answer_loss(model, lines):
    """Return the mean loss of the digits of the answers, in nats."""
    logs = log_softmax(answer_logits(model, lines).astype("float64"), axis=2)
    return -np.take_along_axis(logs, lines[:, ANSWER + 1 :, None], axis=2).mean()


def main(argv=None):
    """Return for each way to train its weights, the sums right, and the loss on Shakespeare."""
    parser = make_parser("Lets a trained GPT learn to add.", OUTPUTS)
    add = parser.add_argument
    add_run(parser)
    add("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY",
        help=f"of {', '.join(WAYS)}")  # fmt: skip
    add("--steps", type=positive(int), default=STEPS)
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    first, settings, _ = load_run(args.run)
    old = text_of_run(settings)
    texts = make_sums(args.seed)
    alphabet = old.alphabet + "".join(sorted(set("0123456789+=\n") - set(old.alphabet)))
    learned, held_out = (np.array([encode(line, alphabet) for line in text]) for text in texts)
    mixed = np.random.default_rng(args.seed).permutation(held_out)
    choosing, held_out = np.array_split(mixed, 2)  # the first half chooses the rates
    first, results = extend(first, len(alphabet)), {"held_out": len(held_out), "ways": {}}
    for way in dict.fromkeys(args.ways):
        model, trained, tuned = tune_and_train(
            way, first, lambda seed: batches(learned, CONTEXT, seed),
            lambda model: answer_loss(model, choosing), args,
        )  # fmt: skip
        results["ways"][way] = one = {
            "trained": trained,
            "tuned": tuned,
            "right": share_right(model, held_out),
            "right_learned": share_right(model, learned),
            "old": float(token_losses(model, old.validation, len(old.alphabet)).mean()),
        }
        if way == "all weights":
            keep(model, settings, alphabet, folder)
        print(
            "{:20}{trained:9,} weights trained; {right:.1%} of new sums right, {right_learned:.1%}"
            " of those learned; Shakespeare {old:.2f} nats".format(way, **one)
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
