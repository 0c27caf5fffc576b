"""What the lessons of this chapter share: the columns, the eleven inputs, the network.

The lessons import it; it does nothing by itself. The README shows most of it. How the options and
the CSV file are read and checked is in `reading.py`.
Chapter: mlp/README.md#preparing
"""

import keras
from keras import layers
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# RowNumber, CustomerId and Surname tell customers apart, and are left out.
CATEGORIES = {"Geography": ["France", "Germany", "Spain"], "Gender": ["Female", "Male"]}
NUMBERS = ["CreditScore", "Age", "Tenure", "Balance", "NumOfProducts"]
NUMBERS += ["HasCrCard", "IsActiveMember", "EstimatedSalary"]
TARGET = "Exited"
# One input for each category but the first of its column, and one for each number: 11.
INPUTS = sum(len(words) - 1 for words in CATEGORIES.values()) + len(NUMBERS)


def make_encoder():
    """Return what turns a table of customers into 11 numbers each, in a fixed order.

    The first category is dropped: a customer neither in Germany nor in Spain is in France.
    """
    values = list(CATEGORIES.values())
    one_hot = OneHotEncoder(categories=values, drop="first", sparse_output=False)
    return ColumnTransformer(
        [("categories", one_hot, list(CATEGORIES)), ("numbers", "passthrough", NUMBERS)],
        verbose_feature_names_out=False,
    )


def make_preprocessor():
    """Return what turns a table of customers into the 11 inputs of the network.

    `fit` learns the mean and the standard deviation of every input, `transform`
    scales each to mean 0 and standard deviation 1.
    """
    return make_pipeline(make_encoder(), StandardScaler()).set_output(transform="pandas")


def build_model(hidden, inputs=INPUTS):
    """Return an MLP: the inputs, hidden layers of these sizes, one probability."""
    return keras.Sequential(
        [
            keras.Input(shape=(inputs,)),
            *(layers.Dense(neurons, activation="relu") for neurons in hidden),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def with_scaling(network, preprocessor):
    """Return the network with the fitted means and standard deviations as its first layer.

    It takes the 11 inputs as the encoder makes them, not scaled.
    """
    scaler = preprocessor[-1]
    scaling = layers.Normalization(mean=scaler.mean_, variance=scaler.scale_**2)
    return keras.Sequential([keras.Input(shape=(len(scaler.mean_),)), scaling, *network.layers])


def steps_at_once():
    """Return how many steps the back end should take before it comes back to Keras."""
    return 1 if keras.config.backend() == "torch" else 50  # PyTorch refuses more than one


def compile_model(model, learning_rate):
    """Compile the network as the first lesson does, but with a trick for speed."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps_at_once(),
    )
