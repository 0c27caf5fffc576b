"""The tables of the chapter on labels for every pixel."""

from book.pages.tables.common import load_results, markdown, p_value, percent, table, with_interval
from utils.comparisons import holm

SKIPS = {"mean_iou": "mean of the digits", "ink": "any digit"}
OVERLAPS = {"overlap_0": "none", "overlap_1": "up to 25 %", "overlap_2": "up to 50 %"}
OVERLAPS |= {"overlap_3": "more", "same": "any, with its like", "other": "any, with another digit"}


@table
def pixels_iou():
    measured = load_results("pixels")
    rows = []
    for way, one in measured["validation"].items():
        each = one["iou"].values()
        low, high = (f"{edge(list(each)[1:]):.2f}" for edge in (min, max))
        test = measured["test"][way]["mean_iou"]
        shares = [percent(one["accuracy"], 1), f"{one['mean_iou']:.3f}", f"{low} to {high}"]
        rows.append([way, *shares, f"{test:.3f}"])
    header = ["way", "pixels right", "mean IoU", "worst to best digit", "mean IoU, test writers"]
    return markdown(header, *rows)


@table
def pixels_skips():
    measured, rows = load_results("pixels_skips"), []
    values = holm([measured[key]["more"]["p"] for key in SKIPS])
    for (key, name), p in zip(SKIPS.items(), values, strict=True):
        one = measured[key]
        means = [f"{one[way]['mean']:.3f}" for way in ("with", "without")]
        least, most = (f"{edge(one['more']['differences']):+.3f}" for edge in (min, max))
        difference = with_interval(one["more"], "{:+.3f}")
        rows.append([name, *means, difference, f"{least} to {most}", p_value(p)])
    header = ["IoU", "with skips", "without", "difference (95 %)", "lowest and highest pair", "p"]
    return markdown(header, *rows)


@table
def pixels_found():
    rows = []
    for way, one in load_results("pixels_found")["ways"].items():
        shares = [percent(one[key], 1) for key in ("precision", "recall", "counted")]
        # True labels are all equally sure: nothing says in which order to go down their list.
        precision = f"{one['average_precision']:.3f}" if way != "true labels" else "\N{EN DASH}"
        rows.append([way, precision, *shares])
    return markdown(["way", "AP at 0.5", "precision", "recall", "scenes counted rightly"], *rows)


@table
def pixels_overlap():
    ways = load_results("pixels_found")["ways"]
    digits = next(iter(ways.values()))["digits_of"]
    rows = [
        [name, f"{digits[key]:,}", *(percent(one["found_of"][key], 1) for one in ways.values())]
        for key, name in OVERLAPS.items()
    ]
    header = ["share of its box in another's box", "digits", *(f"found, {way}" for way in ways)]
    return markdown(header, *rows)


@table
def pixels_missed():
    why = ["run together", "misread", "cut", "none of these"]
    rows = []
    for way, one in load_results("pixels_found")["ways"].items():
        counts = [sum(one["missed"].values()), *(one["missed"].get(key, 0) for key in why)]
        rows.append([way, *(f"{count:,}" for count in counts)])
    return markdown(["way", "missed", *why], *rows)


@table
def pixels_own():
    measured, scratch = load_results("pixels_own"), load_results("pixels_own_scratch")
    ways = {
        "U-Net, pretrained": measured["U-Net"],
        "U-Net from scratch": scratch["U-Net"],
        "boosting on colours": measured["boosting on colours"],
    }
    rows = [
        [way, *(f"{share:.2f}" for share in one["iou"].values()), f"{one['mean_iou']:.2f}"]
        for way, one in ways.items()
    ]
    return markdown(["IoU", *measured["U-Net"]["iou"], "mean of all"], *rows)
