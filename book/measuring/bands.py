"""Machinery of the book: run a script with many seeds, so that readers can place their runs.

    python book/measuring/bands.py mnist_dense  # 40 seeds; stopped? The same command goes on
    python book/measuring/bands.py mnist_dense --trial fresh --seeds 20  # other seeds: are they in?
    python book/measuring/bands.py mnist_dense --trial labels  # and this mistake: is it found?
    KERAS_BACKEND=jax python book/measuring/bands.py mnist_dense --trial jax --seeds 5

A band has the losses (or another score) of runs that differ in the seed alone. It becomes
assets/results/bands/NAME.json. A trial finds out whether further runs, right or wrong ones, lie
inside. It becomes a part of assets/results/bands_NAME.json. A mistake is made in a copy of the
project, of its last commit: FAULTS has what is edited there. The lines are filed with the trial.
"""

from chapter import ROOT

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from book.measuring.measure import commit
from utils.bands import BANDS, is_inside, look_up
from utils.options import positive
from utils.runs import RESULTS, fail, provenance, read_json, settings_of, write_json

# Name of the band: script, options, where its results have the loss, and what that is called.
RUNS = {
    "xor": ("xor/xor.py", [], "loss", "loss"),
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
# Where seeds lie so far apart that a band would hold nearly everything: how far a run may be from
# the one with the same seed, on another machine.
SAME_SEED, SEEDS = {"xor": 0.01}, [1, 2, 3, 4, 5, 23]  # those that its chapter shows
# Mistakes that leave the options alone: file, what stands there, and what comes in its place. They
# are a learning rate times 50; targets of other examples; inputs that nobody scales; no activation
# in any hidden layer; a tenth of the epochs, or one.
FAULTS = {
    "xor": {
        "rate": ("xor/xor.py", " = args.learning_rate", " = 50 * args.learning_rate"),
        "labels": ("xor/xor.py", "fit(X, Y", "fit(X, Y[[1, 2, 3, 0]]"),
        "unscaled": ("xor/xor.py", "X = np", "X = 255 * np"),
        "activation": ("xor/xor.py", "args.activation)", '"linear")'),
        "epochs": ("xor/xor.py", "epochs=args.epochs", "epochs=50"),
        "rounding": (  # no mistake: another machine may round so
            "xor/xor.py",
            "    optimizer = keras",
            "    draw = np.random.default_rng(args.seed).normal\n"
            "    model.set_weights([w + w * draw(0, 1e-6, w.shape) for w in model.get_weights()])\n"
            "    optimizer = keras",
        ),
    },
    "mnist": {  # both of its bands
        "rate": ("mnist/mnist.py", "optimizers.get(args.optimizer)", "optimizers.Adam(0.05)"),
        "labels": ("mnist/mnist.py", "digits.y_train", "digits.y_train[::-1]"),
        "unscaled": ("mnist/data.py", "    images /= 255\n", ""),
        "activation": ("mnist/models.py", 'activation="relu"', 'activation="linear"'),
        "epochs": ("mnist/mnist.py", "epochs=args.epochs", "epochs=1"),
    },
}
FIRST_SEED, FIRST_TRIED = 101, 500  # the first seed of a band, and of a trial


def faults_of(name):
    """Return the mistakes that can be tried with a band, {name: (file, old, new)}."""
    return FAULTS.get(name.split("_")[0], {})


def seeds_of(name, trial, count):
    """Return the seeds of a band or a trial; count: how many, None for as many as usual."""
    if name in SAME_SEED:
        return SEEDS[: count or (3 if trial else len(SEEDS))]
    first = FIRST_TRIED if trial else FIRST_SEED
    return range(first, first + (count or (3 if trial else 40)))


def read(path):
    return read_json(path) if path.exists() else {}


def copy_project(folder):
    """Copy the last commit of the project to a folder, and return it."""
    subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, folder], check=True)
    return folder


def edit_file(folder, file, old, new):
    """Edit a file of a copy of the project, and return the copy."""
    text = (folder / file).read_text(encoding="utf-8")
    if old not in text:
        fail(f"{file} has no {old!r} any more: correct FAULTS.")
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def run(name, seed, project=ROOT):
    """Run a script with a seed; return its loss, its settings, and the back end."""
    script, options, path, _ = RUNS[name]
    with tempfile.TemporaryDirectory() as parent:
        words = [script, *options, "--seed", str(seed), "--outputs", f"{parent}/run"]
        quiet = {"cwd": project, "stdout": subprocess.DEVNULL, "check": True}
        subprocess.run([sys.executable, *words], **quiet)
        results = read_json(Path(parent) / "run" / "results.json")
    loss, about = look_up(results, path), results["provenance"]
    print(f"{name}, seed {seed}: {loss:.4g}", flush=True)
    settings = settings_of(results.get("settings") or about["settings"])
    return loss, settings, about["backend"].split()[0]


def about(name):
    """Return the provenance of a band or a trial."""
    script, options, _, _ = RUNS[name]
    return provenance(ROOT / script, options) | {"commit": commit()}


def file_band(name, seeds):
    """Run the seeds that a band lacks, and file it after each."""
    path = BANDS / f"{name}.json"
    _, _, place, called = RUNS[name]
    known = read(path)
    losses = known.get("losses", {})
    for seed in seeds:
        if str(seed) in losses:
            continue
        losses[str(seed)], settings, backend = run(name, seed)
        if known.get("settings", settings) != settings:
            fail(f"{path} holds runs with other settings: remove it and bands_{name}.json first.")
        BANDS.mkdir(exist_ok=True)
        band = {"name": called, "path": place, "settings": settings, "backend": backend}
        band |= {"tolerance": SAME_SEED[name]} if name in SAME_SEED else {}
        write_json(band | {"losses": losses, "provenance": about(name)}, path)


def file_trial(name, trial, seeds):
    """Run what a trial lacks: other seeds, or a copy with a mistake; file how many lie inside."""
    path = RESULTS / f"bands_{name}.json"
    if not (band := read(BANDS / f"{name}.json")):
        fail(f"there is no band {name} yet.")
    edit = faults_of(name).get(trial, ())
    found = read(path).get(trial, {})
    losses = found.get("losses", {}) if found.get("edited") == [*edit] else {}
    with tempfile.TemporaryDirectory() as folder:
        project = edit_file(copy_project(Path(folder) / "copy"), *edit) if edit else ROOT
        for seed in seeds:
            if str(seed) in losses:
                continue
            losses[str(seed)], _, backend = run(name, seed, project)
            inside = sum(is_inside(*one, band) for one in losses.items())
            found = {"edited": [*edit], "backend": backend, "runs": len(losses), "inside": inside}
            trials = {"provenance": about(name), trial: found | {"losses": losses}}
            write_json(read(path) | trials, path)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Run a script with many seeds.")
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--trial", help="name of a trial, which is held against the band")
    parser.add_argument("--seeds", type=positive(int), help="how many; default: 40, of a trial 3")
    args = parser.parse_args(argv)
    seeds = seeds_of(args.name, args.trial, args.seeds)
    if args.trial:
        file_trial(args.name, args.trial, seeds)
    else:
        file_band(args.name, seeds)


if __name__ == "__main__":
    main()
