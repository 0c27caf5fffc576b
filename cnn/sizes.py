"""Machinery of the book: how large the networks of the chapter on convolutions are.

    python cnn/sizes.py

Builds networks of keras.applications with random weights and counts parameters, the layers with
weights on the longest way through, and the multiplications for one image. Half a minute.
Chapter: cnn/README.md#history
"""

from chapter import OUTPUTS

import math

import keras

from cnn.efficientnet_lite import build_network
from mnist.models import le_net
from utils.options import make_parser
from utils.runs import make_folder, save_results

NETWORKS = ["VGG16", "InceptionV3", "ResNet50", "MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"]


def kernels(operation):
    """Return the kernels of a layer; an operation without weights has none."""
    weights = getattr(operation, "weights", [])
    return [weight for weight in weights if weight.name.endswith("kernel")]


def depth(network):
    """Return the most layers with kernels on a way through a network."""
    behind = {id(network.inputs[0]): 0}  # each tensor
    graph = keras.Model(network.inputs, network.outputs)  # a Sequential keeps its own to itself
    for operation in graph.operations[1:]:  # in the order of computation
        before = max(behind[id(tensor)] for tensor in keras.tree.flatten(operation.input))
        behind[id(operation.output)] = before + bool(kernels(operation))
    return behind[id(network.outputs[0])]


def multiplications(network):
    """Each number in a kernel is used once for each place of the output."""
    return sum(
        math.prod(kernel.shape) * math.prod(layer.output.shape[1:-1])
        for layer in network.layers
        for kernel in kernels(layer)
    )


def main(argv=None):
    parser = make_parser("Count what is in well-known networks.", OUTPUTS)
    parser.add_argument("--networks", nargs="*", choices=NETWORKS, default=NETWORKS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    builders = {"LeNet-5": le_net, "EfficientNet-Lite0": lambda: build_network(pretrained=False)}
    for name in args.networks:
        builders[name] = lambda name=name: getattr(keras.applications, name)(weights=None)
    results = {}
    for name, build in builders.items():
        network = build()
        results[name] = {
            "parameters": network.count_params(),
            "depth": depth(network),
            "multiplications": multiplications(network),
            "size": network.input_shape[1],
        }
        one = results[name]
        print(f"{name:20}{one['parameters']:13,}{one['depth']:5}{one['multiplications']:16,}")
        keras.utils.clear_session(free_memory=True)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
