"""The tables of the chapter on convolutional networks and transfer learning."""

from book.pages.tables.common import (
    PERCENT,
    each,
    entries,
    load_results,
    markdown,
    p_value,
    percent,
    table,
    with_interval,
)
from utils.comparisons import holm
from utils.statistics import with_deviation

# Of each network: year, what it added, and its published top-1 accuracy on ImageNet (in percent).
# The accuracies are those of the table on the page of keras.applications; the one of
# EfficientNet-Lite0 is that of Google's repository.
HISTORY = {
    "LeNet-5": (1998, "the form that lasted: convolutions, pooling, dense layers", None),
    "VGG16": (2014, "only 3 x 3 kernels, many layers", 71.3),
    "InceptionV3": (
        2015,
        "kernels of several sizes side by side (2014), large ones made of small ones",
        77.9,
    ),
    "ResNet50": (2015, "skip connections", 74.9),
    "MobileNetV2": (2018, "depthwise convolutions in inverted residual blocks", 71.3),
    "EfficientNetB0": (
        2019,
        "the smallest of a family in which depth, width and image size grow together",
        77.1,
    ),
    "EfficientNet-Lite0": (2020, "the same without what phones compute slowly", 75.1),
    "ConvNeXtTiny": (2022, "a ResNet brought up to date with what transformers taught", 81.3),
}


@table
def cnn_history():
    measured = load_results("cnn_history")
    rows = []
    for name, (year, idea, accuracy) in HISTORY.items():
        one = measured[name]
        work = one["multiplications"] / 1e6
        rows.append(
            [
                name,
                year,
                idea,
                one["depth"],
                f"{one['parameters'] / 1e6:,.2f}",
                f"{work:,.1f}" if work < 10 else f"{work:,.0f}",
                f"{accuracy}\N{NO-BREAK SPACE}%" if accuracy else "",
            ]
        )
    header = ["network", "year", "what it added", "layers", "parameters (millions)"]
    header += ["multiplications (millions)", "top-1, published"]
    return markdown(header, *rows, words=["what it added"])


@table
def cnn_convolutions():
    rows = [
        [name, " × ".join(map(str, one["shape"])), f"{one['difference']:.0e}".replace("0e+00", "0")]
        for name, one in load_results("cnn_convolution")["results"].items()
    ]
    return markdown(["what is computed", "shape", "largest difference from Keras"], *rows)


@table
def cnn_shifts():
    rows = [
        [f"`{name}`", *(percent(share, 1) for share in shares.values())]
        for name, shares in load_results("cnn_shifts")["accuracies"].items()
    ]
    return markdown(["moved by", "0 pixels", "1", "2", "3", "4"], *rows)


@table
def cnn_equivariance():
    rows = [
        [f"`{name}`", *(percent(share, 0) for share in shares.values())]
        for name, shares in load_results("cnn_shifts")["equivariance"].items()
    ]
    return markdown(["digit moved by", "1 pixel", "2", "4"], *rows)


def shown(one):
    """Return a mean share and, if there are several, its deviation in points."""
    return with_deviation(one, PERCENT, digits=1)


@table
def cnn_residual():
    rows = [
        [
            f"`{name}`" if " " not in name else "`conv_net`, for as many seconds",
            f"{one['parameters']:,}",
            f"{one['epochs']:.1f}",
            f"{one['seconds']:.1f}",
            shown(one),
        ]
        for name, one in entries("cnn_residual").items()
    ]
    return markdown(["network", "parameters", "epochs", "seconds", "validation"], *rows)


@table
def cnn_depth():
    measured, parts = load_results("cnn_depth")["accuracies"], ("training", "held_out")
    rows = [
        [depth]
        + [each(ways[depth][part]["accuracies"], 1) for ways in measured.values() for part in parts]
        for depth in measured["plain"]
    ]
    header = ["convolutions", "plain, training", "held out", "with skips, training", "held out"]
    return markdown(header, *rows)


def few_pictures(artist):
    methods = load_results("cnn_few_pictures")[artist]
    counts = next(iter(methods.values()))
    rows = [[name, *map(shown, found.values())] for name, found in methods.items()]
    return markdown(["images of each class", *counts], *rows)


@table
def cnn_few_pictures():
    return few_pictures("noto")


@table
def cnn_other_artist():
    return few_pictures("twemoji")


@table
def cnn_near_twins():
    measured, rows = load_results("cnn_near_twins"), []
    kinds = {"all": "all", "with a near twin": "with_a_twin", "without one": "without"}
    values = holm([measured[key]["flattered"]["p"] for key in kinds.values()])
    for (name, key), p in zip(kinds.items(), values, strict=True):
        one = measured[key]
        difference = with_interval(one["flattered"], "{:+.1f}", 100)
        rows.append([name, shown(one["mixed"]), shown(one["grouped"]), difference, p_value(p)])
    header = ["emoji", "groups mixed", "groups held out together", "points more (95 %)", "p"]
    return markdown(header, *rows)


@table
def cnn_fine_tuning():
    measured, rows = load_results("cnn_fine_tuning"), []
    for variant in measured["noto"]:
        row = [variant]
        for artist in ("noto", "twemoji"):
            one = measured[artist][variant]
            more = with_interval(one["compared"], "{:+.1f}", 100) if "compared" in one else ""
            row += [shown(one), more]
        rows.append(row)
    more = "points more than the head alone (95 %)"
    return markdown(["last blocks", "same artist", more, "other artist", more], *rows)


@table
def cnn_digits():
    ways = load_results("cnn_digits")["ways"]
    counts = next(iter(ways.values()))
    rows = [[way, *map(shown, found.values())] for way, found in ways.items()]
    return markdown(["images of each digit", *(f"{int(count):,}" for count in counts)], *rows)
