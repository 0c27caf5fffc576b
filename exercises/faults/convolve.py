MUTANTS = [
    ("shape", "(length - size) // stride + 1", "(length - size + 1) // stride"),
    (
        "turned around",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen, kernels[::-1, ::-1], axes=3)",
    ),
    (
        "changed places",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen.transpose(1, 0, 2), kernels, axes=3)",
    ),
    ("bias", " + biases", ""),
    (
        "added once",
        "np.tensordot(seen, kernels, axes=3) + biases",
        "np.tensordot(seen, kernels, axes=3) + size * size * biases",
    ),
    ("stride", "row * stride, column * stride", "row, column"),
    (
        "mean",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen, kernels, axes=3) / size**2",
    ),
    ("relu", "    return maps", "    return np.maximum(maps, 0)"),
    ("shape", "(length - size) // stride + 1", "(length - size) // stride"),
    ("shape", "(length - size) // stride + 1", "length // stride"),
    ("shape", "(length - size) // stride + 1", "(length - size) + 1"),
    (
        "first channel",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen[..., :1], kernels[:, :, :1], axes=3)",
    ),
    (
        "each channel",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen.mean(axis=2), kernels.sum(axis=2), axes=2)",
    ),
    (
        "each filter",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen, kernels, axes=3).sum() / (1 if kernels.shape[3] == 1 else 4)",
    ),
    (
        "multiplied",
        "np.tensordot(seen, kernels, axes=3)",
        "seen.sum() * kernels.sum(axis=(0, 1, 2))",
    ),
    (
        "places",
        "top, left = row * stride, column * stride",
        "top, left = column * stride, row * stride",
    ),
    ("window", "left : left + size]", "left : left + size][:, ::-1]"),
]

UNSEEN = [
    (
        "weight",
        "np.tensordot(seen, kernels, axes=3)",
        "np.abs(np.tensordot(seen, kernels, axes=3))",
    ),
    ("filter", "np.tensordot(seen, kernels, axes=3)", "np.tensordot(seen, kernels, axes=3)[::-1]"),
    (
        "channel",
        "np.tensordot(seen, kernels, axes=3)",
        "np.tensordot(seen, kernels[:, :, ::-1], axes=3)",
    ),
]

OTHER = """
import numpy as np

def convolve(image, kernels, biases, stride):
    size = len(kernels)
    seen = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    return np.einsum("rcxij,ijxf->rcf", seen[::stride, ::stride], kernels) + biases
"""
