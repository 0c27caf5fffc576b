"""Machinery of the book: what augmentation costs, by the place where it is done.

    python book/timings/augmentation.py

Trains the convolutional network for some steps without augmentation, with the augmenting layers
in the model, and with the same layers in a tf.data pipeline, batch by batch and image by image;
goes through the four three times and compares the median seconds. Two minutes; TensorFlow only;
nothing else should run meanwhile.
"""

from chapter import OUTPUTS

import statistics
import time

import keras
import tensorflow as tf

from mnist.data import prepare_mnist
from mnist.models import IMAGE_SHAPE, conv_net
from mnist.overfitting import techniques
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

BATCH_SIZE = 256
STEPS = 80
ROUNDS = 3
PLACES = ["none", "model", "batches", "images"]


def make_data(digits, place):
    """Return training data for fit: augmented where the place is a pipeline."""
    data = tf.data.Dataset.from_tensor_slices((digits.x_train, digits.y_train))
    data = data.shuffle(len(digits.x_train))
    augmenter = keras.Sequential(techniques.augmenting_layers("layers"))

    def augmented(images, labels):
        return augmenter(images, training=True), labels

    if place == "images":
        data = data.map(augmented, tf.data.AUTOTUNE)
    data = data.batch(BATCH_SIZE)
    if place == "batches":
        data = data.map(augmented, tf.data.AUTOTUNE)
    return data.prefetch(tf.data.AUTOTUNE)


def main(argv=None):
    """Return the median seconds of STEPS steps for each place, and their ratio to none."""
    parser = make_parser("What augmentation costs.", OUTPUTS)
    parser.add_argument("--steps", type=positive(int), default=STEPS)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits = prepare_mnist(IMAGE_SHAPE, args.steps * BATCH_SIZE)
    trainings = {}
    for place in PLACES:
        keras.utils.set_random_seed(0)
        model = techniques.augment(conv_net()) if place == "model" else conv_net()
        model.compile(optimizer="adam", loss="categorical_crossentropy")
        trainings[place] = model, make_data(digits, place)
        model.fit(trainings[place][1], verbose=0)  # compiles, which must not count

    seconds = {place: [] for place in PLACES}
    for _ in range(ROUNDS):
        for place, (model, data) in trainings.items():
            start = time.perf_counter()
            model.fit(data, verbose=0)
            seconds[place].append(time.perf_counter() - start)
    medians = {place: statistics.median(values) for place, values in seconds.items()}
    results = {
        place: {"seconds": median, "ratio": median / medians["none"]}
        for place, median in medians.items()
    }
    for place, median in medians.items():
        print(f"{place:8} {median:6.2f} s, ratio {median / medians['none']:.2f}")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
