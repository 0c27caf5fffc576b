"""Machinery: runs of vae.py and of flow.py, opened again.

Chapter: generating/README.md#a-space-of-few-numbers
"""

from chapter import OUTPUTS

from generating.images import PIXELS
from utils.loading import load_model
from utils.runs import fail, find_run


def load_networks(run, *names):
    """Return the networks of a run, each from NAME.keras in its folder."""
    folder = find_run(run, OUTPUTS)
    return [load_model(folder / f"{name}.keras", compile=False) for name in names]


def check(run, script, network, inputs, outputs):
    """End the program if a network of a run has not the shapes that the script's have."""
    if (network.input_shape, network.output_shape) != (inputs, outputs):
        fail(f"{run} is not a run of {script}, or not a whole one: its networks do not fit.")


def load_vae(run):
    """Return the size of the space, the encoder and the decoder of a run of vae.py."""
    encoder, decoder = load_networks(run, "encoder", "decoder")
    point, image = decoder.input_shape, (None, PIXELS)
    check(run, "vae.py", encoder, image, [point, point])
    check(run, "vae.py", decoder, point, image)
    return point[1], encoder, decoder


def load_flow(run):
    """Return the flow of a run of flow.py, which takes point, time and digit, and its decoder."""
    flow, decoder = load_networks(run, "flow", "decoder")
    point = decoder.input_shape
    check(run, "flow.py", flow, [point, (None, 1), (None,)], point)
    check(run, "flow.py", decoder, point, (None, PIXELS))
    return flow, decoder
