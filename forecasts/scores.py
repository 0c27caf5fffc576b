"""How good a forecast is: errors, how sure they are, and which method is worth its trouble.

Chapter: forecasts/README.md#the-scores
"""

import matplotlib.pyplot as plt
import numpy as np

from forecasts.series import LONG, windows
from utils.figures import LINES, name_lines, save_figure
from utils.runs import fail
from utils.statistics import interval

LEAST_BLOCKS = 10  # for an interval
FEWEST_BLOCKS = 3  # for a standard error
LEAST = 24  # steps of a series
FEWEST = 3  # windows in a part
SHOWN = 7  # seasons (or horizons, if they are longer) in the figure


def absolute_errors(method, starts):
    """Return a method's absolute errors (windows, horizon), NaN where nothing was observed."""
    data = method.data
    truth = windows(data.series.values, starts, data.horizon)
    errors = np.abs(method.predict(starts) - truth)
    return np.where(windows(data.series.observed, starts, data.horizon), errors, np.nan)


def bootstrap(errors, data):
    """Return the mean error and its 95 % interval, from blocks of windows drawn again.

    A block is a week, for example, as long as this leaves ten of them (see Data.block).
    """
    length = max(min(data.block, len(errors) // LEAST_BLOCKS), 1)
    edges = np.arange(0, len(errors), length)
    sums = np.add.reduceat(np.nansum(errors, axis=1), edges)
    counts = np.add.reduceat(np.isfinite(errors).sum(axis=1), edges)
    return {"mean": float(np.nanmean(errors))} | interval(sums, counts)


def recommend(errors, data):
    """Return the simplest method that is nearly as good as the best, the best, and the rule taken.

    errors: {method: validation errors}, the simplest first. Nearly: within one standard error of
    the difference, in blocks of windows; of a long series, where that is small, not shown to be
    worse. With fewer than three blocks nothing is known of it, and the best one is recommended.
    Source: Breiman and others, "Classification and Regression Trees", 1984.
    """
    best = min(errors, key=lambda name: np.nanmean(errors[name]))
    blocks = len(errors[best]) // data.block
    if blocks < FEWEST_BLOCKS:
        return best, best, "the best, with too few windows to prefer a simpler one"
    for name in errors:
        more = errors[name] - errors[best]
        if blocks < LEAST_BLOCKS:
            drawn = [block for block in np.array_split(more, blocks) if np.isfinite(block).any()]
            deviation = np.std([*map(np.nanmean, drawn)], ddof=1)
            near = np.nanmean(more) <= deviation / np.sqrt(len(drawn))
        else:
            more = bootstrap(more, data)
            near = more["mean"] <= (more["high"] - more["low"]) / (2 * 1.96)
            near = near or (len(data.series.values) >= LONG and more["low"] <= 0)
        if near:
            break
    return name, best, "the simplest that is nearly as good"


def check_length(data):
    """End the program with one line if a part of the series is too short, or not observed.

    If it only leaves fewer than ten of the blocks that bootstrap draws, say so.
    """
    if len(data.series.values) < LEAST:
        fail(f"{len(data.series.values)} steps are too few for a forecast: it takes {LEAST}.")
    for part in ("validation", "test"):
        starts = data.starts[part]
        if len(starts) < FEWEST:
            fail(
                f"{len(data.series.values)} steps are too few: the {part} part holds "
                f"{len(starts)} windows of {data.horizon} steps to forecast, and should hold "
                f"{FEWEST}. Try a shorter --history, --season, --horizon."
            )
        seen = windows(data.series.observed, starts, data.horizon).sum(axis=0).min()
        if seen < FEWEST:  # at a step ahead, which would then have no interval
            fail(f"the {part} part has values in {seen} of its windows, and should in {FEWEST}.")
    if min(len(data.starts[part]) for part in ("validation", "test")) < LEAST_BLOCKS * data.block:
        print("Few windows: the intervals are too narrow. Trust large differences only.")
    if data.mean_change()[1] < data.series.seasons[-1]:
        print("The first part shows no change between seasons: MASE compares with that of a step.")


def stitch(method, first, last):
    """Return a forecast of each step from first to before last, made every `horizon` steps.

    Where the last steps are fewer than that, they are the end of one more forecast.
    """
    horizon = method.data.horizon
    starts = np.arange(first, last - horizon + 1, horizon)
    rest = last - starts[-1] - horizon
    blocks = [*method.predict(starts), method.predict(starts[-1:] + rest)[0, horizon - rest :]]
    return np.concatenate(blocks)


def spoken(name):
    return name.replace("_", " ")


def draw(methods, horizon, label, ahead, folder):
    """Draw two forecasts, and errors by horizon. methods: {name: (fitted, errors of test)}.

    label, ahead: as for draw_forecasts.
    """
    two = {spoken(name): methods[name][0] for name in list(methods)[:2]}
    spans, path = spans_to_draw(ahead[0], horizon), folder / f"forecast_{horizon}.png"
    draw_forecasts(two, spans, label, path, ahead)
    if horizon > 1:
        errors = {spoken(name): of_test for name, (_, of_test) in methods.items()}
        draw_horizon(errors, label, folder / f"horizon_{horizon}.png")


def spans_to_draw(series, horizon):
    """Return {title: (first, last)} of the figure."""
    if series.weeks and horizon <= 168:
        weeks = series.weeks.items()
        return {title: tuple(series.times.searchsorted(span)) for title, span in weeks}
    steps = SHOWN * max(series.seasons[0], horizon)
    last = len(series.values)
    return {"The end of the series": (max(series.cuts[1], last - steps), last)}


def draw_forecasts(methods, spans, label, path, ahead):
    """Draw what was and what each method said, a panel for each span {title: (first, last)}.

    methods: {name: fitted method}; label: of the values, on the y axis; ahead: series, table of
    what comes next, and the name of the method that says so, for the last panel.
    """
    series, table, who = ahead
    rows = len(spans) + 1
    figure, panels = plt.subplots(rows, 1, figsize=(9, 3.4 * rows), squeeze=False)
    for axes, (title, (first, last)) in zip(panels[:-1, 0], spans.items(), strict=True):
        times = series.times[first:last]
        truth = np.where(series.observed, series.values, np.nan)[first:last]
        axes.plot(times, truth, color="0.35", linewidth=3.5, alpha=0.6, label="what happened")
        axes.set_prop_cycle(LINES)
        for name, method in methods.items():
            axes.plot(times, stitch(method, first, last), label=name, linewidth=1.4)
        axes.set(title=title, ylabel=label)
        axes.tick_params(axis="x", labelrotation=20)
    if spans:
        axes.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    color = f"C{[*methods, who].index(who)}"  # that of its line above
    draw_ahead(panels[-1, 0], series, table, who, color)
    for axes in panels[:, 0]:
        axes.yaxis.set_major_formatter("{x:,.10g}")
    panels[-1, 0].set(title="What comes next", ylabel=label)
    save_figure(figure, path)


def draw_ahead(axes, series, table, who, color):
    """Draw the last values and, going on from them, the table of future.look_ahead."""
    past = slice(-max(2 * series.seasons[0], 3 * len(table)), None)
    times, values = series.times[past], series.values[past]
    axes.plot(times, values, color="0.35", linewidth=3.5, alpha=0.6, label="what happened")
    times = times[-1:].append(table.index)
    going_on = lambda column: np.append(values[-1], table[column])  # noqa: E731
    if "low" in table:
        ends = going_on("low"), going_on("high")
        axes.fill_between(times, *ends, color=color, alpha=0.3, label="80 % interval")
    dots = {"marker": "o", "markevery": range(1, len(times))} if len(table) < 10 else {}
    axes.plot(times, going_on("forecast"), "--", color=color, label=f"forecast, {who}", **dots)
    axes.tick_params(axis="x", labelrotation=20)
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.2))


def draw_horizon(errors, label, path):
    """Draw the mean error over the steps ahead, for each method; label: of the values."""
    figure, axes = plt.subplots()
    axes.set_prop_cycle(LINES)
    for name, values in errors.items():
        axes.plot(range(1, values.shape[1] + 1), np.nanmean(values, axis=0), label=name)
    axes.set(title="The mean error at each step ahead", xlabel="steps ahead")
    axes.set(ylabel=f"mean absolute error, {label}", ylim=(0, None))
    name_lines(axes)
    save_figure(figure, path)
