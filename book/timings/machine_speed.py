"""Machinery of the book: how fast this computer trains, for environment.py to compare with.

    python book/timings/machine_speed.py

Prints the images a second of five networks, each the median of five short trainings; the median of
the five is filed. A minute; nothing else should run meanwhile.
Chapter: TROUBLESHOOTING.md#let-the-book-look
"""

from chapter import OUTPUTS

import re
import subprocess
import sys
from statistics import median

from utils.options import make_parser
from utils.runs import ROOT, make_folder, save_results

TRIALS = 5


def training_speed():
    """Return the images a second that environment.py prints."""
    command = [sys.executable, "backends/environment.py"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    return float(re.search(r"reads ([\d,]+) images a second", printed)[1].replace(",", ""))


def main(argv=None):
    parser = make_parser("How fast this computer trains.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    speeds = [training_speed() for _ in range(TRIALS)]
    print(" ".join(f"{speed:,.0f}" for speed in speeds), "images a second")
    results = {"images_per_second": median(speeds), "all": speeds}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
