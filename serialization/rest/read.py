"""Read digits on photographs and drawings in the shell, as the service does over HTTP.

    python serialization/rest/read.py PHOTO.jpg DRAWING.png
    python serialization/rest/read.py PHOTO.jpg --model FILE.tflite  # one of yours: ship_model.py

Prints for each image, which should show one digit, the three most probable ones with their
probabilities, and a warning if it does not look like a digit. What the network saw of PHOTO.jpg is
saved as PHOTO_28x28.png in serialization/outputs/<start time>/. About a second.

Chapter: serialization/rest/README.md#in-the-shell
"""

from chapter import OUTPUTS

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from serialization.operating.checks import prepare_file
from serialization.operating.guard import RequestError
from serialization.rest.digits import MODEL, DigitReader
from utils.options import make_parser
from utils.runs import fail, make_folder, save_results, writing_to

SHOWN = 3  # digits for each image, the most probable first


def prepare_files(paths):
    """Return {path: pixels, shape (28, 28)} of the images that can be read; say why not, if not."""
    images = {}
    for path in paths:
        if not path.is_file():
            print(f"there is no file {path}", file=sys.stderr)
            continue
        try:
            images[path] = prepare_file(path, "it")
        except RequestError as error:
            print(f"{path} is left out: {error.detail}", file=sys.stderr)
    return images


def show(path, prediction):
    """Print what was read in an image, in a line."""
    best = np.argsort(prediction["probabilities"])[: -SHOWN - 1 : -1].tolist()
    first, *others = (f"{digit} ({prediction['probabilities'][digit]:.1%})" for digit in best)
    refused = prediction["looks_like_digit"] is False  # None: nobody knows
    doubt = ", but I do not think that this is a digit" if refused else ""
    print(f"{path}: {first}, then {', '.join(others)}{doubt}")


def save_prepared(images, folder):
    """Save what the network sees of each image; of two with one name, the second gets a number."""
    names = {}
    for path, pixels in images.items():
        name, number = f"{path.stem}_28x28", 1
        while name.lower() in map(str.lower, names.values()):  # as Windows and Macs see them
            number += 1
            name = f"{path.stem}_{number}_28x28"
        names[path] = name
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return {path: f"{name}.png" for path, name in names.items()}


def main(argv=None):
    """Return {image: what the service would answer, and the file that shows what was seen}."""
    parser = make_parser("Read digits on photographs and drawings.", OUTPUTS)
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO", help="PNG or JPEG")
    parser.add_argument("--model", type=Path, default=MODEL, help="a .tflite file")
    args = parser.parse_args(argv)
    images = prepare_files(args.photos)
    if not images:
        fail("none of these is an image with a digit that can be read.")
    reader = DigitReader(args.model)
    folder = make_folder(args.outputs)
    with writing_to(folder):
        files = save_prepared(images, folder)
    predictions = reader.read(np.stack(list(images.values())))
    results = {}
    for path, prediction in zip(images, predictions, strict=True):
        show(path, prediction)
        results[path.as_posix()] = prediction | {"seen": files[path]}
    return save_results({"model": reader.about["model"], "images": results}, folder, __file__, argv)


if __name__ == "__main__":
    main()
