"""Machinery of the tests: what the READMEs quote and start, and scripts on a small slice."""

import argparse
import re
import shlex
import sys
from functools import partial
from itertools import product
from textwrap import dedent

import pytest
from conftest import ROOT, load
from meaning import lessons

from book.measuring.measure import MEASUREMENTS
from book.pages.texts import FENCE, PAGES, is_quoted
from forecasts.window_networks import Network
from visualizing.debugging.faults import FAULTS

# What cuts a script down to a small slice of its work, put after the options of the README: of
# these, those that it has,
SMALL = {
    "epochs": 1, "steps": 20, "seeds": 2, "splits": 2, "names": 1000, "messages": 300,
    "images": 100, "train-samples": 256, "digits": 300, "networks": 20, "fine-epochs": 1,
    "samples": 4, "length": 20, "wiped": 3, "pairs": 300,
}  # fmt: skip
# and others, of which those of SMALL are no good to it, or not small enough.
SLICES = {
    "serialization/rest/detectors.py": ["--images", "4"],
    "serialization/rest/preparation_steps.py": ["--images", "10"],
    "serialization/rest/light.py": ["--images", "6"],
    "forecasts/forecast.py": ["--methods", "24_steps_ago", "ridge"],
    "text/pieces.py": ["--sizes", "256", "300"],
    "visualizing/draw_weights.py": ["-m", "conv_net"],
    "mnist/mnist_experiments.py": ["--groups", "flips"],
    "mlp/churn_experiments.py": ["--only", "base"],
    "cnn/depth.py": ["--depth", "4", "--kinds", "plain", "both"],
    "cnn/transformer/vit.py": ["--ways", "transformer", "convolutions", "scrambled", "--search"],
    "generating/autoencoder.py": ["--sizes", "8"],
    "generating/anomalies.py": ["--sizes", "8"],
    "mnist/overfitting/tuned.py": ["--seeds", "1"],
    "customizing/loops/distill.py": ["--seeds", "1"],
    "customizing/use_parts.py": ["--seeds", "1"],
    "serialization/rest/ship_model.py": ["--model", "assets/models/conv_net.keras"],
}
# And constants, of scripts that have no such option.
CONSTANTS = {
    "forecasts/leakage.py": {"HORIZON": 6, "Network": partial(Network, epochs=1)},
    "visualizing/debugging/broken.py": {
        "FAULTS": {name: FAULTS[name] for name in ("dead_relus", "leak")},
    },
    "serialization/rest/detectors.py": {"LETTERS": "AEK", "SIGNS": "π→?"},
    "rnn/order.py": {
        "LENGTHS": [20], "OTHER_LENGTHS": [5], "MIXED": [5, 10],
        "SEQUENCES": 128, "TEST_SEQUENCES": 100,
    },
    "rnn/cells/long_memory.py": {
        "STEPS": 12, "SHOWN": [1, 12], "LENGTHS": [4], "TESTED": 50, "UPDATES": 3,
    },
    "cnn/transformer/few_labels.py": {"LABELS": 2, "DRAWS": 2, "PENALTIES": [0.1, 1]},
    "customizing/speed/faster.py": {
        "ROUNDS": 2, "IMAGES": {"perceptron": 64, "convolutions": 200},
    },
    "customizing/loops/branches.py": {"VALIDATION_PAIRS": 200},
    "customizing/loops/distill.py": {
        "GRIDS": {
            "teacher": {"rate": [0.01], "temperature": [2]},
            "smoothed": {"rate": [0.01], "share": [0.2]}, "labels": {"rate": [0.01]},
        },
    },
    "customizing/loops/siamese.py": {"VALIDATION_PAIRS": 200, "DRAWS": 5},
    "cnn/shifts.py": {"SHIFTS": [0, 4]},
    "text/leak.py": {"FOLDS": 2}, "text/spam.py": {"FOLDS": 2},
    "rnn/names.py": {"INVENTED": 100}, "rnn/pixel_order.py": {"EPOCHS": [1]},
    "generating/choices.py": {"GUIDANCES": [1, 2], "STEPS": [1, 2]},
    "mnist/overfitting/tuned.py": {
        "EPOCHS": 1, "TRAIN_SAMPLES": 200, "JUDGES": 200,
    },
}  # fmt: skip
# Of what a search tries in any script, the first is enough: in a list, or a list for each option.
TRIED = ("RATES", "LEARNING_RATES", "TREES", "SEARCH_SEEDS", "SEARCHED", "MOST_ROWS")
FEW = {"TREES": 20, "MOST_ROWS": 2_000}  # where they are numbers
# Scripts that only look, and so have no option --outputs.
NO_OUTPUTS = {"serialization/look_inside.py", "serialization/load_model.py", "exercises/check.py"}


TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}
# Elsewhere a program to copy that trains is a slow test.
FIRST_CHAPTERS = {"basics/README.md", "xor/README.md", "mlp/README.md", "mnist/README.md"}
# Recorded by tests of their chapters, on data that take less time; or they want a run, a file or a
# client; or start processes; or even a slice takes ten seconds.
ELSEWHERE = tuple(
    """backends/ cnn/depth cnn/residual cnn/segmentation/ cnn/shifts cnn/studies/ cnn/transfer.py
    customizing/feeding/ customizing/loops/adversarial forecasts/go_on forecasts/many
    generating/anomalies generating/choices generating/decoders
    generating/evaluate generating/few_real generating/flow generating/judge generating/page/
    generating/write mlp/make_churn mlp/predict_churn mlp/tables/example mlp/tables/predict
    mnist/overfitting/weights mnist/pairs mnist/studies/calibration mnist/studies/compare
    mnist/studies/search mnist/sweep reference/my_runs reference/take serialization/load
    serialization/operating/ serialization/plain serialization/rest/app
    serialization/rest/client serialization/rest/serve serialization/rest/ship
    serialization/smaller text/answers/ text/ask text/leak text/spam text/gpt/copies
    text/gpt/dial text/gpt/fewer text/gpt/live/ text/gpt/ngrams text/gpt/shakespeare
    visualizing/attribution visualizing/embedding visualizing/live/
    visualizing/debugging/doctor""".split()  # noqa: SIM905
)


def blocks(language, excepted=False):
    """Return the READMEs' blocks of a language that are to be run, or those that they except."""
    found = []
    for path, text in TEXTS.items():
        for example in FENCE.finditer(text):
            line = text[: example.start()].count("\n") + 1
            before = text[: example.start()].rstrip().rpartition("\n")[2]
            excepts = bool(re.fullmatch(r"<!-- not run(?: alone)?: .+ -->", before))
            if example[2] == language and excepts == excepted:
                name, code = path.relative_to(ROOT).as_posix(), dedent(example[3])
                trains = ".fit(" in code and not is_quoted(code)
                block = path, code, text[example.end() :]
                marks = [pytest.mark.slow] if trains and name not in FIRST_CHAPTERS else []
                found.append(pytest.param(*block, id=f"{name}:{line}", marks=marks))
    return found


def lines_of_shells(excepted=False):
    """Return {command: the place where it first stands} of blocks that are, or are not, run."""
    lines = {}
    for block in blocks("shell", excepted):
        _, code, _ = block.values
        for line in code.replace("\\\n", " ").splitlines():
            for command in line.split(" && "):
                if command.strip():
                    lines.setdefault(command.strip(), block.id)
    return lines


def first_commands():
    """Return {script: options of the first command in a README that starts it}."""
    found = {}
    for command in [*lines_of_shells(), *lines_of_shells(excepted=True)]:
        started = re.match(r"(?:\w+=\S+ )*python (\S+\.py)(.*)", command)
        if started:
            found.setdefault(started[1], shlex.split(started[2], comments=True))
    return found


COMPUTING = {path.relative_to(ROOT).as_posix() for path in lessons()}  # and not only drawing
RECORDED = {
    script: options
    for script, options in first_commands().items()
    if script in COMPUTING and not script.startswith(ELSEWHERE)
}


def figures_of(script, options):
    """Return the names of the figures of the book that a script with these options makes."""
    called = " ".join([script, *options])
    return {one for made_by, names in MEASUREMENTS.values() if made_by == called for one in names}


def run_slice(monkeypatch, script, options, outputs):
    """Run a script with options, and with those that make its work small; return its results."""
    parse = argparse.ArgumentParser.parse_known_args

    def parse_slice(parser, args=None, namespace=None):
        known = parser.format_usage()
        small = [
            f"--{name}={value}"
            for name, value in SMALL.items()
            if f"--{name} {name.replace('-', '_').upper()}" in known  # and no FILE
        ]
        return parse(parser, [*args, *small, *SLICES.get(script, [])], namespace)

    module = load(script)
    for constant, value in CONSTANTS.get(script, {}).items():
        monkeypatch.setattr(module, constant, value)
    for one, constant in product([*sys.modules.values()], TRIED):
        if isinstance(tried := vars(one).get(constant), list):
            monkeypatch.setattr(one, constant, tried[:1])
        elif isinstance(tried, dict):
            monkeypatch.setattr(one, constant, {key: tried[key][:1] for key in tried})
        elif tried and constant in FEW:
            monkeypatch.setattr(one, constant, FEW[constant])
    folder = [] if script in NO_OUTPUTS else ["--outputs", str(outputs)]
    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_known_args", parse_slice)
        return module.main([*options, *folder])
