"""Train a small GPT on Shakespeare's plays, or on any text of your own.

    python text/gpt/shakespeare.py
    python text/gpt/shakespeare.py --steps 500            # a first look
    python text/gpt/shakespeare.py --pieces 448           # of words, beside the 65 characters
    python text/gpt/shakespeare.py --data mine.txt        # UTF-8, better more than 100 KB
    python text/gpt/shakespeare.py --resume 2026-11-24_15-04-05

You will see the loss in nats per token, on what it learns from and on the last tenth of the text,
which it never learns from; at the end that of a character, which is the same but for pieces, and a
sample. `generate.py` lets the network write more. About four minutes on two cores. Ctrl-C ends it;
--resume goes on from the last printed loss: the network is saved with each.
Chapter: text/gpt/README.md#training
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np

from text.gpt.characters import (
    CHECKPOINT,
    MOST,
    PRETRAINED,
    SHAKESPEARE,
    build_alike,
    character_losses,
    harmless,
    load_run,
    load_text,
    mean_with_interval,
    text_of_run,
    windows,
)
from text.gpt.generate import write
from text.gpt.gpt import CONTEXT, KINDS, XLA, build_gpt
from utils.files import file_sha256
from utils.options import make_parser, number, positive, seed, verbosity
from utils.runs import ROOT, fail, make_folder, save_network, save_results, shown, write_json
from utils.training import (
    DeferInterrupt,
    SaveCheckpoint,
    TimeCallback,
    checkpoint_path,
    load_checkpoint,
)

STEPS = 3_000
BATCH_SIZE = 12  # windows a step
LEARNING_RATE = 0.005
DROPOUT = 0.0
WARM_UP = 100  # steps until the learning rate is there
WEIGHT_DECAY = 0.1
CLIP_NORM = 1.0
REPORT = 500  # steps from one line, and one checkpoint, to the next
SEED = 1


def batches(tokens, context, seed, size=BATCH_SIZE, skip=0):
    """Yield without end windows that begin anywhere, and the same windows one token on.

    Both have the shape (size, context). skip: batches that an earlier part of the run has used.
    """
    random = np.random.default_rng(seed)
    random.integers(len(tokens) - context, size=(skip, size))
    while True:
        starts = random.integers(len(tokens) - context, size=size)
        rows = tokens[starts[:, None] + np.arange(context + 1)]  # (size, context + 1)
        yield rows[:, :-1], rows[:, 1:]


def make_schedule(steps, learning_rate=LEARNING_RATE, warm_up=WARM_UP):
    """Return a learning rate that rises for the first steps, then falls to a tenth."""
    warm_up = min(warm_up, steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=learning_rate,
        warmup_steps=warm_up,
        decay_steps=steps - warm_up,
        alpha=0.1,  # the share of the highest rate that is left at the end
    )


def make_optimizer(schedule):
    """Return Muon for the matrices, and within it AdamW for the embedding and all vectors.

    Muon makes the steps of a matrix equally long in all directions. Source: Jordan and others,
    "Muon: an optimizer for hidden layers in neural networks", 2024.
    """
    return keras.optimizers.Muon(
        schedule,
        weight_decay=WEIGHT_DECAY,
        adam_beta_2=0.99,
        # Nor the output of a network without tied weights; a GRU has two rows of biases.
        exclude_layers=["positions", "output", "bias"],
        global_clipnorm=CLIP_NORM,
    )


def main(argv=None):
    """Return losses in nats per character, seconds, parameters and a sample."""
    parser = make_parser("Trains a small GPT on a text.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, default=SHAKESPEARE, metavar="FILE", help="a text in UTF-8")
    add("--pieces", type=number(int, 0), default=0, help="of words, at most, beside all characters")
    add("--steps", type=positive(int), default=STEPS, help=f"rounded down to lots of {REPORT}")
    add("--batch-size", type=positive(int), default=BATCH_SIZE, help="windows a step")
    add("--context", type=positive(int, MOST), default=CONTEXT, help="tokens seen at once")
    add("--learning-rate", type=positive(float), default=LEARNING_RATE, help="the highest")
    add("--dropout", type=number(float, 0, 0.9), default=DROPOUT, help="share of what blocks add")
    add("--like", choices=KINDS, default="today", help="whose blocks")
    add("--ship", action="store_true", help="also make it the network that comes with the book")
    add("--resume", metavar="RUN", help="go on with a run that was stopped, with its settings")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    keras.utils.set_random_seed(args.seed)

    if args.resume:
        _, settings, folder = load_run(args.resume)
        text, report = text_of_run(settings), min(REPORT, settings["steps"])
        model, history = load_checkpoint(make_folder(folder), "gpt", report)
        optimizer = model.optimizer
    else:
        text, report = load_text(args.data, pieces=args.pieces), min(REPORT, args.steps)
        history = {}
        settings = {"data": shown(args.data, ROOT).as_posix(), "sha256": file_sha256(args.data)}
        settings |= {"alphabet": text.alphabet, "seed": args.seed}
        settings["batch_size"] = args.batch_size
        settings["steps"] = args.steps - args.steps % report
        folder = make_folder(args.outputs)
        if checkpoint_path(folder, "gpt").exists():
            fail(f"{folder} holds a run already: --resume it, or choose another folder.")
        write_json(settings, folder / "settings.json")
        model = build_gpt(
            len(text.alphabet), args.context, kind=KINDS[args.like], dropout=args.dropout
        )
        schedule = make_schedule(settings["steps"], args.learning_rate, WARM_UP)
        optimizer = make_optimizer(schedule)
    print(
        f"{len(text.train):,} tokens to learn from, {len(text.validation):,} to validate, "
        f"{len(text.alphabet)} different ones; {model.count_params():,} parameters"
    )
    print(f"Stopped? Go on with: python text/gpt/shakespeare.py --resume {shown(folder)}")

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss=loss, metrics=["accuracy"], jit_compile=XLA)
    checkpoint, context = SaveCheckpoint(folder, "gpt", history), model.input_shape[1]
    done = checkpoint.epochs_done  # an "epoch" is what lies between two reports
    with DeferInterrupt() as interrupt:
        model.fit(
            batches(text.train, context, settings["seed"], settings["batch_size"], done * report),
            steps_per_epoch=report,
            epochs=settings["steps"] // report,
            initial_epoch=done,
            validation_data=windows(text.validation, context),
            validation_batch_size=64,
            callbacks=[TimeCallback(), interrupt, checkpoint],
            shuffle=False,  # fit cannot shuffle a generator, and would warn
            verbose=verbosity(),
        )

    if args.ship:  # without dropout, and without what only the optimizer needs
        plain = build_alike(model)
        plain.set_weights(model.get_weights())
        save_network(plain, PRETRAINED / CHECKPOINT)
        write_json(settings, PRETRAINED / "settings.json")
    validation = mean_with_interval(character_losses(model, text.validation, text.alphabet))
    print(
        "validation: {mean:.3f} nats per character ({low:.3f} to {high:.3f}), {bits:.3f} bits"
        "".format(**validation)
    )
    steps = write(model, text.alphabet, text.alphabet[0], 300, seed=settings["seed"])
    sample = "".join(token for (token,) in steps)
    print(harmless(sample))
    results = {
        "parameters": model.count_params(),
        "steps": settings["steps"],
        "validation": validation,
        "train": mean_with_interval(
            character_losses(model, text.train[: len(text.validation)], text.alphabet)
        ),
        "sample": sample,
        "history": checkpoint.history,
        "seconds": sum(checkpoint.history["seconds"]),
    }
    return save_results(results, folder, __file__, argv, args, "text/gpt/generate.py RUN")


if __name__ == "__main__":
    main()
