"""Machinery of the book: the results and figures of several runs of mnist.py, as those of one.

python book/measuring/merged.py RUN RUN
"""

from chapter import OUTPUTS

import shutil
from pathlib import Path

from mnist.finished import load_finished
from utils.options import make_parser
from utils.runs import make_folder, save_results


def main(argv=None):
    parser = make_parser("Merge runs of mnist.py.", OUTPUTS)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    args = parser.parse_args(argv)
    folder, models = make_folder(args.outputs), {}
    for path in args.runs:
        run = load_finished(path)
        models |= run["models"]
        for figure in path.glob("*.png"):
            shutil.copy(figure, folder)
    results = {"settings": run["settings"] | {"model": "each"}, "models": models}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
