"""Machinery of the book: a convolution, relu and pooling in numbers, computed by Keras."""

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

PICTURE = [
    [0, 0, 0, 0, 0, 0],
    [0, 1, 1, 1, 1, 0],
    [0, 0, 0, 0, 1, 0],
    [0, 0, 0, 1, 0, 0],
    [0, 0, 0, 1, 0, 0],
    [0, 0, 0, 1, 0, 0],
]
KERNEL = [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]]  # answers to an upright stroke
PLACE = (3, 2)  # row and column of the output number whose window is marked


def compute():
    """Return {what it is: square array} from the picture to the pooled map."""
    picture = np.array(PICTURE, "float32").reshape(1, 6, 6, 1)
    options = {"data_format": "channels_last"}
    convolution = keras.layers.Conv2D(1, 3, **options)
    convolution.build(picture.shape)
    convolution.set_weights([np.array(KERNEL, "float32").reshape(3, 3, 1, 1), np.zeros(1)])
    feature_map = convolution(picture)
    positive = keras.ops.relu(feature_map)
    pooled = keras.layers.MaxPooling2D(2, **options)(positive)
    arrays = {"input": picture, "feature map": feature_map, "after relu": positive}
    arrays |= {"after pooling": pooled}
    squares = {
        name: keras.ops.convert_to_numpy(array)[0, :, :, 0] for name, array in arrays.items()
    }
    return {name: square.astype(int) for name, square in squares.items()}


def draw_square(axes, left, square, title, marked=None):
    """Draw numbers in cells, from x = left on, centred on y = 0.

    marked: (row, column, size) of the cells that get a frame.
    """
    size = len(square)
    for (row, column), value in np.ndenumerate(square):
        corner = (left + column, size / 2 - row - 1)
        color = "#f5ddd2" if value > 0 else "#d8e4f2" if value < 0 else "#fcfcfa"
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=color, edgecolor="0.75", linewidth=0.8))
        text = str(value).replace("-", "\N{MINUS SIGN}")
        axes.text(corner[0] + 0.5, corner[1] + 0.5, text, ha="center", va="center", fontsize=11)
    if marked:
        row, column, cells = marked
        corner = (left + column, size / 2 - row - cells)
        frame = {"facecolor": "none", "edgecolor": "C1", "linewidth": 2.6, "zorder": 3}
        axes.add_patch(Rectangle(corner, cells, cells, **frame))
    axes.text(left + size / 2, size / 2 + 0.3, title, ha="center", va="bottom", fontweight="bold")


def draw_squares(squares):
    """Draw all squares in a row, what is done between them, and the sum for the marked number."""
    row, column = PLACE
    panels = [
        ("input", (row, column, 3), "\N{ASTERISK OPERATOR}"),
        ("kernel", (0, 0, 3), "="),
        ("feature map", (row, column, 1), "relu"),
        ("after relu", (row // 2 * 2, column // 2 * 2, 2), "2 × 2\nmax"),
        ("after pooling", (row // 2, column // 2, 1), ""),
    ]
    squares = squares | {"kernel": np.array(KERNEL)}
    figure, axes = plt.subplots(figsize=(10.4, 3.4))
    left = 0
    for name, marked, sign in panels:
        draw_square(axes, left, squares[name], name, marked)
        left += len(squares[name])
        axes.text(left + 0.75, 0, sign, ha="center", va="center", fontsize=11)
        left += 1.5
    window = squares["input"][row : row + 3, column : column + 3]
    products = [
        " + ".join(f"({w}) · {x}" if w < 0 else f"{w} · {x}" for w, x in zip(*lines, strict=True))
        for lines in zip(KERNEL, window, strict=True)
    ]
    sum_ = " + ".join(products).replace("-", "\N{MINUS SIGN}")
    axes.text(0, -3.9, f"{sum_} = {squares['feature map'][PLACE]}", fontsize=11, color="C1")
    axes.set(xlim=(-0.1, left - 1.4), ylim=(-4.3, 4), aspect="equal")
    axes.axis("off")
    return figure


def draw():
    """Return the figure, and the numbers in it."""
    squares = compute()
    results = {name: square.tolist() for name, square in squares.items()}
    return {"mnist_convolution": draw_squares(squares)}, results
