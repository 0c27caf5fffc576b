"""Customer churn, second lesson: how good is the network on customers it has never seen?

    python mlp/evaluation.py

Fits everything on 60 % of the customers, watches the training on 20 %, tests on 20 %, and
compares with three models of scikit-learn. You will see a progress bar for each epoch
(one line if the output goes to a file), then

    6000 customers for training, 2000 for validation, 2000 for the test:
      majority class       accuracy 79.4%  AUC 0.500
      logistic regression  accuracy 81.6%  AUC 0.742
      gradient boosting    accuracy 84.5%  AUC 0.849
      neural network       accuracy 84.3%  AUC 0.830

and the confusion matrix of the network. ROC curves, learning curves and results go
to `mlp/outputs/<start time>/`. Takes less than a minute on two cores, about seven on PyTorch.
Chapter: mlp/README.md#evaluating-honestly
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import RocCurveDisplay, accuracy_score, confusion_matrix, roc_auc_score
from sklearn.model_selection import train_test_split

import churn
from utils.figures import draw_learning_curves, save_figure
from utils.runs import make_folder, save_results
from utils.training import verbosity

HIDDEN = (6, 6)  # neurons of each hidden layer
EPOCHS = 100  # passes over the training data
BATCH_SIZE = 32  # customers per weight update; more than in the first lesson, to be faster
LEARNING_RATE = 0.001  # step size of Adam
SEED = 1  # of the split, the initial weights and the order of the customers
VALIDATION_SHARE = 0.2  # of all customers, to watch the training and to choose by
TEST_SHARE = 0.2  # of all customers, kept back until the end
THRESHOLD = 0.5  # from this probability on, the prediction is "leaves"


def take(customers, share, seed):
    """Return two random parts of the customers, the second being this share of them."""
    left = customers["Exited"]
    return train_test_split(customers, test_size=share, stratify=left, random_state=seed)


def split(customers, seed):
    """Return training, validation and test customers."""
    others, test = take(customers, TEST_SHARE, seed)
    train, validation = take(others, VALIDATION_SHARE / (1 - TEST_SHARE), seed)
    return train, validation, test


def prepare(parts, preprocessor):
    """Return inputs (n, 11) and targets (n,) of each part; the preprocessor is fitted on the first.

    The other parts must stay unseen, even their means and standard deviations.
    """
    preprocessor.fit(parts[0])
    return [
        (preprocessor.transform(part).to_numpy("float32"), part["Exited"].to_numpy("float32"))
        for part in parts
    ]


def train_network(train, validation, options):
    """Return the trained network and its history; train and validation: inputs and targets."""
    model = churn.build_model(options.hidden, inputs=train[0].shape[1])
    churn.compile_model(model, options.learning_rate)
    history = model.fit(
        *train,
        batch_size=options.batch_size,
        epochs=options.epochs,
        validation_data=validation,
        verbose=verbosity(),
    )
    return model, history.history


def train_others(X, y, seed):
    """Return the models to compare with, by name, trained on all these rows."""
    return {
        "majority_class": DummyClassifier().fit(X, y),
        "logistic_regression": LogisticRegression().fit(X, y),
        "gradient_boosting": GradientBoostingClassifier(random_state=seed).fit(X, y),
    }


def evaluate(y, probability):
    """Return accuracy, area under the ROC curve and confusion matrix of one model."""
    predicted = probability >= THRESHOLD
    matrix = confusion_matrix(y, predicted).tolist()
    scores = {"accuracy": accuracy_score(y, predicted), "auc": roc_auc_score(y, probability)}
    return scores | {"confusion_matrix": matrix}


def draw_roc(y, probabilities, path):
    """Draw a ROC curve for each model, given as name: probabilities of shape (n,)."""
    figure, axes = plt.subplots(figsize=(5.8, 5.2))
    for name, probability in probabilities.items():
        RocCurveDisplay.from_predictions(y, probability, name=name.replace("_", " "), ax=axes)
    axes.set_title("Test customers: ROC curves")
    axes.set_xlabel("share of the customers who stayed that is reported wrongly")
    axes.set_ylabel("share of the customers who left that is found")
    axes.legend(loc="lower right")
    save_figure(figure, path)


def main(argv=None):
    about = "Trains a multilayer perceptron on 60 % of the customers, tests it on others."
    parser = churn.make_parser(about, OUTPUTS, HIDDEN, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED)
    options = parser.parse_args(argv)
    keras.utils.set_random_seed(options.seed)
    customers = churn.load_customers(options)
    folder = make_folder(options.outputs)

    parts = split(customers, options.seed)
    train, validation, (X_test, y_test) = prepare(parts, churn.make_preprocessor())
    network, history = train_network(train, validation, options)
    others = train_others(*train, options.seed)

    probabilities = {name: model.predict_proba(X_test)[:, 1] for name, model in others.items()}
    probabilities["neural_network"] = network.predict(X_test, verbose=0)[:, 0]
    results = {name: evaluate(y_test, p) for name, p in probabilities.items()}
    learn, watch, ask = map(len, parts)
    print(f"{learn} customers for training, {watch} for validation, {ask} for the test:")
    for name, scores in results.items():
        name = name.replace("_", " ")
        print(f"  {name:20} accuracy {scores['accuracy']:.1%}  AUC {scores['auc']:.3f}")
    (kept, alarms), (missed, found) = results["neural_network"]["confusion_matrix"]
    print("The neural network says    stays  leaves")
    print(f"  of those who stayed {kept:10} {alarms:7}")
    print(f"  of those who left   {missed:10} {found:7}")
    draw_roc(y_test, probabilities, folder / "churn_roc.png")
    draw_learning_curves(history, folder / "churn_learning_curves.png")
    return save_results({"results": results, "history": history}, folder, __file__, argv)


if __name__ == "__main__":
    main()
