"""Machinery of survive.py: what a folder holds, is it whole, and what would a power cut leave."""

import csv
import io
import json
import os
import re
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

TIMES = ("seconds", "provenance", "date", "interrupted")  # in a name: it differs from run to run
PARTIAL = "_partial"


def files_of(folder):
    """Return the files that others open: whole paths by name.

    Without partial ones, and those of a temporary folder, which nothing opens after its run.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    return {
        name: path
        for name, path in paths.items()
        if path.is_file() and not re.match(rf"tmp\w+/|.*({PARTIAL}|study\.db-)", name)
    }


def broken(folder):
    """Return {name of a file that is not whole: what is wrong with it}."""
    return half_files({name: path.read_bytes() for name, path in files_of(folder).items()})


def half_files(contents):
    """Return {name: what is wrong} of files, {name: content}, without those that are partial."""
    faults = {name: fault_of(Path(name).suffix, one) for name, one in contents.items()}
    of_others = re.compile(rf"tmp\w+/|.*{PARTIAL}")
    return {name: fault for name, fault in faults.items() if fault and not of_others.match(name)}


@cache
def fault_of(kind, content):
    """Return what shows that a file is not whole, as far as its kind can; None if it is."""
    try:
        if kind != "" and not content.strip(b"\0"):
            raise ValueError("empty, or zeros")
        if kind == ".json":
            json.loads(content)
        elif kind in (".keras", ".npz", ".zip"):
            assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
        elif kind == ".png":
            Image.open(io.BytesIO(content)).load()
        elif kind == ".npy":
            np.load(io.BytesIO(content))
        elif kind == ".h5":
            h5py.File(io.BytesIO(content)).close()
        elif kind == ".html":
            assert content.rstrip().endswith(b"</html>"), "its end is missing"
        elif kind == ".csv":
            rows = [len(row) for row in csv.reader(io.StringIO(content.decode()))]
            assert content.endswith(b"\n") and len(set(rows)) == 1, "a row is cut"
    except Exception as error:
        return f"{type(error).__name__} {str(error)[:80]}"


def facts(folder):
    """Return {name: what a run must repeat to the last digit}; of a picture, only that it is there.

    Hidden files do not count.
    """
    found = {}
    for name, path in files_of(folder).items():
        if path.name.startswith("."):
            continue
        if path.suffix in (".keras", ".npz"):
            found[name] = facts_of_zip(path)
        elif path.suffix == ".json":
            value = json.loads(path.read_bytes())
            value = value.get("models", value) if isinstance(value, dict) else value
            found[name] = name == "run.json" or without_times(value)
        elif path.suffix == ".csv":
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
            found[name] = [without_times(row) for row in rows]
        else:
            found[name] = "there"
    return found


def without_times(value):
    if isinstance(value, list):
        return [without_times(one) for one in value]
    if isinstance(value, dict):
        kept = {key for key in value if not any(time in key for time in TIMES)}
        return {key: without_times(value[key]) for key in sorted(kept)}
    return value


def facts_of_zip(path):
    """Return {part: content} of a .keras or .npz file; of weights, {path: bytes} within them."""
    found = {}
    with zipfile.ZipFile(path) as file:
        for part in set(file.namelist()) - {"metadata.json", "config.json"}:  # dates, addresses
            content = file.read(part)
            if part.endswith(".h5"):
                with h5py.File(io.BytesIO(content)) as weights:
                    arrays = {}
                    weights.visititems(lambda name, one, kept=arrays: keep(name, one, kept))
                content = arrays
            found[part] = content
    return found


def keep(name, one, kept):
    if isinstance(one, h5py.Dataset):
        kept[name] = one[()].tobytes()


def in_rows(trainings, outcomes):
    """Return {row: {"trainings", "kills": their numbers, fault: such as "8 exact, 1 anew"}}.

    trainings: {name: what became of it, with the path of a script, whose name is the row's};
    outcomes: words in their order.
    """
    rows = {}
    for one in trainings.values():
        row = rows.setdefault(Path(one["row"]).stem, {"trainings": 0, "kills": 0})
        row["trainings"] += 1
        row["kills"] += sum(one["signals"].values())
        for fault, found in one["faults"].items():
            row[fault] = row.get(fault, Counter()) + Counter(found)
    for row in rows.values():
        for fault, found in row.items():
            if isinstance(found, Counter):
                row[fault] = ", ".join(f"{found[one]} {one}" for one in outcomes if found[one])
    return rows


class Disk:
    """What a disk may hold after steps in an empty folder, if the power is then cut.

    What was synced is there. A file that was not may have lost all, or its second half, or hold
    zeros; a name that was given or taken since the names were synced may have come there or not.
    """

    KINDS = ("lost", "names first", "by chance")

    def __init__(self, steps):
        self.names, self.kept, self.pending, self.files = {}, {}, [], []
        for kind, *rest in steps:
            getattr(self, f"do_{kind.replace(' ', '_')}")(*rest)

    def do_open(self, name, new):
        if name not in self.names:
            self.files.append({"now": bytearray(), "synced": None})
            self.change(name, len(self.files) - 1)
        elif new:
            self.files[self.names[name]]["now"] = bytearray()

    def do_write(self, name, place, data):
        content = self.files[self.names[name]]["now"]
        content.extend(bytes(max(0, place - len(content))))
        content[place : place + len(data)] = data

    def do_cut(self, name, size):
        del self.files[self.names[name]]["now"][size:]

    def do_sync(self, name):
        file = self.files[self.names[name]]
        file["synced"] = bytes(file["now"])

    def do_sync_names(self, folder):
        inside = lambda name: os.path.dirname(name) == folder  # noqa: E731, PTH120
        self.kept = {name: file for name, file in self.kept.items() if not inside(name)}
        self.kept |= {name: file for name, file in self.names.items() if inside(name)}
        self.pending = [one for one in self.pending if not inside(next(iter(one)))]

    def do_move(self, name, target):
        self.pending.append({target: self.names[name], name: None})
        self.apply(self.names, self.pending[-1])

    def do_remove(self, name):
        if name in self.names:
            self.change(name, None)

    def change(self, name, file):
        self.pending.append({name: file})
        self.apply(self.names, self.pending[-1])

    @staticmethod
    def apply(names, change):
        for name, file in change.items():
            names.pop(name, None) if file is None else names.update({name: file})

    def left(self, kind, draw):
        """Return {name: content} of what is left. kind: of KINDS; draw: random.Random."""
        names = dict(self.kept)
        for change in self.pending:
            if kind == "names first" or (kind == "by chance" and draw.random() < 0.5):
                self.apply(names, change)
        for name, number in names.items():
            now, synced = bytes(self.files[number]["now"]), self.files[number]["synced"]
            left = synced or b""
            if synced != now and kind == "by chance":
                left = draw.choice([left, now, now[: len(now) // 2], bytes(len(now))])
            names[name] = left
        return names
