"""A blind drill: a training has a fault, or none. You see its curves and numbers; which is it?

    python visualizing/debugging/drill.py                      # the next run, with a menu
    python visualizing/debugging/drill.py 7 --checklist        # run 7, also with the checklist
    python visualizing/debugging/drill.py 7 --answer dead_relus  # a diagnosis without the menu
    python visualizing/debugging/drill.py --score 100          # the doctor alone, in runs 1 to 100

You will see what the doctor measures, without what it makes of them; the curves are in the run's
folder. After your diagnosis: which fault it was, what shows it, what the doctor said, and how
often each of you was right so far. A run takes some ten seconds, --score 100 a quarter of an hour;
started again with the same --outputs, it goes on.
Chapter: visualizing/debugging/README.md#a-blind-drill
"""

from chapter import OUTPUTS

import contextlib
import sys
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from pydantic import BaseModel

from utils.figures import plot_history, save_figure
from utils.options import make_parser, positive
from utils.runs import fail, make_folder, read_json, save_results, shown, write_json
from utils.schemas import Count, Share, check
from visualizing.debugging import checklist
from visualizing.debugging.cases import blind, diagnose, draw_case, measure, prepare, train
from visualizing.debugging.faults import FAULTS
from visualizing.debugging.symptoms import examine

Fault = Literal[*FAULTS]


class Answered(BaseModel):
    """A run that somebody has diagnosed."""

    seed: Count
    fault: Fault
    answer: Fault
    doctor: Fault


class Scored(BaseModel):
    """A run that the doctor has diagnosed; told: also what rate and batches were."""

    seed: Count
    fault: Fault
    doctor: Fault
    told: Fault
    accuracy: Share


def draw_curves(history, path):
    figure, panels = plt.subplots(1, 2, figsize=(8, 3))
    for axes, key in zip(panels, ("loss", "accuracy"), strict=True):
        plot_history(axes, history, key)
        axes.set(xlabel="epoch", title=key)
    panels[0].set_ylim(bottom=0)
    panels[1].set_ylim(0, 1.02)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    save_figure(figure, path)


def ask():
    """Return the reader's diagnosis from a menu; None if nobody can answer."""
    if not sys.stdin.isatty():
        return None
    for number, name in enumerate(FAULTS):
        print(f"{number:3}  {name.replace('_', ' ')}")
    names = dict(zip(map(str, range(len(FAULTS))), FAULTS, strict=True))
    with contextlib.suppress(EOFError):
        while True:
            text = input("Your diagnosis, a number: ").strip()
            if text in names or text in FAULTS:
                return names.get(text, text)
    return None


def answered(folder):
    """Return {seed: the results of a run} for those in a folder that somebody has diagnosed.

    Of several runs with one seed the first counts: afterwards its fault is known.
    """
    found = {}
    for path in sorted(folder.glob("*/results.json")):
        with contextlib.suppress(OSError, ValueError):
            run = check(read_json(path), Answered)
            found.setdefault(int(run["seed"]), run)
    return found


def tell(case, rate, answer, doctor, found):
    """Print which fault it was, and what shows it; rate: with which it has learned."""
    print(f"\nIt was {case.fault}. Its usual sign: {FAULTS[case.fault].sign}.")
    drawn = f"Drawn: a learning rate of {case.learning_rate:.2g}, batches of {case.batch_size}."
    if rate != case.learning_rate:
        drawn += f" The fault made a rate of {rate:.2g} of it."
    print(f"{drawn}\nThe doctor, who is not told rate and batches either, says {doctor}:")
    for text in found.values() or ["nothing is found"]:
        print(f"  - {text}")
    print("You are right." if answer == case.fault else f"You said {answer}.")


def load_scored(file):
    """Return the runs that --score has left in a file; none if there is no such file."""
    if not file.exists():
        return []
    with contextlib.suppress(OSError, ValueError):
        runs = check(read_json(file), list[Scored])
        if [run["seed"] for run in runs] == [*range(1, len(runs) + 1)]:
            return runs
    return fail(f"{file} is damaged. Remove it, or name another folder with --outputs.")


def score_doctor(count, folder):
    """Let the doctor diagnose the cases of the seeds 1 to count; return all of it.

    The folder keeps what was done, so that the same command goes on after an end by Ctrl-C.
    """
    file = folder / "runs.json"
    runs = load_scored(file)
    for seed in range(len(runs) + 1, count + 1):
        case = draw_case(seed)
        patient = train(case, prepare(case))
        run = {"seed": seed, "fault": case.fault}
        for key, whom in (("doctor", blind(patient)), ("told", patient)):
            found = examine(whom)
            run |= {key: diagnose(whom, found), f"findings_{key}": list(found)}
        run["accuracy"] = patient.score(patient.predictions)["accuracy"]
        runs.append(run)
        write_json(runs, file)
        mark = "" if run["doctor"] == case.fault else "  wrong"
        print(f"{seed:4}  {case.fault:18} the doctor says {run['doctor']}{mark}", flush=True)
    right = {key: sum(run[key] == run["fault"] for run in runs) for key in ("doctor", "told")}
    print(f"right: {right['doctor']} of {len(runs)}; told rate and batches: {right['told']}")
    return {"runs": runs, "right": right | {"runs": len(runs)}}


def main(argv=None):
    """Return the seed, the fault, the doctor's diagnosis and the answer, if there is one."""
    parser = make_parser("Which fault is it?", OUTPUTS / "drill")
    add = parser.add_argument
    add("seed", nargs="?", type=positive(int), help="of the run; none: the first not yet answered")
    add("--answer", choices=FAULTS, help="your diagnosis, where there is no menu")
    add("--checklist", action="store_true", help="also what checklist.py prints")
    add("--score", type=positive(int), metavar="N", help="only the doctor, with the seeds 1 to N")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    if args.score:
        return save_results(score_doctor(args.score, folder), folder, __file__, argv)
    earlier = answered(folder.parent)
    free = (seed for seed in range(1, len(earlier) + 2) if seed not in earlier)
    case = draw_case(args.seed or next(free))
    print(f"Run {case.seed}: {case.describe()}.\n")
    if args.checklist:
        training, inputs = prepare(case), folder / "inputs.png"
        training.random = np.random.default_rng(case.seed)
        checklist.go_through(training, inputs)
        print(f"the first images with their labels: {shown(inputs)}\n")
    patient = train(case, prepare(case))
    draw_curves(patient.history, folder / "curves.png")
    for what, text in measure(patient).items():
        print(f"{what:28} {text}")
    print(f"curves: {shown(folder / 'curves.png')}\n")
    answer = args.answer or ask()
    if answer is None:
        print(f"Which is it? {', '.join(FAULTS)}")
        print(f"Say it with: python visualizing/debugging/drill.py {case.seed} --answer NAME")
        return {"seed": case.seed, "answer": None}
    whom = blind(patient)
    found = examine(whom)
    results = {"seed": case.seed, "fault": case.fault, "answer": answer}
    results |= {"doctor": diagnose(whom, found), "findings": found, "checklist": args.checklist}
    tell(case, patient.settings["learning_rate"], answer, results["doctor"], found)
    results = save_results(results, folder, __file__, argv)
    runs = ({case.seed: results} | earlier).values()
    right = [sum(run[key] == run["fault"] for run in runs) for key in ("answer", "doctor")]
    if case.seed in earlier:
        print("This run was answered before, and the first answer counts.")
    print("Right so far, of {} runs: you {}, the doctor {}.".format(len(runs), *right))
    return results


if __name__ == "__main__":
    main()
