"""Machinery of the book: write down the versions of all packages that are installed here.

    python book/editions/constraints.py

Run it in an environment in which all tests have passed. Writes constraints.txt: what
requirements.txt names, and all that these packages need in turn. Some seconds.
Chapter: TROUBLESHOOTING.md#installing-it
"""

from chapter import ROOT

import re
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backends.environment import requirements

LISTS = "requirements-student.txt", "requirements.txt", "book/requirements.txt"
TOOLS = {"pip", "setuptools", "wheel"}  # belong to the environment, not to the book
HEAD = """\
# Versions that passed all tests together: pip install -r requirements.txt -c constraints.txt
# Written by book/editions/constraints.py.
"""


def versions(wanted):
    """Return the version of each package that is wanted, directly or by another, by its name."""
    found, seen = {}, set()
    waiting = [(requirement, set()) for requirement in wanted]
    while waiting:
        requirement, extras = waiting.pop()  # extras: those that its package was wanted with
        name, own = canonicalize_name(requirement.name), {*requirement.extras}
        applies = not requirement.marker or any(
            requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}
        )
        if (name, *sorted(own)) in seen or name in TOOLS or not applies:
            continue
        seen.add((name, *sorted(own)))
        try:
            package = distribution(name)
        except PackageNotFoundError:  # for another system, or optional
            continue
        # "+cpu" and the like are of one computer only
        found[name] = re.sub(r"\+.*", "", package.version)
        waiting += [(Requirement(line), own) for line in package.requires or []]
    return found


def main():
    found = versions(requirements(*LISTS))
    lines = [f"{name}=={version}\n" for name, version in sorted(found.items())]
    (ROOT / "constraints.txt").write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} versions are in constraints.txt")


if __name__ == "__main__":
    main()
