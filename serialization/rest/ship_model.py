"""Turn a trained model into the small file that the service is shipped with.

    python serialization/rest/ship_model.py --model mnist/outputs/RUN/conv_net.keras
    python serialization/rest/ship_model.py --model ... --outputs assets/models
    python serialization/rest/ship_model.py --refit    # of the shipped network, only NAME.json

Leaves out the state of the optimizer, which only training needs, and prints both sizes: the file
is a third as large. Of a network that reads digits, it also writes NAME.json: two numbers, fitted
on the validation images, by which the service knows how sure it may be and what is not a digit.
Without --outputs both are written to serialization/outputs/<start time>/. Some ten seconds.

Chapter: serialization/rest/README.md#the-model-that-is-shipped
"""

from chapter import OUTPUTS

from pathlib import Path

from doubt import fit, is_known
from utils.models import load_model
from utils.options import make_parser
from utils.runs import (
    ROOT,
    fail,
    file_sha256,
    make_folder,
    replacing,
    shown,
    write_json,
    writing_to,
)

MODEL = ROOT / "assets" / "models" / "conv_net.keras"


def write_limits(model, path):
    """Write beside a network that reads digits what the service needs to doubt an answer."""
    if is_known(model) and model.output_shape == (None, 10):
        limits = fit(model, file_sha256(path))
        write_json(limits, path.with_suffix(".json"))
        print(f"{shown(path.with_suffix('.json'))}: {limits}")


def main(argv=None):
    parser = make_parser("Make a trained model small enough to ship.", OUTPUTS)
    parser.add_argument("--model", type=Path, default=MODEL, help="a .keras file")
    about = "write NAME.json anew beside the model, and nothing else"
    parser.add_argument("--refit", action="store_true", help=about)
    args = parser.parse_args(argv)
    model = load_model(args.model, compile=False)  # without compiling there is no optimizer
    if args.refit:
        return write_limits(model, args.model)
    if (args.outputs / args.model.name).resolve() == args.model.resolve():
        fail(f"{args.model} itself would be overwritten. Name another folder with --outputs.")
    size = args.model.stat().st_size
    folder = make_folder(args.outputs)
    target = folder / f"{args.model.stem}.keras"
    with writing_to(folder):
        with replacing(target) as partial:
            model.save(partial)
            load_model(partial)  # still whole?
        write_limits(model, target)
    shipped = target.stat().st_size
    print(f"{shown(args.model)}: {size:,} bytes\n{shown(target)}: {shipped:,} bytes")
    return {"bytes": size, "bytes_shipped": shipped}


if __name__ == "__main__":
    main()
