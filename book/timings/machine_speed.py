"""Machinery of the book: how fast this computer trains, for environment.py to compare with.

    python book/timings/machine_speed.py

Prints the images a second of five networks, each the median of five short trainings; the median of
the five is filed. A minute; nothing else should run meanwhile.
Chapter: TROUBLESHOOTING.md#let-the-book-look
"""

from chapter import OUTPUTS

from statistics import median

from backends.environment import training_speed
from utils.options import make_parser
from utils.runs import make_folder, save_results

TRIALS = 5


def main(argv=None):
    parser = make_parser("How fast this computer trains.", OUTPUTS)
    folder = make_folder(parser.parse_args(argv).outputs)
    speeds = [training_speed()[0] for _ in range(TRIALS)]
    print(" ".join(f"{speed:,.0f}" for speed in speeds), "images a second")
    results = {"images_per_second": median(speeds), "all": speeds}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
