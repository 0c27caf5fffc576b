"""Is my run normal? Where its loss lies among those of the book's runs with other seeds.

`assets/results/bands/` holds them: a file for each script and setting, made by
`book/measuring/bands.py`. The seed and the folder for what a run writes are no setting.
"""

import bisect
import contextlib
import json
import math
import sys
from pathlib import Path

from utils.runs import RESULTS, ROOT

BANDS = RESULTS / "bands"
FEWEST = 10  # seeds of a band; one that is still being measured says nothing
NOT_SETTINGS = {"seed", "outputs"}


def plain(settings):
    """Return settings, a dict, as they come out of JSON, without NOT_SETTINGS."""
    kept = {key: value for key, value in settings.items() if key not in NOT_SETTINGS}
    return json.loads(json.dumps(kept, default=relative))


def relative(path):
    """Return a path as it is called from the project's folder, if it lies in there."""
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


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


def describe(loss, name, losses, backend):
    """Return in one line where a loss lies among those of other seeds."""
    losses, count = sorted(losses), len(losses)
    lowest, highest = losses[0], losses[-1]
    lower, higher = bisect.bisect_left(losses, loss), count - bisect.bisect_right(losses, loss)
    other = "" if backend == sys.modules["keras"].config.backend() else f" (on {backend})"
    if not is_inside(loss, losses):
        return (
            f"Normal? No: of {count} runs of the book{other} all have a {name} between "
            f"{lowest:.4g} and {highest:.4g}, and yours is {loss:.4g}. Something is different."
        )
    return (
        f"Normal? Yes: of {count} runs of the book{other} {lower} have a lower {name} than yours, "
        f"{loss:.4g}, and {higher} a higher one ({lowest:.4g} to {highest:.4g})."
    )


def place_run(results, script, settings):
    """Return a line that places a run among those of the book, or None if there are no such.

    results: what the run returns; script: its path; settings: all that it depends on, a dict.
    A damaged file counts as none.
    """
    for path in sorted(BANDS.glob(f"{Path(script).stem}*.json")):
        with contextlib.suppress(Exception):
            band = json.loads(path.read_text(encoding="utf-8"))
            losses = [*map(float, band["losses"].values())]
            whole = len(losses) >= FEWEST and all(map(math.isfinite, losses))
            if band["settings"] == plain(settings) and whole:
                loss = look_up(results, band["path"])
                return describe(loss, band["name"], losses, band["backend"])
    return None
