"""Machinery of the studies: their options, one run, runs with several seeds, what they reached.

Chapter: mnist/studies/README.md#seeds
"""

import shlex
import statistics
import sys
from dataclasses import asdict, replace

from mnist.data import TRAIN_SIZE
from mnist.overfitting import lab
from mnist.overfitting.settings import DEFAULTS, find_change, load_run
from mnist.report import command_line
from utils.options import make_parser, positive, seed
from utils.runs import fail
from utils.statistics import spread


def study_parser(description, outputs, epochs=None, seeds=None):
    """Return a parser with the options that the studies share.

    outputs: the chapter's folder for runs; epochs: the default for each training, None for what
    its own settings say; seeds: the default of an option for them, None for no such option.
    A folder that --outputs names again is continued.
    """
    parser = make_parser(description, outputs)
    add = parser.add_argument
    add("--epochs", type=positive(int), default=epochs, help="of each run")
    samples = positive(int, most=TRAIN_SIZE)
    add("--train-samples", type=samples, default=TRAIN_SIZE, help="fewer for a quick try")
    if seeds:
        add("--seeds", nargs="+", type=seed, default=seeds, help="a run with each")
    return parser


def train(folder, build=None, test=False, **changes):
    """Train one network, or continue the run in the folder; return its results.

    changes: the settings that differ from the defaults of lab.py; the command that does the same is
    printed; build: a function that returns the network, where models.py has none of that name;
    test: whether it reads the test images in the end. The results are those of the model in
    results.json. Ctrl-C ends the program.
    """
    settings = replace(DEFAULTS, **changes)
    if not build:
        show_command(settings)
    begun = (folder / "run.json").exists()
    if begun and (problem := find_change(load_run(folder)["settings"], settings)):
        fail(f"{folder} was begun with other settings: {problem}. Choose another folder.")
    run = lab.run(settings, folder, begun, test, options(settings), build)
    if run["interrupted"]:
        sys.exit(130)
    (results,) = run["models"].values()
    return results


def options(settings):
    """Return the options of lab.py that ask for these settings."""
    changed = {k: v for k, v in asdict(settings).items() if v != getattr(DEFAULTS, k)}
    return command_line(changed)


def show_command(settings):
    print("$ python mnist/overfitting/lab.py", shlex.join(options(settings)), flush=True)


def summarize(results):
    """Return what runs, {seed: results}, reached on the validation and, if read, the test images.

    For each of the two parts: the spread of the accuracies and the mean cross-entropy.
    """
    results = list(results.values())
    summary = {
        "parameters": results[0]["parameters"],
        "epochs": results[0]["epochs"],
        "seconds": statistics.mean(r["epochs"] * r["seconds_per_epoch"] for r in results),
    }
    for part in [part for part in ("validation", "test") if part in results[0]]:
        scores = [result[part] for result in results]
        summary[part] = spread([score["accuracy"] for score in scores], scores[0]["images"])
        summary[part]["cross_entropy"] = statistics.mean(s["cross_entropy"] for s in scores)
    return summary
