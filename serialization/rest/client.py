"""Send images to the service, and measure over HTTP how many digits it reads correctly.

    python serialization/rest/client.py photo.jpg drawing.png   # image files
    python serialization/rest/client.py --test 5                # the first test images of MNIST
    python serialization/rest/client.py --accuracy              # all of them, and the model itself
    python serialization/rest/client.py --accuracy --model FILE # the same, if it serves FILE

Prints each prediction with its probability, or the share read correctly over HTTP. The service must
be running: python serialization/rest/app.py in another shell. Seconds; --accuracy under a minute.

Chapter: serialization/rest/README.md#a-web-service
"""

import chapter  # noqa: F401  it tells Python where utils/ is

from pathlib import Path

import numpy as np
import requests

from utils.files import file_sha256
from utils.options import make_parser, number
from utils.runs import ROOT, fail, read_bytes

URL = "http://127.0.0.1:8000"
BATCH = 100  # images of one request
TIMEOUT = 30  # seconds
PREDICTION = {"digit": int, "probability": float}  # what is read of it, for each image

MODEL = ROOT / "assets" / "models" / "conv_net.keras"


def send_file(session, url, path):
    """Send an image file; return the answer."""
    response = session.post(f"{url}/read", data=read_bytes(path), timeout=TIMEOUT)
    return check(response, PREDICTION)


def send_pixels(session, url, pixels):
    """Send grey levels, shape (28, 28) or (n, 28, 28), as JSON; return the answer."""
    response = session.post(f"{url}/predict", json={"pixels": pixels.tolist()}, timeout=TIMEOUT)
    return check(response, PREDICTION if pixels.ndim == 2 else {"predictions": list})


def check(response, form):
    """Return what the service has answered; end with its message if it has refused.

    form: {name: type} of what is read of it, for another program may answer at this address.
    """
    try:
        answer = response.json()
        if "error" in answer:
            fail(f"{response.status_code}: {answer['error']['message']}")
        good = all(isinstance(answer[name], kind) for name, kind in form.items())
    except (ValueError, RecursionError, LookupError, TypeError):
        good = False
    if not good:
        fail(f"what answers at {response.url} is not the service of app.py. Give another --url.")
    return answer


def show(name, prediction):
    warning = ", if it is a digit at all" if prediction.get("looks_like_digit") is False else ""
    digit, probability = prediction["digit"], prediction["probability"]
    print(f"{name}: {digit} with a probability of {probability:.4f}{warning}")


def send_test_images(session, url, count):
    """Send the first test images of MNIST and print the predictions."""
    from mnist.data import load_mnist  # only here: it brings Keras, which takes seconds

    _, (images, labels) = load_mnist()
    for index in range(min(count, len(images))):
        prediction = send_pixels(session, url, images[index])
        show(f"test image {index}, a {labels[index]}", prediction)


def measure_accuracy(session, url, model_path):
    """Return accuracy over HTTP and of the model itself, and for how many images they differ.

    If the service has another model than this file, only the first of the three.
    """
    from mnist.data import load_mnist, prepare_images  # only here: Keras takes seconds
    from utils.loading import load_model

    about = check(session.get(f"{url}/model", timeout=TIMEOUT), {"model": str, "sha256": str})
    same = file_sha256(model_path) == about["sha256"]
    _, (images, labels) = load_mnist()
    predictions = []
    for start in range(0, len(images), BATCH):
        predictions += send_pixels(session, url, images[start : start + BATCH])["predictions"]
    served = np.array([prediction["digit"] for prediction in predictions])
    result = {"over_http": float((served == labels).mean())}
    print(f"over HTTP {result['over_http']:.2%}", end=", " if same else "\n")
    if not same:
        print(f"The service's {about['model']} is not {model_path}: name its file, --model FILE")
        return result
    model = load_model(model_path, compile=False)
    inputs = prepare_images(images, model.input_shape[1:])
    direct = model.predict(inputs, batch_size=256, verbose=0).argmax(axis=1)
    result |= {
        "direct": float((direct == labels).mean()),
        "different": int((served != direct).sum()),
    }
    print(f"the model itself {result['direct']:.2%}, different predictions: {result['different']}")
    return result


def main(argv=None):
    parser = make_parser("Ask the service about images.")
    parser.add_argument("files", type=Path, nargs="*", help="images, PNG or JPEG")
    parser.add_argument("--test", type=number(int, 0), default=0, help="so many of MNIST's images")
    parser.add_argument("--accuracy", action="store_true", help="all of them")
    about = "file of the model that is served, to compare with"
    parser.add_argument("--model", type=Path, default=MODEL, help=about)
    parser.add_argument("--url", default=URL, help="where the service is")
    options = parser.parse_args(argv)
    if not (options.files or options.test or options.accuracy):
        parser.error("nothing to do: name image files, or --test N, or --accuracy")
    results = {}
    try:
        with requests.Session() as session:
            for path in options.files:
                results[path.name] = send_file(session, options.url, path)
                show(path.name, results[path.name])
            if options.test:
                send_test_images(session, options.url, options.test)
            if options.accuracy:
                results |= measure_accuracy(session, options.url, options.model)
    except requests.RequestException:
        fail(f"no service answers at {options.url}. Start it: app.py")
    except OSError as error:
        fail(f"cannot read {error.filename}: {error.strerror}")
    return results


if __name__ == "__main__":
    main()
