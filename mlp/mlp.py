"""Customer churn, first lesson: a network that says which customers leave a bank.

    python mlp/mlp.py

Loads 10,000 synthetic customers, turns their columns into 13 inputs, trains a
multilayer perceptron of 133 parameters on them and predicts whether a new
customer leaves. You will see a piece of the table, the summary of the model, a line for
each epoch, and

    On its own training data: accuracy 85.25%, loss 0.3478
    The new customer leaves with probability 0.77. Prediction: leaves.

and find in `mlp/outputs/<start time>/` the curves of loss and accuracy, and the network in
`churn.keras`, which `predict_churn.py` uses without training again. Other seeds and back
ends end a little higher or lower. Takes about two minutes on two cores, and several on PyTorch.
The second lesson, `evaluation.py`, asks what this accuracy is worth.
Chapter: mlp/README.md#customer-churn-with-a-multilayer-perceptron
"""

from chapter import OUTPUTS

import keras
import pandas as pd
from keras import layers

from mlp import churn
from utils.runs import make_folder, save_network, save_results

HIDDEN = (6, 6)  # neurons of each hidden layer
EPOCHS = 100  # passes over all customers
BATCH_SIZE = 10  # customers per weight update
LEARNING_RATE = 0.001  # step size of Adam
SEED = 1  # of the initial weights and of the order of the customers
THRESHOLD = 0.5  # from this probability on, the prediction is "leaves"

NEW_CUSTOMER = {
    "CreditScore": 640,
    "Geography": "Germany",
    "Gender": "Female",
    "Age": 47,
    "Tenure": 4,
    "Balance": 118_000.00,
    "NumOfProducts": 1,
    "HasCrCard": 1,
    "IsActiveMember": 0,
    "EstimatedSalary": 72_500.00,
}


def prepare(customers):
    """Return inputs (n, 13), targets (n,) and the preprocessor fitted on these customers."""
    preprocessor = churn.make_preprocessor()
    X = preprocessor.fit_transform(customers)
    y = customers[churn.TARGET]
    return X.to_numpy("float32"), y.to_numpy("float32"), preprocessor


def predict(model, preprocessor, customer):
    """Return the probability that one customer, a dict of plain values, leaves."""
    x = preprocessor.transform(pd.DataFrame([customer])).to_numpy("float32")
    return float(model.predict(x, verbose=0)[0, 0])


def with_scaling(network, preprocessor):
    """Return the network with the fitted means and standard deviations as its first layer.

    It takes the 13 inputs as the encoder makes them, not scaled.
    """
    scaler = preprocessor[-1]
    scaling = layers.Normalization(mean=scaler.mean_, variance=scaler.scale_**2)
    return keras.Sequential([keras.Input(shape=(len(scaler.mean_),)), scaling, *network.layers])


def main(argv=None):
    about = "Trains a multilayer perceptron to predict which customers leave a bank."
    parser = churn.lesson_parser(about, OUTPUTS, HIDDEN, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED)
    options = parser.parse_args(argv)
    keras.utils.set_random_seed(options.seed)

    # 1. Prepare the data: read the table, turn it into numbers.
    customers = churn.load_customers(options.data, options.original)
    folder = make_folder(options.outputs)
    print(customers.head())

    X, y, preprocessor = prepare(customers)
    print(f"{X.shape[0]} customers, {X.shape[1]} inputs")

    # 2. Build the model.
    model = churn.build_model(options.hidden, X.shape[1])
    model.summary()

    # 3. Compile it.
    model.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )

    # 4. Fit it to the data.
    history = model.fit(X, y, batch_size=options.batch_size, epochs=options.epochs, verbose=2)
    churn.draw_history(history.history, folder / "churn_training.png")

    # 5. Evaluate it, here still on the data that it has learned from.
    scores = model.evaluate(X, y, verbose=0, return_dict=True)
    print(f"On its own training data: accuracy {scores['accuracy']:.2%}, loss {scores['loss']:.4f}")

    # 6. Predict with it.
    probability = predict(model, preprocessor, NEW_CUSTOMER)
    verdict = "leaves" if probability >= THRESHOLD else "stays"
    print(f"The new customer leaves with probability {probability:.2f}. Prediction: {verdict}.")

    # For tomorrow: one file with all that has been fitted, the scaling included.
    save_network(with_scaling(model, preprocessor), folder / "churn.keras")
    results = {
        "parameters": model.count_params(),
        "accuracy": scores["accuracy"],
        "loss": scores["loss"],
        "probability": probability,
        "history": history.history,
    }
    return save_results(results, folder, __file__, argv, options)


if __name__ == "__main__":
    main()
