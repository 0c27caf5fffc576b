"""Pictures from outside: the one place where an image file is opened, after a look at its cost.

A file of some kilobytes may unfold to gigabytes, or keep a processor busy for an hour. What that
takes can be read off before anything is unpacked: bytes, pixels, and how often a JPEG comes back to
each of them. Whoever unpacks the image looks at its first frame only.
"""

import io
import re
import struct
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
PARTS = 20_000  # of a file; a PNG of 64 megabytes may have as many with pixels
NOTES = 2**17  # bytes of EXIF; a part of a JPEG has at most half as many
# A progressive JPEG comes in scans, each of which goes over all pixels: cameras write about ten.
SCANS = 100
# Of a part of a JPEG that says how long it is, or of the end. Data may hold FF 00, FF D0 to FF D7.
MARKER = re.compile(rb"\xff([^\x00\x01\xc8\xd0-\xd8\xf0-\xfd\xff])")
TEXTS = {1, 2, 7}  # kinds of a TIFF: bytes and letters, which stay one piece
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


def open_picture(source, pixels=None, formats=FORMATS):
    """Return a Pillow image that is not unpacked yet, or raise PictureError.

    source: the path of a file, or a stream. pixels: at most so many in some formats, {format:
    number}.
    """
    try:
        read = partial(read_bytes, source) if isinstance(source, Path) else source.read
        content = read(BYTES + 1)
        if len(content) > BYTES:
            raise TooLargeError(f"too many bytes; an image may have {BYTES:,}")
        parts, notes, scans = look_through(content)
        if parts > PARTS or notes > NOTES or longest_list(content) > PARTS:
            raise TooLargeError("too many parts beside the pixels")
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
    if size > most:
        raise TooLargeError(f"too many pixels; an image may have {most:,} as {image.format}")
    if image.format == "TIFF" and strange_strips(image, len(content)):
        raise TooLargeError("too much in its strips; save it as PNG")
    if scans > SCANS or scans * size > WORK:
        raise TooLargeError(f"too many scans for {size:,} pixels; save it without progression")
    return image


def is_heic(source, content):
    """Tell whether this is one of the kinds that new telephones write, by its name or beginning."""
    named = isinstance(source, Path) and source.suffix.lower() in HEIC
    return named or (content[4:8] == b"ftyp" and content[8:12] in BRANDS)


def strange_strips(image, size):
    """Tell whether strips of a TIFF, an image of so many bytes, share them, or are JPEGs.

    Where it does not say how long packed ones are, each might reach to the end of the file.
    """
    packed_as = image.info.get("compression", "raw")
    total = sum(sum(image.tag_v2.get(tag, ())) for tag in (279, 325))
    return total > size or "jpeg" in packed_as or (packed_as != "raw" and not total)


def longest_list(content):
    """Return how many numbers the longest list of a TIFF has, such as that of its strips.

    Pillow makes objects of all of them before it says how large the image is.
    """
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None:
        return 0
    # Of a small or a large one: the first offset, the number of entries, an entry.
    large = b"+" in content[2:4]
    forms = ("Q", "Q", "HHQ8x") if large else ("L", "H", "HHL4x")
    first, number, entry = (struct.Struct(order + form) for form in forms)
    try:
        (place,) = first.unpack_from(content, 8 if large else 4)
        (count,) = number.unpack_from(content, place)
        start = place + number.size
        found = entry.iter_unpack(content[start : start + count * entry.size])
        return max((count for _, kind, count in found if kind not in TEXTS), default=0)
    except struct.error:  # Pillow will say what is wrong
        return 0


def look_through(content):
    """Return how many parts a JPEG or PNG has, how many bytes of EXIF, and how many scans.

    Pillow reads parts, and bytes between them, one by one, which takes seconds for some megabytes
    of them. What follows the end of a JPEG, such as a film, is not looked at.
    """
    parts, notes, scans, place = 0, 0, 0, 2
    if content.startswith(b"\x89PNG"):
        place = 8
        while place < len(content) and parts <= PARTS:
            size, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
            notes += size if kind == b"eXIf" else 0
            if kind == b"iCCP" and content.count(kind, 0, place + 4):  # Pillow unpacks each of them
                return PARTS + 1, notes, scans
            parts, place = parts + 1, place + size + 12
    if content.startswith(b"\xff\xd8"):
        parts = content.count(b"8BIM")  # of Photoshop
        while parts <= PARTS and (found := MARKER.search(content, place)):
            kind, start = found[1], found.end()
            if scans and kind < b"\xc0":  # none has a length: libjpeg goes on right behind it
                return PARTS + 1, notes, scans
            size = int.from_bytes(content[start : start + 2])
            if kind == b"\xd9":
                if scans:
                    break
                size = 0
            parts += 1 if scans else start - 1 - place
            parts += size // 64 if kind < b"\xe0" else 0  # tables and frames have parts, too
            scans += kind == b"\xda"
            notes += size if content[start + 2 : start + 8] == b"Exif\0\0" else 0
            place = start + size
        parts += 0 if scans else max(0, len(content) - place)
    return parts, notes, scans
