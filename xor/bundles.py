"""Many small networks, trained at once as one model: a bundle.

`EinsumDense("bni,nio->bno")` is a Dense layer with one more axis n, so that each of the n
networks has weights and biases of its own and nothing leads from one to another. If the loss is
summed over the networks, the gradient of a weight is what it would be if its network were alone.
Adam, RMSprop and SGD treat every weight by itself, so each network learns as it would alone.

Chapter: xor/README.md#luck
"""

from math import sqrt

import keras
from keras import layers


def build_bundle(networks, sizes, activation):
    """Return independent networks: (rows, networks, inputs) to (rows, networks, outputs).

    sizes: of the layers of each, from the inputs to the output, which has a sigmoid. Each starts
    from the weights (Glorot uniform) and biases (zero) that Dense would give it.
    """
    activations = [activation] * (len(sizes) - 2) + ["sigmoid"]
    bundle = [keras.Input(shape=(networks, sizes[0]))]
    for inputs, outputs, function in zip(sizes[:-1], sizes[1:], activations, strict=True):
        # Glorot's limit for one network; Keras would take the networks for more inputs.
        limit = sqrt(6 / (inputs + outputs))
        bundle.append(
            layers.EinsumDense(
                "bni,nio->bno",
                output_shape=(networks, outputs),
                bias_axes="no",
                activation=function,
                kernel_initializer=keras.initializers.RandomUniform(-limit, limit),
            )
        )
    return keras.Sequential(bundle)
