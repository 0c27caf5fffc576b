"""Make of a trained model the small file that the service is shipped with.

    python serialization/rest/ship_model.py --model mnist/outputs/RUN/conv_net.keras
    python serialization/rest/ship_model.py --model ... --outputs assets/models

Leaves out the state of the optimizer, which only training needs, and prints both sizes; the
file is a third as large. It also takes out of the layers' descriptions what an older Keras would
stumble over, so that every version of requirements.txt can load it. Without --outputs it is
written to serialization/outputs/<start time>/. A few seconds.

Chapter: serialization/rest/README.md#the-model-that-is-shipped
"""

from chapter import OUTPUTS

import json
import tempfile
import zipfile
from pathlib import Path

from utils.models import load_model
from utils.options import make_parser
from utils.runs import ROOT, make_folder, replacing, shown, writing_to

MODEL = ROOT / "assets" / "models" / "conv_net.keras"


def strip_defaults(value):
    """Return a part of config.json without settings that are None and without initializers.

    Newer versions of Keras add such settings, and older ones refuse the names that they do not
    know. None is the default, and the weights have long been initialized.
    """
    if isinstance(value, list):
        return [strip_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: strip_defaults(item)
        for key, item in value.items()
        if item is not None and not key.endswith("_initializer")
    }


def rewrite(source, target):
    """Copy a .keras file, its config.json without defaults."""
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(strip_defaults(json.loads(content))).encode()
            new.writestr(name, content)


def main(argv=None):
    parser = make_parser("Make a trained model small enough to ship.", OUTPUTS)
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file")
    args = parser.parse_args(argv)
    model = load_model(args.model, compile=False)
    size = args.model.stat().st_size
    folder = make_folder(args.outputs)
    target = folder / f"{args.model.stem}.keras"
    with (
        writing_to(folder),
        tempfile.TemporaryDirectory() as temporary,
        replacing(target) as rewritten,
    ):
        saved = Path(temporary) / target.name
        model.save(saved)
        rewrite(saved, rewritten)
        load_model(rewritten)  # still whole?
    shipped = target.stat().st_size
    print(f"{shown(args.model)}: {size:,} bytes\n{shown(target)}: {shipped:,} bytes")
    return {"bytes": size, "bytes_shipped": shipped}


if __name__ == "__main__":
    main()
