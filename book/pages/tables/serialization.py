"""The tables of the chapter on serialization and of the web service."""

from book.pages.tables.common import load_results, markdown, percent, table


@table
def rest_preparation():
    labels = {
        "untouched": "the test images as they are, not put on a sheet",
        "all": "all steps",
        "box": "centred by the outline, not by mass",
        "stretched": "stretched to 20 × 20, proportions lost",
        "not_cropped": "not cropped: the whole sheet made 28 × 28",
        "dark_on_light": "dark taken for ink, without a look at the border",
    }
    measured = load_results("rest_preparation")
    rows = [[label, percent(measured[name])] for name, label in labels.items()]
    return markdown(["preparation", "read correctly"], *rows)


@table
def rest_light():
    ways = {
        "median": "one brightness for the paper",
        "surface": "a surface of degree 2",
        "closing_30": "closed, strokes up to 30 % of the sheet",
        "closing_50": "closed, strokes up to 50 %",
        "blur_30": "blurred",
    }
    lights = ["drawn", "even", "gradient", "lamp", "shadow"]
    measured = load_results("rest_light")
    rows = [
        [f"{label}, {part}", *(percent(measured[part][way][light], 1) for light in lights)]
        for part in ("validation", "test")
        for way, label in ways.items()
        if way in measured[part]
    ]
    header = ["paper", "as drawn", "even light", "1.15 to 0.6", "a lamp", "a shadow"]
    return markdown(header, *rows)


@table
def rest_load():
    labels = {"fast": "`predict_on_batch`", "predict": "`predict`"}
    rows = [
        [
            f"{label}, {clients} at once",
            f"{line['p50_ms']:.1f} ms",
            f"{line['p99_ms']:.1f} ms",
            f"{line['per_second']:.0f}",
        ]
        for name, label in labels.items()
        for clients, line in load_results("rest_load")[name].items()
        if clients.isdigit()
    ]
    return markdown(
        ["clients", "half answered within", "99 % within", "requests per second"], *rows
    )


def smaller(network):
    """Return a row for each form in which smaller.py has saved a network."""
    labels = {
        "model_keras": "`.keras`, float32",
        "float16_keras": "`.keras`, float16",
        "int8_keras": "`.keras`, int8",
        "saved_model": "SavedModel",
        "model_tflite": "LiteRT",
        "int8_tflite": "LiteRT, int8",
        "model_onnx": "ONNX",
    }
    million = 1_000_000
    rows = [
        [
            labels[form],
            f"{row['bytes']:,}",
            percent(row["accuracy"]),
            f"{row['difference']:.0e}" if row["difference"] else "0",
            f"{row['ms_1']:.2f} ms",
            f"{row['ms_1000']:.0f} ms",
            f"{row['library_bytes'] / million:.0f} + {row['network_bytes'] / million:.0f} MB",
        ]
        for form, row in load_results("smaller")[network]["forms"].items()
    ]
    header = ["form", "bytes", "read correctly", "largest difference", "1 image", "1,000 images"]
    return markdown([*header, "memory: library + network"], *rows)


@table
def smaller_mlp_one_layer():
    return smaller("mlp_one_layer")


@table
def smaller_conv_net():
    return smaller("conv_net")


@table
def out_of_distribution():
    kinds = ["letters", "scribbles", "noise", "chosen", "upside_down", "signs", "emoji", "reported"]
    kinds += ["digits", "printed_digits"]
    labels = {"chosen": "mean of these three", "reported": "mean of the last three"}
    labels["digits"] = "test digits"
    rows = [
        [way.replace("_", " "), *(percent(shares[kind], 1) for kind in kinds)]
        for way, shares in load_results("out_of_distribution")["ways"].items()
    ]
    header = [labels.get(kind, kind.replace("_", " ")) for kind in kinds]
    return markdown(["refused by", *header], *rows)
