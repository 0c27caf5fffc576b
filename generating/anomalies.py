"""What an autoencoder cannot draw, it has not seen: strangers found by the error of the drawing.

    python generating/anomalies.py AE_RUN     # the folder of a run of autoencoder.py

You will see which share of the images of each kind each score refuses, if it may refuse 1 % of the
validation images: the energy of the service that reads digits, the error of PCA, and the error of
each autoencoder. The strangers are those on which the service's own detectors were compared. Half
a minute.
Chapter: generating/README.md#strangers
"""

from chapter import OUTPUTS

from functools import partial

import keras
import numpy as np
from sklearn.decomposition import PCA

from generating.autoencoder import SIZES, squared_errors
from generating.images import PIXELS, load_digits
from generating.latents import check, load_networks
from mnist.data import load_parts, prepare_images
from serialization.rest.detectors import CHOSEN_ON, IMAGES, REPORTED_ON, SEED, collect
from serialization.rest.digits import digit_likeness
from serialization.rest.out_of_distribution import MODEL, REFUSED, find_logits
from utils.loading import load_model
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results


def energy(model, images):
    """Return minus the energy that the service's network gives images, uint8 (n, 28, 28)."""
    network = keras.Model(model.inputs, model.layers[-1].input)
    prepared = prepare_images(images, model.input_shape[1:])
    features = network.predict(prepared, batch_size=1000, verbose=0)
    return digit_likeness(find_logits(features, *model.layers[-1].get_weights()))


def by_error(redraw, images):
    """Return minus the error with which a function draws images, uint8 (n, 28, 28), again."""
    flat = prepare_images(images, (PIXELS,))
    return -squared_errors(flat, redraw(flat))


def redraw_by_pca(pca, images):
    return pca.inverse_transform(pca.transform(images))


def redraw_by_network(network, images):
    return network.predict(images, batch_size=1000, verbose=0)


def make_scores(networks, train):
    """Return {name: function from images to a score that is high for digits}."""
    scores = {"energy": partial(energy, load_model(MODEL, compile=False))}
    for size, network in networks.items():
        pca = PCA(size, random_state=0).fit(train)
        scores[f"pca_{size}"] = partial(by_error, partial(redraw_by_pca, pca))
        scores[f"autoencoder_{size}"] = partial(by_error, partial(redraw_by_network, network))
    return scores


def main(argv=None):
    """Return the shares that each score refuses, and their means over kinds."""
    parser = make_parser("Find images that are not digits by an autoencoder's error.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="AE_RUN", help="folder of a run of autoencoder.py")
    add("--sizes", type=positive(int), nargs="+", default=SIZES, help="of its networks")
    add("--images", type=positive(int), default=IMAGES, help="of each kind made at random")
    add("--seed", type=seed, default=SEED, help="of the strangers")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    sizes, image = sorted(set(args.sizes)), (None, PIXELS)
    networks = load_networks(args.run, *[f"autoencoder_{size}" for size in sizes])
    for network in networks:
        check(args.run, "autoencoder.py", network, image, image)
    parts = load_parts()
    kinds = collect(np.random.default_rng(args.seed), args.images, parts["test"])
    results = {"scores": {}, "images": {kind: len(images) for kind, images in kinds.items()}}
    print(" " * 15 + "".join(f"{kind[:12]:>13}" for kind in [*kinds, "chosen on", "reported on"]))
    scores = make_scores(dict(zip(sizes, networks, strict=True)), load_digits()["train"].images)
    for name, score in scores.items():
        least = np.quantile(score(parts["validation"][0]), REFUSED)
        shares = {kind: float((score(images) < least).mean()) for kind, images in kinds.items()}
        for mean, group in (("chosen", CHOSEN_ON), ("reported", REPORTED_ON)):
            shares[mean] = float(np.mean([shares[kind] for kind in group]))
        print(f"{name:15}" + "".join(f"{share:13.1%}" for share in shares.values()), flush=True)
        results["scores"][name] = shares
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
