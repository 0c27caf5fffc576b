"""Where on the image does a cell of a feature map belong? Two ways, on ten networks.

    python visualizing/placing.py
    python visualizing/placing.py --seeds 2 --epochs 1  # a quick try

Trains ten small networks. Lays the maps of Grad-CAM and HiResCAM over the image in two ways, each
cell in the middle of the pixels that it looks at, or the whole map stretched over the image, and
wipes out what they mark, as attribution.py does. You will see how far the probabilities
fall, compared with the maps of the same network before its training. Some two minutes.
Chapter: HOW_THIS_BOOK_KNOWS.md#how-we-were-fooled
"""

from chapter import OUTPUTS

import keras

from mnist.data import prepare_mnist
from mnist.models import conv_net
from utils.comparisons import compare_seeds, correct_family
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results
from utils.statistics import spread
from visualizing import networks
from visualizing.attribution import IMAGES, WIPED, fall, methods_for
from visualizing.networks import untrained

SEEDS = 10  # networks, each with other initial weights and another order of the images
EPOCHS = 3
TRAIN_SAMPLES = 10_000
BATCH_SIZE = 128


def train(seed, epochs, samples):
    """Return conv_net after a short training."""
    keras.utils.set_random_seed(seed)
    model = conv_net()
    model.compile("adam", loss="categorical_crossentropy")
    digits = prepare_mnist(model.input_shape[1:], samples)
    model.fit(digits.x_train, digits.y_train, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return model


def gains(model, before, images):
    """Return {map: {way: how much more probability this network's maps cost than those before}}.

    before: the same network without training.
    """
    classes = networks.probabilities(model, images).argmax(axis=1)
    found = {}
    for way, stretched in (("stretched", True), ("placed", False)):
        for name, make in methods_for(model, stretched).items():
            if "CAM" in name:
                falls = [
                    fall(model, images, classes, make(one, images, classes), WIPED).mean()
                    for one in (model, before)
                ]
                found.setdefault(name, {})[way] = float(falls[0] - falls[1])
    return found


def show(found):
    """Print a line for each map."""
    for name, ways in found.items():
        values = ", ".join(f"{way} {100 * gain:5.1f}" for way, gain in ways.items())
        print(f"  {name.replace('_', ' '):18}{values}", flush=True)


def main(argv=None):
    parser = make_parser("Compare two ways to lay a feature map over an image.", OUTPUTS)
    add = parser.add_argument
    add("--seeds", type=positive(int), default=SEEDS, help="how many networks")
    add("--epochs", type=positive(int), default=EPOCHS)
    add("--train-samples", type=positive(int), default=TRAIN_SAMPLES, help="images to learn from")
    add("--images", type=positive(int, most=5000), default=IMAGES, help="in the check")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    images, _, _ = networks.some_digits(args.images)
    found = []
    for seed in range(1, args.seeds + 1):
        model = train(seed, args.epochs, args.train_samples)
        found.append(gains(model, untrained(model, seed), images))
        print(f"seed {seed}: a fall larger than before the training by ... points")
        show(found[-1])
    results = {}
    for name in found[0]:
        ways = {way: [one[name][way] for one in found] for way in ("placed", "stretched")}
        results[name] = {way: spread(values) for way, values in ways.items()}
        results[name]["difference"] = compare_seeds(ways["placed"], ways["stretched"])
    correct_family([one["difference"] for one in results.values()])
    print("The means:")
    show({name: {way: one[way]["mean"] for way in ways} for name, one in results.items()})
    return save_results({"maps": results, "images": len(images)}, folder, __file__, argv)


if __name__ == "__main__":
    main()
