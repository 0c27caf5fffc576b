"""Machinery of the service: open an image file of a stranger, or say what is wrong with it.

Chapter: serialization/operating/README.md#hard-to-break
"""

import threading
from contextlib import contextmanager

from serialization.operating.guard import RequestError, room
from serialization.rest.prepare import NoDigitError, prepare
from utils.pictures import TooLargeError, open_picture

# Pixels of an image file. A JPEG can be unpacked small. Phones write MPO: a JPEG with a second
# image behind it, which is left alone.
MAX_PIXELS = {"PNG": 12_000_000, "JPEG": 50_000_000, "MPO": 50_000_000}

# Unpacking an image of more pixels, or a progressive one, takes memory and time: one at a time.
LARGE = 400_000
PATIENCE = 2  # seconds that a large image waits for its turn
unpacking = threading.Lock()
places = threading.BoundedSemaphore(2)  # of the server's threads: one unpacks, one waits


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
    except RequestError:
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
    busy = "other large images are being read; try again later"
    with room(places, busy):
        if not unpacking.acquire(timeout=PATIENCE):
            raise RequestError(503, busy)
        try:
            yield
        finally:
            unpacking.release()
