MUTANTS = [
    ("mean", "squares.max(", "squares.mean("),
    ("smallest", "squares.max(", "squares.min("),
    ("first value", "squares.max(axis=(1, 3))", "squares[:, 0, :, 0]"),
    ("adds up", "squares.max(", "squares.sum("),
    (
        "not squares",
        "reshape(rows, size, columns, size, -1)\n    return squares.max(axis=(1, 3))",
        "reshape(rows, columns, size, size, -1)\n    return squares.max(axis=(2, 3))",
    ),
    (
        "negative",
        "    return squares.max(axis=(1, 3))",
        "    return squares.max(axis=(1, 3), initial=0)",
    ),
    (
        "equal",
        "    return squares.max(axis=(1, 3))",
        "    return squares.max(axis=(1, 3)) * 0 + squares.max(axis=(1, 3, 4))[..., None]",
    ),
    ("ValueError", "maps[: rows * size, : columns * size]", "maps"),
    ("shape", "squares.max(axis=(1, 3))", "squares.max(axis=(1, 2))"),
    ("shape", "squares.max(axis=(1, 3))", "squares.max(axis=(1, 3))[..., 0]"),
    ("shape", "squares.max(axis=(1, 3))", "squares.max(axis=(1, 3, 4))"),
    (
        "left over",
        "maps[: rows * size, : columns * size]",
        "maps[-rows * size :, -columns * size :]",
    ),
    (
        "channel",
        "    return squares.max(axis=(1, 3))",
        "    return squares.max(axis=(1, 3))[..., ::-1]",
    ),
    (
        "overlap",
        "    squares = squares.reshape(rows, size, columns, size, -1)\n"
        "    return squares.max(axis=(1, 3))",
        "    import numpy as np\n"
        "    return np.array([[maps[r : r + size, c : c + size].max(axis=(0, 1))"
        " for c in range(columns)] for r in range(rows)])",
    ),
]

UNSEEN = [
    ("negative", "squares.max(axis=(1, 3))", "abs(squares).max(axis=(1, 3))"),
    ("largest", "squares.max(axis=(1, 3))", "np.median(squares, axis=(1, 3))"),
    ("shape", "squares.max(axis=(1, 3))", "squares.max(axis=(1, 3)).transpose(1, 0, 2)"),
]

OTHER = """
import numpy as np

def max_pool(maps, size):
    result = np.empty((len(maps) // size, maps.shape[1] // size, maps.shape[2]))
    for r, c, k in np.ndindex(*result.shape):
        result[r, c, k] = maps[r * size : (r + 1) * size, c * size : (c + 1) * size, k].max()
    return result
"""
