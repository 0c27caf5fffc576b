"""Machinery of the book: the steps of prepare.py, drawn, and what each of them is worth.

    python serialization/rest/preparation_steps.py

Puts images of MNIST on larger sheets, at random places, in random sizes and greys, light on dark
or dark on light, and lets the network read them after all steps and with one replaced. The steps,
BOX and SURE are chosen on the validation images, by people whom the network has not met;
only then are the test images read. Draws rest_preparation.png. About two minutes.

Chapter: serialization/rest/README.md#preparing-an-image
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy import ndimage

from mnist.data import load_parts, prepare_images
from serialization.rest import prepare as steps
from serialization.rest.prepare import BOX, SIDE, centre, crop, find_ink, paste, scale, to_grey
from utils.figures import save_figure
from utils.options import make_parser, number, seed
from utils.runs import ROOT, make_folder, save_results

IMAGES = 10_000
GRAININESS = 8  # of the noisy sheets, in grey levels
SHIFTS = [0, 1, 2, 3, 4]  # pixels
SEED = 5

MODEL = ROOT / "assets" / "models" / "conv_net.keras"


def put_on_sheet(digit, rng, graininess=0):
    """Return a Pillow image: the digit on a sheet of 100 to 400 pixels, somewhere, some size.

    graininess: the standard deviation of noise in all pixels, in grey levels.
    """
    width, height = rng.integers(100, 400, size=2)
    side = int(rng.uniform(0.5, 1.0) * min(width, height))
    left, top = rng.integers(0, width - side + 1), rng.integers(0, height - side + 1)
    paper, ink = rng.integers(0, 80), rng.integers(140, 256)
    if rng.random() < 0.5:
        paper, ink = ink, paper
    sheet = Image.new("L", (int(width), int(height)), int(paper))
    mask = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    sheet.paste(int(ink), (int(left), int(top)), mask)
    if graininess:
        grainy = np.asarray(sheet) + rng.normal(0, graininess, (height, width))
        sheet = Image.fromarray(grainy.clip(0, 255).astype("uint8"))
    return sheet


def centre_box(ink):
    """Lay the digit into the middle by its outline instead of its mass."""
    top, left = ((SIDE - length) // 2 for length in ink.shape)
    return paste(ink, top, left)


def shrink(ink, side=SIDE):
    """Make 28 x 28 pixels of the whole sheet: not cropped, proportions lost."""
    image = Image.fromarray(ink.astype("float32")).resize((side, side), Image.Resampling.BICUBIC)
    return np.rint(255 * np.asarray(image).clip(0, 1)).astype("uint8")


def stretch(ink):
    """Make the digit fill the box of 20 x 20 pixels: proportions lost."""
    return shrink(ink, BOX) / 255


def dark_on_light(grey):
    """Take what is dark for ink, without a look at the border."""
    ink = 1 - grey
    return ink / max(ink.max(), 1e-6)


# Each variant in its order from a sheet's brightness to the image for the network.
VARIANTS = {
    "all": lambda grey: centre(scale(crop(find_ink(grey)))),
    "box": lambda grey: centre_box(scale(crop(find_ink(grey)))),
    "stretched": lambda grey: centre(stretch(crop(find_ink(grey)))),
    "not_cropped": lambda grey: shrink(find_ink(grey)),
    "dark_on_light": lambda grey: centre(scale(crop(dark_on_light(grey)))),
}


def read(model, images):
    x = prepare_images(np.stack(images), (SIDE, SIDE, 1))
    return model.predict(x, batch_size=256, verbose=0)


def accuracy(model, images, labels):
    return float((read(model, images).argmax(axis=1) == labels).mean())


def vary(model, greys, labels, setting, values):
    """Return the accuracy with a constant of prepare.py set to each of the values."""
    usual, results = getattr(steps, setting), {}
    for value in values:
        setattr(steps, setting, value)
        key = str(value).replace(".", "_")
        results[key] = accuracy(model, [VARIANTS["all"](grey) for grey in greys], labels)
        print(f"{setting} = {value}: {results[key]:.2%}", flush=True)
    setattr(steps, setting, usual)
    return results


def compare_steps(model, images, labels, rng):
    """Return the accuracy on the images as they are and, on sheets, of each variant; the sheets."""
    greys = [to_grey(put_on_sheet(image, rng)) for image in images]
    results = {"untouched": accuracy(model, images, labels)}
    for name, prepare in VARIANTS.items():
        results[name] = accuracy(model, [prepare(grey) for grey in greys], labels)
        print(f"{name:14} {results[name]:.2%}", flush=True)
    return results, greys


def choose(model, images, labels, seed):
    """Return the accuracy of each variant, and with each value of BOX and of SURE."""
    rng = np.random.default_rng(seed)
    results, greys = compare_steps(model, images, labels, rng)
    results["box_size"] = vary(model, greys, labels, "BOX", [16, 18, 20, 22, 24])
    grainy = [to_grey(put_on_sheet(image, rng, GRAININESS)) for image in images]
    results["sure"] = vary(model, grainy, labels, "SURE", [0.2, 0.3, 0.4, 0.5, 0.6])
    centres = [ndimage.center_of_mass(VARIANTS["box"](grey)) for grey in greys]
    # Down or across, whichever is more.
    results["box_offset"] = float(np.abs(np.array(centres) - SIDE / 2).max(axis=1).mean())
    results["shifted"] = measure_shifts(model, images, labels)
    return results


def measure_shifts(model, images, labels):
    """Return the accuracy on images moved by some pixels, where nothing of the digit gets lost."""
    results = {}
    for pixels in SHIFTS:
        shares = []
        for move, axis in [(pixels, 1), (-pixels, 1), (pixels, 2), (-pixels, 2)]:
            moved = np.roll(images, move, axis)  # what leaves at one edge comes in at the other
            whole = ~np.take(moved, range(min(move, 0), max(move, 0)), axis).any(axis=(1, 2))
            shares.append(accuracy(model, moved[whole], labels[whole]))
        results[str(pixels)] = float(np.mean(shares))
        print(f"moved by {pixels}: {results[str(pixels)]:.2%}", flush=True)
    return results


def turn(model, images, labels):
    """Return the accuracy on images that are upside down, and the mean highest probability."""
    probabilities = read(model, images[:, ::-1, ::-1])
    right, highest = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    return {"accuracy": float(right.mean()), "mean_probability": float(highest.mean())}


def draw_strip(digit, path):
    """Draw what each step makes of one digit on a sheet of paper."""
    sheet = Image.new("L", (230, 170), 215)
    mask = Image.fromarray(digit).resize((110, 110), Image.Resampling.BICUBIC)
    sheet.paste(60, (105, 45), mask)
    grey = to_grey(sheet)
    ink = find_ink(grey)
    cut = crop(ink)
    small = scale(cut)
    images = {"to_grey": grey, "find_ink": ink, "crop": cut, "scale": small}
    images["centre"] = centre(small) / 255
    figure, axes = plt.subplots(1, len(images), figsize=(11, 2.6))
    for step, (ax, (name, image)) in enumerate(zip(axes, images.items(), strict=True), 1):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        height, width = image.shape
        ax.set_title(f"{step}. {name}", fontsize=11)
        ax.set(xlabel=f"{width} × {height}", xticks=[], yticks=[], anchor="N")
        ax.grid(False)
    axes[-1].axhline(SIDE / 2, color="C1", linewidth=1)
    axes[-1].axvline(SIDE / 2, color="C1", linewidth=1)
    save_figure(figure, path)


def main(argv=None):
    parser = make_parser("Measure what each step of preparing an image is worth.", OUTPUTS)
    add = parser.add_argument
    add("--images", type=number(int, 1, IMAGES), default=IMAGES, help="of each part at most")
    add("--seed", type=seed, default=SEED, help="of the sheets")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    parts = load_parts()
    images, labels = parts["test"]
    draw_strip(images[4], folder / "rest_preparation.png")
    model = keras.saving.load_model(MODEL, compile=False)
    print("The validation images:")
    held_out = [part[: args.images] for part in parts["validation"]]
    results = {"held_out": choose(model, *held_out, args.seed)}
    print("The test images:")
    images, labels = images[: args.images], labels[: args.images]
    results |= compare_steps(model, images, labels, np.random.default_rng(args.seed))[0]
    results["upside_down"] = turn(model, images, labels)
    results |= {"images": args.images, "seed": args.seed}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
