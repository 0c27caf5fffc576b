"""Customer churn: whom does the network treat worse, and does it help to hide gender and country?

    python mlp/fairness.py

Trains the network of the second lesson, stopped in time, on splits of the customers, once as it is
and once without the columns Gender and Geography. You will see, for women and men and for three
countries, the accuracy on validation customers, how many of those who stayed are reported ("false
alarms"), how many of those who left are not ("missed"), and how many of those reported leave; then
how well the other columns give away the gender and the country; then five comparisons in pairs with
their 95 % intervals.
Takes about a minute on two cores.
Chapter: mlp/README.md#is-it-fair
"""

from chapter import OUTPUTS

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlp import churn
from mlp import evaluation as lesson
from mlp.splits import EPOCHS, compare, describe, make_pairs, predict_validation
from utils.comparisons import correct_family
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results

SPLITS = 10  # of the customers into training and validation
GROUPS = {  # column and value
    "women": ("Gender", "Female"),
    "men": ("Gender", "Male"),
    "Germany": ("Geography", "Germany"),
    "France": ("Geography", "France"),
    "Spain": ("Geography", "Spain"),
}
GAPS = [("women", "men"), ("Germany", "France")]
PROXIES = ["women", "Germany"]  # groups that the other columns may give away
KINDS = ["false_alarms", "missed"]


def make_numbers():
    """Return what scales the columns of numbers and drops gender and country."""
    encoder = churn.make_encoder().set_params(categories="drop")
    return make_pipeline(encoder, StandardScaler()).set_output(transform="pandas")


def rates(customers, reported):
    """Return accuracy, false alarms, missed leavers and precision, as shares of customers."""
    left = customers[churn.TARGET] == 1
    return {
        "accuracy": float((left == reported).mean()),
        "false_alarms": float(reported[~left].mean()),
        "missed": float((~reported[left]).mean()),
        "precision": float(precision_score(left, reported, zero_division=0)),
    }


def rates_by_group(customers, reported):
    """Return the rates of each group, and of all."""
    found = {"all": rates(customers, reported)}
    for group, (column, value) in GROUPS.items():
        inside = (customers[column] == value).to_numpy()
        found[group] = rates(customers[inside], reported[inside])
    return found


def add_gaps(found):
    """Return what is compared: accuracy, and by how much the rates of two groups differ."""
    gaps = {
        f"{kind} {first} - {second}": found[first][kind] - found[second][kind]
        for kind in KINDS
        for first, second in GAPS
    }
    return {"accuracy": found["all"]["accuracy"]} | gaps


def given_away(train, validation, column, value):
    """Return how well the eight numbers tell who has this value of a column: an AUC."""
    model = GradientBoostingClassifier(random_state=0)
    model.fit(train[churn.NUMBERS], train[column] == value)
    probability = model.predict_proba(validation[churn.NUMBERS])[:, 1]
    return float(roc_auc_score(validation[column] == value, probability))


def main(argv=None):
    parser = make_parser("Compares how the network treats groups of customers.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SPLITS, help="number of splits")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="at most")
    about = "from which probability on a customer is reported"
    parser.add_argument(
        "--threshold", type=number(float, 0, 1), default=lesson.THRESHOLD, help=about
    )
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    pairs = make_pairs(churn.load_customers(churn.DATA), args.seeds)
    ratio = len(pairs[0][1]) / len(pairs[0][0])

    results, gaps = {}, {}
    print("mean over the splits        accuracy  false alarms  missed  reported rightly")
    for inputs, make in (("as_shipped", churn.make_preprocessor), ("without", make_numbers)):
        probabilities = predict_validation(pairs, make(), args.epochs)
        found = [
            rates_by_group(pair[1], p >= args.threshold)
            for pair, p in zip(pairs, probabilities, strict=True)
        ]
        gaps[inputs] = [add_gaps(one) for one in found]
        results[inputs] = {
            group: {kind: float(np.mean([one[group][kind] for one in found])) for kind in kinds}
            for group, kinds in found[0].items()
        }
        for group, one in results[inputs].items():
            print(f"{inputs:12}{group:16}{one['accuracy']:8.1%}", end="")
            print(f"{one['false_alarms']:14.1%}{one['missed']:8.1%}{one['precision']:18.1%}")

    results["proxies"] = {}
    for group in PROXIES:
        results["proxies"][group] = given_away(*pairs[0], *GROUPS[group])
        print(f"AUC of the other columns for {group}: {results['proxies'][group]:.3f}")

    # One family: all of it answers what hiding gender and country changes.
    changes = {
        name: compare(gaps["without"], gaps["as_shipped"], ratio, name)
        for name in gaps["without"][0]
    }
    correct_family(changes.values())
    print("Changed by leaving gender and country out (95 % interval):")
    for name, one in changes.items():
        print(f"  {name:32}{describe(one)}")
    return save_results(results | {"changes": changes, "seeds": args.seeds}, folder, __file__, argv)


if __name__ == "__main__":
    main()
