"""Maps of importance and feature maps of any network that reads images, on images of yours.

    python visualizing/own_network.py                        # the network that the book ships
    python visualizing/own_network.py --model FILE.keras --images a.jpg b.jpg
    python visualizing/own_network.py --model cnn/outputs/RUN/transfer.keras

The images may have any size, in grey or in colour; the network may be a list of layers or a graph,
with a pretrained network inside. You will see what it says of each image, a figure with five maps
of importance, how far the probability falls if what they mark is wiped out, and a figure of feature
maps. Some seconds, for a large network half a minute.
Chapter: visualizing/README.md#your-own-network-and-images
"""

from chapter import OUTPUTS

from contextlib import suppress
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

from cnn.photographs import PHOTOS, find_images, read_pictures
from utils.figures import save_figure
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, make_folder, printable, read_json, save_results
from utils.schemas import Names, check
from visualizing import attribution_methods as maps
from visualizing.networks import MODEL, one_of_each, show_images

SHOWN = 5  # of the book's digits, without --images
WIPED = 0.1  # of the pixels
MAPS = 16  # of a layer, those that vary most
LAYERS = 4  # in the figure of feature maps
PREPARES = keras.layers.Rescaling, keras.layers.Normalization


def load_network(path):
    """Return the network in a file and the shape of its images, or end with one line."""
    model = load_model(path, compile=False)
    shape, given = model.input_shape, model.output_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3):
        fail(f"{path} takes {shape}, not images of shape (rows, columns, 1 or 3).")
    if not isinstance(given, tuple) or len(given) != 2:
        fail(f"{path} gives {given}, not a row of classes for each image.")
    if None in shape[1:]:
        fail(f"{path} takes images of any size: save it with a keras.Input of one size.")
    return model, shape[1:]


def read_images(paths, shape, largest):
    """Return the middle square of each image as the network takes it, shape (n, *shape).

    Without paths: the photographs of the book, or digits for a network that reads such.
    """
    if not paths and shape == (28, 28, 1):
        return [f"a {digit}" for digit in range(SHOWN)], one_of_each()[:SHOWN, ..., None] / 255
    paths = find_images(paths or [PHOTOS])
    kept, squares = read_pictures(paths, max(shape[:2]))
    if not kept:
        fail("none of these is an image that can be read.")
    x = keras.ops.image.resize(squares, shape[:2], crop_to_aspect_ratio=True)
    x = keras.ops.convert_to_numpy(x)
    x = x if shape[2] == 3 else x.mean(axis=-1, keepdims=True)
    return [printable(paths[i].stem) for i in kept], x * (largest / 255)


def name_classes(path, count):
    """Return the names of the classes: of a list in a JSON file beside the model, or numbers."""
    with suppress(OSError, ValueError):  # it may say other things, or not be there
        if len(names := check(read_json(path.with_suffix(".json")), Names)) == count:
            return names
    return list(map(str, range(max(2, count))))


def wipe(x, heat):
    """Return the images with the mean colour where the maps, (n, rows, columns), are highest."""
    count = max(1, int(WIPED * heat[0].size))
    order = np.argsort(-heat.reshape(len(heat), -1), axis=1)[:, :count]
    marked = np.zeros((len(x), heat[0].size), bool)
    np.put_along_axis(marked, order, True, axis=1)
    return np.where(marked.reshape(heat.shape)[..., None], maps.mean_colour(x), x)


def draw_maps(x, titles, heats, path):
    """Draw each image, and on it its maps, {name: (n, rows, columns)}."""
    figure, panels = plt.subplots(
        len(x), 1 + len(heats), figsize=(1.6 * (1 + len(heats)), 1.75 * len(x)), squeeze=False
    )
    pictures = (x - x.min()) / (np.ptp(x) or 1)
    for n, row in enumerate(panels):
        for axes, name in zip(row, ["", *heats], strict=True):
            axes.imshow(pictures[n], cmap="gray_r")
            if name:
                axes.imshow(heats[name][n], cmap="magma", alpha=0.7)
            axes.axis("off")
            if n == 0 or not name:
                axes.set_title(name or titles[n], fontsize=9, loc="center")
    save_figure(figure, path)


