"""Fine-tuning on questions with answers: the network that learned Shakespeare learns to answer.

    python text/answers/instruct.py
    python text/answers/instruct.py RUN --ways LoRA --rank 16

RUN is a run of `shakespeare.py`. Only the answers count in the loss. You will see how many answers
to questions that were held out are right, of each kind, and the loss on Shakespeare: before, and
after training with plays among the questions; --ways also takes "all weights" (no plays) and LoRA.
For each way some learning rates are tried first, with fewer steps. The network that has plays among
the questions is saved, or else the last one: `chat.py` talks with it. Takes some eight minutes for
each way on two cores.
Chapter: text/answers/README.md#fine-tuning
"""

from chapter import OUTPUTS

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np

from text.answers.asking import ANSWERS, Asker, copy_of, judge, load_on_characters, show_kinds
from text.answers.questions import NEW, batches, contaminated, make_questions
from text.gpt.characters import CHECKPOINT, add_run, build_alike, text_of_run, token_losses
from text.gpt.gpt import CausalAttention
from text.gpt.shakespeare import make_schedule
from utils.comparisons import tune
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import fail, make_folder, save_network, save_results, write_json

CONTEXT = 128  # characters of a row: some five questions, as in a conversation
BATCH_SIZE = 8  # rows a step
STEPS = 3_500
WARM_UP = 50
RATES = [0.001, 0.002, 0.004, 0.008]  # tried first; questions to choose by decide
RATES_OF_LORA = [0.002, 0.004, 0.008, 0.016]
SEARCH = 700  # steps with each of them; after 150, rates that are too high still lead
CHOOSING = 32  # rows of questions that are not learned, which choose the rate
RANK = 8  # of LoRA: numbers through which a change of a matrix must pass
PLAYS = 0.25  # of the rows, where plays are among the questions
SEED = 1
WAYS = ("before", "plays among them", "all weights", "LoRA")


def extend(first, symbols, context=CONTEXT):
    """Return the network with more tokens, whose vectors are drawn at random, as long as others.

    All other weights are those of the first one.
    """
    model, random = build_alike(first, symbols, context), np.random.default_rng(SEED)
    for layer, known in zip(model.layers, first.layers, strict=True):
        weights = []
        for new, old in zip(layer.get_weights(), known.get_weights(), strict=True):
            weights.append(random.normal(0, old.std(), new.shape))
            both = tuple(map(slice, np.minimum(new.shape, old.shape)))
            weights[-1][both] = old[both]
        layer.set_weights(weights)
    return model


def enable_lora(model, rank):
    """Freeze a network, but for the embedding and two thin matrices beside each large one.

    Where x @ kernel was, there is now x @ (kernel + a @ b), with a (inputs, rank) and b (rank,
    outputs). b starts at zero, so nothing changes at first. The embedding learns as a whole: what
    the new tokens stand for, nobody knows yet. Compile the network afterwards. Source: Hu and
    others, "LoRA: low-rank adaptation of large language models", 2021.
    """
    for layer in model.layers:
        parts = [layer] if isinstance(layer, keras.layers.Dense) else []
        if isinstance(layer, CausalAttention):
            parts = [layer.query, layer.key, layer.value, layer.mix]
        layer.trainable = bool(parts) or layer.name == "embedding"
        for part in parts:
            part.enable_lora(rank)
            if part.bias is not None:
                part.bias.trainable = False


def merge_lora(model):
    """Return a plain network with the same weights: Keras adds a @ b to each kernel as it saves."""
    plain = build_alike(model)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "merged.weights.h5"
        model.save_weights(path)
        plain.load_weights(path)
    return plain


