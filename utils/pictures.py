"""Pictures from outside: the one place where an image file is opened, after a look at its cost.

A file of some kilobytes may unfold to gigabytes, or keep a processor busy for an hour. What that
takes can be read off before anything is unpacked: bytes, pixels, and how often a JPEG comes back to
each of them. Whoever unpacks the image looks at its first frame only.
"""

import io
import re
import warnings
from functools import partial
from pathlib import Path

from PIL import Image

from utils.runs import first_line, read_bytes

FORMATS = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]  # some others start programs
HEIC = {".heic", ".heif", ".avif"}
BRANDS = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}  # in their first bytes
BYTES = 64 * 2**20  # of a file
PIXELS = 150_000_000  # of an image; a panorama may have a hundred million
# A progressive JPEG comes in scans, each of which goes over all pixels: cameras write about ten.
SCANS = 100
# Of a part of a JPEG that says how long it is, or of the end. Data may hold FF 00, FF D0 to FF D7.
MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
WORK = 300_000_000  # scans times pixels: about a second. Between scans, every pixel is kept, too


class PictureError(ValueError):
    """A file is not an image; the message says why."""


class TooLargeError(PictureError):
    """An image takes too much memory or time; the message says of what it has too much."""


def prepare_pillow():
    """Let Pillow know all formats that are named above, and keep its warnings to itself.

    It warns of each of 65,000 tags in a picture, whenever one is looked at, which fills the log of
    a service; and of many pixels, which open_picture refuses.
    """
    Image.init()
    warnings.filterwarnings("ignore", module="PIL")


def open_picture(source, pixels=None, formats=FORMATS, still=False):
    """Return a Pillow image that is not unpacked yet, or raise PictureError.

    source: the path of a file, or a stream. pixels: at most so many in some formats, {format:
    number}. still: refuse an animation.
    """
    try:
        read = partial(read_bytes, source) if isinstance(source, Path) else source.read
        content = read(BYTES + 1)
        if len(content) > BYTES:
            raise TooLargeError(f"too many bytes; an image may have {BYTES:,}")
        prepare_pillow()
        image = Image.open(io.BytesIO(content), formats=formats)
    except PictureError:
        raise
    except Image.DecompressionBombError:  # what Pillow itself holds for too large
        raise TooLargeError("too many pixels") from None
    except Image.UnidentifiedImageError:
        raise PictureError(
            "HEIC or AVIF: save it as JPEG" if is_heic(source, content) else "not an image"
        ) from None
    except Exception as error:  # Pillow raises many kinds for a broken file
        raise PictureError(getattr(error, "strerror", None) or first_line(error)) from error
    size, most = image.width * image.height, (pixels or {}).get(image.format, PIXELS)
    scans = count_scans(content) if image.format in ("JPEG", "MPO") else 1
    if size > most:
        raise TooLargeError(f"too many pixels; an image may have {most:,} as {image.format}")
    if scans > SCANS or scans * size > WORK:
        raise TooLargeError(f"too many scans for {size:,} pixels; save it without progression")
    if still and getattr(image, "is_animated", False):
        raise PictureError("an animation, not one image")
    return image


def is_heic(source, content):
    """Tell whether this is one of the kinds that new telephones write, by its name or beginning."""
    named = isinstance(source, Path) and source.suffix.lower() in HEIC
    return named or (content[4:8] == b"ftyp" and content[8:12] in BRANDS)


def count_scans(content):
    """Return how many scans a JPEG has. What follows its end, such as a film, is not looked at."""
    scans, place = 0, 2
    while (found := MARKER.search(content, place)) and found[1] != b"\xd9":
        scans += found[1] == b"\xda"
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2])
    return scans
