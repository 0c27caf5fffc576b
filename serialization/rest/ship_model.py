"""Make of a trained model the small file that the service is shipped with.

    python serialization/rest/ship_model.py --model mnist/outputs/RUN/conv_net.keras
    python serialization/rest/ship_model.py --model ... --outputs assets/models

Leaves out the state of the optimizer, which only training needs, and prints both sizes: the file
is a third as large. Without --outputs it is written to serialization/outputs/<start time>/. A few
seconds.

Chapter: serialization/rest/README.md#the-model-that-is-shipped
"""

from chapter import OUTPUTS

from pathlib import Path

from utils.models import load_model
from utils.options import make_parser
from utils.runs import ROOT, fail, make_folder, replacing, shown, writing_to

MODEL = ROOT / "assets" / "models" / "conv_net.keras"


def main(argv=None):
    parser = make_parser("Make a trained model small enough to ship.", OUTPUTS)
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file")
    args = parser.parse_args(argv)
    if (args.outputs / args.model.name).resolve() == args.model.resolve():
        fail(f"{args.model} itself would be overwritten. Name another folder with --outputs.")
    model = load_model(args.model, compile=False)  # without compiling there is no optimizer
    size = args.model.stat().st_size
    folder = make_folder(args.outputs)
    target = folder / f"{args.model.stem}.keras"
    with writing_to(folder), replacing(target) as partial:
        model.save(partial)
        load_model(partial)  # still whole?
    shipped = target.stat().st_size
    print(f"{shown(args.model)}: {size:,} bytes\n{shown(target)}: {shipped:,} bytes")
    return {"bytes": size, "bytes_shipped": shipped}


if __name__ == "__main__":
    main()
