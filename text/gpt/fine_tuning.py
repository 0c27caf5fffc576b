"""Fine-tuning: the network that learned Shakespeare learns text messages, all of it or by LoRA.

    python text/gpt/fine_tuning.py RUN
    python text/gpt/fine_tuning.py RUN --data mine.txt --rank 8

RUN is a run of `shakespeare.py`. You will see its loss on Shakespeare and on messages it has not
learned from: before, after training all weights, after training only LoRA's, and of a network that
learned the messages alone for as many steps; and how many weights each of them trained. Three
minutes on two cores.
Chapter: text/gpt/README.md#fine-tuning
"""

from chapter import FOLDER, OUTPUTS

from pathlib import Path

import keras
import numpy as np

from characters import VALIDATION_SHARE, Text, encode, load_run, load_text, read_text, token_losses
from generate import write
from gpt import build_gpt, next_token_loss
from shakespeare import batches
from utils.options import make_parser, positive, seed
from utils.runs import fail, make_folder, save_results
from utils.training import verbosity

STEPS = 250
LEARNING_RATE = 1e-3
RANK = 8  # of LoRA: numbers through which a change of a matrix must pass
SEED = 1


def read_messages(path, alphabet):
    """Return the Text of a file, or of the ham among the messages, in the network's alphabet."""
    if path:
        text = read_text(path)
    else:
        lines = (FOLDER.parent / "sms_spam.tsv").read_text(encoding="utf-8").splitlines()
        text = "\n".join(line.partition("\t")[2] for line in lines if line.startswith("ham"))
    known = "".join(character for character in text if character in alphabet)
    if len(known) < len(text) / 2:
        fail("most characters of the text are new to the network: train one on that text instead.")
    cut = round(len(known) * (1 - VALIDATION_SHARE))
    return Text(alphabet, encode(known[:cut], alphabet), encode(known[cut:], alphabet))


def enable_lora(model, rank):
    """Freeze a network, but for two thin matrices beside each of the blocks' Dense layers.

    Where x @ kernel was, there is now x @ (kernel + a @ b), with a (inputs, rank) and b (rank,
    outputs). b starts at zero, so nothing changes at first. Compile the network afterwards. Source:
    Hu and others, "LoRA: low-rank adaptation of large language models", 2021.
    """
    for layer in model.layers:
        if layer.name.endswith(("_wide", "_narrow")):
            layer.enable_lora(rank)
            layer.bias.trainable = False
        else:
            layer.trainable = False


def merge_lora(model):
    """Return a plain network with the same weights, a @ b added to each kernel by hand."""
    plain = build_gpt(model.output_shape[2], model.input_shape[1])
    for layer, other in zip(model.layers, plain.layers, strict=True):
        if getattr(layer, "lora_enabled", False):
            kernel, bias, a, b = (keras.ops.convert_to_numpy(w) for w in (
                layer._kernel, layer.bias, layer.lora_kernel_a, layer.lora_kernel_b))  # fmt: skip
            other.set_weights([kernel + layer.lora_alpha / layer.lora_rank * (a @ b), bias])
        else:
            other.set_weights(layer.get_weights())
    return plain


def tune(model, text, steps, seed):
    """Train what is trainable; return how many weights that is."""
    optimizer = keras.optimizers.Adam(LEARNING_RATE, global_clipnorm=1.0)
    model.compile(optimizer, loss=next_token_loss())
    rows = batches(text.train, model.input_shape[1], seed)
    model.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=verbosity())
    return int(sum(np.prod(weight.shape) for weight in model.trainable_weights))


def main(argv=None):
    """Return losses on both texts, trained weights and a sample for each way to train."""
    parser = make_parser("Lets a trained GPT learn another text.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="RUN", help="folder of a run of shakespeare.py")
    add("--data", type=Path, metavar="FILE", help="another text; None: text messages")
    add("--steps", type=positive(int), default=STEPS)
    add("--rank", type=positive(int), default=RANK, help="of LoRA")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    first, settings, _ = load_run(args.run)
    old = load_text(Path(settings["data"]), settings["alphabet"])
    new = read_messages(args.data, old.alphabet)
    results = {"steps": args.steps, "rank": args.rank, "ways": {}}
    for way in ("before", "all weights", "LoRA", "from the beginning"):
        keras.utils.set_random_seed(args.seed)
        model, trained = build_gpt(len(old.alphabet), first.input_shape[1]), 0
        if way != "from the beginning":
            model.set_weights(first.get_weights())
        if way == "LoRA":
            enable_lora(model, args.rank)
        if way != "before":
            trained = tune(model, new, args.steps, args.seed)
        if way == "LoRA":
            x, merged = new.validation[None, : model.input_shape[1]], merge_lora(model)
            difference = model.predict(x, verbose=0) - merged.predict(x, verbose=0)
            results["merged"], model = float(np.abs(difference).max()), merged
        results["ways"][way] = one = {
            "trained": trained,
            "old": float(token_losses(model, old.validation).mean()),
            "new": float(token_losses(model, new.validation).mean()),
            "sample": "".join(write(model, old.alphabet, "\n", 120, args.seed, temperature=0.8)),
        }
        print(
            "{:20}{trained:9,} weights trained; nats on the old text {old:.2f}, on the new"
            " {new:.2f}".format(way, **one)
        )
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
