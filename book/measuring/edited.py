"""Machinery of the book: runs before and after an edit, and what my_runs.py says of them.

    python book/measuring/edited.py

The one-layer network learns in a copy of the project, of its last commit: with five seeds as it is,
and with three of them after an edit. Takes some minutes.
"""

from chapter import OUTPUTS

import subprocess
import sys
import tempfile
from pathlib import Path

from book.measuring.bands import copy_project, edit_file
from utils.options import make_parser
from utils.runs import make_folder, read_json, save_results

COMMAND = "mnist/mnist.py -m mlp_one_layer --epochs 3 --train-samples 5000 --seed"
BEFORE, AFTER = (1, 2, 3, 4, 5), (1, 2, 3)  # seeds
HEAD = "keras.Input(VECTOR_SHAPE),\n        layers.Dense(512, activation={}),\n"
HEAD += "        layers.Dense(NUM_CLASSES"
EDIT = "mnist/models.py", HEAD.format('"relu"'), HEAD.format('"tanh"')


def main(argv=None):
    parser = make_parser("Run a script before and after an edit; compare.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    with tempfile.TemporaryDirectory() as parent:
        project = copy_project(Path(parent) / "copy")

        def run(*words, **options):
            return subprocess.run([sys.executable, *words], cwd=project, check=True, **options)

        for seed in BEFORE:
            run(*COMMAND.split(), str(seed), stdout=subprocess.DEVNULL)
        edit_file(project, *EDIT)
        for seed in AFTER:
            run(*COMMAND.split(), str(seed), stdout=subprocess.DEVNULL)
        run("reference/my_runs.py", "mnist", "--outputs", str(folder / "compared"))
    tables = read_json(folder / "compared" / "results.json")
    return save_results({"runs": tables["mnist.py"]}, folder, __file__, argv)


if __name__ == "__main__":
    main()
