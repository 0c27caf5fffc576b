"""Is my run normal? Where its loss lies among those of the book's runs with other seeds.

`assets/results/bands/` holds them: a file for each script and setting, made by
`book/measuring/bands.py`.
"""

import contextlib
import json
import math
import sys
from pathlib import Path

from utils.runs import RESULTS, settings_of

BANDS = RESULTS / "bands"
FEWEST = 10  # seeds of a band; one that is still being measured says nothing


def place_run(results, script, options):
    """Print in a line where a run lies among those of the book, if there are any of its settings.

    results: what the run returns; script: its path; options: all that it depends on, a dict. A
    damaged file counts as none.
    """
    for path in sorted(BANDS.glob(f"{Path(script).stem}*.json")):
        with contextlib.suppress(Exception):
            band = json.loads(path.read_text(encoding="utf-8"))
            losses = sorted(map(float, band["losses"].values()))
            if band["settings"] == settings_of(options) and is_whole(losses):
                print(describe(look_up(results, band["path"]), losses, band))


def is_whole(losses):
    return len(losses) >= FEWEST and all(map(math.isfinite, losses))


def look_up(results, path):
    """Return the value at a path such as models.conv_net.validation.cross_entropy."""
    for key in path.split("."):
        results = results[key]
    return float(results)


def is_inside(loss, losses):
    """Tell whether a loss is one that other seeds may give, too; losses: sorted.

    The next of many equal draws lies beyond the 40 before it with a probability of 2 / 41, beyond
    ten with 2 / 11. So the band is wider than they are, the more so the fewer they are: by a tenth
    of the width on each side for 40, by four tenths for ten. Of normally distributed losses 97 of
    100 new ones then lie inside, beside ten as beside 40 (tried with random numbers).
    """
    margin = (losses[-1] - losses[0]) * 4 / len(losses)
    return losses[0] - margin <= loss <= losses[-1] + margin


def describe(loss, losses, band):
    """Return in one line where a loss lies among those of other seeds; losses: sorted."""
    name, lowest, highest = band["name"], losses[0], losses[-1]
    same = band["backend"] == sys.modules["keras"].config.backend()
    runs = f"of {len(losses)} runs of the book" + ("" if same else f" (on {band['backend']})")
    if not is_inside(loss, losses):
        return (
            f"Normal? No: {runs} all have a {name} between {lowest:.4g} and {highest:.4g}, and "
            f"yours is {loss:.4g}. Something is different."
        )
    lower, higher = sum(one < loss for one in losses), sum(one > loss for one in losses)
    return (
        f"Normal? Yes: {runs} {lower} have a lower {name} than yours, {loss:.4g}, and {higher} a "
        f"higher one ({lowest:.4g} to {highest:.4g})."
    )
