"""What every layer makes of its input: shapes, parameters and work, with the arithmetic.

    python visualizing/shapes.py                   # the convolutional network
    python visualizing/shapes.py -m le_net         # any network of mnist/models.py, or a file
    python visualizing/shapes.py -m le_net --quiz  # compute it yourself; your answers are marked

You will see, for each layer, how its output shape, its parameters and its multiplications
follow from its kernel, stride and padding. Takes some seconds; nothing is trained.
Chapter: visualizing/README.md#shapes-parameters-and-work
"""

from chapter import OUTPUTS

import re
from math import prod
from pathlib import Path

from keras import Sequential, layers

from mnist.models import MODELS
from utils.loading import load_model, reads_digits
from utils.options import make_parser
from utils.runs import fail, make_folder, printable, save_results

MODEL = "conv_net"  # a name in mnist/models.py, or a .keras file

WINDOWED = (layers.Conv2D, layers.MaxPooling2D, layers.AveragePooling2D)


def find_network(name):
    """Return an untrained network of mnist/models.py by its name, or a trained one by its file."""
    if name in MODELS:
        return MODELS[name]()
    if Path(name).suffix != ".keras":
        fail(f"no network {name}: neither a .keras file nor one of {', '.join(MODELS)}.")
    model = load_model(Path(name))
    if not (isinstance(model, Sequential) and reads_digits(model)):
        fail(f"{name} is not a Sequential model that reads digits.")
    return model


def times(*numbers):
    """Return a product as one would write it: 26 x 26 x 32."""
    return " x ".join(f"{number:,}" for number in numbers)


def window(layer):
    """Return the height and width of the window that a layer moves over the image."""
    return layer.kernel_size if isinstance(layer, layers.Conv2D) else layer.pool_size


def explain_side(layer, axis):
    """Return in one line how the height (axis 0) or the width (1) of an output comes about."""
    before, after = layer.input.shape[1 + axis], layer.output.shape[1 + axis]
    size, stride = window(layer)[axis], layer.strides[axis]
    if layer.padding == "same":
        rounded = ", rounded up" if before % stride else ""
        return f"{before} / {stride} = {after}{rounded}"
    rounded = ", rounded down" if (before - size) % stride else ""
    return f"({before} - {size}) / {stride} + 1 = {after}{rounded}"


def explain_output(layer):
    """Return how the shape of a layer's output follows from that of its input."""
    if not isinstance(layer, WINDOWED):
        return ""
    sides = [explain_side(layer, axis) for axis in (0, 1)]
    return sides[0] if sides[0] == sides[1] else f"{sides[0]}; {sides[1]}"


