"""Customer churn: what does the network know that a logistic regression does not?

    python mlp/features.py

Gives a logistic regression inputs that a person made after a look at the table: a curve of the age
in place of a straight line, and a step for each number of products. Then takes these two columns
away from the network. You will see the accuracy and the AUC of both with each set of inputs, as
means over twenty splits of the customers into training and validation, and nine comparisons in
pairs with their 95 % intervals. The first line says that the regression reaches an AUC of 0.741
with the usual inputs; the fourth, 0.821 with steps for the products.
Takes about three minutes on two cores.
Chapter: mlp/README.md#what-the-network-found
"""

from chapter import OUTPUTS

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from mlp import churn
from mlp import evaluation as lesson
from mlp.splits import EPOCHS, SPLITS, compare, describe, make_pairs, predict_validation, summarize
from utils.comparisons import correct_family
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

CURVED, STEPPED = "Age", "NumOfProducts"  # the columns of which something is made
INPUTS = {  # what is made of these two; all others are as usual
    "as_usual": ("line", "line"),
    "age_curve": ("curve", "line"),
    "product_steps": ("line", "steps"),
    "curve_and_steps": ("curve", "steps"),
    "without_age": ("nothing", "line"),
    "without_products": ("line", "nothing"),
    "without_both": ("nothing", "nothing"),
}
MADE = ["age_curve", "product_steps", "curve_and_steps"]  # made by a person, for the regression
NETWORKS = ["as_usual", "curve_and_steps", "without_age", "without_products", "without_both"]


def make_preprocessor(age, products):
    """Return what turns customers into scaled inputs; age and products: one of these four."""
    made = {
        "line": "passthrough",  # one input, and so a straight line
        "curve": make_pipeline(StandardScaler(), PolynomialFeatures(3, include_bias=False)),
        "steps": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        "nothing": "drop",
    }
    ways, encoder = {CURVED: made[age], STEPPED: made[products]}, churn.make_encoder()
    encoder.transformers[1:] = [
        (name, ways.get(name, "passthrough"), [name]) for name in churn.NUMBERS
    ]
    return make_pipeline(encoder, StandardScaler()).set_output(transform="pandas")


def measure_regression(pairs, preprocessor):
    """Return the scores of a logistic regression on each split."""
    scores = []
    for pair in pairs:
        learned, (X, y) = lesson.prepare_parts(pair, preprocessor)
        model = LogisticRegression().fit(*learned)
        scores.append(lesson.evaluate(y, model.predict_proba(X)[:, 1]))
    return scores


def measure_network(pairs, preprocessor, epochs):
    """Return the scores of the second lesson's network on each split, stopped in time."""
    probabilities = predict_validation(pairs, preprocessor, epochs)
    labels = [judged[churn.TARGET] for _, judged in pairs]
    return [lesson.evaluate(*of_split) for of_split in zip(labels, probabilities, strict=True)]


def main(argv=None):
    parser = make_parser("Compares a network with a regression that has better inputs.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SPLITS, help="number of splits")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, help="at most")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    pairs = make_pairs(churn.load_customers(churn.DATA), args.seeds)
    ratio = len(pairs[0][1]) / len(pairs[0][0])

    regression, network = {}, {}
    for inputs, (age, products) in INPUTS.items():
        preprocessor = make_preprocessor(age, products)
        regression[inputs] = measure_regression(pairs, preprocessor)
        if inputs in NETWORKS:
            network[inputs] = measure_network(pairs, preprocessor, args.epochs)
        for name, scores in (("regression", regression), ("network", network)):
            if inputs in scores:
                one = summarize(scores[inputs])
                print(f"{inputs:17}{name:12} accuracy {one['accuracy']:.1%}  AUC {one['auc']:.3f}")

    # One family: all of it answers what the network knows and a regression does not.
    usual = network["as_usual"]
    ahead = {i: compare(network[i], regression[i], ratio) for i in NETWORKS}
    made = {i: compare(regression[i], usual, ratio) for i in MADE}
    helped = compare(network["curve_and_steps"], usual, ratio)
    correct_family([*ahead.values(), *made.values(), helped])
    print("AUC of the network above that of the regression with the same inputs (95 % interval):")
    for inputs, one in ahead.items():
        print(f"  {inputs:17}{describe(one)}")
    print("AUC of the regression with these inputs above that of the network with the usual ones:")
    for inputs, one in made.items():
        print(f"  {inputs:17}{describe(one)}")
    print(f"AUC that the network gains with curve and steps: {describe(helped)}")

    models = {"regression": regression, "network": network}
    results = {
        name: {inputs: summarize(one) for inputs, one in scores.items()}
        for name, scores in models.items()
    }
    results |= {"ahead": ahead, "made": made, "helped": helped, "seeds": args.seeds}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
