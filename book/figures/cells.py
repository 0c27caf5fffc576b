"""Machinery of the book: a recurrent layer step by step; a SimpleRNN, an LSTM, a GRU cell."""

from matplotlib.patches import Circle

from book.figures.concepts import BLUE, GREEN, GREY, INK, ORANGE, arrow, box, canvas, write

# The sums that a cell makes of input and state: where the box stands, its function and its name.
SUMS = {
    "SimpleRNN": [(3.2, "tanh", "")],
    "LSTM": [
        (2.2, "σ", "forget gate"),
        (4.2, "σ", "input gate"),
        (5.9, "tanh", "candidate"),
        (7.9, "σ", "output gate"),
    ],
    "GRU": [(2.2, "σ", "update gate"), (4.3, "σ", "reset gate"), (6.4, "tanh", "candidate")],
}
WIDTH = {"SimpleRNN": 6.4, "LSTM": 11.4, "GRU": 9.4}
TOP = {"SimpleRNN": 1.9, "LSTM": 0.0, "GRU": 0.0}
STATE, GATES, CANDIDATE, MEMORY = 5.6, 4.1, 2.7, 1.2  # heights


def line(axes, *points, color=GREY, head=True):
    """Draw a line with corners, with an arrow head at its end."""
    axes.plot(*zip(*points, strict=True), color=color, linewidth=1.4, solid_capstyle="butt")
    if head:
        arrow(axes, points[-2], points[-1], color)


def operation(axes, x, y, sign):
    axes.add_patch(Circle((x, y), 0.27, facecolor="white", edgecolor=INK, zorder=3))
    write(axes, x, y, sign, zorder=4, size=12)


def function(axes, x, y, name):
    box(axes, x - 0.5, y - 0.4, 1.0, 0.8, ORANGE if name == "tanh" else BLUE)
    write(axes, x, y, name, "white")


def start(cell):
    """Draw what all cells share: input and state, which go to each of the sums."""
    width, top, places = WIDTH[cell], TOP[cell], SUMS[cell]
    figure, axes = canvas(width, 7.1 - top)
    axes.set_ylim(7.1, top)
    write(axes, 0.1, top + 0.3, cell, ha="left", weight="bold", size=12)
    box(axes, 1.4, top + 0.7, width - 2.8, 5.6 - top, GREY, alpha=0.1, edge=GREY)
    write(axes, 0.65, STATE - 0.35, "state", GREEN, size=9.5)
    write(axes, 1.7, 6.85, "input", ha="center", size=9.5)
    line(axes, (1.7, 6.6), (1.7, STATE), head=False)
    line(axes, (0.2, STATE), (1.7, STATE), color=GREEN, head=False)
    line(axes, (1.7, STATE), (places[-1][0], STATE), color=GREY, head=False)
    for x, name, _ in places:
        line(axes, (x, STATE), (x, GATES + 0.38))
        function(axes, x, GATES, name)
    for x, _, caption in places:
        write(axes, x + 0.08, GATES + 0.68, caption, ha="left", size=8.5)
    return figure, axes


def leave(axes, cell, y, name="state"):
    width = WIDTH[cell]
    write(axes, width - 0.65, y - 0.35, name, GREEN if name == "state" else INK, size=9.5)


def draw_simple_rnn():
    figure, axes = start("SimpleRNN")
    line(axes, (3.2, GATES - 0.4), (3.2, 3.1), (6.2, 3.1), color=GREEN)
    leave(axes, "SimpleRNN", 3.1)
    return figure


