"""Machinery of the book: run a script with many seeds, so that readers can place their runs.

    python book/measuring/bands.py mnist_dense  # 40 seeds; stopped? The same command goes on
    python book/measuring/bands.py mnist_dense --seeds 20 --first 500 --trial fresh  # others, too?
    python book/measuring/bands.py mnist_dense --seeds 3 --trial rate -- --learning-rate 0.05
    KERAS_BACKEND=jax python book/measuring/bands.py mnist_dense --seeds 5 --first 500 --trial jax

A band has the losses (or another score) of runs that differ in the seed alone. It becomes
assets/results/bands/NAME.json. A trial finds out whether further runs, right or wrong ones, lie
inside. It becomes a part of assets/results/bands_NAME.json. A mistake that is not an option, such
as images that nobody scaled, is made in a copy of the project: edit the script there and run the
trial; the lines that differ are filed with it.
"""

from chapter import ROOT

import argparse
import importlib
import subprocess
import tempfile
from pathlib import Path

import keras

from utils.options import positive
from utils.runs import (
    BANDS,
    RESULTS,
    fail,
    is_inside,
    look_up,
    provenance,
    read_json,
    settings_of,
    write_json,
)

# Name of the band: script, options, where its results have the loss, and what that is called.
RUNS = {
    "mlp": ("mlp/mlp.py", [], "loss", "training loss"),
    "names": ("rnn/names.py", [], "bits.lstm", "number of bits per letter"),
    "vae": ("generating/vae.py", [], "loss", "loss on the validation digits"),
    "mnist_dense": (
        "mnist/mnist.py",
        ["--model", "mlp_one_layer", "--epochs", "3"],
        "models.mlp_one_layer.validation.cross_entropy",
        "validation loss",
    ),
    "mnist_conv_net": (
        "mnist/mnist.py",
        ["--model", "conv_net", "--epochs", "3"],
        "models.conv_net.validation.cross_entropy",
        "validation loss",
    ),
}
FIRST_SEED = 101  # of the band


def read(path):
    return read_json(path) if path.exists() else {}


def edited():
    """Return the lines of lessons that differ from the last commit, with + or - in front."""
    command = ["git", "diff", "--unified=0", "--", "*.py", ":!book"]
    lines = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def run(name, seed, extra=()):
    """Run a script with a seed; return its loss, and its settings."""
    script, options, path, _ = RUNS[name]
    with tempfile.TemporaryDirectory() as folder:
        words = [*options, *extra, "--seed", str(seed), "--outputs", f"{folder}/run"]
        module = importlib.import_module(script.removesuffix(".py").replace("/", "."))
        loss = look_up(module.main(words), path)
        results = read(Path(folder) / "run" / "results.json")
    print(f"{name}, seed {seed}: {loss:.4g}", flush=True)
    return loss, settings_of(results.get("settings") or results["provenance"]["settings"])


def file_band(name, seeds):
    """Run the seeds that a band lacks, and file it after each."""
    path = BANDS / f"{name}.json"
    script, options, place, called = RUNS[name]
    known = read(path)
    losses = known.get("losses", {})
    for seed in seeds:
        if str(seed) in losses:
            continue
        losses[str(seed)], settings = run(name, seed)
        if known.get("settings", settings) != settings:
            fail(f"{path} holds runs with other settings: remove it first.")
        BANDS.mkdir(exist_ok=True)
        about = provenance(ROOT / script, options)
        band = {"name": called, "path": place, "settings": settings}
        band |= {"backend": about["backend"].split()[0], "losses": losses, "provenance": about}
        write_json(band, path)


def file_trial(name, trial, seeds, extra):
    """Run other seeds, or the same with other settings, and file how many lie inside the band."""
    path = RESULTS / f"bands_{name}.json"
    if not (band := sorted(read(BANDS / f"{name}.json").get("losses", {}).values())):
        fail(f"there is no band {name} yet.")
    script, options, _, _ = RUNS[name]
    found = {"options": list(extra), "edited": edited(), "backend": keras.config.backend()}
    losses = {str(seed): run(name, seed, extra)[0] for seed in seeds}
    inside = sum(is_inside(loss, band) for loss in losses.values())
    found |= {"runs": len(losses), "inside": inside, "losses": losses}
    write_json(read(path) | {"provenance": provenance(ROOT / script, options), trial: found}, path)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Run a script with many seeds.")
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--seeds", type=positive(int), default=40, help="how many")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="the first seed")
    parser.add_argument("--trial", help="name of a trial, which is held against the band")
    parser.add_argument("extra", nargs="*", help="of a trial: options of the script, after --")
    args = parser.parse_intermixed_args(argv)
    if args.extra and not args.trial:
        parser.error("a band has the default settings: options are for a trial")
    seeds = range(args.first, args.first + args.seeds)
    if args.trial:
        file_trial(args.name, args.trial, seeds, args.extra)
    else:
        file_band(args.name, seeds)


if __name__ == "__main__":
    main()
