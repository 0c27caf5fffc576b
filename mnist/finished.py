"""Finished runs of mnist.py, for scripts that read them: the one place that says what they hold."""

from pathlib import Path

from utils.runs import SPLIT, fail, read_json

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


def fits(value, form):
    """Tell whether a value of JSON has a form, made of dicts, lists and types at their ends."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(fits(value.get(name), form[name]) for name in form)
    if isinstance(form, list):
        return isinstance(value, list) and len(value) == len(form) and all(map(fits, value, form))
    return isinstance(value, form)


def refuse_other_split(run, folder):
    """End the program if a run of MNIST chose by other images than runs do; run: what it says."""
    if run["provenance"].get("split") != SPLIT:
        fail(f"{folder} was trained with another split of MNIST. Train it anew, in a new folder.")
