"""Machinery of the service: take the images out of a request, or say what is wrong with it.

Chapter: serialization/operating/README.md#hard-to-break
"""

import threading
from contextlib import contextmanager

import numpy as np
from werkzeug.exceptions import HTTPException

from serialization.operating.service import RequestError
from serialization.rest.prepare import SIDE, NoDigitError, prepare
from utils.pictures import TooLargeError, open_picture

MAX_JSON = 2**20  # bytes of a request in JSON
MAX_BATCH = 128  # images of a request in JSON
# Pixels of an image file. A JPEG can be unpacked small. Phones write MPO: a JPEG with a second
# image behind it, which is left alone.
MAX_PIXELS = {"PNG": 12_000_000, "JPEG": 50_000_000, "MPO": 50_000_000}

EXPECTED = "pixels must be 28 rows of 28 numbers from 0 (paper) to 255 (ink)"
EXPECTED_BATCH = f"{EXPECTED}, or a list of 1 to {MAX_BATCH} such images"

# Unpacking an image of more pixels, or a progressive one, takes memory and time: one at a time.
LARGE = 1_000_000
PATIENCE = 2  # seconds that a large image waits for its turn
unpacking = threading.Lock()
places = threading.BoundedSemaphore(2)  # of the server's threads: one unpacks, one waits


def read_images(request):
    """Return the images of a request, shape (n, 28, 28), 0 to 255, and their kind.

    The kind is "image" for a file in multipart/form-data, which is prepared here, and "pixels"
    or "batch" for JSON, which is taken as it is. Raises RequestError.
    """
    if request.mimetype == "application/json":
        return read_pixels(request)
    if request.mimetype == "multipart/form-data":
        return read_file(request)[np.newaxis], "image"
    raise RequestError(
        415,
        "send multipart/form-data with a PNG or JPEG file in the field image, "
        f"or application/json with pixels: {EXPECTED_BATCH}",
    )


def read_pixels(request):
    """Return the pixels of a request in JSON, and whether they are one image or a batch."""
    if len(request.get_data()) > MAX_JSON:
        raise RequestError(413, f"JSON may have {MAX_JSON} bytes, a batch {MAX_BATCH} images")
    try:
        body = request.get_json()
    except RecursionError:
        raise RequestError(400, "the JSON is nested too deeply") from None
    except HTTPException:
        raise RequestError(400, 'not valid JSON; expected {"pixels": [[0, ...], ...]}') from None
    if not isinstance(body, dict) or "pixels" not in body:
        raise RequestError(422, f'expected {{"pixels": ...}}: {EXPECTED_BATCH}')
    # numpy would make every string as long as the longest, so nothing but numbers may reach it.
    kind = "pixels" if is_image(body["pixels"]) else "batch"
    images = [body["pixels"]] if kind == "pixels" else body["pixels"]
    if not (is_list(images, range(1, MAX_BATCH + 1)) and all(map(is_image, images))):
        raise RequestError(422, EXPECTED_BATCH)
    pixels = np.array(images)
    # Whole numbers beyond 64 bits make an array of another kind.
    if pixels.dtype.kind not in "iuf" or not ((pixels >= 0) & (pixels <= 255)).all():
        raise RequestError(422, EXPECTED)
    if not pixels.any(axis=(1, 2)).all():
        raise RequestError(422, "an image is empty: all its pixels are 0")
    return pixels, kind


def is_list(value, lengths):
    return isinstance(value, list) and len(value) in lengths


def is_image(value):
    """Tell whether a value is a list of 28 lists of 28 numbers; true and false are not numbers."""
    return is_list(value, [SIDE]) and all(
        is_list(row, [SIDE]) and {int, float}.issuperset(map(type, row)) for row in value
    )


def read_file(request):
    """Return the file in the field image, brought into the form of MNIST: shape (28, 28)."""
    if "image" not in request.files:
        raise RequestError(422, "expected a PNG or JPEG file in the field image")
    return prepare_file(request.files["image"].stream, "the field image")


def prepare_file(file, name):
    """Return an image file, a path or a stream, in the form of MNIST; name: for RequestError."""
    try:
        image = open_picture(file, MAX_PIXELS, ["PNG", "JPEG"])
        with turn(image):
            return prepare(image)
    except NoDigitError:
        problem = 422, "the image is empty: draw a digit, dark on light or light on dark"
    except TooLargeError as error:
        problem = 413, str(error)
    except HTTPException:
        raise
    except Exception:  # Pillow raises many kinds for a file that is damaged
        problem = 422, f"{name} must hold a PNG or JPEG file that is whole"
    raise RequestError(*problem)


@contextmanager
def turn(image):
    """Let one large image after the other be unpacked; small ones need not wait for them."""
    if image.width * image.height <= LARGE and "progressive" not in image.info:
        yield
        return
    busy = RequestError(503, "other large images are being read; try again later")
    if not places.acquire(blocking=False):
        raise busy
    try:
        if not unpacking.acquire(timeout=PATIENCE):
            raise busy
        try:
            yield
        finally:
            unpacking.release()
    finally:
        places.release()
