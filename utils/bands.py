"""Normal? Whether a run is as those of the book are, or in which direction to look, or why not.

Chapter: HOW_THIS_BOOK_KNOWS.md#normal
"""

import contextlib
import math
import sys
from functools import reduce
from operator import getitem
from pathlib import Path

from utils.runs import RESULTS, read_json, settings_of

# What runs of the book reached with other seeds, and beside the folder, as bands_NAME.json, what
# trials of mistakes did: book/measuring/bands.py makes both.
BANDS = RESULTS / "bands"
FEWEST = 10  # seeds of a band; one that is still being measured says nothing
TRIED = 12  # runs with a mistake of which a band must have found FOUND before anything is said
FOUND = 0.9
# What to look at, by the name of the trial in which it was wrong.
PLACES = {
    "rate": "learning rate",
    "unscaled": "scaling of the inputs",
    "labels": "labels",
    "activation": "activations",
    "epochs": "epochs",
}
TOO_GOOD = "Better, or too good: did it learn from the data of this score? Or is its batch smaller?"


def place_run(results, script, options):
    """Print in a line or two whether a run is normal, or why that cannot be said.

    results: what the run returns; script: its path; options: what it depends on, a dict, with its
    seed. Nothing is said of a script without a band that can tell. A damaged file counts as none.
    """
    settings = settings_of(options) | {"seed": options.get("seed")}
    verdicts = []
    for name, band in bands_of(script):
        with contextlib.suppress(Exception):
            if can_tell(trials := trials_of(name)):
                verdicts.append(judge(results, settings, band, trials))
    if verdicts:
        print("Normal?", min(verdicts)[1])


def bands_of(script):
    """Yield the name of each band of a script, whose path is given, and the band."""
    for path in sorted(BANDS.glob(f"{Path(script).stem}*.json")):
        with contextlib.suppress(Exception):
            band = read_json(path)
            made_by = band["provenance"]["command"].split()[1]
            if Path(made_by).parts[-2:] == Path(script).parts[-2:]:
                yield path.stem, band


def trials_of(name):
    """Return {trial: what became of it} of a band."""
    trials = read_json(BANDS.parent / f"bands_{name}.json")
    return {trial: one for trial, one in trials.items() if trial != "provenance"}


def can_tell(trials):
    """Tell whether trials have shown that a band finds mistakes, and calls nothing else one."""
    mistakes = [one for trial, one in trials.items() if trial in PLACES]
    others = [one for trial, one in trials.items() if trial not in PLACES]
    tried = sum(one["runs"] for one in mistakes)
    found = sum(one["runs"] - one["inside"] for one in mistakes)
    fair = others and all(one["inside"] == one["runs"] for one in others)
    return bool(fair and tried >= TRIED and found >= FOUND * tried)


def judge(results, settings, band, trials):
    """Return in how many options a run differs from those of a band, and what is said of it."""
    loss = look_up(results, band["path"])  # or no such network was trained: say nothing
    others = band["settings"]
    keys = [key for key in {**others, **settings} if key not in ("seed", "outputs", "test")]
    if changed := [key for key in keys if settings.get(key) != others.get(key)]:
        yours, ours = (
            " and ".join(option(key, of.get(key)) for key in changed) for of in (settings, others)
        )
        return len(changed), f"No comparison: your run has {yours}, those of the book {ours}."
    losses, seed = known(band), str(settings.get("seed"))
    there, here = band["backend"], sys.modules["keras"].config.backend()
    runs = f"{len(losses)} runs of the book" + (f" (on {there})" if there != here else "")
    if "tolerance" in band:
        if there != here:
            return 0, f"No comparison: here the seed decides, and {runs} have other random numbers."
        if seed not in losses:
            seeds = ", ".join(losses)
            return 0, f"No comparison: here the seed decides. Those of the book are {seeds}."
        runs = "the book's run with the same seed"
    elif len(losses) < FEWEST:
        return 0, f"No comparison: only {runs} are on file."
    low, high = ends(band, seed)
    span = f"has {low:.4g}" if low == high else f"have {low:.4g} to {high:.4g}"
    said = f"your {band['name']} is {loss:.4g}"
    if is_inside(seed, loss, band):
        return 0, f"Yes: {said}, and {runs} {span}."
    if "tolerance" in band:  # a mistake may lie on either side
        return 0, f"No: {said}, and {runs} {span}. Something else than the seed differs."
    if loss < low:
        return 0, f"No: {said}, below all: {runs} {span}.\n{TOO_GOOD}"
    return 0, f"No: {said}, above all: {runs} {span}.\n{where(loss, trials)}"


def option(key, value):
    """Return how a command line asks for a setting, such as "--hidden 6 6"."""
    name = f"--{key.replace('_', '-')}"
    if value is None or isinstance(value, bool):
        return name if value else f"no {name}"
    return " ".join([name, *map(str, value if isinstance(value, list) else [value])])


def known(band):
    """Return {seed: loss} of a band."""
    return {seed: float(loss) for seed, loss in band["losses"].items()}


def ends(band, seed):
    """Return the lowest and the highest loss that a run is held against; seed: its own, a text."""
    losses = known(band)
    if "tolerance" in band:
        return losses[seed], losses[seed]
    return min(losses.values()), max(losses.values())


def is_inside(seed, loss, band):
    """Tell whether a loss is one that other runs with the same settings may give.

    The band is wider than its losses, by a tenth on each side for 40 and by four tenths for ten: of
    normally distributed losses, 97 of 100 new ones then lie inside. Where seeds lie too far apart,
    it has a tolerance, and the loss is held against that of the same seed.
    """
    low, high = ends(band, seed)
    margin = band.get("tolerance", (high - low) * 4 / len(band["losses"]))
    return low - margin <= loss <= high + margin


def where(loss, trials):
    """Return a line on what to look at: first that whose mistake came nearest to a loss."""
    tried = [trial for trial in PLACES if trial in trials]
    if math.isfinite(loss):
        losses = {one: trials[one]["losses"].values() for one in tried}
        tried.sort(key=lambda one: min(abs(value - loss) for value in losses[one]))
    first, *others = [PLACES[trial] for trial in tried]
    return f"Look first at the {first}, then: {', '.join(others)}."


def look_up(results, path):
    """Return the value at a path such as models.conv_net.validation.cross_entropy."""
    return float(reduce(getitem, path.split("."), results))
