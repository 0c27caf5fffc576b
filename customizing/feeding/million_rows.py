"""A table of a million rows, read in three ways: how much memory does each take?

    python customizing/feeding/million_rows.py

Writes a CSV file of a million rows, and lets the same small network learn from it, each time in a
process of its own: from the whole table in memory, from a `keras.utils.PyDataset` that reads one
batch after the other, and from `tf.data`. You will see the peak memory of each process, the rows a
second, and the accuracy on other rows. Takes about a minute.
Chapter: customizing/feeding/README.md#a-million-rows
"""

from chapter import OUTPUTS

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import psutil
from keras import layers

from utils.options import make_parser, positive
from utils.runs import fail, make_folder, save_results

ROWS = 1_000_000  # of the file
FEATURES = 10
BATCH_SIZE = 1_000  # rows
BUFFER = 10_000  # rows among which tf.data draws the next one
WAYS = ["imports alone", "in memory", "PyDataset", "tf.data"]


def make_rows(rows, seed):
    """Return a table, (rows, 11) in float32: ten features, and whether a rule holds, 0 or 1.

    The rule looks at three features, with some noise; no more than 90 % can be foretold.
    """
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, FEATURES))
    noise = random.normal(0, 0.45, rows)
    y = x[:, 0] * x[:, 1] + x[:, 2] + noise > 0
    return np.column_stack([x, y]).astype("float32")


def write_csv(path, rows):
    """Write the file in pieces: this process, too, never holds the whole table."""
    with path.open("w", encoding="utf-8") as file:
        for number, start in enumerate(range(0, rows, 50_000)):
            table = pd.DataFrame(make_rows(min(50_000, rows - start), seed=number))
            table.to_csv(file, header=False, index=False, float_format="%.4f", lineterminator="\n")


class CsvBatches(keras.utils.PyDataset):
    """Batches of rows of a CSV file, of which only one is in memory; fit shuffles the batches."""

    def __init__(self, path, batch_size, **kwargs):
        super().__init__(**kwargs)  # workers, use_multiprocessing, max_queue_size
        self.path = path
        self.starts = self.find_starts(batch_size)

    def find_starts(self, batch_size):
        """Return where each batch begins in the file, in bytes, and where the last one ends."""
        starts, place = [], 0
        with self.path.open("rb") as file:
            for row, line in enumerate(file):
                if row % batch_size == 0:
                    starts.append(place)
                place += len(line)
        return [*starts, place]

    def __len__(self):  # batches in an epoch
        return len(self.starts) - 1

    def __getitem__(self, index):  # may be called by several threads at once
        start, end = self.starts[index], self.starts[index + 1]
        with self.path.open("rb") as file:
            file.seek(start)
            text = file.read(end - start).decode().replace("\n", ",")
        rows = np.fromstring(text, "float32", sep=",").reshape(-1, FEATURES + 1)
        return rows[:, :-1], rows[:, -1:]


def in_memory(path):
    table = pd.read_csv(path, header=None, dtype="float32").to_numpy()
    return {"x": table[:, :-1], "y": table[:, -1:], "batch_size": BATCH_SIZE}


def from_tf_data(path):
    import tensorflow as tf

    def parse(lines):  # a batch of them
        columns = tf.io.decode_csv(lines, [[0.0]] * (FEATURES + 1))
        return tf.stack(columns[:-1], axis=1), columns[-1][:, None]

    lines = tf.data.TextLineDataset(str(path)).shuffle(BUFFER, seed=0)
    data = lines.batch(BATCH_SIZE).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    return {"x": data.prefetch(tf.data.AUTOTUNE), "shuffle": False}


def train(way, path):
    """Train for an epoch in this process; return the seconds, the peak memory, the accuracy."""
    keras.utils.set_random_seed(1)
    start = time.perf_counter()
    found = {}
    if way != "imports alone":
        if way == "PyDataset":
            data = {"x": CsvBatches(path, BATCH_SIZE, workers=2)}
        else:
            data = {"in memory": in_memory, "tf.data": from_tf_data}[way](path)
        model = keras.Sequential(
            [
                keras.Input((FEATURES,)),
                layers.Dense(32, activation="relu"),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        model.fit(**data, epochs=1, verbose=0)
        found["seconds"] = time.perf_counter() - start
        other = make_rows(20_000, seed=10**6)
        scores = model.evaluate(
            other[:, :-1], other[:, -1:], batch_size=1000, verbose=0, return_dict=True
        )
        found["accuracy"] = scores["accuracy"]
    return found | {"peak_mib": peak_memory() / 2**20}


def peak_memory():
    """Return the most bytes that this process has had in memory so far."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: what getrusage says there includes the process that started it
        (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        return 1024 * int(kib)
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # on macOS in bytes


def run_apart(script, way, path):
    """Return what the train of a script returns, from a process of its own."""
    command = [sys.executable, str(Path(script).resolve()), "--way", way, "--file", str(path)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        said = run.stderr.strip().splitlines() or ["no message; perhaps the memory was short"]
        fail(f"{way} ended with status {run.returncode}: {said[-1]}")
    return json.loads(run.stdout.splitlines()[-1])


def main(argv=None):
    """Return {way: seconds, rows a second, peak memory in MiB, accuracy} and the file's size."""
    parser = make_parser("Learn from a million rows.", OUTPUTS)
    parser.add_argument("--rows", type=positive(int), default=ROWS)
    parser.add_argument("--way", choices=WAYS, help="only this one, in this process")
    parser.add_argument("--file", type=Path, help="the table for --way")
    args = parser.parse_args(argv)
    if (args.way is None) != (args.file is None):
        parser.error("--way and --file go together")
    if args.way:
        found = train(args.way, args.file)
        print(json.dumps(found))
        return found
    folder = make_folder(args.outputs)
    path = folder / "rows.csv"
    write_csv(path, args.rows)
    size = path.stat().st_size / 2**20
    print(f"{args.rows:,} rows, {size:.0f} MiB")
    results = {"file_mib": size, "rows": args.rows, "ways": {}}
    for way in WAYS:
        results["ways"][way] = found = run_apart(__file__, way, path)
        line = f"{way:14} peak {found['peak_mib']:6,.0f} MiB"
        if "seconds" in found:
            found["rows_per_second"] = args.rows / found["seconds"]
            line += (
                f", {found['rows_per_second']:9,.0f} rows a second, {found['accuracy']:.1%} right"
            )
        print(line)
    path.unlink()
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
