"""Distillation: does a small network learn more from a large one's answers than from labels?

    python customizing/loops/distill.py

The teacher is the convolutional network of the book. MLPs of 32 hidden neurons learn from
10,000 digits, with each seed from four kinds of targets: the labels, the labels smoothed, the
teacher's probabilities, and these made softer with a temperature. You will see the accuracy and
the cross-entropy of each on validation images, and the comparisons. Takes about two minutes.
Chapter: customizing/loops/README.md#distillation
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers, ops

from mnist.data import prepare_mnist
from mnist.studies.temperature import with_temperature
from utils.comparisons import compare_family, show_family
from utils.loading import load_model
from utils.options import make_parser, positive
from utils.runs import ROOT, make_folder, save_results
from utils.statistics import score

TEACHER = ROOT / "assets" / "models" / "conv_net.keras"
IMAGES = 10_000  # to learn from
HIDDEN = 32  # neurons of the student
EPOCHS = 8
BATCH_SIZE = 100
SEEDS = 10
# Steps before the callbacks come: more of them save time. PyTorch refuses more than one.
AT_ONCE = 1 if keras.config.backend() == "torch" else 20
TEMPERATURE = 4.0
SMOOTHING = 0.1  # the share of a label that goes to all ten digits
# The family of comparisons, fixed before the runs.
FAMILY = [("smoothed", "labels"), ("teacher", "labels"), ("softer", "labels")]
FAMILY += [("softer", "smoothed")]


class SofterCrossEntropy(keras.losses.Loss):
    """Cross-entropy after the logits of the network were divided by a temperature.

    It is multiplied by the temperature's square, or the gradients would shrink with it.
    Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015.
    """

    def __init__(self, temperature=1.0, name="softer_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.temperature = temperature

    def call(self, y_true, y_pred):  # probabilities, at this temperature, and logits
        logits = y_pred / self.temperature
        surprise = ops.categorical_crossentropy(y_true, logits, from_logits=True)
        return self.temperature**2 * surprise

    def get_config(self):
        return super().get_config() | {"temperature": self.temperature}


def make_targets(digits, probabilities):
    """Return {name: (what the student should answer, temperature of the loss)}."""
    smoothed = (1 - SMOOTHING) * digits.y_train + SMOOTHING / 10
    softer = with_temperature(probabilities, TEMPERATURE).astype("float32")
    return {
        "labels": (digits.y_train, 1.0),
        "smoothed": (smoothed, 1.0),
        "teacher": (probabilities, 1.0),
        "softer": (softer, TEMPERATURE),
    }


def train(digits, targets, temperature, seed, epochs):
    """Return accuracy and cross-entropy of a student on the validation images."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.compile("adam", SofterCrossEntropy(temperature), steps_per_execution=AT_ONCE)
    model.fit(digits.x_train, targets, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    logits = model.predict(digits.x_val, batch_size=1000, verbose=0)
    scores = score(digits.y_val, keras.ops.convert_to_numpy(ops.softmax(logits)))
    return {key: scores[key] for key in ("accuracy", "cross_entropy")}


def main(argv=None):
    """Return what the teacher and the students reach, and the comparisons."""
    parser = make_parser("Distil a large network into a small one.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="1, 2, 3, ...")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--train-samples", type=positive(int), default=IMAGES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits = prepare_mnist((28, 28, 1), args.train_samples)
    teacher = load_model(TEACHER)

    # The images stay as they are, so the teacher has to answer only once.
    probabilities = teacher.predict(digits.x_train, batch_size=1000, verbose=0)
    of_teacher = score(digits.y_val, teacher.predict(digits.x_val, batch_size=1000, verbose=0))
    print(f"teacher: {of_teacher['accuracy']:.2%}")
    kinds = make_targets(digits, probabilities)
    scores = {name: {"accuracy": [], "cross_entropy": []} for name in kinds}
    for seed in range(1, args.seeds + 1):
        for name, (targets, temperature) in kinds.items():
            found = train(digits, targets, temperature, seed, args.epochs)
            print(f"seed {seed}, {name:9}" + ", ".join(f"{k} {v:.4f}" for k, v in found.items()))
            for key, value in found.items():
                scores[name][key].append(value)
    accuracies = {name: found["accuracy"] for name, found in scores.items()}
    comparisons = compare_family(accuracies, FAMILY)
    show_family(comparisons, "{:+.2f} points", 100)
    parameters = {"teacher": teacher.count_params(), "student": 785 * HIDDEN + 10 * (HIDDEN + 1)}
    confidence = float(np.mean(probabilities.max(axis=1)))
    results = {
        "teacher": of_teacher | {"confidence": confidence},
        "parameters": parameters,
        "students": scores,
        "comparisons": comparisons,
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
