"""An example of a network to serve: python train.py writes model.keras. Yours takes its place.

Writes rows.json, too, to ask serve.py with.

It takes rows of numbers as they are, since what prepares them is a layer of it.
"""

import json
from pathlib import Path

import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def main(epochs=40):
    keras.utils.set_random_seed(1)
    x, x_test, y, y_test = train_test_split(*load_wine(return_X_y=True), random_state=1)
    scale = layers.Normalization()
    scale.adapt(x)
    hidden = layers.Dense(16, activation="relu")
    outputs = layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((x.shape[1],)), scale, hidden, outputs])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"{accuracy:.1%} of {len(y_test)} wines right, from which it did not learn")
    model.save("model.keras")
    Path("rows.json").write_text(json.dumps({"rows": x_test[:1].tolist()}), encoding="utf-8")
    return accuracy


if __name__ == "__main__":
    main()
