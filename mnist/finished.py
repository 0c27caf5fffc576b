"""Finished runs of mnist.py, for scripts that read them: the one place that says what they hold.

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

from pathlib import Path

from utils.runs import SPLIT, fail, fits, read_json

# What results.json says of a run, and of each network; more may be there.
RUN = {"provenance": dict, "settings": dict, "models": dict}
SCORES = {"images": int, "errors": int, "accuracy": int | float, "cross_entropy": int | float}
NETWORK = {"parameters": int, "epochs": int, "seconds_per_epoch": int | float}
NETWORK |= {"train": SCORES, "validation": SCORES}


def load_finished(folder):
    """Return the results.json of a finished run of mnist.py, or end the program with one line."""
    try:
        run = read_json(Path(folder) / "results.json")
    except (OSError, ValueError):
        run = None
    good = fits(run, RUN) and all(fits(model, NETWORK) for model in run["models"].values())
    if not (good and all(map(str.isidentifier, run["models"]))):  # names are of functions
        fail(f"{folder} is not a folder of a finished run: it has no readable results.json.")
    refuse_other_split(run, folder)
    return run


def refuse_other_split(run, folder):
    """End the program if a run of MNIST chose by other images than runs do; run: what it says."""
    if run["provenance"].get("split") != SPLIT:
        fail(f"{folder} was trained with another split of MNIST. Train it anew, in a new folder.")
