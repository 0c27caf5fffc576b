"""Images from files: four ways to read them, each with its speed and its memory.

    python customizing/feeding/image_files.py

Writes 20,000 digits as PNG files into a folder for each digit, as collections of images often come.
The same small network learns from them, each time in a process of its own: from all of them in
memory, from `keras.utils.image_dataset_from_directory`, from a `keras.utils.PyDataset` with and
without a second worker, and from `tf.data`. You will see the images a second, the peak memory, and
how many other digits are read rightly. Takes about a minute.
Chapter: customizing/feeding/README.md#images-from-files
"""

from chapter import OUTPUTS

import json
import math
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

from customizing.feeding.million_rows import peak_memory, run_apart
from mnist.data import load_parts, prepare_mnist
from utils.options import make_parser, positive
from utils.runs import make_folder, save_results

IMAGES = 20_000
EPOCHS = 3  # the speed is that of the last one
BATCH_SIZE = 100
SEED = 1


def write_images(folder, count):
    """Write the first training images as folder/DIGIT/NUMBER.png."""
    for digit in range(10):
        (folder / str(digit)).mkdir()
    images, digits = load_parts()["train"]
    for number, (image, digit) in enumerate(zip(images[:count], digits, strict=False)):
        Image.fromarray(image).save(folder / str(digit) / f"{number:05}.png")


def list_files(folder):
    """Return the paths, and the digits that the names of their folders say."""
    paths = sorted(folder.glob("*/*.png"))
    return paths, np.array([int(path.parent.name) for path in paths])


def read_image(path):
    """Return an image as an array, (28, 28, 1), from 0 to 255."""
    with Image.open(path) as image:
        return np.asarray(image)[..., None]


class ImageFiles(keras.utils.PyDataset):
    """Batches of image files, in another order in each epoch; no image stays in memory."""

    def __init__(self, folder, **kwargs):
        super().__init__(**kwargs)
        self.paths, self.digits = list_files(folder)
        self.random = np.random.default_rng(SEED)
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.paths) / BATCH_SIZE)  # the last batch may be smaller

    def __getitem__(self, index):
        rows = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return np.stack([read_image(self.paths[row]) for row in rows]), self.digits[rows]

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.paths))


def in_memory(folder):
    paths, digits = list_files(folder)
    images = np.stack([read_image(path) for path in paths])
    return {"x": images.astype("float32"), "y": digits, "batch_size": BATCH_SIZE}


def from_directory(folder):
    data = keras.utils.image_dataset_from_directory(
        folder,
        color_mode="grayscale",
        image_size=(28, 28),
        batch_size=BATCH_SIZE,
        seed=SEED,
        verbose=False,
    )
    return {"x": data, "shuffle": False}  # it shuffles by itself; fit would warn


def from_tf_data(folder):
    import tensorflow as tf

    def read(path, digit):
        return tf.io.decode_png(tf.io.read_file(path), channels=1), digit

    paths, digits = list_files(folder)
    data = tf.data.Dataset.from_tensor_slices(([str(path) for path in paths], digits))
    data = data.shuffle(len(paths), seed=SEED)  # of names, which are small: so all of them
    data = data.map(read, num_parallel_calls=tf.data.AUTOTUNE)
    return {"x": data.batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE), "shuffle": False}


WAYS = {
    "imports alone": None,
    "in memory": in_memory,
    "image_dataset_from_directory": from_directory,
    "PyDataset": lambda folder: {"x": ImageFiles(folder)},
    "PyDataset, 2 workers": lambda folder: {"x": ImageFiles(folder, workers=2)},
    "tf.data": from_tf_data,
}


def train(way, folder):
    """Train in this process; return images a second, peak memory, and the share read rightly."""
    keras.utils.set_random_seed(SEED)
    if way == "imports alone":
        return {"peak_mib": peak_memory() / 2**20}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    times = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: times.append(time.perf_counter()),
        on_epoch_end=lambda epoch, logs: times.append(time.perf_counter()),
    )
    model.fit(**WAYS[way](folder), epochs=EPOCHS, callbacks=[clock], verbose=0)
    peak = peak_memory() / 2**20  # before the digits to validate with come into memory
    digits = prepare_mnist((28, 28, 1))
    answers = model.predict(255 * digits.x_val, batch_size=1000, verbose=0)
    right = answers.argmax(axis=1) == digits.y_val.argmax(axis=1)
    images = len(list_files(folder)[0])
    return {
        "images_per_second": images / (times[-1] - times[-2]),
        "accuracy": float(right.mean()),
        "peak_mib": peak,
    }


def main(argv=None):
    """Return {way: images a second, peak memory in MiB, accuracy}."""
    parser = make_parser("Learn from image files.", OUTPUTS)
    parser.add_argument("--images", type=positive(int, 55_000), default=IMAGES)
    parser.add_argument("--way", choices=[*WAYS], help="only this one, in this process")
    parser.add_argument("--file", type=Path, help="the folder of images for --way")
    args = parser.parse_args(argv)
    if (args.way is None) != (args.file is None):
        parser.error("--way and --file go together")
    if args.way:
        found = train(args.way, args.file)
        print(json.dumps(found))
        return found
    folder = make_folder(args.outputs)
    results = {"images": args.images, "ways": {}}
    with tempfile.TemporaryDirectory(dir=folder) as images:
        write_images(Path(images), args.images)
        for way in WAYS:
            results["ways"][way] = found = run_apart(__file__, way, images)
            line = f"{way:30} peak {found['peak_mib']:6,.0f} MiB"
            if "accuracy" in found:
                line += f", {found['images_per_second']:8,.0f} images a second"
                line += f", {found['accuracy']:.1%} right"
            print(line)
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
