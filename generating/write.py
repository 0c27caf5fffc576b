"""Write a number in digits that nobody has ever written.

    python generating/write.py FLOW_RUN 2026                 # the folder of a run of flow.py
    python generating/write.py FLOW_RUN 2026 --count 5 --seed 3
    python generating/write.py FLOW_RUN 7 --count 100 --guidance 1

You will see the number as a picture, number.png, a row for each copy. drawn.npz holds the digits as
MNIST has its own: `images`, uint8 (n, 28, 28), black paper and white ink, and `digits`, uint8 (n,):
what was asked for, in the order of writing. A few seconds.
Chapter: generating/README.md#write-a-number
"""

from chapter import OUTPUTS

import argparse

import numpy as np

from generating.flow import EULER, GUIDANCE, draw
from generating.images import draw_sheet, to_grey
from generating.latents import load_flow
from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, replacing, save_results, writing_to

COUNT = 1  # copies of the number
SEED = 1
DIGITS = 100  # of a number at most
MOST = 20_000  # digits at once


def digits_only(text):
    """Return the digits of a number as a list, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 to {DIGITS} digits")
    return [int(digit) for digit in text]


def main(argv=None):
    """Return the digits that were asked for and how many images were drawn."""
    parser = make_parser("Write a number in new digits.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="FLOW_RUN", help="folder of a run of flow.py")
    add("number", metavar="NUMBER", type=digits_only, help="such as 2026")
    add("--count", type=positive(int), default=COUNT, help="copies of the number")
    add("--steps", type=positive(int, 1000), default=EULER, help="from noise to a digit")
    add("--guidance", type=number(float, 0, 100), default=GUIDANCE)
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    if len(args.number) * args.count > MOST:
        parser.error(f"these are more than {MOST:,} digits; give a smaller --count")
    folder = make_folder(args.outputs)
    flow, decoder = load_flow(args.run)
    digits = np.tile(np.array(args.number, "uint8"), args.count)
    random = np.random.default_rng(args.seed)
    images = draw(flow, decoder, digits, random, args.steps, args.guidance)
    with writing_to(folder), replacing(folder / "drawn.npz") as partial:
        np.savez_compressed(partial, images=to_grey(images), digits=digits)
    length = len(args.number)
    draw_sheet(images[: 20 * length], length, folder / "number.png")  # at most 20 copies
    results = {"number": "".join(map(str, args.number)), "images": len(images)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
