"""Machinery of the book: our small GPT beside nanoGPT, with the same sizes on the same text.

    git clone https://github.com/karpathy/nanoGPT
    python -m venv other && other/bin/pip install torch numpy requests
    python book/timings/beside_nanogpt.py nanoGPT other/bin/python

Trains both in turn, each in a process of its own: 500 steps of 12 windows, with the setting that
nanoGPT's README gives for a computer without a GPU. Prints the loss of both on the validation part
and the seconds that their steps took, validation left out; ours with the first one, in which
TensorFlow builds its graph. Some three minutes; nothing else should run meanwhile.
Chapter: text/gpt/README.md#what-matters
"""

from chapter import OUTPUTS

import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from utils.options import make_parser, positive
from utils.runs import ROOT, fail, make_folder, save_results

STEPS = 500
ROUNDS = 2
SETTING = (
    "--device=cpu --compile=False --block_size=64 --batch_size=12 --n_layer=4 --n_head=4"
    " --n_embd=128 --dropout=0.0 --log_interval=1 --eval_iters=200"
)


def run(command, cwd):
    """Run a command and return what it prints."""
    process = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
    )
    if process.returncode:
        fail(f"this failed: {' '.join(map(str, command))}")
    return process.stdout


def prepare(nanogpt, python):
    """Let nanoGPT's own script turn our copy of the text into numbers."""
    data = nanogpt / "data" / "shakespeare_char"
    if not (data / "prepare.py").is_file():
        fail(f"{nanogpt} is not a checkout of nanoGPT.")
    shutil.copy(ROOT / "text" / "shakespeare.txt", data / "input.txt")
    run([python, "prepare.py"], data)


def train_nanogpt(nanogpt, python, steps, folder):
    """Return the loss on the validation part after all steps, and seconds a step."""
    options = f"--max_iters={steps} --lr_decay_iters={steps} --eval_interval={steps}"
    command = [python, "train.py", "config/train_shakespeare_char.py", *SETTING.split()]
    printed = run([*command, *options.split(), f"--out_dir={folder.resolve()}"], nanogpt)
    losses = re.findall(r"^step \d+: .*val loss ([\d.]+)$", printed, re.MULTILINE)
    times = re.findall(r"^iter \d+: .*time ([\d.]+)ms", printed, re.MULTILINE)
    steps_alone = [float(time) / 1000 for time in times[1:-1]]  # first and last hold an evaluation
    return float(losses[-1]), statistics.mean(steps_alone)


def train_ours(steps, folder):
    """Return the same for the network of the book."""
    command = [sys.executable, "text/gpt/what_matters.py", "--variants", "base", "--seeds", "1"]
    run([*command, "--steps", str(steps), "--outputs", str(folder)], ROOT)
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    (one,) = results["variants"]["base"]["seeds"]
    return one["mean"], one["seconds"] / steps


def main(argv=None):
    parser = make_parser("Our GPT beside nanoGPT.", OUTPUTS)
    add = parser.add_argument
    add("nanogpt", type=Path, help="checkout of nanoGPT")
    add("python", type=Path, help="a Python with torch and requests")
    add("--steps", type=positive(int), default=STEPS)
    add("--rounds", type=positive(int), default=ROUNDS)
    args = parser.parse_args(argv)
    folder, python = make_folder(args.outputs), args.python.absolute()
    prepare(args.nanogpt, python)
    found = {"ours": [], "nanogpt": []}
    for number in range(args.rounds):
        for name, losses in found.items():
            own = folder / f"{name}_{number + 1}"
            if name == "ours":
                loss, seconds = train_ours(args.steps, own)
            else:
                loss, seconds = train_nanogpt(args.nanogpt, python, args.steps, own)
            losses.append({"loss": loss, "seconds_a_step": seconds})
            print(f"{name:8} loss {loss:.3f}, {1000 * seconds:.0f} ms a step", flush=True)
    results = {
        "steps": args.steps,
        "rounds": found,
        "torch": run([python, "-c", "import torch; print(torch.__version__)"], ROOT).strip(),
        "commit": run(["git", "rev-parse", "--short", "HEAD"], args.nanogpt).strip(),
    }
    for name, rounds in found.items():
        results[name] = {
            key: statistics.mean(one[key] for one in rounds) for key in ("loss", "seconds_a_step")
        }
    results["ratio"] = results["ours"]["seconds_a_step"] / results["nanogpt"]["seconds_a_step"]
    print(f"our steps take {results['ratio']:.2f} times as long")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
