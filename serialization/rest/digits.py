"""The network of the service, without Keras: LiteRT computes, numpy does the rest.

ship_model.py writes both files that it needs: NAME.tflite, which gives a score for each digit (the
logits), and NAME.json, with two numbers that it has fitted on the validation images.
Chapter: serialization/rest/README.md#load-prepare-predict-answer
"""

import re
from hashlib import sha256

import numpy as np
from pydantic import BaseModel

from utils.files import file_sha256, version_of
from utils.runs import ROOT, fail, first_line, read_json, shown
from utils.schemas import Number, Positive, check

MODEL = ROOT / "assets" / "models" / "conv_net.tflite"
SIDE = 28  # pixels


class Limits(BaseModel):
    """What NAME.json says of a network."""

    lite_sha256: str
    temperature: Positive
    least_likeness: Number | None


def open_network(path):
    """Return LiteRT's interpreter of a .tflite file, on one thread: others have the other cores.

    Python reads the file: on Windows, LiteRT opens none in a folder such as Übung.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:  # then TensorFlow's own does
        from tensorflow.lite import Interpreter
    interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


class DigitReader:
    """Reads digits of 28 x 28 pixels. One thread at a time may ask it.

    about: name and version of both files, which each answer repeats. limits: what NAME.json says.
    """

    def __init__(self, path):
        try:
            self.limits = load_limits(path)
            self.network = open_network(path)
        except (OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
            if path.suffix == ".keras":
                fail(f"{shown(path)}: first make a .tflite of it, with ship_model.py --model")
            fail(f"{shown(path)} and its .json are not of ship_model.py: {first_line(error)}")
        name = re.sub("-[0-9a-f]{12}$", "", path.stem)  # without what releases.py adds
        self.about = {"model": name, "version": version(path)}
        (self.input,), (self.output,) = (
            self.network.get_input_details(),
            self.network.get_output_details(),
        )
        shape = self.input["shape"], self.output["shape"]
        if np.prod(shape[0]) != SIDE**2 or tuple(shape[1]) != (1, 10):
            fail(f"{shown(path)} does not read digits: 28 x 28 pixels in, ten scores out")
        try:  # so that no user waits for what the first call does
            self.read(np.zeros((1, SIDE, SIDE)))
        except (ArithmeticError, RuntimeError, ValueError) as error:
            fail(f"{shown(path)}: {first_line(error)}")

    def scores(self, pixels):
        """Return the logits, float32 (n, 10), of grey levels from 0 to 255, (n, 28, 28).

        One image after the other: on a processor, LiteRT is no faster with many at once.
        """
        images = (pixels / 255).astype("float32").reshape(len(pixels), *self.input["shape"])
        scores = np.empty((len(pixels), 10), "float32")
        for image, row in zip(images, scores, strict=True):
            self.network.set_tensor(self.input["index"], image)
            self.network.invoke()
            row[:] = self.network.get_tensor(self.output["index"])[0]
        return scores

    def read(self, pixels):
        """Return for each image a dict: digit, probability, probabilities, looks_like_digit."""
        scores = self.scores(pixels)
        if not np.isfinite(scores).all():
            raise ArithmeticError("its scores are not finite numbers: the network has diverged")
        likely = [None] * len(pixels)
        if (least := self.limits["least_likeness"]) is not None:
            likely = (digit_likeness(scores) >= least).tolist()
        probabilities = softmax(scores / self.limits["temperature"])
        return [describe(*one) for one in zip(probabilities, likely, strict=True)]


def version(path):
    """Return the version of a network: its .json counts, too, since answers depend on it."""
    both = path.read_bytes() + path.with_suffix(".json").read_bytes()
    return version_of(sha256(both).hexdigest())


def load_limits(path):
    """Return what ship_model.py has fitted to a network; ValueError if it was to another one."""
    limits = check(read_json(path.with_suffix(".json")), Limits)
    if limits["lite_sha256"] != file_sha256(path):
        raise ValueError("the .json belongs to another file")
    return limits


def softmax(scores):
    """Return probabilities, (n, classes), for scores."""
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))


def digit_likeness(scores):
    """Return ln(sum(exp(scores))), which is minus the energy: high if some digit has a high score.

    The softmax loses it: ten low scores give the same probabilities as ten high ones.
    Source: Liu, Wang, Owens and Li, "Energy-based out-of-distribution detection", 2020.
    """
    return np.logaddexp.reduce(scores, axis=1)


def describe(probabilities, likely):
    """Return what the service says about one image."""
    digit = int(probabilities.argmax())
    rounded = [round(float(probability), 6) for probability in probabilities]
    return {
        "digit": digit,
        "probability": rounded[digit],
        "probabilities": rounded,
        "looks_like_digit": likely,
    }
