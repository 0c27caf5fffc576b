"""Make a trained GPT smaller: weights of 8 and 4 bits, and two ways to choose the 4 bits well.

    python text/gpt/fewer_bits.py

Takes the network that comes with the book, or with RUN one that `shakespeare.py` has trained.
Writes its weights in nine forms, and prints a row for each: bytes, the loss in nats per character
of the validation part, how much that is more than with float32, and the largest change of a
probability. GPTQ and AWQ look at windows of the training part (*calibration*), others in each run:
once as Keras does it, and once so that they get to see them. About six minutes on two cores.
Sources: Frantar and others, "GPTQ", 2022; Lin and others, "AWQ", 2023.
Chapter: serialization/README.md#smaller-and-faster
"""

from chapter import OUTPUTS

import time
import warnings
from contextlib import nullcontext
from itertools import pairwise
from unittest.mock import patch

import keras
import numpy as np
from keras import layers, quantizers
from scipy.special import softmax

from text.gpt.characters import (
    add_run,
    build_alike,
    character_losses,
    load_run,
    mean_with_interval,
    text_of_run,
    windows,
)
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

BLOCK, SMALL_BLOCK = 128, 32  # weights of a neuron that share a scale, at 4 bits
SAMPLES = 64  # windows of the training part that GPTQ and AWQ look at
COMPARED = 64  # windows of the validation part in which probabilities are compared
SHOWN = "{bytes:10,} {mean:19.4f} {more[mean]:+10.4f} {difference:15.2f}"


def copy(model):
    twin = build_alike(model)
    twin.set_weights(model.get_weights())
    return twin


def structure(model):
    """Return what GPTQ and AWQ ask for: the layers before the blocks, and each block as a model."""
    names = [layer.name for layer in model.layers if layer.name.endswith("_normal_1")]
    borders = [model.get_layer(name).input for name in (*names, "normal")]
    blocks = [keras.Model(before, after) for before, after in pairwise(borders)]
    return {"pre_block_layers": [model.get_layer("embedding")], "sequential_blocks": blocks}


def configs(tokens, context, samples):
    """Return {form: how Keras shall quantize}. tokens: what to calibrate with, those of a text."""
    seen = {"dataset": [tokens], "tokenizer": "none: these are tokens", "num_samples": samples}
    seen |= {"sequence_length": context, "group_size": BLOCK}
    return {
        "int8": quantizers.Int8QuantizationConfig(),
        "int8_weights": quantizers.Int8QuantizationConfig(activation_quantizer=None),
        "int4": quantizers.Int4QuantizationConfig(block_size=BLOCK),
        "int4_small": quantizers.Int4QuantizationConfig(block_size=SMALL_BLOCK),
        "gptq": quantizers.GPTQConfig(**seen),
        "awq": quantizers.AWQConfig(**seen),
    }


def listening(mode):
    """Let the dense layers pass on what they get while Keras calibrates, for `with`.

    Keras 3.15.1 waits for it at `call`, but a layer that is being quantized runs another method, so
    nothing arrives: https://github.com/keras-team/keras/pull/23512 mends that.
    """
    quantized_call = getattr(layers.Dense, f"_{mode}_call")

    def call(layer, inputs, training=False):
        if getattr(layer, f"is_{mode}_calibrated"):
            return quantized_call(layer, inputs, training)
        return layer.call(inputs)

    return patch.object(layers.Dense, f"_{mode}_call", call)


def quantize(model, config, mended=False):
    """Return a quantized copy. mended: GPTQ and AWQ see the calibration data."""
    small = copy(model)
    found = structure(small)
    small.get_quantization_layer_structure = lambda mode: found
    with listening(config.mode) if mended else nullcontext():
        small.quantize(config.mode, config=config)
    return small


def load(path, model, config):
    """Return a network of whole numbers from its file of weights: quantize first, then read.

    A .keras file would be refused: CausalAttention does not save how its layers are quantized.
    """
    small = copy(model)
    small.quantize(config=config)
    small.load_weights(path)
    return small


def read(model, text):
    """Return the losses of the characters, and probabilities (windows, context, symbols)."""
    x, _ = windows(text.validation, model.input_shape[1])
    logits = model.predict(x[:COMPARED], batch_size=64, verbose=0)
    return character_losses(model, text.validation, text.alphabet), softmax(logits, axis=2)


def main(argv=None):
    """Return a row for each form; "more" and "less" compare the same characters."""
    parser = make_parser("A trained GPT in fewer bits.", OUTPUTS)
    add_run(parser)
    parser.add_argument("--samples", type=positive(int), default=SAMPLES, help="to calibrate with")
    args = parser.parse_args(argv)
    model, settings, _ = load_run(args.run)
    text, folder = text_of_run(settings), make_folder(args.outputs)
    made = configs(text.train, model.input_shape[1], args.samples)
    forms = [("float32", None, False), *((form, config, False) for form, config in made.items())]
    forms += [(f"{form}_mended", made[form], True) for form in ("gptq", "awq")]
    rows, losses, probabilities = {}, {}, read(model, text)[1]
    print("form                bytes  nats per character       more  largest change")
    for form, config, mended in forms:
        path, small, start = folder / f"{form}.weights.h5", model, time.process_time()
        with warnings.catch_warnings(action="ignore"):  # one for each layer that stays as it is
            if config:
                small = quantize(model, config, mended)
            seconds = time.process_time() - start
            small.save_weights(path)
            if form.startswith("int"):  # Keras 3.15.1 cannot load the others
                small = load(path, model, config)
        found, others = read(small, text)
        row = rows[form] = {"bytes": path.stat().st_size, "cpu_seconds": seconds}
        row |= mean_with_interval(found) | {"difference": np.abs(others - probabilities).max()}
        losses[form], plain = found, form.removesuffix("_mended")
        row["more"] = mean_with_interval(found - losses["float32"])
        row["less"] = mean_with_interval(losses[plain] - found)  # than without calibration
        print(f"{form:14}", SHOWN.format(**row), flush=True)
    return save_results({"forms": rows}, folder, __file__, argv)


if __name__ == "__main__":
    main()
