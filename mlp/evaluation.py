"""Customer churn, second lesson: how good is the network on customers it has never seen?

    python mlp/evaluation.py
    python mlp/evaluation.py --test      # in the end: read the test customers, too

Fits everything on 60 % of the customers, evaluates on 20 %, and compares with three models of
scikit-learn. The last 20 % are read only with `--test`. You will see a line for each epoch, then

    6000 customers for training, 2000 for validation, 2000 kept back for the test
    On the 2000 validation customers:
      majority class       accuracy 79.4%  AUC 0.500
      logistic regression  accuracy 81.2%  AUC 0.750
      gradient boosting    accuracy 85.5%  AUC 0.862
      neural network       accuracy 85.0%  AUC 0.847

its confusion matrix, whether its probabilities hold, and what a bank gains by calling customers
from three thresholds on. Curves and results go to `mlp/outputs/<start time>/`. Less than a minute
on two cores, more on PyTorch.
Chapter: mlp/README.md#evaluating-honestly
"""

from chapter import OUTPUTS

import keras
import numpy as np
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from mlp import churn
from utils.runs import make_folder, save_results

HIDDEN = (6, 6)  # neurons of each hidden layer
EPOCHS = 100  # passes over the training data
BATCH_SIZE = 32  # customers per weight update; more than in the first lesson, to be faster
LEARNING_RATE = 0.001  # step size of Adam
SEED = 1  # of the split, the initial weights and the order of the customers
VALIDATION_SHARE = 0.2  # of all customers, to watch the training and to choose by
TEST_SHARE = 0.2  # of all customers, kept back until the end
THRESHOLD = 0.5  # from this probability on, the prediction is "leaves"
CALL = 20  # what it costs the bank to call a customer
KEPT = 100  # what it gains, on average, if that customer was about to leave


def take(customers, share, seed):
    """Return two random parts of the customers, the second being this share of them."""
    left = customers[churn.TARGET]
    return train_test_split(customers, test_size=share, stratify=left, random_state=seed)


def split(customers, seed):
    """Return training, validation and test customers."""
    others, test = take(customers, TEST_SHARE, seed)
    train, validation = take(others, VALIDATION_SHARE / (1 - TEST_SHARE), seed)
    return train, validation, test


def prepare_parts(parts, preprocessor):
    """Return inputs (n, 13) and targets (n,) of each part; the preprocessor is fitted on the first.

    The other parts must stay unseen, even their means and standard deviations.
    """
    preprocessor.fit(parts[0])
    return [
        (preprocessor.transform(part).to_numpy("float32"), part[churn.TARGET].to_numpy("float32"))
        for part in parts
    ]


def train_others(X, y, seed):
    """Return the models to compare with, by name, trained on all these rows."""
    return {
        "majority_class": DummyClassifier().fit(X, y),
        "logistic_regression": LogisticRegression().fit(X, y),
        "gradient_boosting": GradientBoostingClassifier(random_state=seed).fit(X, y),
    }


def predict_all(network, others, X):
    """Return the probabilities that each model gives, by name, shape (n,)."""
    probabilities = {name: model.predict_proba(X)[:, 1] for name, model in others.items()}
    return probabilities | {"neural_network": network.predict(X, verbose=0)[:, 0]}


def evaluate(y, probability):
    """Return accuracy, area under the ROC curve and confusion matrix of one model."""
    predicted = probability >= THRESHOLD
    return {
        "accuracy": metrics.accuracy_score(y, predicted),
        "auc": metrics.roc_auc_score(y, probability),
        "confusion_matrix": metrics.confusion_matrix(y, predicted).tolist(),
    }


