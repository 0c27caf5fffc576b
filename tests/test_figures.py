"""The look of the figures: paper of their own, lines told apart without colour, with names."""

import matplotlib.pyplot as plt
import numpy as np
from conftest import ROOT
from matplotlib.colors import to_rgb

from book.figures import curves, programs
from book.measuring.measurements import MEASUREMENTS
from utils.files import load_results

STYLE = plt.rcParams["axes.prop_cycle"].by_key()["color"]
PAPER = plt.rcParams["savefig.facecolor"]


def contrast(*colors):
    """Return the contrast of two colours as WCAG 2 defines it: from 1 to 21."""
    rgb = np.array([to_rgb(color) for color in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


def test_colours_stand_out_from_the_paper():
    assert [color for color in STYLE if contrast(color, PAPER) < 3] == []
    assert min(contrast(color, PAPER) for color in STYLE[:2]) >= 4.5, "letters are thin"


def test_figures_bring_their_paper_along():
    """A figure is read on light pages and on dark ones: nothing of it may be transparent."""
    assert not plt.rcParams["savefig.transparent"] and contrast(PAPER, "white") < 1.1
    for path in (ROOT / "assets" / "image").glob("*.png"):
        assert plt.imread(path)[[0, -1], :, 3:].min(initial=1) == 1, path.name


def test_the_exercise_on_curves_can_be_solved_without_seeing_them():
    """The table below the figure of the plan for a class has the figure's values."""
    plan = (ROOT / "teaching" / "TEACHING.md").read_text(encoding="utf-8")
    assert curves.table() in plan


def test_programs_of_the_pages_are_those_that_drew_their_figures():
    for name, (command, _) in MEASUREMENTS.items():
        if name.startswith("program_"):
            text = (ROOT / command.split()[1]).read_text(encoding="utf-8")
            shown = programs.fingerprint(programs.shown_programs(text))
            assert load_results(name)["programs"] == shown, f"measure {name}"
