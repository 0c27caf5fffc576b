"""Machinery of the book: our small GPT beside nanoGPT, with the same sizes on the same text.

    git clone https://github.com/karpathy/nanoGPT
    python -m venv other && other/bin/pip install torch numpy requests
    python book/timings/beside_nanogpt.py nanoGPT other/bin/python

Trains both in turn, with windows of the same size and number: nanoGPT for 700 steps with the
setting that its README gives for a computer without a GPU, ours for 160 and for 500, as it is and
with the block of GPT-2 and AdamW. Files the loss of each on windows of the validation part, the
seconds of its training, and those of a step: of ours, from the difference of the two, without the
graph that TensorFlow builds first. Some ten minutes; nothing else should run meanwhile.
Chapter: text/gpt/README.md#what-matters
"""

from chapter import OUTPUTS, ROOT

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import mean

from text.gpt.characters import load_text
from text.gpt.variants import VARIANTS, train
from utils.options import make_parser
from utils.runs import fail, make_folder, read_json, save_results

THEIR_STEPS = 700
OUR_STEPS = 160, 500
ROUNDS = 2
SETTING = (
    "--device=cpu --compile=False --block_size=64 --batch_size=12 --n_layer=4 --n_head=4"
    " --n_embd=128 --dropout=0.0 --log_interval=1 --eval_iters=200"
)


def run(command, cwd):
    """Run a command and return what it prints."""
    options = {"stdout": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    process = subprocess.run(command, cwd=cwd, **options)
    if process.returncode:
        fail(f"this failed: {' '.join(map(str, command))}")
    return process.stdout


def train_nanogpt(nanogpt, python, folder):
    """Return the loss on the validation part, the seconds, and those of a step."""
    options = f"--max_iters={THEIR_STEPS} --lr_decay_iters={THEIR_STEPS}"
    options += f" --eval_interval={THEIR_STEPS} --out_dir={folder.resolve()}"
    command = [python, "train.py", "config/train_shakespeare_char.py", *SETTING.split()]
    printed = run([*command, *options.split()], nanogpt)
    losses = re.findall(r"^step \d+: .*val loss ([\d.]+)$", printed, re.MULTILINE)
    times = re.findall(r"^iter \d+: .*time ([\d.]+)ms", printed, re.MULTILINE)
    a_step = mean(float(time) for time in times[1:-1]) / 1000  # first and last hold an evaluation
    return {"loss": float(losses[-1]), "seconds": a_step * THEIR_STEPS, "seconds_a_step": a_step}


def of_both(short, long):
    """Return the same of two trainings of ours, of OUR_STEPS, each (loss, seconds)."""
    a_step = (long[1] - short[1]) / (OUR_STEPS[1] - OUR_STEPS[0])
    return {"loss": short[0], "seconds": short[1], "seconds_a_step": a_step}


def train_ours(folder):
    """Return the same for the network of the book."""
    for steps in OUR_STEPS:
        command = [sys.executable, "text/gpt/shakespeare.py", "--steps", str(steps)]
        run([*command, "--outputs", str(folder / str(steps))], ROOT)
    results = (read_json(folder / str(steps) / "results.json") for steps in OUR_STEPS)
    return of_both(*((one["history"]["val_loss"][-1], one["seconds"]) for one in results))


def train_alike(folder):
    """Return the same for our code with the block of GPT-2 and AdamW."""
    how = VARIANTS["base"] | {"adamw": True, "learning_rate": 0.001, "xla": True}
    results = (train(load_text(), steps, 1, **how)[0] for steps in OUR_STEPS)
    return of_both(*((one["mean"], one["seconds"]) for one in results))


def main(argv=None):
    parser = make_parser("Our GPT beside nanoGPT.", OUTPUTS)
    add = parser.add_argument
    add("nanogpt", type=Path, help="checkout of nanoGPT")
    add("python", type=Path, help="a Python with torch and requests")
    args = parser.parse_args(argv)
    folder, python = make_folder(args.outputs), args.python.absolute()
    data = args.nanogpt / "data" / "shakespeare_char"
    if not (data / "prepare.py").is_file():
        fail(f"{args.nanogpt} is not a checkout of nanoGPT.")
    shutil.copy(ROOT / "text" / "shakespeare.txt", data / "input.txt")
    run([python, "prepare.py"], data)  # turns our copy of the text into numbers
    ways = {
        "ours": train_ours,
        "nanogpt": partial(train_nanogpt, args.nanogpt, python),
        "alike": train_alike,
    }
    found = {name: [] for name in ways}
    for number in range(1, ROUNDS + 1):
        for name, way in ways.items():
            one = way(folder / f"{name}_{number}")
            found[name].append(one)
            print(
                "{:8} loss {loss:.3f} after {seconds:.1f} s, {seconds_a_step:.4f} s a step".format(
                    name, **one
                )
            )
    results = {"steps": {"ours": OUR_STEPS[0], "nanogpt": THEIR_STEPS}, "rounds": found}
    results["torch"] = run([python, "-c", "import torch; print(torch.__version__)"], ROOT).strip()
    results["commit"] = run(["git", "rev-parse", "--short", "HEAD"], args.nanogpt).strip()
    for name, rounds in found.items():
        results[name] = {key: mean(one[key] for one in rounds) for key in rounds[0]}
    results["ratios"] = {
        name: results[name]["seconds_a_step"] / results["nanogpt"]["seconds_a_step"]
        for name in ("ours", "alike")
    }
    print("our steps take {ours:.2f} times as long, alike {alike:.2f}".format(**results["ratios"]))
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