def report(part, y, probabilities):
    """Print and return the scores of each model on this part of the customers."""
    scores = {name: evaluate(y, probability) for name, probability in probabilities.items()}
    print(f"On the {len(y)} {part} customers:")
    for name, one in scores.items():
        print(f"  {name.replace('_', ' '):20} accuracy {one['accuracy']:.1%}  AUC {one['auc']:.3f}")
    (kept, alarms), (missed, found) = scores["neural_network"]["confusion_matrix"]
    print("The neural network says    stays  leaves")
    print(f"  of those who stayed {kept:10} {alarms:7}")
    print(f"  of those who left   {missed:10} {found:7}")
    return scores


def check_probabilities(y, probability):
    """Print and return of five groups, by probability, what the network says and how many left."""
    groups = np.array_split(np.argsort(probability), 5)
    said, left = ([float(some[group].mean()) for group in groups] for some in (probability, y))
    print("In five groups, from the least to the most likely to leave:  said   left")
    for number, one in enumerate(zip(said, left, strict=True), 1):
        print("  group {}, {} customers {:38.3f} {:6.3f}".format(number, len(y) // 5, *one))
    return {"said": said, "left": left}


def gain(y, probability, threshold):
    """Return what the bank gains if it calls everybody from this probability on."""
    called = probability >= threshold
    calls, leavers = int(called.sum()), int(y[called].sum())
    money = KEPT * leavers - CALL * calls
    return {"threshold": float(threshold), "calls": calls, "leavers": leavers, "gain": money}


def find_thresholds(y, probability):
    """Print and return the gains at the usual threshold, at CALL / KEPT, and the largest ones."""
    everywhere = [gain(y, probability, threshold) for threshold in np.arange(1, 100) / 100]
    thresholds = {
        "usual": gain(y, probability, THRESHOLD),
        "calculated": gain(y, probability, CALL / KEPT),
        "best": max(everywhere, key=lambda one: one["gain"]),
    }
    print(f"If a call costs {CALL} and gains {KEPT} from a customer who was about to leave:")
    for point in thresholds.values():
        print("  threshold {threshold:.2f}: {calls} calls,".format(**point), end=" ")
        print("{leavers} of them to leavers, gain {gain:,}".format(**point))
    return thresholds


def main(argv=None):
    about = "Trains a multilayer perceptron on 60 % of the customers, evaluates it on others."
    parser = churn.lesson_parser(about, OUTPUTS, HIDDEN, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED)
    parser.add_argument("--test", action="store_true", help="evaluate on the test customers, too")
    options = parser.parse_args(argv)
    keras.utils.set_random_seed(options.seed)
    customers = churn.load_customers(options.data, options.original)
    folder = make_folder(options.outputs)

    parts = split(customers, options.seed)
    train, (X, y), test = prepare_parts(parts, churn.make_preprocessor())
    learn, watch, keep = map(len, parts)
    print(f"{learn} customers for training, {watch} for validation, {keep} kept back for the test")

    network = churn.build_model(options.hidden, train[0].shape[1])
    network.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=churn.steps_at_once(),  # a trick for speed
    )
    history = network.fit(
        *train,
        batch_size=options.batch_size,
        epochs=options.epochs,
        validation_data=(X, y),
        verbose=2,
    )
    others = train_others(*train, options.seed)

    probabilities = predict_all(network, others, X)
    results = {"validation": report("validation", y, probabilities)}
    results["groups"] = check_probabilities(y, probabilities["neural_network"])
    results["thresholds"] = find_thresholds(y, probabilities["neural_network"])
    if options.test:
        of_test = predict_all(network, others, test[0])
        results["test"] = report("test", test[1], of_test)
        calculated = gain(test[1], of_test["neural_network"], CALL / KEPT)
        results["test"]["neural_network"]["calculated"] = calculated
        print("  at threshold {threshold:.2f}: {calls} calls, gain {gain:,}".format(**calculated))
    churn.draw_curves(y, probabilities, results["thresholds"], folder / "churn_curves.png")
    churn.draw_history(history.history, folder / "churn_learning_curves.png")
    return save_results(results | {"history": history.history}, folder, __file__, argv)


if __name__ == "__main__":
    main()
