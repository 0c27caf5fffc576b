"""Distillation: does a small network learn more from a large one's answers than from labels?

    python customizing/loops/distill.py

The teacher is the convolutional network of the book. MLPs of 32 hidden neurons learn from only
1,000 digits, from three kinds of targets: the labels, the labels smoothed, and the teacher's
probabilities, softened with a temperature. Each kind gets the same search first, for its learning
rate and its own constant, and keeps its best epoch, both by the digits of half of the validation
writers. You will see what was tried, the accuracy and the cross-entropy of each on the digits of
the other half, with ten other seeds, and the comparisons. Takes a quarter of an hour.
Chapter: customizing/loops/README.md#distillation
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import layers, ops

from mnist.data import prepare_mnist, writers_of
from mnist.studies.temperature import with_temperature
from utils.comparisons import compare_family, show_family, tune
from utils.options import make_parser, positive
from utils.runs import ROOT, make_folder, save_results
from utils.statistics import score

TEACHER = ROOT / "assets" / "models" / "conv_net.keras"
IMAGES = 1_000  # to learn from
HIDDEN = 32  # neurons of the student
EPOCHS = 200  # at most: what is kept is the epoch with the highest accuracy
PATIENCE = 20
BATCH_SIZE = 100
SEEDS = 10
# Steps before the callbacks come: more of them save time. PyTorch refuses more than one.
AT_ONCE = 1 if keras.config.backend() == "torch" else 10
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
GRIDS = {
    "labels": {"rate": RATES},
    # The share of a label that goes to all ten digits.
    "smoothed": {"rate": RATES, "share": [0.01, 0.03, 0.1, 0.2, 0.4]},
    "teacher": {"rate": RATES, "temperature": [1, 2, 4, 8]},
}
TRIALS = [11, 12]  # seeds to tune with
# The family of comparisons, fixed before the runs.
FAMILY = [("teacher", "labels"), ("smoothed", "labels"), ("teacher", "smoothed")]


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


def train(learn, stop, seed, rate, temperature=1.0, epochs=EPOCHS):
    """Return a trained student, images (n, 28, 28, 1) to logits (n, 10), and its best accuracy.

    learn: images and targets; stop: images and labels by which its best epoch is kept.
    """
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = SofterCrossEntropy(temperature)
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, loss, metrics=["accuracy"], steps_per_execution=AT_ONCE)
    history = model.fit(
        *learn,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=stop,
        validation_batch_size=500,
        callbacks=[
            keras.callbacks.EarlyStopping(
                "val_accuracy", mode="max", patience=PATIENCE, restore_best_weights=True
            )
        ],
        verbose=0,
    )
    return model, max(history.history["val_accuracy"])


def main(argv=None):
    """Return what the teacher and the students reach, what was tried, and the comparisons."""
    parser = make_parser("Distil a large network into a small one.", OUTPUTS)
    parser.add_argument("--seeds", type=positive(int), default=SEEDS, help="1, 2, 3, ...")
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--train-samples", type=positive(int), default=IMAGES)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    digits = prepare_mnist((28, 28, 1), args.train_samples)
    teacher = keras.saving.load_model(TEACHER)
    # Every other writer of the validation images: half of them to choose by, half to judge by.
    judges = np.unique(writers_of("validation"), return_inverse=True)[1] % 2 == 1

    # The images stay as they are, so the teacher has to answer only once.
    probabilities = teacher.predict(digits.x_train, batch_size=1000, verbose=0)
    answers = teacher.predict(digits.x_val, batch_size=1000, verbose=0)
    of_teacher = score(digits.y_val[judges], answers[judges])
    print(f"teacher: {of_teacher['accuracy']:.2%}")

    stop = digits.x_val[~judges], digits.y_val[~judges]

    def learn_from(kind, seed, rate, share=0.0, temperature=1.0):
        """Return a student and its accuracy on the digits to choose by."""
        targets = (1 - share) * digits.y_train + share / 10
        if kind == "teacher":
            targets = with_temperature(probabilities, temperature).astype("float32")
        return train((digits.x_train, targets), stop, seed, rate, temperature, args.epochs)

    def judge(model):
        logits = model.predict(digits.x_val[judges], batch_size=500, verbose=0)
        return score(digits.y_val[judges], keras.ops.convert_to_numpy(ops.softmax(logits)))

    tuned, scores = {}, {}
    for kind, grid in GRIDS.items():

        def error(kind=kind, **setting):
            return 1 - np.mean([learn_from(kind, seed, **setting)[1] for seed in TRIALS])

        tuned[kind] = tune(error, grid)
        best, seeds = tuned[kind]["best"], range(1, args.seeds + 1)
        found = [judge(learn_from(kind, seed, **best)[0]) for seed in seeds]
        scores[kind] = {key: [one[key] for one in found] for key in ("accuracy", "cross_entropy")}
        print(f"{kind}, {best}: accuracy {np.mean(scores[kind]['accuracy']):.2%}", flush=True)
    accuracies = {name: found["accuracy"] for name, found in scores.items()}
    comparisons = compare_family(accuracies, FAMILY)
    show_family(comparisons, "{:+.2f} points", 100)
    parameters = {"teacher": teacher.count_params(), "student": 785 * HIDDEN + 10 * (HIDDEN + 1)}
    confidence = float(np.mean(probabilities.max(axis=1)))
    results = {
        "teacher": of_teacher | {"confidence": confidence},
        "parameters": parameters,
        "tuned": tuned,
        "students": scores,
        "comparisons": comparisons,
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
