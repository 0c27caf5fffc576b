"""Put words and scaling into the churn network: plain values in, a probability out.

    python serialization/plain_values.py                    # the network of the last run of mlp.py
    python serialization/plain_values.py --model FILE.keras # another one

Puts layers that read the columns by name in front of the saved network, and saves both as one
model. Then loads the file as somebody would who has nothing else, and asks about one customer and
about all, with scikit-learn's preprocessing for comparison. You will see

    The customer leaves with probability 0.77.
    A customer from Italy: refused.
    Beside scikit-learn, 10000 customers: the largest difference is 2e-07.

and find `churn_plain.keras` in `serialization/outputs/<start time>/`. Takes a few seconds. Only
TensorFlow computes with text, so on JAX and PyTorch the script says so and ends.
Chapter: serialization/README.md#a-network-that-takes-plain-values
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np
from keras import layers

from mlp import churn
from mlp.mlp import NEW_CUSTOMER
from mlp.predict_churn import find_network, load_network, predict
from utils.loading import load_model
from utils.options import make_parser
from utils.runs import fail, make_folder, save_network, save_results, shown

STRANGER = NEW_CUSTOMER | {"Geography": "Italy"}  # a word that no customer of the table has


def take_plain_values(network):
    """Return the network with an input for each column, in place of the encoded numbers."""
    inputs = {name: keras.Input((1,), name=name, dtype="string") for name in churn.CATEGORIES}
    inputs |= {name: keras.Input((1,), name=name) for name in churn.NUMBERS}
    columns = []
    for name, words in churn.CATEGORIES.items():
        # With no index for unknown words, "Italy" is an error and not a country of its own.
        one_hot = layers.StringLookup(vocabulary=words, num_oov_indices=0, output_mode="one_hot")
        columns.append(one_hot(inputs[name]))
    columns += [inputs[name] for name in churn.NUMBERS]
    return keras.Model(inputs, network(layers.Concatenate()(columns)))


def predict_plain(model, customer):
    """Return the probability that a customer leaves, shape (n,).

    customer: a dict of plain values, or of as many lists of n values for n customers.
    """
    columns = {name: np.reshape(values, (-1, 1)) for name, values in customer.items()}
    return model.predict_on_batch(columns)[:, 0]


def main(argv=None):
    parser = make_parser("Makes the network of mlp.py take plain values.", OUTPUTS)
    about = "a churn.keras; without: that of the newest run of mlp.py"
    parser.add_argument("--model", type=Path, help=about)
    options = parser.parse_args(argv)
    if keras.config.backend() != "tensorflow":
        fail("only TensorFlow computes with text. Set KERAS_BACKEND to tensorflow.")
    import tensorflow as tf  # only here: who computes with another back end need not have it

    path = find_network(options.model)
    network = load_network(path)
    folder = make_folder(options.outputs)

    save_network(take_plain_values(network), folder / "churn_plain.keras")
    model = load_model(folder / "churn_plain.keras")
    print(f"The network of {shown(path)}, with words and scaling:")
    (probability,) = predict_plain(model, NEW_CUSTOMER)
    print(f"The customer leaves with probability {probability:.2f}.")
    try:
        predict_plain(model, STRANGER)
    except tf.errors.InvalidArgumentError:
        print("A customer from Italy: refused.")

    customers = churn.read_columns(churn.DATA, list(NEW_CUSTOMER))[list(NEW_CUSTOMER)]
    probabilities = predict_plain(model, customers.to_dict("list"))
    difference = np.abs(probabilities - predict(network, customers)).max()
    print(f"Beside scikit-learn, {len(customers)} customers: ", end="")
    print(f"the largest difference is {difference:.0g}.")
    results = {"probability": probability, "difference": difference}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
