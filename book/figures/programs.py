"""Machinery of the book: draws what the programs to copy of a page show.

    python book/figures/programs.py mlp/README.md

Runs the Python blocks of the page that end with plt.show(), and saves their figures: the first as
program_mlp.png, the second as program_mlp_2.png.
"""

from chapter import OUTPUTS

import hashlib
import os
from pathlib import Path
from textwrap import dedent

import matplotlib.pyplot as plt

from book.pages.texts import FENCE
from utils.figures import LINES, save_figure
from utils.options import make_parser
from utils.runs import ROOT, make_folder, save_results


def shown_programs(text):
    """Return the programs of a page that show something."""
    blocks = [dedent(code) for _, language, code in FENCE.findall(text) if language == "python"]
    return [code for code in blocks if "plt.show()" in code]


def fingerprint(programs):
    """Return a hash: another one says that the figures are those of other programs."""
    return hashlib.sha256("".join(programs).encode()).hexdigest()[:12]


def main(argv=None):
    parser = make_parser("Draw what the programs of a page show.", OUTPUTS)
    parser.add_argument("page", type=Path, help="from the project's folder, such as mlp/README.md")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    os.chdir(ROOT)
    name = "_".join(["program", *args.page.parent.parts])
    names, programs = [], shown_programs(args.page.read_text(encoding="utf-8"))

    def show():
        names.append(f"{name}_{len(names) + 1}.png" if names else f"{name}.png")
        for axes in plt.gcf().axes:
            axes.grid(not axes.images)  # whose cells it would cut up
        save_figure(plt.gcf(), folder / names[-1])

    plt.show = show
    plt.rcParams["axes.prop_cycle"] = LINES  # which differ in grey, too
    for code in programs:
        exec(compile(code, str(args.page), "exec"), {"__name__": "__main__"})
    results = {"figures": names, "programs": fingerprint(programs)}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
