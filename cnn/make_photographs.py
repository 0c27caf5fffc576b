"""Machinery: makes `data/photographs`, in seven classes, from two packages of Debian.

    python cnn/make_photographs.py UNPACKED                     # into cnn/outputs/<start time>/
    python cnn/make_photographs.py UNPACKED --outputs cnn/data  # over the files that lessons read

UNPACKED is the folder into which both were unpacked, by `dpkg-deb -x PACKAGE UNPACKED`:
tuxpaint-stamps-default 2025.03.31 and gcompris-qt-data 25.0.12. `data/photographs.csv` says what is
taken, what it is called here, who made it, under which licence, and, of those that are to be cut to
a square, where its middle is (0: left, 1: right). The others are cut out already: they come on
white. Takes seconds.
Chapter: cnn/README.md#transfer-learning
"""

from chapter import OUTPUTS

import csv
import io
import struct
from collections import Counter
from pathlib import Path

from PIL import Image, ImageOps

from cnn.photographs import DATA, to_rgb
from utils.options import make_parser
from utils.runs import fail, make_folder, replacing, shown, writing_to

TABLE = DATA / "photographs.csv"
SHARE = "usr/share"  # where both packages have their files
SIZE = 160  # pixels, width and height
MARGIN = 6  # pixels of white around what is cut out
QUALITY = 90  # of JPEG


def read_source(folder, source):
    """Return the bytes of a stamp, or of a file among the resources of GCompris."""
    if source.startswith("stamps/"):
        return (folder / "tuxpaint" / source).read_bytes()
    activity = source.split("/")[3]
    return read_resource((folder / f"gcompris-qt/rcc/{activity}.rcc").read_bytes(), source)


def read_resource(content, name):
    """Return one of the files in a resource file of Qt (.rcc, version 2), found by its path.

    Such a file has a tree of nodes of 22 bytes, then names and data, to which the nodes point. A
    folder's node says how many are in it, and which is the first.
    """
    tree, data, names = struct.unpack_from(">3I", content, 8)
    node = 0
    for part in name.split("/"):
        count, first = struct.unpack_from(">2I", content, tree + 22 * node + 6)
        for node in range(first, first + count):
            at = names + struct.unpack_from(">I", content, tree + 22 * node)[0]
            end = at + 6 + 2 * struct.unpack_from(">H", content, at)[0]
            if content[at + 6 : end].decode("utf-16-be") == part:
                break
        else:
            fail(f"{name} is not in its resource file. Is this version 25.0.12?")
    at = data + struct.unpack_from(">I", content, tree + 22 * node + 10)[0]
    return content[at + 4 : at + 4 + struct.unpack_from(">I", content, at)[0]]


def cut(image, centre):
    """Return a square of an image (Pillow, RGB): at a share, 0 to 1, of the way along it."""
    return ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.LANCZOS, centering=(centre, centre))


def frame(image):
    """Return a square in whose middle is all of an image (Pillow, RGB) that is not white."""
    seen = ImageOps.invert(image).convert("L").point(lambda value: 255 * (value > 8)).getbbox()
    inner = (SIZE - 2 * MARGIN,) * 2
    square = ImageOps.pad(image.crop(seen), inner, Image.Resampling.LANCZOS, color="white")
    return ImageOps.expand(square, MARGIN, "white")


def main(argv=None):
    parser = make_parser("Make photographs in seven classes from two packages.", OUTPUTS)
    parser.add_argument("unpacked", type=Path, help="the folder into which both were unpacked")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        try:
            content = read_source(args.unpacked / SHARE, row["source"])
        except FileNotFoundError as error:
            fail(f"there is no {error.filename}. Unpack both packages into one folder.")
        image = to_rgb(Image.open(io.BytesIO(content)))
        square = cut(image, float(row["centre"])) if row["centre"] else frame(image)
        path = folder / "photographs" / row["file"]
        with writing_to(folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as partial:
                square.save(partial, quality=QUALITY)
    for kind, count in Counter(row["file"].partition("/")[0] for row in rows).items():
        print(f"{count:4} {kind}")
    print(f"In {shown(folder)}: photographs")


if __name__ == "__main__":
    main()
