"""Train a small GPT on Shakespeare's plays, or on any text of your own.

    python text/gpt/shakespeare.py
    python text/gpt/shakespeare.py --steps 500            # a first look
    python text/gpt/shakespeare.py --data mine.txt        # UTF-8, better more than 100 KB
    python text/gpt/shakespeare.py --context 128 --steps 10000    # better, and half an hour
    python text/gpt/shakespeare.py --resume 2026-11-24_15-04-05

You will see the loss in nats per character, on what it learns from and on the last tenth of the
text, which it never learns from; then a sample. `generate.py` lets the network write more. About
four minutes on two cores for 2,000 steps. Ctrl-C ends it; --resume goes on from the last printed
line: the network is saved with each.
Chapter: text/gpt/README.md#training
"""

from chapter import OUTPUTS

import sys
from pathlib import Path

import keras
import numpy as np

from text.gpt.characters import (
    MOST,
    SHAKESPEARE,
    harmless,
    load_run,
    load_text,
    mean_with_interval,
    text_of_run,
    token_losses,
    windows,
)
from text.gpt.generate import write
from text.gpt.gpt import BLOCKS, CONTEXT, HEADS, WIDTH, build_gpt, next_token_loss
from utils.options import make_parser, positive, seed
from utils.runs import fail, file_sha256, make_folder, save_results, shown, write_json
from utils.training import (
    CURVES,
    DeferInterrupt,
    SaveCheckpoint,
    TimeCallback,
    checkpoint_path,
    hold,
    load_checkpoint,
    verbosity,
)

STEPS = 2_000
BATCH_SIZE = 12  # windows a step
LEARNING_RATE = 1e-3
WARM_UP = 100  # steps until the learning rate is there
WEIGHT_DECAY = 0.1
CLIP_NORM = 1.0
REPORT = 250  # steps from one line, and one checkpoint, to the next
SEED = 1


def batches(tokens, context, seed, skip=0):
    """Yield without end windows that begin anywhere, and the same windows one token on.

    Both have the shape (batch, context). skip: batches that an earlier part of the run has used.
    """
    random = np.random.default_rng(seed)
    random.integers(len(tokens) - context, size=(skip, BATCH_SIZE))
    while True:
        starts = random.integers(len(tokens) - context, size=BATCH_SIZE)
        rows = tokens[starts[:, None] + np.arange(context + 1)]  # (batch, context + 1)
        yield rows[:, :-1], rows[:, 1:]


def compile_gpt(model, steps, learning_rate=LEARNING_RATE, warm_up=WARM_UP):
    """Let the learning rate rise for the first steps, then fall to a tenth of its highest."""
    warm_up = min(warm_up, steps // 2)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=learning_rate,
        warmup_steps=warm_up,
        decay_steps=steps - warm_up,
        alpha=0.1,  # the share of the highest rate that is left at the end
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=WEIGHT_DECAY, beta_2=0.99, global_clipnorm=CLIP_NORM
    )
    model.compile(optimizer, loss=next_token_loss(), metrics=["accuracy"])


def train(model, text, steps, seed, folder, history):
    """Train until all steps are done; history: that of the steps done already, {} at first.

    Saves network and history in the folder after every REPORT steps. Returns the history.
    """
    report = min(REPORT, steps)
    checkpoint = SaveCheckpoint(folder, "gpt", history)
    done, context = checkpoint.epochs_done, model.input_shape[1]
    with DeferInterrupt() as interrupt:
        model.fit(
            batches(text.train, context, seed, done * report),
            steps_per_epoch=report,
            epochs=steps // report,
            initial_epoch=done,
            validation_data=windows(text.validation, context),
            validation_batch_size=64,
            callbacks=[TimeCallback(), interrupt, checkpoint],
            shuffle=False,  # fit cannot shuffle a generator, and would warn
            verbose=verbosity(),
        )
    return checkpoint.history


def start_run(args):
    """Return a new network, its text, its settings, its folder, and an empty history."""
    text = load_text(args.data)
    folder = make_folder(args.outputs)
    settings = {
        "data": str(args.data.resolve()), "sha256": file_sha256(args.data),
        "alphabet": text.alphabet, "steps": args.steps, "seed": args.seed,
    }  # fmt: skip
    model = build_gpt(len(text.alphabet), args.context, WIDTH, HEADS, BLOCKS)
    compile_gpt(model, args.steps)
    hold(folder)
    write_json(settings, folder / "settings.json")
    return model, text, settings, folder, {}


def resume_run(name):
    """Return the same for a run that goes on from its last checkpoint, if only to measure."""
    model, settings, folder = load_run(name)
    hold(folder)
    text = text_of_run(settings)
    if getattr(model, "optimizer", None) is None:
        fail(f"the network in {folder} has no optimizer with which it could go on.")
    model, history = load_checkpoint(folder, "gpt", min(REPORT, settings["steps"]))
    model.compile(model.optimizer, loss=next_token_loss(), metrics=["accuracy"])  # not the file's
    if set(history) != CURVES | {"epoch", "seconds"}:
        fail(f"gpt_history.csv in {folder} has other columns than this script writes.")
    if len(history["epoch"]) * REPORT >= settings["steps"] and (folder / "results.json").exists():
        fail(f"the {settings['steps']:,} steps of {shown(folder)} are done already.")
    return model, text, settings, folder, history


def measure(model, text, settings):
    """Return the losses of a trained network, in nats per character, and a sample."""
    validation = mean_with_interval(token_losses(model, text.validation))
    print(
        "validation: {mean:.3f} nats ({low:.3f} to {high:.3f}), {bits:.3f} bits per character"
        "".format(**validation)
    )
    sample = "".join(write(model, text.alphabet, text.alphabet[0], 300, seed=settings["seed"]))
    print(harmless(sample))
    return {
        "parameters": model.count_params(),
        "steps": settings["steps"],
        "validation": validation,
        "train": mean_with_interval(token_losses(model, text.train[: len(text.validation)])),
        "sample": sample,
    }


def parse_arguments(argv):
    parser = make_parser("Trains a small GPT on a text.", OUTPUTS)
    add = parser.add_argument
    add("--data", type=Path, default=SHAKESPEARE, metavar="FILE", help="a text in UTF-8")
    add("--steps", type=positive(int), default=STEPS, help=f"rounded down to lots of {REPORT}")
    add("--context", type=positive(int, MOST), default=CONTEXT, help="characters seen at once")
    add("--resume", metavar="RUN", help="go on with a run that was stopped, with its settings")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    if args.steps > REPORT:
        args.steps -= args.steps % REPORT
    return args


def main(argv=None):
    """Return losses in nats per character, seconds, parameters and a sample."""
    args = parse_arguments(argv)
    keras.utils.set_random_seed(args.seed)
    model, text, settings, folder, history = (
        resume_run(args.resume) if args.resume else start_run(args)
    )
    print(
        f"{len(text.train):,} characters to learn from, {len(text.validation):,} to validate, "
        f"{len(text.alphabet)} different ones; {model.count_params():,} parameters"
    )
    try:
        history = train(model, text, settings["steps"], settings["seed"], folder, history)
        results = measure(model, text, settings) | {"history": history}
    except KeyboardInterrupt:
        if checkpoint_path(folder, "gpt").exists():
            print(f"\nStopped. Go on with: python text/gpt/shakespeare.py --resume {shown(folder)}")
        else:
            print(f"\nStopped before step {REPORT}, at which it is kept for the first time.")
        sys.exit(130)
    results["seconds"] = sum(history["seconds"])
    return save_results(results, folder, __file__, argv, args)


if __name__ == "__main__":
    main()