def draw_lstm():
    figure, axes = start("LSTM")
    write(axes, 0.65, MEMORY - 0.35, "memory", size=9.5)
    line(axes, (0.2, MEMORY), (11.2, MEMORY), color=INK)
    leave(axes, "LSTM", MEMORY, "memory")
    line(axes, (2.2, GATES - 0.4), (2.2, MEMORY + 0.27))
    line(axes, (4.2, GATES - 0.4), (4.2, CANDIDATE), (5.63, CANDIDATE))
    line(axes, (5.9, GATES - 0.4), (5.9, CANDIDATE + 0.27))
    line(axes, (5.9, CANDIDATE - 0.27), (5.9, MEMORY + 0.27))
    line(axes, (9.2, MEMORY), (9.2, CANDIDATE - 0.75))
    function(axes, 9.2, CANDIDATE - 0.35, "tanh")
    line(axes, (9.2, CANDIDATE + 0.05), (9.2, GATES - 1.0))
    line(axes, (7.9, GATES - 0.4), (7.9, GATES - 0.73), (8.93, GATES - 0.73))
    line(axes, (9.2, GATES - 0.5), (9.2, STATE), (11.2, STATE), color=GREEN)
    operation(axes, 2.2, MEMORY, "×")
    operation(axes, 5.9, MEMORY, "+")
    operation(axes, 5.9, CANDIDATE, "×")
    operation(axes, 9.2, GATES - 0.73, "×")
    leave(axes, "LSTM", STATE)
    return figure


def draw_gru():
    figure, axes = start("GRU")
    line(axes, (0.95, STATE), (0.95, MEMORY), (9.2, MEMORY), color=GREEN)
    leave(axes, "GRU", MEMORY)
    line(axes, (2.2, GATES - 0.4), (2.2, MEMORY + 0.27))
    line(axes, (2.2, CANDIDATE - 0.35), (6.13, CANDIDATE - 0.35))
    write(axes, 4.3, CANDIDATE - 0.6, "1 − gate", size=8.5)
    line(axes, (4.8, GATES), (5.88, GATES))
    line(axes, (6.4, GATES - 0.4), (6.4, CANDIDATE - 0.08))
    line(axes, (6.4, CANDIDATE - 0.62), (6.4, MEMORY + 0.27))
    operation(axes, 2.2, MEMORY, "×")
    operation(axes, 6.4, MEMORY, "+")
    operation(axes, 6.4, CANDIDATE - 0.35, "×")
    return figure


def draw_unrolled():
    """Draw one cell with its loop, and beside it the same cell at each letter of a name."""
    figure, axes = canvas(11.9, 3.9)

    def cell(x, word, state):
        box(axes, x - 0.6, 1.5, 1.2, 0.9, BLUE)
        write(axes, x, 1.95, "cell", "white")
        write(axes, x, 3.6, word, size=12)
        line(axes, (x, 3.3), (x, 2.42))
        write(axes, x + 0.82, 1.25, state, GREEN, size=9.5)

    cell(1.2, "each letter", "")
    loop = [(1.8, 1.95), (2.3, 1.95), (2.3, 0.9), (0.2, 0.9), (0.2, 1.95), (0.58, 1.95)]
    line(axes, *loop, color=GREEN)
    write(axes, 1.2, 0.6, "state", GREEN, size=9.5)
    write(axes, 2.85, 1.95, "=", size=16)
    line(axes, (3.3, 1.95), (3.78, 1.95), color=GREEN)
    write(axes, 3.5, 1.6, "0", GREEN, size=9.5)
    for step, letter in enumerate("anna"):
        x = 4.4 + 1.65 * step
        cell(x, letter, f"state {step + 1}")
        line(axes, (x + 0.6, 1.95), (x + 1.03, 1.95), color=GREEN)
    box(axes, 10.4, 1.5, 1.2, 0.9, ORANGE)
    write(axes, 11.0, 1.95, "Dense", "white")
    line(axes, (11.0, 1.5), (11.0, 0.9))
    write(axes, 11.0, 0.6, "female?", size=10)
    return figure


def draw():
    figures = {"simple_rnn": draw_simple_rnn(), "lstm": draw_lstm(), "gru": draw_gru()}
    figures["unrolled"] = draw_unrolled()
    return {f"cell_{name}": figure for name, figure in figures.items()}, {}
