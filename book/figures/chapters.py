"""Machinery of the book: the map of the chapters, and which of them leans on which."""

from matplotlib.patches import FancyBboxPatch

from book.figures.concepts import BLUE, GREY, INK, PALE, canvas, write

WIDE, HIGH = 2.5, 1.0  # of a box; from one to the next 2.95 and 1.5
# Chapter: column, row, and the chapter before it that it needs. A number marks the path.
CHAPTERS = {
    "1 Introduction": (0, 0, None),
    "2 XOR": (1, 0, "1 Introduction"),
    "3 Customer churn": (2, 0, "2 XOR"),
    "Your own\ntable": (2, 2, "3 Customer churn"),
    "4 MNIST": (3, 0, "3 Customer churn"),
    "5 Overfitting": (4, 0, "4 MNIST"),
    "Studies\non MNIST": (5, 0, "5 Overfitting"),
    "6 Serialization": (1, 1, "2 XOR"),
    "7 A web service": (1, 2, "6 Serialization"),
    "Operating\na service": (1, 3, "7 A web service"),
    "8 Looking inside": (3, 1, "4 MNIST"),
    "9 Debugging": (4, 1, "8 Looking inside"),
    "10 Convolutions": (3, 2, "4 MNIST"),
    "Studies of\ntransfer learning": (4, 2, "10 Convolutions"),
    "A label for\nevery pixel": (2, 3, "10 Convolutions"),
    "Without\nconvolutions": (5, 3, "14 A small GPT"),
    "11 Sequences": (3, 3, "4 MNIST"),
    "12 Forecasts": (4, 3, "11 Sequences"),
    "Inside\nrecurrent layers": (2, 4, "11 Sequences"),
    "Below fit": (5, 1, "5 Overfitting"),
    "Training loops": (5, 2, "Below fit"),
    "Data in files": (6, 1, "Below fit"),
    "Finding the\nslow place": (6, 2, "Data in files"),
    "13 Text": (3, 4, "11 Sequences"),
    "14 A small GPT": (4, 4, "13 Text"),
    "A GPT\nthat answers": (5, 4, "14 A small GPT"),
    "15 Pictures": (2, 1, "4 MNIST"),
}


def place(name):
    """Return the upper left corner of a chapter's box."""
    column, row, _ = CHAPTERS[name]
    return 0.1 + 2.95 * column, 0.1 + 1.5 * row


def draw_box(axes, name):
    (x, y), on_path = place(name), name[0].isdigit()
    shape = FancyBboxPatch(
        (x, y),
        WIDE,
        HIGH,
        boxstyle="round,pad=0,rounding_size=0.12",
        facecolor=BLUE if on_path else PALE,
        edgecolor=BLUE if on_path else GREY,
        linestyle="-" if on_path else "--",
    )
    axes.add_patch(shape)
    text = name.replace(" ", "  ", 1) if on_path else name
    write(axes, x + WIDE / 2, y + HIGH / 2, text, "white" if on_path else INK, size=10)


def draw_arrow(axes, name):
    """Draw an arrow from the chapter that this one needs: straight, or around the box between."""
    if not CHAPTERS[name][2]:
        return
    (x, y), (from_x, from_y) = place(name), place(CHAPTERS[name][2])
    style = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0}
    columns, rows = round((x - from_x) / 2.95), round((y - from_y) / 1.5)
    if rows > 1:  # left of the box between
        corners = [(from_x, from_y + HIGH / 2 + 0.2), (x - 0.25, from_y + HIGH / 2 + 0.2)]
        corners += [(x - 0.25, y + HIGH / 2), (x, y + HIGH / 2)]
    elif columns and rows:  # between the rows, down or up
        begin, end, turn = from_y + HIGH, y, y - 0.25
        if rows < 0:
            begin, end, turn = from_y, y + HIGH, from_y - 0.25
        corners = [(from_x + WIDE / 2, begin), (from_x + WIDE / 2, turn)]
        corners += [(x + WIDE / 2, turn), (x + WIDE / 2, end)]
    elif rows:
        corners = [(x + WIDE / 2, from_y + HIGH), (x + WIDE / 2, y)]
    else:
        corners = [(from_x + WIDE, y + HIGH / 2), (x, y + HIGH / 2)]
    axes.plot(*zip(*corners[:-1], strict=True), color=GREY, linewidth=1)
    axes.annotate("", corners[-1], corners[-2], arrowprops=style)


def draw():
    figure, axes = canvas(20.6, 7.3, inches=0.6)
    for name in CHAPTERS:
        draw_arrow(axes, name)
        draw_box(axes, name)
    return {"chapters": figure}, {}
