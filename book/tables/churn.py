"""The tables of the chapter on customer churn."""

from tables.common import markdown, percent, table
from utils.runs import load_results

MODELS = ["majority_class", "logistic_regression", "gradient_boosting", "neural_network"]


def accuracy_and_auc(scores):
    """Return both, as means over seeds with their standard deviation."""
    return [
        f"{percent(scores['accuracy'], 1)} ({100 * scores['accuracy_sd']:.1f})",
        f"{scores['auc']:.3f} ({scores['auc_sd']:.3f})",
    ]


def gains(scores, base):
    """Return the AUC that a change gains, with its standard error, and on how many splits."""
    if scores is base:
        return ["", ""]
    pairs = zip(scores["auc_by_seed"], base["auc_by_seed"], strict=True)
    better = sum(changed > usual for changed, usual in pairs)
    gain = f"{scores['auc_gain']:+.3f} ± {scores['auc_gain_error']:.3f}"
    return [gain, f"{better} of {len(base['auc_by_seed'])}"]


@table
def churn_real():
    scores = load_results("churn_real")["invented_to_real"]
    return markdown(
        ["trained on the synthetic file, tested on 2,500 real customers", "accuracy", "AUC"],
        *[[name.replace("_", " "), *accuracy_and_auc(scores[name])] for name in MODELS],
    )


@table
def churn_base():
    scores = load_results("churn_experiments")["base"]
    return markdown(
        ["validation customers, mean of twenty splits (standard deviation)", "accuracy", "AUC"],
        *[[name.replace("_", " "), *accuracy_and_auc(scores[name])] for name in MODELS],
    )


@table
def churn_experiments():
    labels = {
        "base": "unchanged: 6-6, 100 epochs, batches of 32, learning rate 0.001",
        "no_hidden_layer": "no hidden layer",
        "one_hidden_layer": "one hidden layer of 6",
        "three_hidden_layers": "three hidden layers of 6",
        "hidden_2_2": "layers of 2",
        "hidden_64_64": "layers of 64",
        "epochs_10": "10 epochs",
        "epochs_30": "30 epochs",
        "epochs_300": "300 epochs",
        "batch_size_10": "batches of 10",
        "batch_size_500": "batches of 500",
        "learning_rate_0_0001": "learning rate 0.0001",
        "learning_rate_0_01": "learning rate 0.01",
        "learning_rate_0_1": "learning rate 0.1",
        "not_scaled": "not scaled",
        "country_as_number": "country as a number",
    }
    measured = load_results("churn_experiments")
    base = measured["base"]["neural_network"]
    rows = []
    for name, label in labels.items():
        scores = measured[name]["neural_network"]
        means = [percent(scores["accuracy"], 1), f"{scores['auc']:.3f}"]
        rows.append([label, *means, *gains(scores, base)])
    header = ["network, mean of twenty splits", "accuracy", "AUC", "AUC gained", "better on"]
    return markdown(header, *rows)
