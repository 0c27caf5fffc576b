"""Machinery of the book: diagrams of attention and of a block of a GPT.

The shares of attention are those that text/gpt/attention.py has measured.
"""

from book.figures.cells import line, operation
from book.figures.concepts import BLUE, GREEN, GREY, INK, ORANGE, arrow, box, canvas, write
from utils.files import load_results

STEP = 2.3  # from one letter to the next


def draw_attention():
    """Draw how the last of four letters takes from all of them."""
    shares = load_results("attention")["shares"][0][-1]
    figure, axes = canvas(12.4, 6.9)
    axes.set_ylim(6.9, 0)
    for number, share in enumerate(shares):
        x = 0.5 + STEP * number
        write(axes, x + 0.85, 6.6, f"letter {number + 1}", size=10)
        box(axes, x + 0.1, 5.6, 1.5, 0.6, GREY)
        write(axes, x + 0.85, 5.9, "its vector", "white", size=9.5)
        for shift, name, color in ((0.3, "key", BLUE), (1.4, "value", GREEN)):
            box(axes, x + shift - 0.45, 4.1, 0.95, 0.6, color)
            write(axes, x + shift + 0.02, 4.4, name, "white", size=9.5)
            arrow(axes, (x + 0.85, 5.6), (x + shift, 4.72))
        arrow(axes, (x + 0.3, 4.1), (x + 0.3, 3.3))
        write(axes, x + 0.3, 3.0, f"{share:.2f}", BLUE, size=12, weight="bold")
        line(axes, (x + 1.4, 4.1), (x + 1.4, 1.75), color=GREEN)
        line(axes, (x + 0.3, 2.75), (x + 0.3, 1.48), (x + 1.13, 1.48), color=BLUE)
        operation(axes, x + 1.4, 1.48, "×")
        line(axes, (x + 1.4, 1.21), (x + 1.4, 0.55), color=GREEN, head=number == 3)
    end = 0.5 + STEP * 3
    line(axes, (1.9, 0.55), (end + 3.2, 0.55), color=GREEN)
    operation(axes, end + 2.4, 0.55, "+")
    write(axes, end + 3.3, 0.55, "what letter 4\ntakes", ha="left", size=9.5)
    box(axes, end + 2.0, 4.1, 1.1, 0.6, ORANGE)
    write(axes, end + 2.55, 4.4, "query", "white", size=9.5)
    line(axes, (end + 1.6, 5.9), (end + 2.55, 5.9), (end + 2.55, 4.72))
    line(axes, (end + 2.55, 4.1), (end + 2.55, 3.7), (0.8, 3.7), color=ORANGE, head=False)
    axes.plot([0.8 + STEP * number for number in range(4)], [3.7] * 4, "o", color=ORANGE)
    write(
        axes, end + 2.7, 3.45, "query times key,\nthen softmax: shares", ORANGE, ha="left", size=9.5
    )
    return figure


def draw_block():
    """Draw a block from left to right, with the two paths around its halves."""
    figure, axes = canvas(12.4, 3.0)
    axes.set_ylim(3.0, 0)
    y = 1.9
    parts = [(1.5, 1.7, GREY, "normalize"), (3.7, 1.7, BLUE, "attention")]
    parts += [(7.0, 1.7, GREY, "normalize"), (9.2, 1.7, ORANGE, "two Dense")]
    ends = [0.2, 1.5, 3.2, 3.7, 5.4, 5.63, 6.17, 7.0, 8.7, 9.2, 10.9, 11.13, 11.67, 12.2]
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        line(axes, (begin, y), (end, y), color=INK)
    for x, width, color, name in parts:
        box(axes, x, y - 0.4, width, 0.8, color)
        write(axes, x + width / 2, y, name, "white")
    for begin, end in ((0.9, 5.9), (6.4, 11.4)):
        line(axes, (begin, y), (begin, 0.7), (end, 0.7), (end, y - 0.27), color=GREEN)
        operation(axes, end, y, "+")
    write(axes, 3.4, 0.4, "x stays, and something is added", GREEN, size=9.5)
    write(axes, 4.55, 2.65, "tokens look at one another", size=9.5)
    write(axes, 10.05, 2.65, "each token by itself", size=9.5)
    return figure


def draw():
    return {"attention": draw_attention(), "gpt_block": draw_block()}, {}
