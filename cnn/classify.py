"""Name what is in photographs, and show where in them the network sees it.

    python cnn/classify.py                             # four photographs of the book
    python cnn/classify.py photo.jpg FOLDER            # your own
    python cnn/classify.py --model RUN/transfer.keras  # with a network from transfer.py
    python cnn/classify.py --model MobileNetV3Small    # one that Keras downloads

Prints the five most probable names for each photograph, and draws class activation maps. Takes
some twelve seconds on two cores, most of them for starting up.
Chapter: cnn/README.md#your-own-photographs
"""

from chapter import OUTPUTS

import inspect
import math
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from cnn.efficientnet_lite import WEIGHTS, build_network
from cnn.photographs import PHOTOS, find_images, only_these, read_pictures
from utils.figures import save_figure
from utils.loading import load_model
from utils.options import make_parser, positive
from utils.runs import fail, first_line, make_folder, printable, save_results
from utils.schemas import Names, read_form

MODEL = "EfficientNetLite0"  # or a name in keras.applications, or a .keras file of transfer.py
TOP = 5  # names for each photograph
DRAWN = 8  # photographs in the figure, at most


def load_network(name):
    """Return a network, the names of its classes, and how it wants its pixels prepared."""
    imagenet = WEIGHTS.with_name("imagenet_classes.json")
    if name == MODEL:
        return build_network(), read_classes(imagenet), np.copy
    if name.endswith(".keras"):
        network = load_model(Path(name))
        size = network.input_shape[1]
        if network.input_shape != (None, size, size, 3) or len(network.output_shape) != 2:
            fail(f"{name} takes {network.input_shape[1:]}, not square images in colour.")
        return network, read_classes(Path(name).with_suffix(".json")), np.copy
    build = getattr(keras.applications, name, None)
    if not inspect.isfunction(build):
        fail(f"there is no model {name}: it is not in keras.applications, and not a .keras file.")
    try:
        network = build(weights="imagenet")
    except Exception as error:  # without a connection; the kind depends on how it fails
        fail(f"{name} needs a connection to download its weights: {first_line(error)}")
    return network, read_classes(imagenet), inspect.getmodule(build).preprocess_input


def read_classes(path):
    """Return the names of classes in a JSON file, each without its synonyms."""
    return [name.split(",")[0] for name in read_form(path, Names)]


def with_maps(network):
    """Return the network with a second output: how much each place speaks for each class.

    The score of a class is a weighted sum of averages over the image. The same weights, applied
    at each place before averaging, say where the score comes from: the class activation map
    (Zhou and others, "Learning deep features for discriminative localization", 2016). Returns
    None for a network that does not end in an average and one dense layer.
    """
    kept = [layer for layer in network.layers if not isinstance(layer, layers.Dropout)]
    *_, pooling, last = [None, None, *kept]
    if isinstance(pooling, keras.Model):  # transfer.py has put a head on a whole network
        network, pooling = pooling, pooling.layers[-1]
    if not isinstance(pooling, layers.GlobalAveragePooling2D) or not isinstance(last, layers.Dense):
        return None
    weights = last.kernel[None, None]  # a dense layer at each place is a 1 x 1 convolution
    place_by_place = layers.Conv2D(last.units, 1, use_bias=False, name="place_by_place")
    maps = place_by_place(pooling.input)
    place_by_place.set_weights([weights])
    return keras.Model(network.inputs, [last(pooling.output), maps])


def classify(network, preprocess, pixels):
    """Return for an image (height, width, 3) the probabilities and the maps, or None for them."""
    answer = network.predict_on_batch(preprocess(pixels[None].astype("float32")))
    if not isinstance(answer, list | tuple):
        return answer[0], None
    return answer[0][0], answer[1][0]


def draw(found, path):
    """Draw each photograph beside its map: bright is what speaks for the most probable class."""
    rows = math.ceil(len(found) / 2)
    figure, axes = plt.subplots(rows, 4, figsize=(10, 2.8 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for (pixels, title, place), pair in zip(found, axes.reshape(-1, 2), strict=False):
        pair[0].imshow(pixels.astype("uint8"))
        pair[0].set_title(title, fontsize=9)
        if place is not None:
            pair[1].imshow(pixels.mean(axis=-1), cmap="gray")
            height, width = pixels.shape[:2]
            pair[1].imshow(
                place,
                cmap="inferno",
                alpha=0.6,
                interpolation="bicubic",
                extent=(0, width, height, 0),
            )
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Name what is in photographs.", OUTPUTS)
    add = parser.add_argument
    add("photos", nargs="*", type=Path, default=[PHOTOS], help="files and folders")
    add("--model", default=MODEL, help="a name, or a file that transfer.py has saved")
    add("--top", type=positive(int), default=TOP, help="names for each photograph")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    network, classes, preprocess = load_network(args.model)
    if len(classes) != (units := network.output_shape[-1]):
        fail(f"{args.model} tells {units} classes apart, and there are {len(classes)} names.")
    network = with_maps(network) or network
    size = network.input_shape[1]
    if args.model.endswith(".keras"):
        print(only_these(classes))
    results, found, paths = {}, [], find_images(args.photos)
    for number, pixels in zip(*read_pictures(paths, size), strict=True):
        path = paths[number]
        probabilities, maps = classify(network, preprocess, pixels)
        best = np.argsort(-probabilities)[: args.top]
        label = path.as_posix() if path.name in results else path.name  # folders may share names
        results[label] = [(classes[i], float(probabilities[i])) for i in best]
        print(printable(label))
        for name, probability in results[label]:
            print(f"  {probability:6.1%}  {name}")
        if len(found) < DRAWN:
            title = f"{path.name}: {classes[best[0]]}, {probabilities[best[0]]:.0%}"
            found.append((pixels, title, None if maps is None else maps[..., best[0]]))
    if not results:
        fail("none of these is an image that can be read.")
    draw(found, folder / "classify.png")
    return save_results({"photos": results}, folder, __file__, argv)


if __name__ == "__main__":
    main()
