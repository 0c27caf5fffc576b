"""Machinery of the tests: what a run of a script did, noted, and held against what is on file.

    python -m pytest -n0 --record tests/test_leaks.py    # files it anew

A note says with which numbers random generators began, what came into fit, train_on_batch, evaluate
and predict with which settings, and what the run returned: of arrays their shapes, means, and means
that depend on the order. In these runs no network learns from fit, so that they end in the same way
everywhere.
"""

import contextlib
import json
import re
import warnings
import zlib
from collections import Counter
from functools import wraps
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

FILED = Path(__file__).with_suffix(".json")
PACKAGES = ["keras", "numpy", "pandas", "scikit-learn", "scipy"]
MOST = 12  # lines of a note; of the others their number
ENOUGH = 500_000  # of the numbers in an array, evenly taken
OF_THE_MACHINE = re.compile("seconds|duration|provenance|memory|_ms$|summary")


def short(number):
    return float(f"{number:.6g}")


def places(count):
    """Return weights, the sum of which is 1, that grow with the place."""
    return np.arange(1, count + 1) / (count * (count + 1) / 2)


def numbers(value):
    """Return shape and means of an array or a list; of what is not of numbers, a checksum."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return [*array.shape, zlib.crc32(repr(array.tolist()).encode())]
    some = array.ravel()[:: 1 + array.size // ENOUGH]
    known = some[np.isfinite(some)].astype("float64")
    if not known.size:
        return [*array.shape, 0]
    return [*array.shape, known.size, *map(short, (known.mean(), known @ places(known.size)))]


def is_numeric(value):
    return np.asarray(value).dtype.kind in "biuf"


def brief(value):
    """Return results without what differs from run to run, and of long lists what numbers says."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, dict):
        kept = {str(key): one for key, one in value.items()}
        return {key: brief(kept[key]) for key in kept if not OF_THE_MACHINE.search(key)}
    if isinstance(value, list | tuple):
        long = len(value) > 4 and not any(isinstance(one, dict) for one in value)
        with contextlib.suppress(ValueError):  # lists of different lengths
            if long and (is_numeric(value) or all(isinstance(one, str) for one in value)):
                return numbers(value)
        return [brief(one) for one in value]
    if isinstance(value, float):
        return short(value)
    return value if isinstance(value, int | None) else str(value)


def differences(old, new, place="", rel=1e-3, least=1e-6):
    """Yield the places of two results at which they differ by more than rounding.

    That is by more than the share rel of the old number, and by more than least.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if not OF_THE_MACHINE.search(key):
                yield from differences(old.get(key), new.get(key), f"{place}.{key}", rel, least)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{place}.{number}", rel, least)
    elif isinstance(old, float | int) and isinstance(new, float | int):
        if new != pytest.approx(old, rel=rel, abs=least, nan_ok=True):
            yield f"{place}: {old} is now {new}"
    elif old != new:
        yield f"{place}: {str(old)[:300]} is now {str(new)[:300]}"


def settings(model, callbacks=(), **options):
    """Return what a network learns with: its layers, its loss, and options of fit."""
    loss = getattr(model, "loss", None)
    told = {key: one for key, one in options.items() if isinstance(one, int | dict)}
    told["loss"] = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    told["rate"] = short(float(rate)) if hasattr(rate, "numpy") else type(rate).__name__
    told |= {"from_logits": getattr(loss, "from_logits", None)}
    told["layers"] = dict(Counter(type(layer).__name__ for layer in model.layers))
    told["callbacks"] = [
        f"{type(one).__name__} {getattr(one, 'restore_best_weights', '')}" for one in callbacks
    ]
    return str(told)


class Recorder:
    """Notes generators of random numbers, and what comes into Keras; results are added to it."""

    def __init__(self, patch):
        import keras  # not above: conftest.py sets TensorFlow up first

        self.calls, self.results = [], []
        for owner, name in ((keras.utils, "set_random_seed"), (np.random, "default_rng")):
            self.watch(patch, owner, name, lambda *args, **_: brief(args))
        for name in ("fit", "train_on_batch", "evaluate", "predict"):
            self.watch(patch, keras.Model, name, self.inputs)

    def watch(self, patch, owner, name, tell):
        before = getattr(owner, name)

        @wraps(before)
        def watched(*args, **options):
            self.calls.append([name, tell(*args, **options)])
            return before(*args, **options)

        patch.setattr(owner, name, watched)

    def inputs(self, model, *inputs, verbose=None, **options):
        from keras import tree

        more = [options.pop(name, None) for name in ("x", "y", "validation_data", "sample_weight")]
        arrays = [one for one in tree.flatten([inputs, more]) if isinstance(one, np.ndarray)]
        return [*map(numbers, arrays), settings(model, **options)]

    def hold(self, name, file):
        """Compare all that was noted with what is on file, or put it there."""
        import tensorflow  # its distribution has several names

        versions = {"tensorflow": tensorflow.__version__} | {one: version(one) for one in PACKAGES}
        versions = {one: text.rpartition(".")[0] for one, text in versions.items()}
        calls = [[*one, len([*same])] for one, same in groupby(self.calls)]
        note = {"calls": [*calls[:MOST], len(calls)], "results": brief(self.results)}
        note = json.loads(json.dumps(note))
        filed = json.loads(FILED.read_text(encoding="utf-8")) if FILED.exists() else {}
        if file:
            filed |= {name: note, "versions": versions}
            lines = [f"{json.dumps(key)}: {json.dumps(filed[key])}" for key in sorted(filed)]
            FILED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        elif filed["versions"] != versions:
            warnings.warn(f"NOT COMPARED with what {filed['versions']} did", stacklevel=2)
        elif name not in filed:
            pytest.fail("nothing is on file (to file it: -n0 --record)")
        # Another processor rounds otherwise, which grows on the way through a network.
        elif found := [*differences(filed[name], note, rel=1e-2, least=1e-5)]:
            pytest.fail("not as on file (to file it anew: -n0 --record):\n" + "\n".join(found[:9]))
