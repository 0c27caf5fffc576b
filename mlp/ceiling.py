"""How well can anybody foretell who leaves? Our customers were made, so it can be calculated.

    python mlp/ceiling.py

`make_churn_data.py` draws each column with probabilities that are its constants. By Bayes's rule
they say, for each row, how probable it is that such a customer left. No model that reads these
columns can do better in the long run: what is left is the *irreducible error*. You will see the
accuracy and the AUC of these probabilities on the validation customers of twenty splits. Takes a
few seconds.
Chapter: mlp/README.md#the-best-that-anybody-can-do
"""

from chapter import OUTPUTS

import numpy as np
from scipy.stats import norm

from mlp import churn
from mlp import evaluation as lesson
from mlp import make_churn_data as made
from mlp.splits import SPLITS, make_pairs, summarize
from utils.options import make_parser
from utils.runs import make_folder, save_results


def likelihood(table, group):
    """Return how likely each row is, up to a common factor, among those who stayed (0) or left (1).

    Tenure, card and salary are drawn alike for both, and leave no trace.
    """
    country = np.array(made.COUNTRY[group])[[made.COUNTRIES.index(c) for c in table.Geography]]
    female = made.FEMALE[group]
    gender = np.where(table.Gender == "Female", female, 1 - female)

    score, mean, deviation = table.CreditScore, *made.CREDIT_SCORE[:2]
    density = norm.pdf(score, mean, deviation)
    if group == 0:  # no score below the lowest one: each was mirrored there
        mirrored = 2 * made.LOWEST_STAYED - score
        beyond = norm.pdf(mirrored, mean, deviation) * (mirrored >= made.CREDIT_SCORE[2])
        density = np.where(score < made.LOWEST_STAYED, 0, density + beyond * (mirrored < score))

    # A year is all that is rounded to it, and the percentiles are on straight lines.
    ends = [np.interp(table.Age + half, made.AGE[group], made.PERCENT) for half in (-0.5, 0.5)]
    active = np.interp(table.Age, made.ACTIVE_AT, made.ACTIVE[group])
    active = np.where(table.IsActiveMember == 1, active, 1 - active)

    germany, empty = table.Geography == "Germany", table.Balance == 0
    money = norm.pdf(table.Balance, *made.BALANCE[group]) * 10_000
    none = made.NO_BALANCE[group]
    balance = np.where(empty, none, np.where(germany, 1, 1 - none) * money)
    account = np.where(germany, "money in Germany", np.where(empty, "empty account", "money"))
    products = [
        made.PRODUCTS[kind][group][int(number) - 1]
        for kind, number in zip(account, table.NumOfProducts, strict=True)
    ]
    return country * gender * density * (ends[1] - ends[0]) * active * balance * products


def best_possible(table):
    """Return the probability that each customer of the made table left, shape (n,)."""
    stayed, left = (1 - made.LEFT) * likelihood(table, 0), made.LEFT * likelihood(table, 1)
    return np.asarray(left / (stayed + left))


def main(argv=None):
    args = make_parser("Calculates the best that anybody can do.", OUTPUTS).parse_args(argv)
    folder = make_folder(args.outputs)
    pairs = make_pairs(churn.load_customers(churn.DATA), SPLITS)
    scores = [lesson.evaluate(judged[churn.TARGET], best_possible(judged)) for _, judged in pairs]
    found = summarize(scores)
    print("the best possible: accuracy {accuracy:.1%}, AUC {auc:.3f}".format(**found))
    return save_results({"best_possible": found}, folder, __file__, argv)


if __name__ == "__main__":
    main()
