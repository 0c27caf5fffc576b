"""Machinery for teachers: numbers for an exam that can be computed with by hand, and the answers.

exam.py draws from them. Each function yields dicts of numbers, all about equally hard.
Chapter: teaching/TEACHING.md#the-exam
"""

import math
from itertools import product


def neurons():
    """Yield all numbers for the question about a neuron."""
    halves = [-1.5, -1, -0.5, 0.5, 1, 1.5]
    for x, w, b in product(product([1, 2, 3], repeat=2), product(halves, repeat=2), [-2, -1, 1, 2]):
        total = x[0] * w[0] + x[1] * w[1] + b
        if x[0] != x[1] and w[0] * w[1] < 0 and abs(total) in (0.5, 1.5):
            yield {"x": x, "w": w, "b": b, "total": total, "more": total > 0}


def steps():
    for x, w, error in product([2, 3], [1, 2, 3], [-5, -4, -3, -2, 2, 3, 4, 5]):
        target, gradient = w * x - error, 2 * error * x
        weight, far = round(w - 0.1 * gradient, 9), w - gradient
        after, exploded = round((weight * x - target) ** 2, 9), (far * x - target) ** 2
        if target > 0 and exploded <= 35**2:
            numbers = {"x": x, "w": w, "target": target, "gradient": gradient, "loss": error**2}
            yield numbers | {"weight": weight, "after": after, "far": far, "exploded": exploded}


def customers():
    shares = product([10, 20, 25, 30], [40, 50, 60, 70, 80], [50, 60, 75, 80])
    for n, (share, recall, precision) in product([500, 1000, 2000, 4000], shares):
        leave = n * share // 100
        right = leave * recall // 100
        named = right * 100 // precision
        accuracy = 100 * (n - leave - named + 2 * right) / n
        whole = (n * share, leave * recall, right * 10_000 // precision, round(accuracy * 200))
        if any(one % 100 for one in whole) or precision == recall or accuracy <= 100 - share:
            continue
        for lost, call in product([40, 50, 60, 80], [5, 10, 20]):
            numbers = {"n": n, "leave": leave, "named": named, "right": right, "lost": lost}
            numbers |= {"accuracy": accuracy, "nobody": 100 - share, "call": call}
            saved = right * lost - (named - right) * call
            yield numbers | {"precision": precision, "recall": recall, "saved": saved}


def convolutions():
    for row in product([0, 1], repeat=7):
        for kernel in [(1, -1), (-1, 1), (2, -1), (-1, 2), (1, -2)]:
            result = [kernel[0] * row[i] + kernel[1] * row[i + 1] for i in range(6)]
            active = [max(one, 0) for one in result]
            pooled = [max(active[i : i + 2]) for i in (0, 2, 4)]
            if len(set(result)) > 2 and len(set(pooled)) > 1 and sum(row) in (3, 4):
                forms = [
                    [sign * one for one in result[::way]] for sign in (1, -1) for way in (1, -1)
                ]
                mirror = min(forms)  # the same for two rows that mirror each other
                numbers = {"row": row, "kernel": kernel, "result": result, "active": active}
                yield numbers | {"pooled": pooled, "mirror": mirror}


def networks():
    sizes = [(10, 3), (12, 3), (14, 3), (22, 3), (12, 5), (14, 5), (24, 5)]
    for (size, kernel), channels, filters, classes in product(sizes, [1, 3], [4, 8, 10], [5, 10]):
        numbers = {"size": size, "kernel": kernel, "channels": channels, "filters": filters}
        yield numbers | {"classes": classes, "pooled": (size - kernel + 1) // 2}


def predictions():
    yield from ({"n": n, "unit": "nats", "loss": f"ln {n}"} for n in (3, 5, 6, 10, 12, 20))
    yield from ({"n": n, "unit": "bits", "loss": int(math.log2(n))} for n in (4, 8, 16, 32, 64))


# The numbers of a question, and those of them in which its variants must differ.
DRAWN = {
    "neuron": ([*neurons()], ("x", "w", "b", "more")),
    "step": ([*steps()], ("w", "target", "gradient", "loss", "after")),
    "customers": (
        [*customers()],
        ("accuracy", "precision", "recall", "saved"),
    ),
    "convolution": ([*convolutions()], ("row", "kernel", "result", "pooled", "mirror")),
    "summary": ([*networks()], ("size", "channels", "filters", "classes", "pooled")),
    "text": ([*predictions()], ("n", "unit")),
}


def written(value):
    """Return a number as the book writes it: 1,156 or 2.56, and no more digits than it has."""
    return f"{value:,.10g}" if isinstance(value, int | float) else value


# What the templates of questions and answers call.
HELPERS = {
    "ln": math.log,
    "root": lambda one: round(math.sqrt(one), 2),
    "paren": lambda one: f"({written(one)})" if one < 0 else one,
    "shape": lambda layer: " × ".join(map(written, layer.output.shape[1:])),
}
