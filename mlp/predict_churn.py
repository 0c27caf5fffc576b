"""Predict with the churn network that `mlp.py` has saved, without training it again.

    python mlp/predict_churn.py                            # the customer of the first lesson
    python mlp/predict_churn.py --age 30 --geography France    # the same, but for these values
    python mlp/predict_churn.py --customers FILE.csv    # every customer of a table
    python mlp/predict_churn.py --model FILE.keras      # another network than that of the last run

You will see, after the first command, which network answers and

    The customer leaves with probability 0.77. Prediction: leaves.

A table needs the ten columns of the bank, but not whether the customer left. Its answers
also go to `predictions.csv` in `mlp/outputs/<start time>/`. Takes a few seconds.
Chapter: mlp/README.md#asking-it-tomorrow
"""

from chapter import OUTPUTS, ROOT

import os
import re
from pathlib import Path

import pandas as pd

from mlp import churn
from mlp.mlp import NEW_CUSTOMER, THRESHOLD
from utils.loading import load_model
from utils.options import make_parser, number
from utils.runs import fail, make_folder, replacing, save_results, shown, writing_to

RUNS = ROOT / "mlp" / "outputs"
SHOWN = 10  # customers of a table that are printed


def find_network(path):
    """Return the path of the network: the one given, or else that of the newest run of mlp.py."""
    path = path or max(RUNS.glob("*/churn.keras"), key=os.path.getmtime, default=None)
    if not path:
        fail(f"there is no network in {shown(RUNS)} yet. Run mlp/mlp.py, or name one: --model.")
    return path


def load_network(path):
    """Return the network, scaling included, or end with one line if it is not one of mlp.py."""
    network = load_model(path)
    if getattr(network, "input_shape", None) != (None, churn.INPUTS):
        wanted = f"it does not take {churn.INPUTS} numbers a customer"
        fail(f"{shown(path)} is not a churn network: {wanted}.")
    return network


def predict(network, customers):
    """Return the probability that each customer leaves; customers: a table of the ten columns."""
    # Nothing is learned here: the categories are in churn.py, the means in the network.
    inputs = churn.make_encoder().fit_transform(customers)
    return network.predict(inputs.astype("float32"), verbose=0)[:, 0]


def verdict(probability):
    return "leaves" if probability >= THRESHOLD else "stays"


def parse_options(argv):
    parser = make_parser("Asks the network of mlp.py which customers will leave.", OUTPUTS)
    add = parser.add_argument
    add("--model", type=Path, help="a churn.keras file; default: that of the newest run of mlp.py")
    add("--customers", type=Path, metavar="FILE", help="CSV file of customers to ask about")
    one = parser.add_argument_group("one customer")
    for name, default in NEW_CUSTOMER.items():
        if name in churn.CATEGORIES:
            kind = {"choices": churn.CATEGORIES[name]}
        elif name in churn.YES_OR_NO:
            kind = {"type": int, "choices": [0, 1]}
        else:
            kind = {"type": number(float, 0, churn.LARGEST)}
        option = re.sub("(?<=[a-z])(?=[A-Z])", "-", name).lower()  # CreditScore: credit-score
        one.add_argument(f"--{option}", dest=name, default=default, help=name, **kind)
    return parser.parse_args(argv)


def main(argv=None):
    options = parse_options(argv)
    if options.customers:
        customers = churn.read_columns(options.customers, list(NEW_CUSTOMER))
    else:
        customers = pd.DataFrame([{name: getattr(options, name) for name in NEW_CUSTOMER}])
    path = find_network(options.model)
    network = load_network(path)
    folder = make_folder(options.outputs)
    print(f"The network of {shown(path)}:")

    probabilities = predict(network, customers)
    if options.customers:
        answers = customers.assign(
            Probability=probabilities.round(4), Prediction=[verdict(p) for p in probabilities]
        )
        print(answers[[*list(NEW_CUSTOMER)[:5], "Probability", "Prediction"]].head(SHOWN))
        leaving = (probabilities >= THRESHOLD).sum()
        print(f"{len(answers)} customers, {leaving} with a probability of {THRESHOLD} or more.")
        with writing_to(folder), replacing(folder / "predictions.csv") as partial:
            answers.to_csv(partial, index=False)
        results = {"customers": len(answers), "leaving": leaving}
    else:
        (probability,) = probabilities
        print(f"The customer leaves with probability {probability:.2f}. ", end="")
        print(f"Prediction: {verdict(probability)}.")
        results = {"probability": probability}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
