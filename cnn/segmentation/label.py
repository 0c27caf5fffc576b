"""Let a network of own_masks.py or boxes.py label photographs.

    python cnn/segmentation/label.py RUN/own_masks.keras PHOTO ...
    python cnn/segmentation/label.py RUN/boxes.keras PHOTO ...

For each photograph you will see which share of its pixels is of which class, and get a mask of its
own size, as a PNG; or you will see what is in it, and get boxes, drawn and as a CSV file. Takes a
few seconds.
Chapter: cnn/segmentation/README.md#your-own-masks
"""

from chapter import OUTPUTS

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import AfterValidator, Field

from cnn.photographs import find_images, open_photo
from cnn.segmentation.box_files import find_in_photos
from cnn.segmentation.boxes import STRIDE, detect
from cnn.segmentation.masks import check_classes
from utils.loading import load_model
from utils.options import make_parser
from utils.pictures import PictureError
from utils.runs import fail, make_folder, printable, replacing, save_results, writing_to
from utils.schemas import Name, read_form

Value = Annotated[str, Field(pattern=r"^\d{1,3}$")]  # of a mask, or the number of a label


def load_network(path):
    """Return a network of own_masks.py or boxes.py and its classes, {value: name}, or end."""
    network, names = load_model(path), Path(path).with_suffix(".json")
    classes = read_form(names, Annotated[dict[Value, Name], AfterValidator(check_classes)])
    classes = {int(value): name for value, name in classes.items()}
    size, made = network.input_shape[1], [one.shape for one in network.outputs]
    if network.input_shape != (None, size, size, 3):
        fail(f"{path} takes {network.input_shape[1:]}, not square images in colour.")
    places, wanted = size // STRIDE, [(None, size, size, len(classes))]
    if len(made) == 2:
        wanted = [(None, places, places, 4), (None, places, places, len(classes) - 1)]
    if made != wanted:
        fail(f"{path} makes {made}, not {wanted}: {len(classes)} classes, as {names} says.")
    return network, classes


def label_photos(network, classes, photos, folder):
    """Write a mask for each photograph; return {name: {class: share of the pixels}}."""
    size, values, shares = network.input_shape[1], list(classes), {}
    for number, path in enumerate(photos, start=1):
        try:
            photo = open_photo(path)
        except PictureError as error:
            print(printable(f"left out: {error}"), file=sys.stderr)
            continue
        pixels = np.asarray(photo.resize((size, size)), "float32")
        labels = network.predict(pixels[None], verbose=0)[0].argmax(axis=-1)
        mask = Image.fromarray(np.array(values, "uint8")[labels])
        name = f"{number}_{printable(path.stem)}.png"
        with writing_to(folder), replacing(folder / name) as partial:
            mask.resize(photo.size, Image.Resampling.NEAREST).save(partial)
        counts = np.bincount(labels.ravel(), minlength=len(values)) / labels.size
        shares[name] = dict(zip(classes.values(), counts.tolist(), strict=True))
        most = sorted(shares[name].items(), key=lambda pair: -pair[1])[:3]
        known = ", ".join(f"{share:.0%} {kind}" for kind, share in most if share)
        print(f"{printable(path.name)}: {known}")
    return shares


def main(argv=None):
    parser = make_parser("Label the pixels of photographs, or find things in them.", OUTPUTS)
    parser.add_argument("model", help="own_masks.keras or boxes.keras in the folder of a run")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    network, classes = load_network(args.model)
    photos = find_images(args.photos)
    if len(network.outputs) == 2:
        find, size = partial(detect, network), network.input_shape[1]
        seen = find_in_photos(find, photos, size, [*classes.values()], folder)
    else:
        seen = label_photos(network, classes, photos, folder)
    if not seen:
        fail("none of these is an image that can be read.")
    return save_results({"photos": seen}, folder, __file__, argv)


if __name__ == "__main__":
    main()
