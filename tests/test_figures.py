"""The look of the figures: colours that everybody tells apart, names beside their lines."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT
from matplotlib.colors import to_rgb

from utils.figures import DASHES, LINES, name_lines, plot_history, spread_out

STYLE = plt.rcParams["axes.prop_cycle"].by_key()["color"]
PAPER = plt.rcParams["savefig.facecolor"]
# From linear RGB to what people without the cones for red, or for green, see of it.
# Source: Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color
# vision deficiency", 2009, severity 1.
SIGHT = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
# From linear RGB to XYZ; the middle row is the luminance.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color):
    """Return the amounts of light of a colour's three channels, from 0 to 1 (sRGB)."""
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """Return the contrast of two colours as WCAG 2 defines it: from 1 to 21."""
    light, dark = sorted((XYZ[1] @ linear(color) for color in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(light):
    """Return linear RGB as CIELAB, in which distances are about as large as they look."""
    share = XYZ @ light / XYZ.sum(axis=1)
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first, second, sight):
    seen = [lab(np.clip(SIGHT[sight] @ linear(color), 0, 1)) for color in (first, second)]
    return np.linalg.norm(seen[0] - seen[1])


def test_colours_stand_out_from_the_paper():
    assert [color for color in STYLE if contrast(color, PAPER) < 3] == []
    # Words are written in these two, and letters are thin.
    assert min(contrast(color, PAPER) for color in STYLE[:2]) >= 4.5
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_told_apart(sight):
    """The old first and fourth colour were 2.2 apart for people without the cones for red."""
    distances = {
        (first, second): distance(first, second, sight)
        for first, second in itertools.combinations(STYLE, 2)
    }
    assert {pair: value for pair, value in distances.items() if value < 20} == {}
    assert min(distance(*pair, sight) for pair in itertools.combinations(STYLE[:4], 2)) > 30


def test_the_measure_of_distance_is_not_blind():
    assert distance("#1f5fa8", "#8a4fa3", "protanopia") == pytest.approx(2.2, abs=0.3)
    assert distance("#1f5fa8", "#8a4fa3", "all cones") > 20


def test_figures_bring_their_paper_along():
    """A figure is read on light pages and on dark ones: nothing of it may be transparent."""
    pictures = sorted((ROOT / "assets" / "image").glob("*.png"))
    assert len(pictures) > 50
    assert not plt.rcParams["savefig.transparent"] and contrast(PAPER, "white") < 1.1
    clear = [path.name for path in pictures if plt.imread(path)[[0, -1], :, 3:].min(initial=1) < 1]
    assert clear == []


def test_neighbours_in_the_cycle_have_other_dashes():
    lines = list(LINES)
    assert [line["color"] for line in lines] == STYLE
    for before, after in itertools.pairwise(lines):
        assert before["linestyle"] != after["linestyle"]


def test_training_and_validation_differ_without_colour():
    figure, axes = plt.subplots()
    plot_history(axes, {"loss": [3, 2, 1], "val_loss": [3, 2.5, 2]}, "loss")
    training, validation = axes.lines
    assert training.get_linestyle() == "-" != validation.get_linestyle()
    assert [line.get_label() for line in axes.lines] == ["training", "validation"]
    plt.close(figure)


def test_names_of_lines_do_not_overlap():
    """Three lines end in one place, one far away: their names have their order and room."""
    figure, axes = plt.subplots()
    for number, end in enumerate([1.0, 1.001, 1.002, 5.0]):
        axes.plot([0, 1], [number, end], DASHES[0] if number else "--", label=f"line {number}")
    axes.plot([0, 1], [2, 2])  # without a name
    name_lines(axes)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == [f"line {n}" for n in range(4)]
    for below, above in itertools.pairwise(boxes):
        assert below.y1 <= above.y0 + 1
    assert all(box.x0 > axes.get_window_extent().x1 for box in boxes)
    middles = [(box.y0 + box.y1) / 2 for box in boxes]
    ends = [axes.transData.transform((1, line.get_ydata()[-1]))[1] for line in axes.lines[:4]]
    assert middles[3] == pytest.approx(ends[3], abs=8) and middles[0] < ends[0] < middles[2]
    assert all(contrast(text.get_color(), PAPER) >= 4.5 for text in axes.texts)
    plt.close(figure)


def test_spread_out_stays_inside_and_in_order():
    assert spread_out([0.5], [0.1]) == [0.5]
    places = spread_out([0.0, 0.01, 0.99, 1.0], [0.1, 0.1, 0.1, 0.1])
    assert places == pytest.approx([0.05, 0.15, 0.85, 0.95])
    assert spread_out([0.5, 0.5], [0.2, 0.1]) == pytest.approx([0.425, 0.575])


def test_the_exercise_on_curves_can_be_solved_without_seeing_them(load_script):
    """The table below the figure of the plan for a class has the figure's values."""
    plan = (ROOT / "teaching" / "TEACHING.md").read_text(encoding="utf-8")
    assert load_script("book/figures/curves.py").table() in plan
