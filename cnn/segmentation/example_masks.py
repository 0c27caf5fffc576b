"""Machinery: images with masks and boxes as a reader might have them, of the book's own pictures.

    python cnn/segmentation/example_masks.py --outputs FOLDER

Each image shows one to three emoji on a piece of a photograph; its mask and its boxes say where
they are, and of which kind. What is held out shows other things, over the right halves of the
photographs.
Chapter: cnn/segmentation/README.md#your-own-masks
"""

from chapter import OUTPUTS

import numpy as np
from PIL import Image
from scipy import ndimage
from sklearn.model_selection import StratifiedGroupKFold

from cnn.photographs import PHOTOS, load_emoji
from cnn.segmentation.box_files import COLUMNS, save_rows
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results

# Of each category of the emoji, a kind that one word names and that has ten things or more. Between
# the commas stands one thing; what looks nearly like it is behind a stroke, and stays on its side.
KINDS = {
    "bird": "rooster, chicken, baby chick/front-facing baby chick/hatching chick, bird/black bird, "
    "penguin, dove, turkey, eagle, duck, owl, peacock, parrot, swan, dodo, flamingo, goose",
    "flower": "tulip, cherry blossom/white flower, rose, hibiscus, sunflower, blossom, rosette, "
    "bouquet, wilted flower, lotus, hyacinth",
    "fruit": "grapes, melon, watermelon, tangerine, lime, lemon, banana, pineapple, peach, pear, "
    "red apple/green apple, cherries, strawberry, kiwifruit, mango, blueberries, coconut",
    "car": "racing car, bus/oncoming bus/trolleybus, minibus, ambulance, fire engine, "
    "automobile/police car/taxi/oncoming automobile/oncoming police car/oncoming taxi, "
    "recreational vehicle, delivery truck, pickup truck, articulated lorry",
    "shoe": "mans shoe, athletic shoe, high-heeled shoe, womans sandal, womans boots, hiking boot, "
    "flat shoe, ballet shoes, thong sandal, roller skate",
    "house": "house building/house with garden, derelict house, office building, hospital, school, "
    "japanese post office, european post office, bank/classical building, hotel/love hotel, "
    "convenience store, department store, factory, japanese castle, european castle, wedding, hut",
}
IMAGES = {"training": 240, "validation": 60}
MOST = 3  # emoji in an image
FOLDS = 3  # one seed after the other holds out another third of the things
SIZE = 128  # pixels, width and height of an image
SCALES = 40, 70  # pixels, between which the width of an emoji lies
WHITE = 12  # a pixel is of the paper if no colour is so much darker than white


def unpack_scenes(folder, seed=1):
    """Write folders training and validation, with images, masks and boxes.csv, and classes.txt."""
    random = np.random.default_rng(seed)
    photos = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(PHOTOS.glob("*.jpg"))]
    for part, things in zip(IMAGES, divide_things(seed), strict=True):
        for kind in ("images", "masks"):
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
        pile, rows = [], [COLUMNS]  # all things come equally often
        for number in range(IMAGES[part]):
            photo = photos[random.integers(len(photos))]
            half = photo.shape[1] // 2
            photo = photo[:, half:] if part == "validation" else photo[:, :half]
            image, mask = cut_piece(photo, random), np.zeros((SIZE, SIZE), "uint8")
            for _ in range(random.integers(MOST) + 1):
                pile = pile or random.permutation(len(things)).tolist()
                emoji, kind = things[pile.pop()]
                if box := paste(emoji, kind, image, mask, random):
                    rows.append([f"{number}.png", [*KINDS][kind - 1], *box])
            Image.fromarray(image).save(folder / part / "images" / f"{number}.png")
            Image.fromarray(mask).save(folder / part / "masks" / f"{number}.png")
        save_rows(rows, folder / part / "boxes.csv")
    lines = [f"{value} {name}" for value, name in enumerate(["nothing", *KINDS])]
    (folder / "classes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def divide_things(seed):
    """Return the emoji to learn from, by both artists, and those held out: (pixels, number)."""
    things, numbers, groups = [], [], []
    drawn = [load_emoji(artist) for artist in ("noto", "twemoji")]
    for number, kind in enumerate(KINDS.values(), start=1):
        for group in kind.split(", "):
            for name in group.split("/"):
                things += [(one.sources[one.names.index(name)], number) for one in drawn]
                numbers += [number] * len(drawn)
                groups += [group] * len(drawn)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=(seed - 1) // FOLDS)
    sides = list(folds.split(things, numbers, groups))[(seed - 1) % FOLDS]
    return [[things[i] for i in side] for side in sides]


def cut_piece(photo, random):
    """Return a square piece of a photograph, scaled to the size of the images."""
    side = random.integers(SIZE, min(photo.shape[:2]) + 1)
    top, left = (random.integers(0, length - side + 1) for length in photo.shape[:2])
    piece = Image.fromarray(photo[top : top + side, left : left + side])
    return np.array(piece.resize((SIZE, SIZE)))


def paste(emoji, number, image, mask, random):
    """Put an emoji where nothing is yet, and its number into the mask, if there is room.

    Return its left, upper, right and lower border, in pixels.
    """
    ink = np.pad(emoji.min(axis=-1) < 255 - WHITE, 3)
    ink = ndimage.binary_fill_holes(ndimage.binary_closing(ink, iterations=2))[3:-3, 3:-3]
    if random.integers(2):
        emoji, ink = emoji[:, ::-1], ink[:, ::-1]
    width = random.integers(*SCALES)
    emoji, ink = (np.asarray(Image.fromarray(one).resize((width, width))) for one in (emoji, ink))
    for _ in range(50):
        top, left = random.integers(0, SIZE - width + 1, 2)
        window = slice(top, top + width), slice(left, left + width)
        if not mask[window].any():
            image[window][ink], mask[window][ink] = emoji[ink], number
            rows, columns = np.nonzero(ink)
            first, last = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
            return [int(at + side) for at, side in zip(2 * (left, top), first + last, strict=True)]
    return None


def main(argv=None):
    parser = make_parser("Write images with masks and boxes.", OUTPUTS)
    parser.add_argument("--seed", type=seed, default=1, help="fixes the images")
    args = parser.parse_args(argv)
    folder = unpack_scenes(make_folder(args.outputs), args.seed)
    return save_results({"images": IMAGES}, folder, __file__, argv)


if __name__ == "__main__":
    main()
