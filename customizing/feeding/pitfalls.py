"""What easily goes wrong when data come in pieces: order, the end of the data, augmentation.

    python customizing/feeding/pitfalls.py

An MLP learns from 10,000 digits. You will see what it reaches if the digits come in order of
their labels, shuffled in a buffer that is too small, and shuffled well; how many steps fit takes
with a generator that ends; whether a cache freezes the order; and what augmented validation images
say. Takes about half a minute.
Chapter: customizing/feeding/README.md#what-easily-goes-wrong
"""

from chapter import OUTPUTS

import warnings
from importlib.util import find_spec

import keras
import numpy as np
from keras import layers

from mnist.data import prepare_mnist
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

IMAGES = 10_000  # to learn from
EPOCHS = 3
BATCH_SIZE = 100
BUFFERS = [1, 1_000, 10_000]  # images among which the next one is drawn; 1 is no shuffling
SEED = 1


def build_model():
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def shuffled(count, buffer, random):
    """Yield the numbers from 0 on, each drawn from a buffer that is filled up again in order.

    This is what `shuffle` of tf.data does.
    """
    waiting = list(range(min(buffer, count)))
    for following in range(len(waiting), count + len(waiting)):
        place = random.integers(len(waiting))
        yield waiting[place]
        if following < count:
            waiting[place] = following
        else:
            waiting.pop(place)


class Batches(keras.utils.PyDataset):
    """Batches of arrays, shuffled anew in each epoch in a buffer of so many rows."""

    def __init__(self, x, y, buffer, seed=SEED):
        super().__init__()
        self.x, self.y, self.buffer = x, y, buffer
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.x) // BATCH_SIZE

    def __getitem__(self, index):
        rows = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.order = np.array([*shuffled(len(self.x), self.buffer, self.random)])


def validate(model, x, y):
    """Return the accuracy on images x."""
    return model.evaluate(x, y, batch_size=1000, verbose=0, return_dict=True)["accuracy"]


def sort_and_shuffle(digits, epochs):
    """Return {buffer: validation accuracy}; the digits come in order of their labels."""
    order = np.argsort(digits.y_train.argmax(axis=1), kind="stable")
    x, y = digits.x_train[order], digits.y_train[order]
    found = {}
    for buffer in BUFFERS:
        keras.utils.set_random_seed(SEED)
        model = build_model()
        # By itself fit would also shuffle the batches of a PyDataset.
        model.fit(Batches(x, y, buffer), epochs=epochs, shuffle=False, verbose=0)
        found[str(buffer)] = validate(model, digits.x_val, digits.y_val)
    return found


def exhaust(digits):
    """Return epochs asked for, steps taken and the warning, of a generator that ends."""
    steps = len(digits.x_train) // BATCH_SIZE

    def once():
        for start in range(0, steps * BATCH_SIZE, BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            yield digits.x_train[rows], digits.y_train[rows]

    model, taken = build_model(), []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: taken.append(batch)
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(once(), steps_per_epoch=steps, epochs=3, verbose=0, callbacks=[note])
    said = [str(one.message) for one in caught if "ran out of data" in str(one.message)]
    return {
        "epochs": 3,
        "steps_per_epoch": steps,
        "taken": len(taken),
        "warning": (said or [""])[0],
    }


def freeze_order():
    """Return whether two epochs of tf.data have one order, with a cache after and before shuffle.

    None where TensorFlow is not installed.
    """
    if not find_spec("tensorflow"):
        return None
    import tensorflow as tf

    rows = tf.data.Dataset.range(1000)
    kinds = {"after": rows.shuffle(1000).cache(), "before": rows.cache().shuffle(1000)}
    found = {}
    for name, data in kinds.items():
        first, second = (list(data.as_numpy_iterator()) for _ in range(2))
        found[name] = first == second
    return found


def augment_validation(digits, epochs):
    """Return the validation accuracy of one network: on the images, and on augmented ones."""
    keras.utils.set_random_seed(SEED)
    augment = keras.Sequential([layers.RandomRotation(0.1), layers.RandomTranslation(0.1, 0.1)])
    model = build_model()
    for _ in range(epochs):
        x = keras.ops.convert_to_numpy(augment(digits.x_train, training=True))
        model.fit(x, digits.y_train, batch_size=BATCH_SIZE, verbose=0)
    changed = keras.ops.convert_to_numpy(augment(digits.x_val, training=True))
    scores = {"as_they_are": digits.x_val, "augmented": changed}
    return {name: validate(model, x, digits.y_val) for name, x in scores.items()}


def main(argv=None):
    """Return what each mistake does."""
    parser = make_parser("What easily goes wrong with data in pieces.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--train-samples", type=positive(int), default=IMAGES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits = prepare_mnist((28, 28, 1), args.train_samples)
    results = {
        "buffers": sort_and_shuffle(digits, args.epochs),
        "generator": exhaust(digits),
        "same_order": freeze_order(),
        "validation": augment_validation(digits, args.epochs),
    }
    for buffer, accuracy in results["buffers"].items():
        print(f"sorted by label, shuffled in a buffer of {buffer:>6}: {accuracy:.1%} right")
    print(
        "a generator that ends: {taken} steps in place of {0}".format(
            results["generator"]["epochs"] * results["generator"]["steps_per_epoch"],
            **results["generator"],
        )
    )
    for name, same in (results["same_order"] or {}).items():
        order = "the same order" if same else "different orders"
        print(f"two epochs, cached {name} the shuffling: {order}")
    for name, accuracy in results["validation"].items():
        print(f"validation images {name}: {accuracy:.1%} right")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
