"""Machinery of the book: which results were made by code that has changed since.

A result files the fingerprint of its code (utils/fingerprints.py). What has changed and is known
not to change what was measured stands in book/unchanged.toml, and so does what waits for the next
measurement. `python book/measure.py --stale` prints the rest.
"""

from chapter import ROOT

import shlex
import tomllib
from functools import cache

from measurements import MEASUREMENTS, RUNS
from utils.fingerprints import fingerprint, state
from utils.runs import RESULTS, load_results

LIST = ROOT / "book" / "unchanged.toml"


def provenances():
    """Return what each filed result says of its making, by name."""
    return {
        path.stem: load_results(path.stem)["provenance"] for path in sorted(RESULTS.glob("*.json"))
    }


@cache
def used_by(script):
    """Return the fingerprint of a script; several results may have been made by one."""
    return fingerprint(ROOT / script, ROOT)


def changes(name, about):
    """Return what has changed since a result was filed: {"name hash": file}."""
    words = shlex.split(about["command"])
    script = next(word for word in words if word.endswith(".py"))
    if not (ROOT / script).is_file():
        return {f"{script} is gone": "book/measurements.py"}
    known = set(about.get("code", "").split())
    now = used_by(script).items()
    found = {f"{one} {hash_}": file for hash_, (one, file) in now if hash_ not in known}
    if name in MEASUREMENTS and words != ["python", *shlex.split(MEASUREMENTS[name][0])]:
        found["command"] = "book/measurements.py"
    return found


def judge(results=None, listed=None):
    """Return the stale results, {name: changes}, and what is listed without need.

    results: as provenances() returns them; listed: as book/unchanged.toml has it.
    """
    listed = listed or tomllib.loads(LIST.read_text(encoding="utf-8"))
    same = {one for entry in listed.get("same", []) for one in entry["code"]}
    waiting = {one for entry in listed.get("waiting", []) for one in entry["results"]}
    used, stale = set(), {}
    for name, about in (results or provenances()).items():
        left = {}
        for change, file in changes(name, about).items():
            reasons = {change, f"{file} {state(file, ROOT)}"} & same
            used |= reasons
            if not reasons:
                left[change] = file
        if left and name in waiting:
            used.add(name)
        elif left:
            stale[name] = left
    return stale, sorted((same | waiting) - used)


def find_old():
    """Return the measurements to be made anew, the waiting ones too, the shortest first."""
    results = provenances()
    same = tomllib.loads(LIST.read_text(encoding="utf-8")).get("same", [])
    old = [name for name in judge(results, {"same": same})[0] if name in MEASUREMENTS]
    missing = [name for name in MEASUREMENTS if name not in results]
    return sorted(old, key=lambda name: results[name].get("seconds", 0)) + missing


def report():
    """Print the stale results, with what has changed, and what waits, with the minutes."""
    results = provenances()
    minutes = {
        name: f"{about['seconds'] / 60:.1f}"
        for name, about in results.items()
        if "seconds" in about
    }
    stale, unneeded = judge(results)
    for name, found in stale.items():
        print(f"{name}: {minutes.get(name, '?')} minutes, {results[name]['command']}")
        files = {}
        for change, file in found.items():
            files.setdefault(f"{file} {state(file, ROOT)}", []).append(change)
        for file, definitions in files.items():
            print(f"    {file}: {', '.join(sorted(definitions))}")
    print(f"{len(stale)} of {len(results)} results are stale.")
    known, waiting = {*MEASUREMENTS, *RUNS}, find_old()
    for about, names in [
        ("To be made anew (--renew)", [f"{one} {minutes.get(one, '?')}" for one in waiting]),
        ("No measurement makes", sorted(set(results) - known)),
        ("No result has yet", sorted(known - set(results))),
        (f"Listed without need in {LIST.name}", unneeded),
    ]:
        if names:
            print(f"{about}: {', '.join(names)}")
