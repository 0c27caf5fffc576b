"""Machinery of the tests: damage a file, whatever it is, in one of many ways; make small ones.

`damage.py` uses it; it does nothing by itself.
"""

import io
import json
import os
import shutil
import zipfile

import numpy as np

DEEP = "[" * 3_000 + "]" * 3_000
VALUES = [None, True, -1, 0, 0.5, 3, 2**70, 10**400, 1e308, float("nan"), float("inf"), "", "2"]
VALUES += ["\x1b[2J", "\ud800", "a\0b", "../../x", "x" * 100_000, [], {}, [[2]], [None], "DEEP"]
CELLS = ["", "nan", "inf", "-5", "1e999", "9" * 400, "\x1b[2J", "\0", "1+2j", '"', "é", ";", "x"]
SMALL = (".csv", ".tsv", ".txt")


class Evil:
    """What must never be unpickled: it would make a folder in the working folder."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


def damage_tree(value, draw):
    """Return a value of JSON with one part replaced, dropped, doubled or put in another place."""
    parts, here = [], [([], value)]
    for path, one in here:  # which grows
        parts.append(path)
        keys = one if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        here += [([*path, key], one[key]) for key in list(keys)[:30]]
    value, path = json.loads(json.dumps(value)), draw.choice(parts)
    if not path:
        return draw.choice(VALUES)
    owner = value
    for key in path[:-1]:
        owner = owner[key]
    key, how = path[-1], draw.choice(["replace", "replace", "replace", "drop", "swap", "more"])
    if how == "drop":
        del owner[key]
    elif how == "swap" and len(owner) > 1:
        other = draw.choice([*owner] if isinstance(owner, dict) else range(len(owner)))
        owner[key], owner[other] = owner[other], owner[key]
    elif how == "more" and isinstance(owner[key], list):
        owner[key] = owner[key] * 2 or [0]
    else:
        owner[key] = draw.choice(VALUES)
    return value


def damage_json(text, draw):
    """Return a text in JSON, damaged in one part; its form stays JSON."""
    if draw.random() < 0.05:
        return "[" * 100_000
    damaged = damage_tree(json.loads(text), draw)
    return json.dumps(damaged).replace('"DEEP"', DEEP)


def damage_rows(text, draw):
    """Return a table or a text with one cell, line or column damaged."""
    lines = text.split("\n")
    mark = max(",;\t ", key=lines[0].count)
    row = draw.randrange(len(lines))
    cells = lines[row].split(mark)
    how, cell = draw.randrange(8), draw.randrange(len(cells))
    if how < 4:
        cells[cell] = draw.choice(CELLS)
        lines[row] = mark.join(cells)
    elif how == 4:
        lines[row] = mark.join(cells[:-1] if draw.random() < 0.5 else [*cells, "7"])
    elif how == 5:
        lines = [mark.join(line.split(mark)[:cell]) for line in lines]
    elif how == 6:
        word = draw.choice(CELLS)
        lines[1:] = [mark.join([*line.split(mark)[:-1], word]) for line in lines[1:]]
    else:
        lines = lines[: draw.randrange(3)] if draw.random() < 0.5 else lines[1:]
    return "\n".join(lines)


def damage_arrays(path, draw):
    """Damage an .npz or .npy file: kinds of numbers, values, shapes, names; or hide a program."""
    arrays = dict(np.load(path)) if path.suffix == ".npz" else {"": np.load(path)}
    name = draw.choice([*arrays])
    array = np.array(arrays[name])
    kinds = [object, complex, bool, str, int, "datetime64[s]", "float16"]
    value = draw.choice([np.nan, np.inf, -1, 0, 1e30])
    changes = {
        "kind": lambda: (array * 100).astype("int64").astype(draw.choice(kinds)),
        "all": lambda: np.full_like(array, value, dtype=float),
        "some": lambda: np.where(np.arange(array.size).reshape(array.shape) % 7, array, value),
        "shape": lambda: draw.choice([array[:-1], array.T, array[:0], array.ravel(), array[0]]),
        "more": lambda: array[None],
        "program": lambda: np.array([Evil()]),
    }
    arrays[name] = changes[draw.choice([*changes])]()
    how = draw.random()
    if how < 0.1:
        arrays[draw.choice(["x", "../x", "inputs"])] = arrays.pop(name)
    if path.suffix == ".npy":
        return np.save(path, arrays.popitem()[1])
    np.savez_compressed(path, **arrays)
    if how > 0.85:  # a header that promises what is not there, or zeros without end
        header, shape = io.BytesIO(), draw.choice([(10**6, 10**6), (2**31, 1)])
        about = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, about)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for one in arrays:
                with file.open(f"{one}.npy", "w", force_zip64=True) as part:
                    part.write(header.getvalue())
                    for _ in range(2**7 * shape[1] % 2**8):
                        part.write(bytes(2**24))
    return None


def damage_zip(path, draw):
    """Damage one part of a .keras, .skops or .xlsx file: JSON as JSON, others as bytes."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    name = draw.choice([*parts] + [one for one in parts if one.endswith(".json")] * 3)
    if name.endswith(".json") and draw.random() < 0.9:
        parts[name] = damage_json(parts[name].decode(), draw).encode(errors="surrogatepass")
    else:
        parts[name] = draw.choice([b"", flip(parts[name], draw), parts[name][:-9]])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for one, content in parts.items():
            file.writestr(one, content)
        if draw.random() < 0.03:
            file.writestr("../../x", b"out")
            file.writestr("config.json", b" " * 2**28)


def flip(content, draw):
    content = bytearray(content)
    for _ in range(draw.choice([1, 4, 60]) if content else 0):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content)


def damage(path, others, draw):
    """Damage a file in one of many ways; others: further files. Returns what was done."""
    how, kind = draw.random(), path.suffix
    if how < 0.04:
        path.unlink()
        draw.choice([path.mkdir, lambda: getattr(os, "mkfifo", os.mkdir)(path), lambda: None])()
        return "no file"
    if how < 0.16:
        content = path.read_bytes()
        at = draw.randrange(1 + len(content))
        path.write_bytes(draw.choice([b"", content[:at], content[at:], flip(content, draw)]))
        return "bytes"
    if how < 0.22:
        shutil.copy(draw.choice([one for one in others if one != path] or [__file__]), path)
        return "another file"
    if kind in (".npz", ".npy"):
        damage_arrays(path, draw)
    elif kind in (".keras", ".skops", ".xlsx"):
        damage_zip(path, draw)
    elif kind == ".json":
        path.write_text(damage_json(path.read_text("utf-8"), draw), "utf-8")
    elif kind in SMALL:
        path.write_bytes(damage_rows(path.read_text("latin-1"), draw).encode("latin-1"))
    else:
        path.write_bytes(flip(path.read_bytes(), draw))
    return kind


def images(folder, count=3, size=(40, 50)):
    """Write photographs into a folder, dark on the left, bright on the right."""
    from PIL import Image

    random = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        image = random.integers(0, 60, (*size, 3)) + 150 * (np.arange(size[1]) > 20)[:, None]
        name = f"{i}.jpg" if i % 2 else f"{i}.png"
        Image.fromarray(image.astype("uint8")).save(folder / name)


def network(path, inputs, classes, grid=False):
    """Save a small network that tells classes of images apart."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    stack = [keras.Input(inputs), layers.Conv2D(4, 3, padding="same", activation="relu")]
    if not grid:
        stack += [layers.GlobalAveragePooling2D()]
    stack += [layers.Dense(classes, activation="softmax")]
    keras.Sequential(stack).save(path)
