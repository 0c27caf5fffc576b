"""Make of a trained model the small file that the service is shipped with.

    python serialization/rest/ship_model.py --model mnist/outputs/RUN/conv_net.keras
    python serialization/rest/ship_model.py --model ... --outputs serialization/rest

Leaves out the state of the optimizer, which only training needs, and prints both sizes; the
file is a third as large. It also takes out of the layers' descriptions what an older Keras would
stumble over, so that every version of requirements.txt can load it. Without --outputs it is
written to serialization/outputs/<start time>/. A few seconds. README section: "The model".
"""

import argparse
import json
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import keras

FOLDER = Path(__file__).resolve().parent
OUTPUTS = FOLDER.parent / "outputs"
MODEL = FOLDER / "conv_net.keras"


def plain(value):
    """Return a part of config.json without settings that are None and without initializers.

    Newer versions of Keras add such settings, and older ones refuse the names that they do not
    know. None is the default, and the weights have long been initialized.
    """
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: plain(item)
        for key, item in value.items()
        if item is not None and not key.endswith("_initializer")
    }


def rewrite(source, target):
    """Copy a .keras file, its config.json made plain."""
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(plain(json.loads(content))).encode()
            new.writestr(name, content)


def main(argv=None):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file")
    folder = OUTPUTS / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    parser.add_argument("--outputs", type=Path, default=folder, help="folder to write to")
    options = parser.parse_args(argv)
    target = options.outputs / options.model.name
    try:
        size = options.model.stat().st_size
        model = keras.saving.load_model(options.model, compile=False)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_stem(f"{target.stem}_partial")
        model.save(partial)
        rewritten = target.with_stem(f"{target.stem}_rewritten")
        rewrite(partial, rewritten)
        keras.saving.load_model(rewritten)  # still whole?
        partial.unlink()
        rewritten.replace(target)
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        sys.exit(f"ship_model.py: {options.model}: {str(error).splitlines()[0]}")
    shipped = target.stat().st_size
    print(f"{options.model}: {size:,} bytes\n{target}: {shipped:,} bytes")
    return {"bytes": size, "bytes_shipped": shipped}


if __name__ == "__main__":
    main()
