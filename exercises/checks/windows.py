import numpy as np
from hypothesis import strategies as st

from exercises.bench import expect, numbers, sizes

RESULTS = ("x", "y")
HINTS = [
    "How many windows are there? Of a series of 5 and windows of 3 + 1 values there are 2.",
    "A loop over the starts will do: a slice of `history` values for x, and what comes after it "
    "for y. `np.array` makes an array of a list of rows.",
    "y begins where its window ends, and has horizon values. With the last start, window and y "
    "together just reach the end of the series.",
]


def check(ask):
    for history, horizon in [(3, 1), (4, 3), (1, 2)]:
        series = np.arange(100.0, 112.0)
        x, y = ask(series, history, horizon, free=True)
        case = f"Of the series 100, 101 ... 111 with history {history} and horizon {horizon}"
        expect(
            x.ndim == 2 and y.ndim == 2,
            f"x and y should have two axes each, windows and "
            f"steps; they have the shapes {x.shape} and {y.shape}.",
            hint=2,
        )
        expect(
            x.shape[1] == history,
            f"A window should have {history} values, and has {x.shape[1]}.",
            hint=2,
        )
        expect(
            y.shape[1] == horizon,
            f"y should have {horizon} values for each window, and has {y.shape[1]}.",
            hint=3,
        )
        expect(
            len(x) == len(y),
            f"There are {len(x)} windows, but values to forecast for {len(y)} of them.",
            hint=3,
        )
        expect(len(x), f"{case} there should be windows; there are none.")
        expect(
            np.isin(x, series).all() and np.isin(y, series).all(),
            f"{case} a window, or what follows it, holds a value that the series does not have; "
            "values are taken as they are.",
            hint=2,
        )
        window, future = x[0].astype(int).tolist(), y[0].astype(int).tolist()
        expect(
            window == sorted(window),
            f"{case} the first window is {window}: it runs backwards.",
            hint=2,
        )
        steps = np.diff(x[:, 0])
        expect(
            (steps == 1).all(),
            f"{case} the windows begin at {x[:4, 0].astype(int).tolist()} "
            "...: each should begin one step after the one before.",
            hint=2,
        )
        overlap = set(window) & set(future)
        expect(
            not overlap,
            f"{case} the first window is {window}, and y is {future}: the window "
            "holds a value that is to be forecast, so the future is known.",
            hint=3,
        )
        expect(future == sorted(future), f"{case} y is {future}: it runs backwards.", hint=3)
        gap = future[0] - window[-1] - 1
        expect(
            gap >= 0,
            f"{case} the first window is {window}, and y, {future}, lies before it.",
            hint=3,
        )
        expect(
            gap == 0,
            f"{case} the first window is {window}, and y is {future}: between them "
            f"lies a gap of {gap} steps.",
            hint=3,
        )
        expect(window[0] == 100, f"{case} the first window begins with {window[0]}.", hint=2)
        expect(
            (np.diff(x, axis=1) == 1).all() and (np.diff(y, axis=1) == 1).all(),
            f"{case} a window holds values that do not follow one another.",
            hint=2,
        )
        wanted = len(series) - history - horizon + 1
        expect(
            len(x) >= wanted,
            f"{case} there are {wanted} windows, the last of which ends with "
            f"y = 111. Yours are {len(x)}: the end of the series is not used.",
            hint=3,
        )
        expect(
            len(x) <= wanted,
            f"{case} there are {wanted} windows; yours are {len(x)}, so that "
            "the last ones have no full future.",
            hint=3,
        )
        expect(
            (y[:, 0] == x[:, -1] + 1).all(), f"{case} some y does not follow on its window.", hint=3
        )
    random = np.random.default_rng(1)
    ask(random.normal(size=9), 3, 2)
    ask(np.arange(4.0), 3, 1)


@st.composite
def inputs(draw):
    history, horizon, further = draw(sizes(far=30)), draw(sizes(far=30)), draw(sizes())
    return numbers(draw, history + horizon + further - 1), history, horizon
