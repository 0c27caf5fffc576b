"""Machinery of the book: draws the figures that belong to no lesson.

    python book/figures/draw.py transformer

Each name is a module of this folder. Its function draw returns {name: figure}, and a dict of what
is to be filed about them. Seconds; `techniques` trains, for a quarter of
an hour.
"""

from chapter import OUTPUTS

import importlib

from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import make_folder, save_results

NAMES = [
    "cells", "chapters", "concepts", "convolution", "curves", "front_page", "mnist_figures",
    "techniques", "traffic", "transformer", "u_net",
]  # fmt: skip


def main(argv=None):
    parser = make_parser("Draw figures of the book.", OUTPUTS)
    parser.add_argument("name", choices=NAMES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    figures, results = importlib.import_module(f"book.figures.{args.name}").draw()
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
