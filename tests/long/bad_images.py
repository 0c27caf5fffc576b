"""Machinery of the tests: image files that are bombs in one of their parts, or no images."""

import io
import struct
import zlib
from functools import cache

from PIL import Image

MANY = 600_000  # parts, of a few bytes each
EXIF = b"Exif\0\0"


def png(more=b"", width=9, height=9, colour=0, data=None):
    """Return a PNG with more chunks before its pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    data = zlib.compress(bytes(10 * 9)) if data is None else data
    head, data, end = chunk(b"IHDR", head), chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + more + data + end


def chunk(kind, content):
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def packed(image, form="PNG", **options):
    """Return the bytes of an image file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def jpeg(parts, image=None, **options):
    """Return a JPEG with bytes after its beginning."""
    whole = packed(image or Image.linear_gradient("L"), "JPEG", **options)
    return whole[:2] + parts + whole[2:]


def part(marker, content=b""):
    return struct.pack(">BBH", 255, marker, len(content) + 2) + content


def exif(tags, size):
    """Return EXIF whose tags all point at the same bytes, with a turn that makes all be written."""
    entries = struct.pack("<HHII", 274, 3, 1, 6)
    entries += b"".join(struct.pack("<HHII", 999 + one, 7, size, 8) for one in range(tags))
    return EXIF + b"II*\0" + struct.pack("<IH", 8, tags + 1) + entries + bytes(size)


def more_scans(image, count):
    """Return a progressive JPEG in which the last scan comes again and again."""
    whole = packed(image, "JPEG", progressive=True)
    return whole[:-2] + count * whole[whole.rindex(b"\xff\xda") : -2] + whole[-2:]


def film(form):
    """Return an animation, or a file of many images."""
    frames = [Image.effect_noise((99, 99), 9 * (number + 1)) for number in range(99)]
    return packed(frames[0], form, save_all=True, append_images=frames[1:])


def strips(count, size=8, packed=1):
    """Return a TIFF one pixel wide, with a strip of some bytes for each row, all at one place."""
    tags = [(256, 1), (257, count), (258, 8), (259, packed), (262, 1), (277, 1), (278, 1)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    entries += b"".join(struct.pack("<HHII", tag, 4, count, 122) for tag in (273, 279))
    return (
        b"II*\0" + struct.pack("<IH", 8, 9) + entries + bytes(4) + struct.pack("<I", size) * count
    )


ZEROS = zlib.compress(bytes(10**8), 9)  # a hundred kilobytes
IMAGES = {
    "pixels": lambda: packed(Image.new("1", (20_000, 20_000))),
    "huge": lambda: png(width=2**31 - 1, height=2**31 - 1),
    "more data": lambda: png(data=ZEROS),
    "zTXt": lambda: png(chunk(b"zTXt", b"a\0\0" + ZEROS)),
    "iTXt": lambda: png(chunk(b"iTXt", b"a\0\1\0\0\0" + ZEROS) * 9),
    "iCCP": lambda: png(chunk(b"iCCP", b"a\0\0" + ZEROS)),
    "profiles": lambda: png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**6))) * 7000),
    "chunks": lambda: png(chunk(b"aaAa", b"") * MANY),
    "texts": lambda: png(chunk(b"tEXt", b"a\0b") * (MANY // 2)),
    "APNG": lambda: film("PNG"),
    "no palette": lambda: png(colour=3),
    "one column": lambda: packed(Image.linear_gradient("L").resize((1, 100_000))),
    "one row": lambda: packed(Image.linear_gradient("L").resize((100_000, 1))),
    "16 bits": lambda: packed(Image.new("I;16", (3400, 3500), 9)),
    "RGBA": lambda: packed(Image.new("RGBA", (3400, 3500), (9, 9, 9, 9))),
    "cut": lambda: packed(Image.effect_noise((3400, 3400), 90), compress_level=1)[: 2**23],
    "eXIf": lambda: png(chunk(b"eXIf", exif(60_000, 2**16)[6:])),
    "EXIF": lambda: jpeg(part(0xE1, exif(4000, 9000)) + part(0xE1, EXIF + bytes(65_000)) * 99),
    "EXIF parts": lambda: jpeg(part(0xE1, EXIF + b"abcd") * MANY),
    "parts": lambda: jpeg(part(0xE5) * (2**21 - 2000)),
    "filling": lambda: jpeg(b"\xff" * (2**23 - 2000)),
    "no end": lambda: b"\xff\xd8" + b"\xff" * (2**23 - 2000),
    "junk": lambda: jpeg(part(0xE5) + bytes(2**23 - 2000)),
    "hidden": lambda: jpeg((b"\xff\xd9\xff\xff" + part(0xE5) * 16_383 + b"\xff") * 120),
    "skipped": lambda: jpeg((b"\xff\xf0\xff\xff" + part(0xE5) * 16_383 + b"\xff") * 120),
    "SOF": lambda: jpeg(part(0xC0, b"\b\0\x09\0\x09\1" + bytes(65_400)) * 128),
    "DQT": lambda: jpeg(part(0xDB, bytes(65 * 1000)) * 128),
    "ICC": lambda: jpeg(part(0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000)) * 99),
    "MPF": lambda: jpeg(part(0xE2, b"MPF\0II*\0\b\0\0\0\1\0\1\xb0\4\0\1\0\0\0" + b"\xff" * 4)),
    "8BIM": lambda: jpeg(part(0xED, b"Photoshop 3.0\0" + b"8BIM\0\1\0\0\0\0\0\0" * 5000) * 130),
    "passed over": lambda: packed(Image.linear_gradient("L"), "JPEG")[:-2]
    + part(2, part(0xDA, b"\1\1\0\0\x3f\0") * 6500) + b"\xff\xd9",
    "thousand scans": lambda: more_scans(Image.new("L", (2000, 2000), 255), 1000),
    "99 scans": lambda: more_scans(Image.effect_noise((99, 99), 90).resize((1700, 1700)), 85),
    "CMYK": lambda: packed(Image.new("CMYK", (4000, 4000)), "JPEG", progressive=True),
    "large": lambda: packed(Image.linear_gradient("L").resize((7000, 7000)).convert("RGB"), "JPEG"),
    "small": lambda: packed(Image.effect_noise((600, 600), 90)),
    **{form: lambda form=form: film(form) for form in ("GIF", "WEBP", "TIFF")},
    "BMP": lambda: packed(Image.new("1", (8000, 8000)), "BMP"),
    "strips": lambda: strips(30_000),
    "shared strips": lambda: strips(50, 10_000, 8),
    "strips of JPEG": lambda: packed(Image.linear_gradient("L"), "TIFF", compression="jpeg"),
    "empty": lambda: packed(Image.new("RGBA", (9, 9))),
}  # fmt: skip
# Those that are made and looked at in no time.
SMALL = ["more data", "zTXt", "huge", "no palette", "MPF", "GIF", "WEBP", "empty", "one column"]


@cache
def image_file(name):
    return IMAGES[name]()