def count_parameters(layer):
    """Return the number of a layer's parameters and how it is computed."""
    inputs, outputs = layer.input.shape[-1], layer.output.shape[-1]
    bias = [1] if getattr(layer, "use_bias", False) else []
    if isinstance(layer, layers.Conv2D):
        weights = [*layer.kernel_size, inputs // layer.groups]
        count = outputs * (prod(weights) + sum(bias))
        return count, f"{outputs} x ({times(*weights)}{' + 1' if bias else ''})"
    if isinstance(layer, layers.Dense):
        return outputs * (inputs + sum(bias)), f"{outputs} x ({inputs:,}{' + 1' if bias else ''})"
    if isinstance(layer, layers.BatchNormalization):
        return 4 * outputs, f"4 x {outputs}"  # mean, variance, scale and shift of each channel
    return layer.count_params(), ""


def count_work(layer):
    """Return the multiply-adds of a layer for one image, and how they are computed.

    A multiply-add is a weight times an input, added to a sum. Comparisons of a pooling and the
    activation functions are not counted; zeros that pad an image are.
    """
    inputs, output = layer.input.shape[-1], layer.output.shape[1:]
    if isinstance(layer, layers.Conv2D):
        weights = [*layer.kernel_size, inputs // layer.groups]
        return prod(output) * prod(weights), f"{times(*output)} x ({times(*weights)})"
    if isinstance(layer, layers.Dense):
        return prod(output) * inputs, times(*output, inputs)
    if isinstance(layer, layers.BatchNormalization):  # in use: each number scaled and shifted
        return prod(output), times(*output)
    if isinstance(layer, layers.RNN):  # each weight once for each step; a column for each sum
        steps, sums = layer.input.shape[1], layer.cell.kernel.shape[1]
        how = f"{times(steps, sums)} x ({inputs} + {layer.units})"
        return steps * sums * (inputs + layer.units), how
    return 0, ""


def describe(layer):
    """Return a layer's shapes, parameters and work as a dict, each with its arithmetic."""
    settings = []
    if isinstance(layer, WINDOWED):
        stride = layer.strides[0] if len(set(layer.strides)) == 1 else layer.strides
        settings = [times(*window(layer)), f"stride {stride}", f"padding {layer.padding}"]
    if hasattr(layer, "activation"):
        settings.append(layer.activation.__name__)
    parameters, how_many = count_parameters(layer)
    work, how_much = count_work(layer)
    return {
        "name": printable(layer.name),
        "kind": type(layer).__name__,
        "settings": ", ".join(settings),
        "input": layer.input.shape[1:],
        "output": layer.output.shape[1:],
        "output_how": explain_output(layer),
        "parameters": parameters,
        "parameters_how": how_many,
        "multiply_adds": work,
        "multiply_adds_how": how_much,
    }


def show(row):
    """Print what describe says of a layer."""
    print(f"\n{row['name']}: {row['kind']}" + (f", {row['settings']}" if row["settings"] else ""))
    print(f"  input          {times(*row['input'])}")
    how = f"    because {row['output_how']}" if row["output_how"] else ""
    print(f"  output         {times(*row['output'])}{how}")
    for key in ("parameters", "multiply_adds"):
        how = f"{row[key + '_how']} = " if row[key + "_how"] else ""
        print(f"  {key.replace('_', '-'):14} {how}{row[key]:,}")


def readings(answer):
    """Return what numbers an answer may mean: in 18,496 the comma may be a space or nothing."""
    return [
        [int(n) for n in re.findall(r"\d+", text)] for text in (answer, answer.replace(",", ""))
    ]


def ask(question, right, how):
    """Ask for a number or a shape; return whether the answer is right, and say how it comes."""
    is_right = right in readings(input(f"  {question}? "))
    how = f"{how} = " if how else ""
    print("  right" if is_right else f"  no: {how}{times(*right)}")
    return is_right


def run_quiz(rows):
    """Ask for what every layer gives, has and does; return how many answers were right."""
    right = asked = 0
    print("Ctrl-C ends the quiz.")
    for row in rows:
        settings = f", {row['settings']}" if row["settings"] else ""
        print(f"\n{row['name']}: {row['kind']}{settings}, input {times(*row['input'])}")
        questions = [("output shape (such as 28 x 28 x 1)", list(row["output"]), "")]
        for key in ("parameters", "multiply_adds"):
            questions.append((key.replace("_", "-"), [row[key]], row[f"{key}_how"]))
        for question in questions:
            right, asked = right + ask(*question), asked + 1
    print(f"\n{right} of {asked} are right.")
    return right


def main(argv=None):
    """Print every layer's arithmetic, or ask for it; return the layers and the sums."""
    parser = make_parser("Shapes, parameters and work of every layer.", OUTPUTS, kept=False)
    parser.add_argument("-m", "--model", default=MODEL, help="a network's name, or its file")
    parser.add_argument("--quiz", action="store_true", help="ask, and mark the answers")
    args = parser.parse_args(argv)
    model = find_network(args.model)
    folder = make_folder(args.outputs)
    rows = [describe(layer) for layer in model.layers]
    results = {"model": model.name, "layers": rows}
    if args.quiz:
        try:
            results["right"] = run_quiz(rows)
        except EOFError:
            fail("the quiz wants answers: start it in a terminal.")
    else:
        for row in rows:
            show(row)
    for key in ("parameters", "multiply_adds"):
        results[key] = sum(row[key] for row in rows)
    print(f"\n{printable(model.name)}: {results['parameters']:,} parameters, ", end="")
    print(f"{results['multiply_adds']:,} multiply-adds for one image")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
