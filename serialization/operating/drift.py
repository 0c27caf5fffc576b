"""Machinery of the book: what the counts of a service notice, and what they miss.

    python serialization/operating/drift.py

The service reads 500 images a day for 50 days, and counts as metrics.py does: first people whom it
has not met, then other pens, cameras, letters and forms. What is usual, the validation images say.
You will see the accuracy, which no service knows, and the alarms. Draws drift.png and, of a table,
drift_weeks.png. About a minute.
Chapter: serialization/operating/README.md#watching-it
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import NullFormatter
from prometheus_client import CollectorRegistry

from mnist.data import load_parts, writers_of
from serialization.operating import changed_weeks
from serialization.operating.changed_days import WINDOW, make_days
from serialization.operating.metrics import DigitMetrics
from serialization.rest.digits import MODEL, DigitReader
from utils.figures import POSITIVE, save_figure
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results
from utils.statistics import share_right

LABELLED = 100  # images of a day of which somebody says what they are
DRAWS = 1_000  # windows of the reference, whose range is usual
SEED = 1
SIGNALS = {"ink": "mean ink", "no_digit": "looks like\nno digit"}
SIGNALS |= {"probability": "mean\nprobability", "answers": "PSI of the\nanswers"}
BELOW = ["ink", "probability"]  # which may be too low, too
TICKS = {"ink": [20, 50, 100, 200], "no_digit": [0.001, 0.01, 0.1, 1], "answers": [0.01, 0.1, 1]}


def psi(counts, reference):
    """Return the population stability index of counts, (classes,), against those of a reference.

    sum((p - q) ln(p / q)) of the shares p and q; half a row more in each class, so that none is 0.
    Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    p, q = ((some + 0.5) / (some + 0.5).sum() for some in (np.array(counts), np.array(reference)))
    return float(((p - q) * np.log(p / q)).sum())


def look(images, answers, reference):
    """Return signals from the counts of a window; reference: answers by digit, (10,)."""
    registry = CollectorRegistry()
    DigitMetrics(registry).count(images, answers)
    read = registry.get_sample_value
    digits = [read("digits_answers_total", {"digit": str(digit)}) or 0 for digit in range(10)]
    return {
        "ink": read("digits_ink_sum") / len(images),
        "no_digit": read("digits_images_total", {"looks_like_digit": "no"}) / len(images),
        "probability": read("digits_probability_sum") / len(images),
        "answers": psi(digits, reference),
    }


def draw_windows(look_at, groups, size, draws, rng):
    """Return the signals, a DataFrame, of windows of a reference that hold whole groups.

    look_at: a function of numbers of rows; groups: the name of each row's group, (rows,).
    """
    names, group = np.unique(groups, return_inverse=True)
    orders = (np.argsort(rng.permutation(len(names))[group], kind="stable") for _ in range(draws))
    return pd.DataFrame([look_at(order[:size]) for order in orders])


def find_limits(found):
    """Return {signal: (lowest, highest)} of windows."""
    low = found.min() * found.columns.isin(BELOW)
    return {name: (float(low[name]), float(found[name].max())) for name in found}


def watch(reader, parts, draws, rng):
    """Return limits and what each day shows and hides; {signal}_both: outside both limits."""
    images, labels = parts["validation"]
    answers = reader.read(images)
    read = np.array([answer["digit"] for answer in answers])
    usual, expected, days = np.bincount(read, minlength=10), float((read == labels).mean()), []

    def look_at(rows):
        return look(images[rows], [answers[row] for row in rows], usual)

    groups = {"image": np.arange(len(images)), "writer": writers_of("validation")}
    windows = {by: draw_windows(look_at, of, WINDOW, draws, rng) for by, of in groups.items()}
    windows["both"] = pd.concat(windows.values())
    limits = {by: find_limits(found) for by, found in windows.items()}
    for kind, x, y in make_days(*parts["test"], rng):
        found = reader.read(x)
        right = y == [answer["digit"] for answer in found]
        few = share_right(int(rng.permutation(right)[:LABELLED].sum()), LABELLED)
        day = look(x, found, usual) | {"accuracy": float(right.mean())}
        for by, limit in limits.items():
            alarms = {name: not low <= day[name] <= high for name, (low, high) in limit.items()}
            day |= {f"{name}_{by}": on for name, on in alarms.items()}
            day[f"any_{by}"] = any(alarms.values())
        day |= {f"labelled_{key}": few[key] for key in ("accuracy", "low", "high")}
        days.append({"kind": kind, **day, "labelled_alarm": few["high"] < expected})
        print(
            f"{kind:18}{day['accuracy']:6.1%}", *(name for name in SIGNALS if day[f"{name}_both"])
        )
    kinds = pd.DataFrame(days).groupby("kind", sort=False).mean().to_dict("index")
    return {"accuracy": expected, "limits": limits, "kinds": kinds, "days": days}


def draw(results, path):
    """Draw the signals, dark where outside both limits, light where outside those by image."""
    days, names = results["days"], SIGNALS | {"accuracy": "accuracy,\nnot seen by\nthe service"}
    figure, panels = plt.subplots(len(names), sharex=True, figsize=(10, 9))
    for axes, (name, label) in zip(panels, names.items(), strict=True):
        hidden = name == "accuracy"
        values = np.maximum([day[name] for day in days], 0.001)  # of a logarithm
        axes.plot(values, "s" if hidden else "o", color="C1" if hidden else "C0", markersize=4)
        axes.set_ylabel(label)
        if name in TICKS:
            axes.set_yscale("log")
            axes.set_yticks(TICKS[name], TICKS[name])
            axes.yaxis.set_minor_formatter(NullFormatter())
        for place, day in enumerate(days):
            alpha = 0.13 * day.get(f"{name}_image", 0) + 0.22 * day.get(f"{name}_both", 0)
            axes.axvspan(place - 0.5, place + 0.5, color=POSITIVE, alpha=alpha, linewidth=0)
            if day["kind"] != (days[place - 1]["kind"] if place else ""):
                axes.axvline(place - 0.5, color="#8a8a86", linewidth=0.8)
                if axes is panels[0]:
                    where = {"xy": (place, 1.03), "xycoords": ("data", "axes fraction")}
                    axes.annotate(day["kind"].replace("_", " "), **where, rotation=35)
            if hidden:
                axes.vlines(place, day["labelled_low"], day["labelled_high"], color="C2")
        axes.grid(False, axis="x")
        axes.set_xlim(-0.5, len(days) - 0.5)
    panels[-1].set_xlabel(f"day; bars: the 95 % interval from {LABELLED} labelled images")
    save_figure(figure, path)


def main(argv=None):
    """Return what the counts show and hide."""
    parser = make_parser("Watch a service while its input changes.", OUTPUTS)
    parser.add_argument("--seed", type=seed, default=SEED, help="of the days and the windows")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    results = watch(DigitReader(MODEL), load_parts(), DRAWS, np.random.default_rng(args.seed))
    draw(results, folder / "drift.png")
    weeks = changed_weeks.watch(psi)
    changed_weeks.draw(weeks, folder / "drift_weeks.png")
    return save_results(results | {"weeks": weeks, "seed": args.seed}, folder, __file__, argv)


if __name__ == "__main__":
    main()