def next_token_loss():
    """Return the loss in nats, a mean over what counts: over the characters of answers."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )


def fit(model, rows, steps, learning_rate):
    """Train a network on rows of batches: tokens, the same one on, and what counts in the loss."""
    optimizer = keras.optimizers.Adam(
        make_schedule(steps, learning_rate, WARM_UP), global_clipnorm=1.0
    )
    model.compile(optimizer, loss=next_token_loss())
    model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=verbosity())


def train_one_way(way, first, rows, steps, args, learning_rate):
    """Return the network after one of the WAYS, and how many weights were trained."""
    keras.utils.set_random_seed(args.seed)
    model = copy_of(first, context=CONTEXT)
    if way == "LoRA":
        enable_lora(model, args.rank)
    fit(model, rows, steps, learning_rate)
    return model, int(sum(np.prod(weight.shape) for weight in model.trainable_weights))


def plays_loss(model, text):
    """Return the loss in nats of a character of the plays, on the part that nobody learned from.

    New tokens, which cannot come there, are left out.
    """
    known = 1 + max(int(part.max()) for part in text[1:])
    return float(token_losses(copy_of(model, context=CONTEXT), text.validation, known).mean())


def keep(model, settings, folder):
    """Save a network as a run of shakespeare.py does; "questions": the seed of what it learned."""
    save_network(copy_of(model, context=CONTEXT), folder / CHECKPOINT)
    write_json(settings, folder / "settings.json")


def main(argv=None):
    """Return for each way its weights, the right answers of each kind, and what is forgotten."""
    parser = make_parser("Lets a trained GPT learn to answer.", OUTPUTS)
    add = parser.add_argument
    add_run(parser)
    add("--ways", nargs="+", choices=WAYS, default=list(WAYS[:2]), metavar="WAY",
        help=f"of {', '.join(WAYS)}")  # fmt: skip
    add("--steps", type=positive(int), default=STEPS)
    add("--rank", type=positive(int), default=RANK, help="of LoRA")
    add("--ship", action="store_true", help="also make it the network that comes with the book")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    first, settings, _ = load_on_characters(args.run)
    old = text_of_run(settings)
    alphabet = old.alphabet + sorted(set(NEW) - set(old.alphabet))
    settings |= {"alphabet": alphabet, "questions": args.seed}
    questions, first = make_questions(args.seed), extend(first, len(alphabet))
    if contaminated(questions["learn"], questions["choose"] + questions["test"]):
        fail("a question that is held out is among those to learn from.")
    x, y, counts = next(batches(questions["choose"], alphabet, CONTEXT, args.seed, CHOOSING))
    results = {"steps": args.steps, "ways": {}}

    for way in dict.fromkeys(args.ways):
        share = PLAYS if way == "plays among them" else 0

        def rows(seed, share=share):
            return batches(
                questions["learn"], alphabet, CONTEXT, seed, BATCH_SIZE, old.train, share
            )

        def try_one(learning_rate, way=way, rows=rows):
            model, _ = train_one_way(way, first, rows(args.seed + 100), SEARCH, args, learning_rate)
            return model.evaluate(x, y, sample_weight=counts, verbose=0)

        model, trained, tuned, start = first, 0, None, time.perf_counter()
        if way != "before":
            rates = RATES_OF_LORA if way == "LoRA" else RATES
            tuned = tune(try_one, {"learning_rate": rates})
            model, trained = train_one_way(
                way, first, rows(args.seed), args.steps, args, **tuned["best"]
            )
        model = merge_lora(model) if way == "LoRA" else model
        results["ways"][way] = one = {
            "trained": trained,
            "tuned": tuned,
            "seconds": time.perf_counter() - start,  # the search, too
            "plays": plays_loss(model, old),
            **judge(Asker(model, alphabet), questions["test"]),
        }
        if way == (WAYS[1] if WAYS[1] in args.ways else args.ways[-1]):
            for place in (folder, ANSWERS)[: 1 + args.ship]:
                keep(model, settings, place)
        print(f"{way}: {trained:,} weights trained; the plays {one['plays']:.2f} nats")
        show_kinds(one)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
