"""A doctor for training runs: reads a finished run, tests its network, and says what it finds.

    python visualizing/debugging/doctor.py mnist/outputs/RUN

Takes runs of mnist.py, other than those of recurrent networks, and of broken.py. You will see a
line for each thing that looks wrong, with what to try. No line means that these checks found
nothing, not that nothing is wrong. Takes some seconds for each network.
Chapter: visualizing/debugging/README.md#a-doctor
"""

from chapter import OUTPUTS

from pathlib import Path

from mnist.finished import load_finished
from utils.options import make_parser
from utils.runs import ROOT, fail, make_folder, printable, save_results
from utils.training import load_history
from visualizing import networks
from visualizing.debugging.symptoms import CHECKS, Patient, examine


def admit(folder, name, run):
    """Return the patient: one network of a finished run."""
    history = load_history(folder, name)
    model = networks.load_network(folder / f"{name}.keras", diverged=True)
    said, settings = run["models"][name], {"optimizer": "adam"} | run["settings"]
    return Patient.of(model, *networks.held_out_digits(), history, said, settings)


def examine_run(folder):
    """Return {network: {check: what it found}} for a finished run."""
    run = load_finished(folder)
    return {name: examine(admit(folder, name, run)) for name in run["models"]}


def report(findings):
    """Print what was found, a line each."""
    for name, found in findings.items():
        print(f"{printable(name)}: " + ("" if found else f"{len(CHECKS)} checks found nothing"))
        for text in found.values():
            print(f"  - {printable(text)}" + "." * (not text.endswith("?")))


def main(argv=None):
    """Print what looks wrong in a run; return {network: {check: what it found}}."""
    parser = make_parser("Say what looks wrong in a finished training.", OUTPUTS, kept=False)
    parser.add_argument("run", help="folder of a run of mnist.py or of broken.py, or its name")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    places = [Path(), ROOT / "mnist" / "outputs", OUTPUTS]
    run = next((place / args.run for place in places if (place / args.run).is_dir()), None)
    if run is None:
        fail(f"there is no folder {args.run}.")
    findings = examine_run(run)
    report(findings)
    found = sum(len(found) for found in findings.values())
    results = {"networks": len(findings), "found": found, "findings": findings}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
