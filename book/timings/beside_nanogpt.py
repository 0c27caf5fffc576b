"""Machinery of the book: our small GPT beside nanoGPT, with the same sizes on the same text.

    git clone https://github.com/karpathy/nanoGPT
    python -m venv other && other/bin/pip install torch numpy requests
    python book/timings/beside_nanogpt.py nanoGPT other/bin/python

Trains both in turn, each in a process of its own, with windows of the same size and number: nanoGPT
for 700 steps with the setting that its README gives for a computer without a GPU, ours for 150 and
for 500. Files the loss of each on the validation part, the seconds of its training, and those of a
step: of ours, from the difference of the two, without the graph that TensorFlow builds first. Some
four minutes; nothing else should run meanwhile.
Chapter: text/gpt/README.md#what-matters
"""

from chapter import OUTPUTS, ROOT

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean

from utils.options import make_parser
from utils.runs import fail, make_folder, save_results

THEIR_STEPS = 700
OUR_STEPS = 150, 500
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


def train_ours(folder):
    """Return the same for the network of the book, of the shorter training."""
    results = []
    for steps in OUR_STEPS:
        command = [sys.executable, "text/gpt/shakespeare.py", "--steps", str(steps)]
        run([*command, "--outputs", str(folder / str(steps))], ROOT)
        results.append(json.loads((folder / str(steps) / "results.json").read_text("utf-8")))
    short, long = (one["seconds"] for one in results)
    a_step = (long - short) / (OUR_STEPS[1] - OUR_STEPS[0])
    loss = results[0]["validation"]["mean"]
    return {"loss": loss, "seconds": short, "seconds_a_step": a_step}


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
    found = {"ours": [], "nanogpt": []}
    for number in range(1, ROUNDS + 1):
        pairs = {
            "ours": train_ours(folder / f"ours_{number}"),
            "nanogpt": train_nanogpt(args.nanogpt, python, folder / f"his_{number}"),
        }
        for name, one in pairs.items():
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
    results["ratio"] = results["ours"]["seconds_a_step"] / results["nanogpt"]["seconds_a_step"]
    print(f"our steps take {results['ratio']:.2f} times as long")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
