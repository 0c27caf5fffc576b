"""Turn a trained model into the small files that the service is shipped with.

    python serialization/rest/ship_model.py --model mnist/outputs/RUN/conv_net.keras
    python serialization/rest/ship_model.py --model ... --outputs assets/models
    python serialization/rest/ship_model.py --refit    # of the shipped network, only the new files

Leaves out the state of the optimizer, which only training needs, and prints both sizes: the file
is a third as large. Of a network that reads digits, it also writes what the service needs: the
network for LiteRT, NAME.tflite, and NAME.json with two numbers, fitted on the validation images.
One is a temperature, which corrects the service's confidence; it is only used if it helps with
writers on whom it was not fitted. The other is the digit-likeness below which an image does not
look like a digit. Without --outputs, the files are written to serialization/outputs/<start time>/.
About ten seconds.

Chapter: serialization/rest/README.md#the-model-that-is-shipped
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax
from sklearn.model_selection import GroupKFold

from mnist.data import load_parts, prepare_images, writers_of
from mnist.studies.temperature import cross_fit_temperature, fit_temperature
from serialization.rest.digits import digit_likeness
from serialization.rest.out_of_distribution import (
    MODEL,
    REFUSED,
    find_logits,
    give_scores,
    is_known,
)
from serialization.save_model import save_litert
from utils.files import file_sha256
from utils.loading import load_model, reads_digits
from utils.options import make_parser
from utils.runs import fail, make_folder, replacing, shown, write_json, writing_to
from utils.statistics import score

FOLDS = 5  # parts of the writers, each of which is held out once


def divide(writers):
    """Return the part of each image, from 0 to FOLDS - 1; all images of a writer are in one."""
    parts = np.empty(len(writers), int)
    for part, (_, images) in enumerate(GroupKFold(FOLDS).split(writers, groups=writers)):
        parts[images] = part
    return parts


def choose_temperature(probabilities, labels, writers):
    """Return the temperature to use, and the cross-entropies with none and with one.

    labels: one-hot, (n, 10); writers: who wrote each digit, (n,). The temperature is 1, which
    changes nothing, unless scaling helps with writers on whom the temperature was not fitted.
    """
    scaled, _ = cross_fit_temperature(probabilities, labels, divide(writers))
    versions = {"without": probabilities, "scaled": scaled}
    losses = {name: score(labels, p)["cross_entropy"] for name, p in versions.items()}
    helps = losses["scaled"] < losses["without"]
    return fit_temperature(probabilities, labels) if helps else 1.0, losses


def fit(model):
    """Return temperature, least likeness of a digit, and cross_entropy by temperature tried."""
    images, digits = load_parts()["validation"]
    inputs = prepare_images(images, model.input_shape[1:])
    network = keras.Model(model.inputs, model.layers[-1].input)
    features = network.predict(inputs, batch_size=500, verbose=0)
    logits = find_logits(features, *model.layers[-1].get_weights())
    probabilities, labels = softmax(logits, axis=1), np.eye(10)[digits]
    temperature, tried = choose_temperature(probabilities, labels, writers_of("validation"))
    least = float(np.quantile(digit_likeness(logits), REFUSED))
    return {"temperature": temperature, "least_likeness": least, "cross_entropy": tried}


def write_for_service(model, path):
    """Write beside a network that reads digits what the service needs: NAME.tflite, NAME.json."""
    if not reads_digits(model):
        print("It does not read digits: app.py and read.py have no use for it.")
        return
    lite = path.with_suffix(".tflite")
    with replacing(lite) as partial:
        save_litert(give_scores(model), partial)
    limits = fit(model) if is_known(model) else {"temperature": 1.0, "least_likeness": None}
    files = {"sha256": file_sha256(path), "lite_sha256": file_sha256(lite)}
    write_json(files | limits, path.with_suffix(".json"))
    print(f"{shown(lite)} and its .json: {limits}")


def main(argv=None):
    parser = make_parser("Make a trained model small enough to ship.", OUTPUTS)
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file")
    about = "write NAME.tflite and NAME.json anew beside the model, and nothing else"
    parser.add_argument("--refit", action="store_true", help=about)
    args = parser.parse_args(argv)
    model = load_model(args.model, compile=False)  # without compiling there is no optimizer
    if args.refit:
        return write_for_service(model, args.model)
    if (args.outputs / args.model.name).resolve() == args.model.resolve():
        fail(f"{args.model} itself would be overwritten. Name another folder with --outputs.")
    size = args.model.stat().st_size
    folder = make_folder(args.outputs)
    target = folder / f"{args.model.stem}.keras"
    with writing_to(folder):
        with replacing(target) as partial:
            model.save(partial)
            load_model(partial)  # still whole?
        write_for_service(model, target)
    shipped = target.stat().st_size
    print(f"{shown(args.model)}: {size:,} bytes\n{shown(target)}: {shipped:,} bytes")
    return {"bytes": size, "bytes_shipped": shipped}


if __name__ == "__main__":
    main()
