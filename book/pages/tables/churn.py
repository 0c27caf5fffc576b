"""The tables of the chapter on customer churn."""

from book.pages.tables.common import load_results, markdown, percent, table, with_interval

INPUTS = ["as_shipped", "without"]  # the columns gender and country
MODELS = ["majority_class", "logistic_regression", "gradient_boosting", "neural_network"]


def accuracy_and_auc(scores):
    """Return both, as means over seeds with their standard deviation."""
    return [
        f"{percent(scores['accuracy'], 1)} ({100 * scores['accuracy_sd']:.1f})",
        f"{scores['auc']:.3f} ({scores['auc_sd']:.3f})",
    ]


def gained(one, splits):
    """Return the mean of a comparison with its 95 % interval, on how many splits, and a verdict."""
    interval = "{gain:+z.3f} ({low:+z.3f} to {high:+z.3f})".format(**one)
    return [interval, f"{one['ahead']} of {splits}", "yes" if one["shown"] else "not shown"]


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
def churn_features():
    measured = load_results("churn_features")
    labels = {
        "as_usual": "the eleven inputs",
        "age_curve": "also the age squared and cubed",
        "product_steps": "a step for each number of products",
        "curve_and_steps": "both",
    }
    rows = []
    for inputs, label in labels.items():
        scores = measured["regression"][inputs]
        if inputs == "as_usual":
            one = measured["ahead"][inputs]  # of the network: turned round
            one = one | {"gain": -one["gain"], "low": -one["high"], "high": -one["low"]}
        else:
            one = measured["made"][inputs]
        interval, _, verdict = gained(one, measured["seeds"])
        means = [percent(scores["accuracy"], 1), f"{scores['auc']:.3f}"]
        rows.append([f"logistic regression, {label}", *means, interval, verdict])
    network = measured["network"]["as_usual"]
    means = [percent(network["accuracy"], 1), f"{network['auc']:.3f}"]
    rows.append(["neural network, the eleven inputs", *means, "", ""])
    header = ["model and inputs, mean of twenty splits", "accuracy", "AUC"]
    return markdown([*header, "AUC above the network's (95 % interval)", "shown?"], *rows)


@table
def churn_taken_away():
    measured = load_results("churn_features")
    labels = {
        "as_usual": "all ten",
        "without_age": "without the age",
        "without_products": "without the number of products",
        "without_both": "without both",
        "curve_and_steps": "all ten, with curve and steps made by a person",
    }
    rows = []
    for inputs, label in labels.items():
        aucs = [f"{measured[name][inputs]['auc']:.3f}" for name in ("regression", "network")]
        rows.append([label, *aucs, *gained(measured["ahead"][inputs], measured["seeds"])])
    header = ["columns", "regression, AUC", "network, AUC"]
    header += ["network ahead (95 % interval)", "ahead on"]
    return markdown([*header, "shown?"], *rows)


@table
def churn_fairness():
    measured = load_results("churn_fairness")
    kinds = ["accuracy", "false_alarms", "missed"]
    rows = [
        [group, *(percent(measured[inputs][group][kind], 1) for kind in kinds for inputs in INPUTS)]
        for group in measured["as_shipped"]
    ]
    words = [kind.replace("_", " ") for kind in kinds]
    header = [f"{word}{ending}" for word in words for ending in ("", ", without")]
    return markdown(["mean of ten splits; *without* gender and country", *header], *rows)


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
    splits = measured["seeds"]
    rows = []
    for name, label in labels.items():
        scores = measured[name]["neural_network"]
        means = [percent(scores["accuracy"], 1), f"{scores['auc']:.3f}"]
        gain = gained(scores["auc_gained"], splits) if name != "base" else ["", "", ""]
        rows.append([label, *means, *gain])
    header = ["network, mean of twenty splits", "accuracy", "AUC", "AUC gained (95 % interval)"]
    return markdown([*header, "better on", "shown?"], *rows)


@table
def own_tables():
    names = {
        "breast_cancer": "breast cancer: malignant?",
        "penguins_sex": "penguins: which sex?",
        "churn": "customers: who leaves?",
        "iris": "iris: which species?",
        "wine": "wine: which grower?",
        "digits": "digits of 8 × 8 pixels: which one?",
        "diabetes": "diabetes: how far after a year?",
        "penguins_mass": "penguins: how heavy?",
    }
    results, rows = load_results("own_tables"), []
    for name, label in names.items():
        one = results[name]
        scores, boosting = one["test"]["scores"], one["test"]["compared"]["gradient_boosting"]
        losses = [f"{model['loss']:.3f}" for model in scores.values()]
        interval = with_interval(boosting, "{:+.3f}")
        verdict = "yes" if boosting["shown"] else "not shown"
        rows.append([label, f"{sum(one['rows'].values()):,}", *losses, interval, verdict])
    return markdown(
        [
            "table and question",
            "rows",
            "majority or mean",
            "linear model",
            "boosting",
            "network",
            "network ahead of boosting (95 % interval)",
            "shown?",
        ],
        *rows,
    )
