"""The tables of the chapter on customer churn."""

from tables.common import markdown, percent, table
from utils.runs import load_results


def churn_table(title, rows):
    """Return a table of accuracy and AUC, means over seeds with their standard deviation."""
    return markdown(
        [title, "accuracy", "AUC"],
        *[
            [
                label,
                f"{percent(scores['accuracy'], 1)} ({100 * scores['accuracy_sd']:.1f})",
                f"{scores['auc']:.3f} ({scores['auc_sd']:.3f})",
            ]
            for label, scores in rows
        ],
    )


MODELS = ["majority_class", "logistic_regression", "gradient_boosting", "neural_network"]


@table
def churn_real():
    scores = load_results("churn_real")["invented_to_real"]
    rows = [(name.replace("_", " "), scores[name]) for name in MODELS]
    return churn_table("trained on the invented file, tested on 2,500 real customers", rows)


@table
def churn_base():
    scores = load_results("churn_base")["base"]
    rows = [(name.replace("_", " "), scores[name]) for name in MODELS]
    return churn_table("mean of five splits (standard deviation)", rows)


@table
def churn_experiments():
    labels = {
        "base": "as it is: 6-6, 100 epochs, batches of 10, rate 0.001",
        "no_hidden_layer": "no hidden layer",
        "one_hidden_layer": "one hidden layer of 6",
        "three_hidden_layers": "three hidden layers of 6",
        "hidden_2_2": "layers of 2",
        "hidden_64_64": "layers of 64",
        "epochs_10": "10 epochs",
        "epochs_30": "30 epochs",
        "epochs_300": "300 epochs",
        "batch_size_32": "batches of 32",
        "batch_size_500": "batches of 500",
        "learning_rate_0_0001": "rate 0.0001",
        "learning_rate_0_01": "rate 0.01",
        "learning_rate_0_1": "rate 0.1",
        "not_scaled": "not scaled",
        "country_as_number": "country as a number",
    }
    measured = load_results("churn_experiments")
    rows = [(label, measured[name]["neural_network"]) for name, label in labels.items()]
    return churn_table("network, mean of three splits (standard deviation)", rows)
