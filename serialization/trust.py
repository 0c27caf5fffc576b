"""A model file is a program: what it may do to you while you load it. Harmless to run.

    python serialization/trust.py

Writes a network with a Lambda layer, whose Python code lies in the file, and loads it with and
without safe_mode. The code in it only prints a line; it could do all that you can do. Then shows
how a checksum tells whether a file is the one that was published. About 10 seconds.

Chapter: serialization/README.md#trusting-a-model-file
"""

from chapter import OUTPUTS

import hashlib

import keras
from keras import layers

from utils.options import make_parser
from utils.runs import make_folder, save_results

UNSAFE_FILES = ["lambda.keras", "lambda.h5"]


def build_trap():
    """Return a network that does nothing but run code of its author whenever it is called.

    The code has to bring along all it needs, since only the body of the function is saved.
    """
    code = layers.Lambda(
        lambda x: (__import__("builtins").print("  > code from the file is running"), x)[1]
    )
    return keras.Sequential([keras.Input(shape=(2,)), code, layers.Dense(1)])


def try_to_load(path, safe_mode):
    """Return "loaded" or "refused"."""
    try:
        keras.saving.load_model(path, safe_mode=safe_mode)
    except ValueError as error:
        print(f"  refused: {str(error)[:80]} ...")
        return "refused"
    print("  loaded")
    return "loaded"


def sha256(path):
    """Return the SHA-256 of a file: 64 digits that no one can make another file have."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compare_checksums(path):
    """Change one byte of a file and show what the checksum says."""
    published = sha256(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed = path.with_name("changed.keras")
    changed.write_bytes(content)
    print(f"published: {published}\nreceived:  {sha256(changed)}")
    return published == sha256(changed)


def main(argv=None):
    parser = make_parser("What a model file may do to you while you load it.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    print("Building the network calls it, and so runs its code:")
    model = build_trap()
    results = {}
    for name in UNSAFE_FILES:
        model.save(folder / name)
        for safe_mode in (True, False):
            print(f"{name}, safe_mode={safe_mode}:")
            results[f"{name} {safe_mode}"] = try_to_load(folder / name, safe_mode)
    print("One byte changed on the way:")
    results["checksum_equal"] = compare_checksums(folder / UNSAFE_FILES[0])
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
