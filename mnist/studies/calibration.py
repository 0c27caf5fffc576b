"""Is a network right as often as it claims? Reliability diagrams, and a temperature to mend them.

    python mnist/mnist.py -m conv_net --epochs 12
    python mnist/studies/calibration.py RUN        # or several runs, to compare their networks

You will see, for each network of the runs, the expected calibration error on the test images
before and after its probabilities are scaled with a temperature, which is fitted on the
validation images. The figure compares how sure the networks are with how often they are right.
Takes a few seconds.
Chapter: mnist/studies/README.md#calibration
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt
import numpy as np

from utils.figures import save_figure
from utils.options import make_parser
from utils.runs import fail, find_run, first_line, load_finished, make_folder, save_results
from utils.statistics import calibration, fit_temperature, reliability, with_temperature

PARTS = ("validation", "test")


def draw(networks, path, least=10):
    """Draw a reliability diagram of each network, {name: {line: (probabilities, labels)}}.

    Bins with fewer images than least are left out: their accuracy is chance.
    """
    shape = {"nrows": 1, "ncols": len(networks), "sharey": True, "squeeze": False}
    figure, panels = plt.subplots(**shape, figsize=(1.2 + 3 * len(networks), 3.8))
    for axes, (name, versions) in zip(panels[0], networks.items(), strict=True):
        axes.plot([0, 1], [0, 1], color="C7", linewidth=1, linestyle="--")
        for label, answers in versions.items():
            images, sureness, accuracy = reliability(*answers).T
            error = np.sqrt(accuracy * (1 - accuracy) / images)
            some = images >= least
            lines = axes.errorbar(sureness[some], accuracy[some], error[some], marker="o", ms=4)
            lines.set_label(label)
        axes.set(title=name, xlabel="Confidence", xlim=(0.2, 1.02), ylim=(0.2, 1.02))
        axes.set_xticks([0.4, 0.6, 0.8, 1.0])
    panels[0][0].set_ylabel("Accuracy")
    panels[0][0].legend(loc="upper left")
    save_figure(figure, path)


def load_answers(names):
    """Return {model: {part: (probabilities, labels)}} of runs, given by their names."""
    answers = {}
    for run in [find_run(name, OUTPUTS) for name in names]:
        for model in load_finished(run)["models"]:
            path = run / f"{model}_answers.npz"
            if not path.exists():
                fail(f"{run} has no {path.name}: it was made by an older mnist.py. Train again.")
            name = model if model not in answers else f"{model}_{run.name}"
            try:
                with np.load(path) as arrays:
                    one_hot = {part: np.eye(10)[arrays[f"{part}_labels"]] for part in PARTS}
                    answers[name] = {part: (arrays[part], one_hot[part]) for part in PARTS}
            except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
                fail(f"cannot read {path} ({first_line(error)}). Train again.")
    return answers


def main(argv=None):
    """Return {model: temperature, and calibration on the test images before and after}."""
    parser = make_parser("How far you can trust the probabilities of networks.", OUTPUTS)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of mnist.py")
    args = parser.parse_args(argv)
    answers = load_answers(args.runs)
    folder = make_folder(args.outputs)

    results, networks = {}, {}
    for name, parts in answers.items():
        temperature = fit_temperature(*parts["validation"])
        probabilities, labels = parts["test"]
        networks[name] = versions = {
            "before": (probabilities, labels),
            "after": (with_temperature(probabilities, temperature), labels),
        }
        scores = {when: calibration(*answers) for when, answers in versions.items()}
        results[name] = {"temperature": temperature} | scores
        print(f"{name}: temperature {temperature:.2f}")
        for when in versions:
            s = scores[when]
            print(
                f"  {when:7} confidence {s['sureness']:.2%}, accuracy {s['accuracy']:.2%}, "
                f"calibration error {s['calibration_error']:.2%}, "
                f"cross-entropy {s['cross_entropy']:.4f}"
            )
    draw(networks, folder / "mnist_calibration.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
