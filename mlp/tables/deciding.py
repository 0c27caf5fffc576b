"""Machinery of this part: a threshold from costs, columns that matter or say all, the figure.

`table.py` imports it; it does nothing by itself.
Chapter: mlp/tables/README.md#a-threshold-from-your-costs
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.inspection import permutation_importance
from sklearn.metrics import precision_recall_curve
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlp.tables.columns import inputs_of, is_words
from mnist.studies.temperature import reliability
from utils.figures import DASHES, name_lines, plot_history, save_figure

SHOWN = 10  # columns whose importance is printed
REPEATS = 5  # times that a column is shuffled
MOST_ROWS = 2_000  # of the validation rows that are shuffled
MOST_COLUMNS = 100  # of a wider table no importance is computed
BINS = 10  # of the calibration, at most
ROWS_PER_BIN = 20
MOST_POINTS = 1_000  # of the numbers that are drawn
GIVEN_AWAY = 0.99  # a single column that says this much of the target says all of it
SAMPLE = 2_000  # rows on which that is tried


def costs_at(y, probability, threshold, miss, false_alarm):
    """Return what it costs to say yes from this probability on; y: 1 where yes is true."""
    said = probability >= threshold
    found, missed = int(y[said].sum()), int(y[~said].sum())
    alarms = int(said.sum()) - found
    return {
        "threshold": float(threshold),
        "missed": missed,
        "false_alarms": alarms,
        "cost": missed * miss + alarms * false_alarm,
        "precision": found / said.sum() if said.any() else 1.0,
        "recall": found / y.sum(),
    }


def find_thresholds(y, probability, miss, false_alarm):
    """Return the costs at 0.5, at the calculated threshold, and where they are lowest.

    To say yes pays if p * miss is more than (1 - p) * false_alarm.
    """
    calculated = false_alarm / (miss + false_alarm)
    everywhere = [costs_at(y, probability, t / 100, miss, false_alarm) for t in range(1, 100)]
    return {
        "usual": costs_at(y, probability, 0.5, miss, false_alarm),
        "calculated": costs_at(y, probability, calculated, miss, false_alarm),
        "best": min(everywhere, key=lambda one: one["cost"]),
    }


def say_costs(points, miss, false_alarm, baseline=False):
    """Print them; not of a baseline that says the same for every row, whatever the costs."""
    if baseline and points["usual"]["missed"] == points["calculated"]["missed"]:
        return
    print(f"If a miss costs {miss:g} and a false alarm {false_alarm:g}:")
    for point in {point["threshold"]: point for point in points.values()}.values():
        print("  threshold {threshold:.2f}: {missed} missed,".format(**point), end=" ")
        print("{false_alarms} false alarms, cost {cost:,g}".format(**point))


class Shuffled:
    """Gives a network the form that scikit-learn asks for, and it shuffles the columns of a table.

    What it shuffles is the number of the row from which a column takes its values, so that the
    three inputs of a date stay together.
    """

    def __init__(self, answer, loss, inputs, columns):
        self.answer, self.loss, self.inputs, self.columns = answer, loss, inputs, columns

    def fit(self, rows, y):
        return self

    def score(self, rows, y):
        taken = {
            name: self.inputs[name][rows[column["name"]]]
            for column in self.columns
            for name in inputs_of(column)
        }
        return -float(self.loss(self.answer(taken, rows.index), y).mean())


def find_importance(answer, loss, inputs, y, columns, seed):
    """Return how much the loss rises if a column is shuffled, by column, the largest first.

    answer: a function of inputs and of the numbers of their rows; loss: one of answers and y.
    Empty for a wide table, and without columns.
    """
    columns = [column for column in columns if inputs_of(column)]
    if not columns:
        return {}
    if len(columns) > MOST_COLUMNS:
        print(f"Which columns matter is not tried: {len(columns)} are more than {MOST_COLUMNS}.")
        return {}
    chosen = np.random.default_rng(seed).permutation(len(y))[:MOST_ROWS]
    rows = pd.DataFrame({column["name"]: chosen for column in columns}, chosen)
    found = permutation_importance(
        Shuffled(answer, loss, inputs, columns),
        rows,
        y[chosen],
        n_repeats=REPEATS,
        random_state=seed,
    )
    rises = zip(columns, found.importances_mean, found.importances_std, strict=True)
    return {
        column["name"]: {"rise": float(mean), "deviation": float(deviation)}
        for column, mean, deviation in sorted(rises, key=lambda one: -one[1])
    }


def say_importance(importance):
    if importance:
        print("Its loss rises by so much if a column is shuffled:")
    for column, one in list(importance.items())[:SHOWN]:
        print(f"  {column:24} {one['rise']:.3f} ({one['deviation']:.3f})")


def draw(history, answers, kept, y, classes, points, path):
    """Draw the learning curves and, depending on the task, what the answers are worth.

    answers: of each model, by name; kept: the name of one; points: of find_thresholds, or None.
    """
    two = len(classes) == 2
    figure, panels = plt.subplots(1, 3 if two else 2, figsize=(12 if two else 8.4, 4.2))
    plot_history(panels[0], history, "loss")
    panels[0].set(title="Learning of the network", xlabel="Epoch", ylabel="Loss")
    name_lines(panels[0])
    if not classes:
        draw_numbers(panels[1], answers[kept], y)
    elif two:
        draw_precision(panels[1], answers, y, points, classes[1])
    if classes:
        draw_calibration(panels[-1], answers[kept], y, classes)
    save_figure(figure, path)


def draw_numbers(axes, answers, y):
    chosen = np.random.default_rng(0).permutation(len(y))[:MOST_POINTS]
    axes.plot(y[chosen], answers[chosen], "o", markersize=3, alpha=0.5)
    ends = [min(y.min(), answers.min()), max(y.max(), answers.max())]
    axes.plot(ends, ends, color="gray", linewidth=1)
    axes.set(title="Predictions", xlabel="true", ylabel="predicted")


def draw_precision(axes, answers, y, points, yes):
    names = [name for name in answers if name != "majority_class"]
    for name, dashes in zip(names, DASHES, strict=False):
        precision, recall, _ = precision_recall_curve(y, answers[name][:, 1])
        label = name.replace("_", " ")
        axes.plot(recall[:-1], precision[:-1], linestyle=dashes, label=label)
    for point in (points["usual"], points["calculated"]):
        place = (point["recall"], point["precision"])
        axes.plot(*place, "ko")
        about = {"textcoords": "offset points", "ha": "right"}
        axes.annotate(f"{point['threshold']:.2f}", place, (-6, -12), **about)
    axes.set(title="Precision and recall", ylabel=f'precision of "{yes}"')
    axes.set(xlabel=f'recall of "{yes}"', xlim=(0, 1.02), ylim=(0, 1.03))
    axes.legend(loc="lower left")


def draw_calibration(axes, answers, y, classes):
    axes.plot([0, 1], [0, 1], color="gray", linewidth=1)
    bins = min(BINS, max(3, len(y) // ROWS_PER_BIN))
    if len(classes) == 2:
        happened, said = calibration_curve(y, answers[:, 1], n_bins=bins, strategy="quantile")
        axes.set(xlabel=f'probability of "{classes[1]}"', ylabel="share of rows in which it is so")
    else:
        _, said, happened = reliability(answers, np.eye(len(classes))[y], bins).T
        axes.set(xlabel="probability of the answer", ylabel="share of right answers")
    axes.plot(said, happened, "o-")
    axes.set(title="Calibration", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def giving_away(columns, inputs, y, classes, seed):
    """Return the names of the columns that say the target almost without fail, each by itself."""
    chosen = np.random.default_rng(seed).permutation(len(y))[:SAMPLE]
    found = set()
    for name, values in inputs.items():
        x = pd.factorize(values)[0] if is_words(values) else np.nan_to_num(values)
        if told(x[chosen, None], y[chosen], classes, is_words(values)) >= GIVEN_AWAY:
            found.add(name)
    return [column["name"] for column in columns if found & {*inputs_of(column)}]


def told(x, y, classes, words):
    """Return how much of the target a single input, (n, 1), says: from 0, nothing, to 1, all.

    A decision tree learns it. Of words, it is judged on other rows; from a number, it may make no
    more intervals than there are classes. Two numbers say the same if they have the same order.
    """
    learned, judged = np.array_split(np.arange(len(y)), 2) if words else (slice(None),) * 2
    if not classes and not words:
        return abs(stats.spearmanr(x[:, 0], y).statistic) if np.ptp(x) else 0
    if not classes:
        return DecisionTreeRegressor().fit(x[learned], y[learned]).score(x[judged], y[judged])
    most = None if words else len(classes)
    tree = DecisionTreeClassifier(max_leaf_nodes=most).fit(x[learned], y[learned])
    usual = np.bincount(y[judged]).max() / len(y[judged])
    return (tree.score(x[judged], y[judged]) - usual) / (1 - usual) if usual < 1 else 0
