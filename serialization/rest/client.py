"""Ask the service about images, and measure over HTTP how many digits it reads correctly.

    python serialization/rest/client.py photo.jpg drawing.png   # image files
    python serialization/rest/client.py --test 5                # the first test images of MNIST
    python serialization/rest/client.py --accuracy              # all of them, and the model itself

The service must be running: python serialization/rest/app.py in another shell.
README section: "A web service".
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import requests

URL = "http://127.0.0.1:8000"
BATCH = 100  # images of one request
TIMEOUT = 30  # seconds

FOLDER = Path(__file__).resolve().parent
MODEL = FOLDER / "conv_net.keras"
MNIST = FOLDER.parents[1] / "mnist" / "mnist.npz"


def send_file(session, url, path):
    """Send an image file as a browser sends a form; return the answer."""
    with path.open("rb") as file:
        return check(session.post(f"{url}/predict", files={"image": file}, timeout=TIMEOUT))


def send_pixels(session, url, pixels):
    """Send grey levels, shape (28, 28) or (n, 28, 28), as JSON; return the answer."""
    body = {"pixels": pixels.tolist()}
    return check(session.post(f"{url}/predict", json=body, timeout=TIMEOUT))


def check(response):
    """Return what the service has answered; end with its message if it has refused."""
    answer = response.json()
    if "error" in answer:
        sys.exit(f"client.py: {response.status_code}: {answer['error']['message']}")
    return answer


def show(name, answer):
    print(f"{name}: {answer['digit']} with a probability of {answer['probability']:.4f}")


def measure_accuracy(session, url, model_path):
    """Return accuracy over HTTP and of the model itself, and in how many digits they differ."""
    import keras  # only here: it takes seconds

    with np.load(MNIST) as arrays:
        images, labels = arrays["x_test"], arrays["y_test"]
    answers = []
    for start in range(0, len(images), BATCH):
        answers += send_pixels(session, url, images[start : start + BATCH])["predictions"]
    served = np.array([answer["digit"] for answer in answers])
    model = keras.saving.load_model(model_path, compile=False)
    inputs = images.reshape(-1, *model.input_shape[1:]).astype("float32") / 255
    direct = model.predict(inputs, batch_size=256, verbose=0).argmax(axis=1)
    result = {
        "over_http": float((served == labels).mean()),
        "direct": float((direct == labels).mean()),
        "different": int((served != direct).sum()),
    }
    print(f"over HTTP {result['over_http']:.2%}, the model itself {result['direct']:.2%}, ", end="")
    print(f"different answers: {result['different']}")
    return result


def main(argv=None):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", help="images, PNG or JPEG")
    parser.add_argument("--test", type=int, default=0, help="so many test images of MNIST")
    parser.add_argument("--accuracy", action="store_true", help="all of them")
    parser.add_argument("--model", type=Path, default=MODEL, help="to compare with")
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
            if options.test > 0:
                with np.load(MNIST) as arrays:
                    images, labels = arrays["x_test"], arrays["y_test"]
                for index in range(min(options.test, len(images))):
                    answer = send_pixels(session, options.url, images[index])
                    show(f"test image {index}, a {labels[index]}", answer)
            if options.accuracy:
                results |= measure_accuracy(session, options.url, options.model)
    except requests.RequestException:
        sys.exit(f"client.py: no service answers at {options.url}. Start it: app.py")
    except OSError as error:
        sys.exit(f"client.py: cannot read {error.filename}: {error.strerror}")
    return results


if __name__ == "__main__":
    main()
