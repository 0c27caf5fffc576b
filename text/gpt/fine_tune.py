"""Fine-tuning: the network that learned Shakespeare learns text messages, all of it or by LoRA.

    python text/gpt/fine_tune.py RUN
    python text/gpt/fine_tune.py RUN --data mine.txt --rank 8

RUN is a run of `shakespeare.py`. You will see its loss on Shakespeare and on messages it has not
learned from: before, after training all weights or only LoRA's, and of a network that learned the
messages alone; and how many weights each of them trained. For each way five learning rates are
tried first, with fewer steps. Four minutes on two cores. generate.py takes the folder of this run,
too: it holds the network of which all weights were trained.
Chapter: text/gpt/README.md#fine-tuning
"""

from chapter import OUTPUTS

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from text.gpt.characters import (
    CHECKPOINT,
    VALIDATION_SHARE,
    add_run,
    build_alike,
    encode,
    load_run,
    read_long_text,
    text_of_run,
    token_losses,
)
from text.gpt.generate import write
from text.gpt.gpt import CausalAttention
from text.gpt.shakespeare import batches
from text.messages import load_messages
from utils.comparisons import tune
from utils.options import make_parser, positive, seed, verbosity
from utils.runs import fail, make_folder, save_network, save_results, write_json

STEPS = 250
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]  # tried for each way; the validation text chooses
SEARCH = 50  # steps with each of them
RANK = 8  # of LoRA: numbers through which a change of a matrix must pass
SEED = 1
WAYS = ("before", "all weights", "LoRA", "from the beginning")


def read_texts(path, alphabet, seed):
    """Return what to learn from, a text, and another to validate: of a file, or the messages' ham.

    Near copies are on one side. Characters that the network does not know are left out.
    """
    if path:
        text = read_long_text(path)
        cut = round(len(text) * (1 - VALIDATION_SHARE))
        parts = [text[:cut], text[cut:]]
    else:
        messages = load_messages()
        ham = messages.labels == 0  # the most frequent class comes first
        texts, groups = messages.texts[ham], messages.groups[ham]
        splitter = GroupShuffleSplit(1, test_size=VALIDATION_SHARE, random_state=seed)
        parts = ["\n".join(texts[part]) for part in next(splitter.split(texts, groups=groups))]
    known = ["".join(c for c in part if c in alphabet) for part in parts]
    # Of the shortest text, 600 characters are left to validate: more than a network sees at once.
    if any(len(one) < 0.6 * len(part) for one, part in zip(known, parts, strict=True)):
        fail("too many characters are new to the network: train one on this text instead.")
    return known


def lora_parts(layer):
    """Return the layers within a layer that get LoRA: attention has four matrices."""
    if isinstance(layer, CausalAttention):
        return [layer.query, layer.key, layer.value, layer.mix]
    return [layer] if isinstance(layer, keras.layers.Dense | keras.layers.Embedding) else []


def enable_lora(model, rank):
    """Freeze a network, but for two thin matrices beside each of its large ones.

    Where x @ kernel was, there is now x @ (kernel + a @ b), with a (inputs, rank) and b (rank,
    outputs). b starts at zero, so nothing changes at first. Compile the network afterwards. Source:
    Hu and others, "LoRA: low-rank adaptation of large language models", 2021.
    """
    for layer in model.layers:
        parts = lora_parts(layer)
        layer.trainable = bool(parts)
        for part in parts:
            part.enable_lora(rank)
            if getattr(part, "bias", None) is not None:
                part.bias.trainable = False


def merge_lora(model):
    """Return a plain network with the same weights: Keras adds a @ b to each kernel as it saves."""
    plain = build_alike(model)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "merged.weights.h5"
        model.save_weights(path)
        plain.load_weights(path)
    return plain


def train_one_way(way, first, rows, steps, rank, seed, learning_rate):
    """Return the network after one of the WAYS, and how many weights were trained.

    first: the network to begin with; rows: batches without end.
    """
    keras.utils.set_random_seed(seed)
    model = build_alike(first)
    if way != "from the beginning":
        model.set_weights(first.get_weights())
    if way == "LoRA":
        enable_lora(model, rank)
    optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss=loss)
    model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=verbosity())
    return model, int(sum(np.prod(weight.shape) for weight in model.trainable_weights))


def tune_and_train(way, first, make_rows, validation_loss, args, rank=RANK):
    """Return the network after one of the WAYS, weights trained, and what tune found.

    make_rows: a function of a seed; validation_loss: one of a network. args: steps and seed.
    """
    if way == "before":
        return first, 0, None

    def try_one(learning_rate):
        seed = args.seed + 100  # not that of the training that counts
        found = train_one_way(way, first, make_rows(seed), SEARCH, rank, seed, learning_rate)
        return validation_loss(found[0])

    tuned = tune(try_one, {"learning_rate": RATES})
    rows = make_rows(args.seed)
    return *train_one_way(way, first, rows, args.steps, rank, args.seed, **tuned["best"]), tuned


def keep(model, settings, alphabet, folder):
    """Save a network as a run of shakespeare.py does, for generate.py."""
    save_network(model, folder / CHECKPOINT)
    write_json(settings | {"alphabet": alphabet}, folder / "settings.json")


def main(argv=None):
    """Return losses on both texts, trained weights and a sample for each way to train."""
    parser = make_parser("Lets a trained GPT learn another text.", OUTPUTS)
    add = parser.add_argument
    add_run(parser)
    add("--data", type=Path, metavar="FILE", help="another text; None: text messages")
    add("--steps", type=positive(int), default=STEPS)
    add("--rank", type=positive(int), default=RANK, help="of LoRA")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    first, settings, _ = load_run(args.run)
    old = text_of_run(settings)
    learned, held_out = read_texts(args.data, old.alphabet, args.seed)
    learned, held_out = encode(learned, old.alphabet), encode(held_out, old.alphabet)
    choosing, held_out = np.array_split(held_out, 2)  # the first half chooses the rates
    results = {"steps": args.steps, "rank": args.rank, "ways": {}}
    for way in WAYS:
        model, trained, tuned = tune_and_train(
            way, first, lambda seed: batches(learned, first.input_shape[1], seed),
            lambda model: token_losses(model, choosing).mean(), args, args.rank,
        )  # fmt: skip
        if way == "LoRA":
            x, merged = held_out[None, : model.input_shape[1]], merge_lora(model)
            difference = model.predict(x, verbose=0) - merged.predict(x, verbose=0)
            results["merged"], model = float(np.abs(difference).max()), merged
        results["ways"][way] = one = {
            "trained": trained,
            "tuned": tuned,
            "old": float(token_losses(model, old.validation).mean()),
            "new": float(token_losses(model, held_out).mean()),
            "sample": "".join(write(model, old.alphabet, "\n", 120, args.seed, temperature=0.8)),
        }
        if way == "all weights":
            keep(model, settings, old.alphabet, folder)
        print(
            "{:20}{trained:9,} weights trained; nats on the old text {old:.2f}, on the new"
            " {new:.2f}".format(way, **one)
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