def draw_layers(model, layers, x, path):
    """Draw what some layers make of one image: of each the maps that vary most."""
    chosen = [layers[int(n)] for n in np.unique(np.linspace(0, len(layers) - 1, LAYERS).round())]
    outputs = maps.outputs_of(model, chosen, x)
    figure, panels = plt.subplots(len(chosen), figsize=(9.4, 1.1 * len(chosen)), squeeze=False)
    for axes, layer, output in zip(panels[:, 0], chosen, outputs, strict=True):
        best = np.argsort(-output[0].std(axis=(0, 1)))[:MAPS]
        show_images(axes, np.moveaxis(output[0][..., best], -1, 0), MAPS)
        shape = " x ".join(map(str, output.shape[1:]))
        axes.set_title(f"{printable(layer.name)}: {shape}", fontsize=9, fontweight="normal")
    save_figure(figure, path)


def main(argv=None):
    """Draw maps and layers; return what the network says, and how far it falls by each map."""
    parser = make_parser("Look into any network that reads images.", OUTPUTS)
    add = parser.add_argument
    add("--model", type=Path, default=MODEL, help="a .keras file")
    add("--images", nargs="+", type=Path, default=[], metavar="FILE")
    about = (
        "the largest value of a pixel, as in the training; by default 255 if a layer scales them"
    )
    add("--largest", type=float, choices=[1, 255], help=about)
    add("--layer", metavar="NAME", help="whose maps the CAMs weigh; by default the last with maps")
    args = parser.parse_args(argv)
    model, shape = load_network(args.model)
    layers = maps.grids(model)
    if args.layer:
        layers = layers[: 1 + next((n for n, x in enumerate(layers) if x.name == args.layer), -1)]
        if not layers:
            known = ", ".join(layer.name for layer in maps.grids(model))
            fail(f"{args.model} has no layer {args.layer} with maps. It has {known or 'none'}.")
    scales = any(isinstance(layer, PREPARES) for layer in maps.leaves(model))
    largest = args.largest or (255 if scales else 1)
    titles, x = read_images(args.images, shape, largest)
    folder, x = make_folder(args.outputs), x.astype("float32")
    print(f"{len(x)} images of shape {shape}, pixels from 0 to {largest}")
    names = name_classes(args.model, model.output_shape[1])
    rows = model.predict(x, verbose=0)
    classes = rows.argmax(axis=1) if rows.shape[1] > 1 else (rows[:, 0] > 0.5).astype(int)
    before = maps.probability(model, x, classes)
    said = [f"{names[c]} ({p:.0%})" for c, p in zip(classes, before, strict=True)]
    for title, text in zip(titles, said, strict=True):
        print(f"{title}: {text}")

    heats = {
        "occlusion": maps.occlusion(model, x, classes),
        "saliency": maps.saliency(model, x, classes),
        "integrated gradients": maps.integrated_gradients(model, x, classes),
    }
    if layers:
        heats["Grad-CAM"] = maps.grad_cam(model, x, classes, layers[-1].name)
        heats["HiResCAM"] = maps.hires_cam(model, x, classes, layers[-1].name)
    at_random = np.random.default_rng(0).random(x.shape[:3])
    falls = {
        name: float((before - maps.probability(model, wipe(x, heat), classes)).mean())
        for name, heat in {"random pixels": at_random, **heats}.items()
    }
    print(f"without {WIPED:.0%} of the pixels, marked by ..., the probability falls by ... points")
    for name, fall in falls.items():
        print(f"  {name:22}{100 * fall:6.1f}")
    both = [f"{title}:\n{text}" for title, text in zip(titles, said, strict=True)]
    draw_maps(x, both, heats, folder / "own_attribution.png")
    if layers:
        draw_layers(model, layers, x[:1], folder / "own_feature_maps.png")
    results = {"classes": [names[c] for c in classes], "probabilities": before.tolist()}
    return save_results(results | {"falls": falls}, folder, __file__, argv)


if __name__ == "__main__":
    main()
