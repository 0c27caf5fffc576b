"""Machinery of the book: pictures of a batch and an epoch, of one-hot encoding, of the split."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

BLUE, ORANGE = "C0", "C1"
GREEN = "#2c7350"  # C2 is too light for words
INK, GREY, PALE = "#2b2b29", "#8a8a86", "#e9e9e4"


def canvas(width, height, inches=0.72):
    """Return figure and axes without ticks, on which a unit is so many inches."""
    figure, axes = plt.subplots(figsize=(width * inches, height * inches))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.axis("off")
    return figure, axes


def box(axes, x, y, width, height, color, alpha=1.0, edge="white"):
    """Draw a box with round corners; x, y: its upper left corner."""
    shape = FancyBboxPatch(
        (x + 0.08, y + 0.08),
        width - 0.16,
        height - 0.16,
        boxstyle="round,pad=0.02,rounding_size=0.1",
        facecolor=(color, alpha),
        edgecolor=edge,
    )
    axes.add_patch(shape)


def write(axes, x, y, text, color=INK, **options):
    axes.text(x, y, text, color=color, **{"ha": "center", "va": "center"} | options)


def arrow(axes, start, end, color=GREY):
    style = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style)


def draw_batches():
    """Draw the four rows of XOR, cut into batches of one, two and four, and the steps."""
    figure, axes = canvas(12.1, 6.6)
    write(axes, 0.1, 0.35, "One epoch: each row once", ha="left", weight="bold", size=12)
    rows = [("0 0", 0), ("0 1", 1), ("1 0", 1), ("1 1", 0)]
    for line, (size, order) in enumerate({1: "2031", 2: "1302", 4: "0213"}.items()):
        y, steps, gap = 0.9 + 1.95 * line, 4 // size, 0.25
        width = (7.3 - gap * (steps - 1)) / steps
        write(axes, 0.1, y + 0.55, f"batch size {size}", ha="left")
        for number in range(steps):
            x = 2.5 + number * (width + gap)
            box(axes, x, y, width, 1.1, GREY, alpha=0.12, edge=GREY)
            for place, row in enumerate(order[number * size : (number + 1) * size]):
                inputs, answer = rows[int(row)]
                left = x + 0.1 + (width - 0.2) / size * place
                box(axes, left, y + 0.1, (width - 0.2) / size, 0.9, BLUE)
                middle = left + (width - 0.2) / size / 2
                write(axes, middle, y + 0.55, f"{inputs} → {answer}", "white")
            middle = x + width / 2
            arrow(axes, (middle, y + 1.08), (middle, y + 1.4), ORANGE)
            write(axes, middle, y + 1.58, f"step {number + 1}", ORANGE, size=9.5)
        plural = "s" if steps > 1 else ""
        write(axes, 10.1, y + 0.55, f"{steps} step{plural} an epoch", ha="left")
    return figure


def draw_one_hot():
    """Draw a column of countries as one-hot columns."""
    figure, axes = canvas(12.2, 4.2)
    countries = ["France", "Germany", "Spain"]
    write(axes, 1.0, 0.4, "Geography", weight="bold")
    for place, country in enumerate(countries):
        write(axes, 5.0 + 2.95 * place, 0.4, f"Geography_{country}", weight="bold")
    for line, customer in enumerate(["Germany", "France", "Spain", "Germany"]):
        y = 0.75 + 0.85 * line
        box(axes, 0, y, 2, 0.85, PALE)
        write(axes, 1, y + 0.42, customer)
        arrow(axes, (2.2, y + 0.42), (3.3, y + 0.42))
        for place, country in enumerate(countries):
            color, ink = (BLUE, "white") if country == customer else (PALE, "#5a5a57")
            box(axes, 4.0 + 2.95 * place, y, 2, 0.85, color)
            write(axes, 5.0 + 2.95 * place, y + 0.42, int(country == customer), ink)
    return figure


def draw_split():
    """Draw the three parts of the customers and what each is for."""
    figure, axes = canvas(12, 3.1)
    parts = [
        ("training", 6000, BLUE, "moves the weights;\nthe scaler is fitted on it"),
        ("validation", 2000, ORANGE, "asked after each epoch,\nand before each choice"),
        ("test", 2000, GREEN, "asked once, when\nall is chosen"),
    ]
    x = 0.0
    write(axes, 0.08, 0.3, "10,000 customers, shuffled", ha="left", weight="bold", size=12)
    for name, customers, color, use in parts:
        width = 12 * customers / 10_000
        box(axes, x, 0.65, width, 1.3, color)
        write(axes, x + width / 2, 1.3, f"{name}\n{customers:,}", "white", weight="bold")
        write(axes, x + width / 2, 2.2, use, va="top", size=9.5)
        x += width
    return figure


def draw():
    return {"batches": draw_batches(), "one_hot": draw_one_hot(), "three_parts": draw_split()}, {}
