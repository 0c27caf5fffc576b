"""Machinery of the book: uneven light on a photograph, and ways to tell it from ink.

    python serialization/rest/light.py

Puts images of MNIST on sheets of paper, as preparation_steps.py does, and lets light fall on them:
the same everywhere, from 1.15 times at one side to 0.6 times at the other, from a lamp above some
place, or with the edge of a shadow across. The network reads what prepare.py makes of them, with
the paper found in five ways. The way is chosen on the validation images, by people whom the network
has not met, and the test images are read after that. Draws rest_light.png. About two minutes.

Chapter: serialization/rest/README.md#preparing-an-image
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy import ndimage

from mnist.data import load_parts
from serialization.rest.preparation_steps import IMAGES, MODEL, accuracy, put_on_sheet
from serialization.rest.prepare import (
    SIDE,
    NoDigitError,
    centre,
    crop,
    find_ink,
    find_paper,
    scale,
    to_grey,
)
from utils.figures import save_figure
from utils.options import make_parser, number, seed
from utils.runs import make_folder, save_results

SHOTS = 1_000  # images of each part, on a sheet each
GRAININESS = 4  # of a photograph, in grey levels
SEED = 5
BRIGHT, DIM = 1.15, 0.6  # how much light falls on the two ends
SMALL = 64  # pixels of the copy that is blurred or closed


def shine(grey, light, rng):
    """Return what a camera makes of a sheet, brightness 0 to 1, in a light of this kind."""
    down, across = np.meshgrid(*(np.linspace(-0.5, 0.5, n) for n in grey.shape), indexing="ij")
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4, 2)
    along = across * np.cos(angle) + down * np.sin(angle)
    share = (along - along.min()) / np.ptp(along)  # 0 at one side, 1 at the other
    falls = {
        "even": np.ones(grey.shape),
        "gradient": BRIGHT - (BRIGHT - DIM) * share,
        "lamp": BRIGHT - (BRIGHT - DIM) * np.hypot(down - place[0], across - place[1]).clip(0, 1),
        "shadow": 1 - (1 - DIM) / (1 + np.exp((0.5 + place[0] / 2 - share) / 0.03)),
    }[light]
    seen = grey * falls + rng.normal(0, GRAININESS / 255, grey.shape)
    return (255 * seen).clip(0, 255).astype("uint8").astype("float32") / 255


def as_median(grey):
    """One brightness for all of the paper: what prepare.py did in an earlier edition."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return np.full(grey.shape, np.median(border))


def on_a_small_copy(change):
    """Return a function of brightness that changes a copy of at most SMALL pixels a side."""

    def find(grey):
        height, width = grey.shape
        image, factor = Image.fromarray(grey), SMALL / max(grey.shape)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        paper = change(np.asarray(image.resize(size, Image.Resampling.BOX)))
        image = Image.fromarray(paper.astype("float32"))
        return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))

    return find


def close(share):
    """Return the closing that fills dark strokes thinner than this share of the sheet.

    If the ink is light, the opening. Source: Serra, Image Analysis and Mathematical Morphology,
    1982.
    """

    def change(grey):
        difference = grey - as_median(grey)
        light = difference.clip(0).sum() > (-difference).clip(0).sum()
        element = int(share * min(grey.shape)) | 1
        work = ndimage.grey_opening if light else ndimage.grey_closing
        closed = work(grey, (element, element), mode="nearest")
        return ndimage.gaussian_filter(closed, element / 8, mode="nearest")

    return on_a_small_copy(change)


def blur(share):
    """Return the mean over this share of the sheet: the ink is in it, too."""
    return on_a_small_copy(
        lambda grey: ndimage.gaussian_filter(grey, share * min(grey.shape), mode="nearest")
    )


WAYS = {
    "median": as_median,
    "surface": find_paper,
    "closing_30": close(0.3),
    "closing_50": close(0.5),
    "blur_30": blur(0.3),
}
LIGHTS = ["even", "gradient", "lamp", "shadow"]


def prepare_in(grey, way):
    try:
        return centre(scale(crop(find_ink(grey, way))))
    except NoDigitError:
        return np.zeros((SIDE, SIDE), "uint8")


def read(model, ways, images, labels, seed):
    """Return {way: {light: accuracy}}; drawn: on the sheets of preparation_steps.py, not lit."""
    rng = np.random.default_rng(seed)
    drawn = [to_grey(put_on_sheet(image, rng)) for image in images]
    paper = [np.where(np.median(as_median(one)) < 0.5, 1 - one, one) for one in drawn]
    sheets = {"drawn": drawn}
    for light in LIGHTS:
        sheets[light] = [shine(one, light, rng) for one in paper]
    results = {}
    for name in ways:
        results[name] = {
            kind: accuracy(model, [prepare_in(grey, WAYS[name]) for grey in greys], labels)
            for kind, greys in sheets.items()
        }
        shares = (f"{kind} {share:.2%}" for kind, share in results[name].items())
        print(f"{name:12}{', '.join(shares)}", flush=True)
    return results


def draw(digit, path):
    """Draw a photograph in a gradient of light and the ink in it, found in two ways."""
    rng = np.random.default_rng(SEED)
    sheet = np.full((170, 230), 0.84, "float32")
    mask = np.asarray(Image.fromarray(digit).resize((110, 110), Image.Resampling.BICUBIC)) / 255
    sheet[45:155, 80:190] -= 0.35 * mask
    grey = shine(sheet, "gradient", rng)
    images = {"The photograph\n(230 × 170)": grey}  # each title has two lines: all at one height
    for name, way in {"Paper: one number": as_median, "Paper: a surface": find_paper}.items():
        images[f"{name}\n(the ink)"] = find_ink(grey, way)
        images[f"{name}\n(28 × 28)"] = prepare_in(grey, way) / 255
    figure, panels = plt.subplots(1, len(images), figsize=(11, 2.6))
    for axes, (name, image) in zip(panels, images.items(), strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(name, fontsize=10)
        axes.set(xticks=[], yticks=[], anchor="N")
        axes.grid(False)
    save_figure(figure, path)


def main(argv=None):
    """Return what the network reads in each light: in all ways held out, in two on the test."""
    parser = make_parser("Compare ways to tell uneven light from ink.", OUTPUTS)
    add = parser.add_argument
    add("--images", type=number(int, 1, IMAGES), default=SHOTS, help="of each part at most")
    add("--seed", type=seed, default=SEED, help="of the sheets and the light")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    model, parts = keras.saving.load_model(MODEL, compile=False), load_parts()
    draw(parts["test"][0][4], folder / "rest_light.png")
    results = {"images": args.images, "seed": args.seed}
    for part, ways in (("validation", WAYS), ("test", ["median", "surface"])):
        print(f"The {part} images:")
        images, labels = (array[: args.images] for array in parts[part])
        results[part] = read(model, ways, images, labels, args.seed)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
