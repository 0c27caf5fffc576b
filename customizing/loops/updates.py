"""Other updates than one step per batch: accumulated gradients, two optimizers, 16 bits.

    python customizing/loops/updates.py

The MLP of five_steps.py learns from the same 10,000 digits. You will see that four batches
of 25 with accumulated gradients give the losses of one batch of 100; what two optimizers do in one
network; and how many gradients vanish in float16, with and without a scaled loss. Takes half a
minute.
Chapter: customizing/loops/README.md#other-updates
"""

from chapter import OUTPUTS

import keras
import numpy as np
from keras import ops

from customizing.five_steps import BATCH_SIZE, EPOCHS, IMAGES, LEARNING_RATE, batches, build_model
from customizing.five_steps import initial_weights as draw_weights
from mnist.data import Digits, prepare_mnist
from utils.gradients import gradients
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

SEED = 1  # of the initial weights
SCALE = 2.0**24  # of the loss, to begin with
LATE = 60  # epochs after which gradients are small
PATIENCE = 200  # steps without an overflow after which the scale is doubled


def fit(weights, digits, epochs, optimizer, batch_size=BATCH_SIZE):
    """Return the loss of each epoch, and the weights."""
    model = build_model(weights)
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True))
    options = {"batch_size": batch_size, "shuffle": False, "epochs": epochs, "verbose": 0}
    history = model.fit(digits.x_train, digits.y_train, **options)
    return history.history["loss"], model.get_weights()


def accumulate(weights, digits, epochs):
    """Return the losses with batches of 100, and with 4 x 25 whose gradients are added up."""
    whole, _ = fit(weights, digits, epochs, keras.optimizers.SGD(LEARNING_RATE))
    optimizer = keras.optimizers.SGD(LEARNING_RATE, gradient_accumulation_steps=4)
    parts, _ = fit(weights, digits, epochs, optimizer, BATCH_SIZE // 4)
    return {"batches_of_100": whole, "4_batches_of_25": parts}


def in_a_pair(first):
    """Return an optimizer that leaves the hidden layer to the first one, and the rest to SGD."""
    by_layer = keras.optimizers.OptimizerMap(
        keras.optimizers.SGD(LEARNING_RATE), {"hidden/.*": first}
    )
    return keras.optimizers.MultiOptimizer(by_layer)


def two_optimizers(weights, digits, epochs):
    """Return the losses with SGD alone, twice as a pair, and as the second of a pair with Adam."""
    optimizers = {
        "SGD": keras.optimizers.SGD(LEARNING_RATE),
        "SGD_and_SGD": in_a_pair(keras.optimizers.SGD(LEARNING_RATE)),
        "Adam_and_SGD": in_a_pair(keras.optimizers.Adam(0.001)),
    }
    return {name: fit(weights, digits, epochs, one)[0] for name, one in optimizers.items()}


def make_loss(x, y, precision, scale=1.0):
    """Return a function of the weights: the loss of a batch, times a scale, in some precision."""

    def loss_of(*weights):  # in float32; what is computed with them is not
        w1, b1, w2, b2 = (ops.cast(w, precision) for w in weights)
        hidden = ops.relu(ops.matmul(ops.cast(x, precision), w1) + b1)
        logits = ops.cast(ops.matmul(hidden, w2) + b2, "float32")
        return scale * ops.mean(ops.categorical_crossentropy(y, logits, from_logits=True))

    return loss_of


def in_16_bits(weights, digits, epochs, scale, adapt):
    """Return how a training in float16 goes; adapt: whether the scale follows the gradients."""
    losses, skipped, good = [], 0, 0
    for _ in range(epochs):
        epoch = []
        for x, y in batches(digits.x_train, digits.y_train):
            loss, slopes = gradients(make_loss(x, y, "float16", scale), *weights)
            epoch.append(loss / scale)
            if all(np.isfinite(slope).all() for slope in slopes):
                rate = LEARNING_RATE / scale
                weights = [w - rate * s for w, s in zip(weights, slopes, strict=True)]
                good += 1  # in a row
                scale *= 2 if adapt and good % PATIENCE == 0 else 1
            else:  # too large for 16 bits: leave the weights as they are, and scale less
                skipped, good = skipped + 1, 0
                scale /= 2 if adapt else 1
        losses.append(float(np.mean(epoch)))
    return {"losses": losses, "skipped": skipped, "scale": scale}


def vanished(weights, digits):
    """Return {scale: share of the gradients that float16 turns to zero} late in a training.

    The network has learned 1,000 digits nearly by heart, so its gradients on them are small.
    """
    few = Digits(digits.x_train[:1000], digits.y_train[:1000], None, None)
    _, weights = fit(weights, few, LATE, keras.optimizers.Adam(0.001))
    x, y = few.x_train[:BATCH_SIZE], few.y_train[:BATCH_SIZE]
    _, exact = gradients(make_loss(x, y, "float32"), *weights)
    shares = {}
    for scale in (1, 2**8, 2**16):
        _, rough = gradients(make_loss(x, y, "float16", scale), *weights)
        lost = (rough[0] == 0) & (exact[0] != 0)  # of the gradients of w1
        shares[str(scale)] = float(lost.sum() / (exact[0] != 0).sum())
    return shares


def main(argv=None):
    """Return the losses of all of these trainings."""
    parser = make_parser("Updates other than one step per batch.", OUTPUTS)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seed", type=seed, default=SEED, help="of the initial weights")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    weights, digits = draw_weights(args.seed), prepare_mnist((784,), IMAGES)

    results = {
        "accumulated": accumulate(weights, digits, args.epochs),
        "optimizers": two_optimizers(weights, digits, args.epochs),
        "vanished": vanished(weights, digits),
        "float16": {
            "as_it_is": in_16_bits(weights, digits, args.epochs, 1.0, adapt=False),
            "scaled": in_16_bits(weights, digits, args.epochs, SCALE, adapt=True),
        },
    }
    for part in ("accumulated", "optimizers"):
        for name, losses in results[part].items():
            print(f"{name:16} " + "  ".join(f"{loss:.6f}" for loss in losses))
    for name, found in results["float16"].items():
        losses = "  ".join(f"{loss:.6f}" for loss in found["losses"])
        skipped = f"{found['skipped']} steps skipped, scale {found['scale']:,.0f}"
        print(f"float16 {name:9}{losses}  {skipped}")
    for scale, share in results["vanished"].items():
        print(f"Late in a training, {share:.1%} of the gradients vanish at a scale of {scale}.")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
