"""Is a network right as often as it claims? Reliability diagrams, and a temperature to mend them.

    python mnist/mnist.py -m conv_net --epochs 12
    python mnist/studies/calibration.py RUN        # or several runs, to compare their networks

You will see, for each network of the runs, the expected calibration error before and after its
probabilities are scaled with a temperature. The temperature for one half of the writers of the
validation images is fitted on the images of the other half. The figure compares how sure the
networks are with how often they are right.
Takes a few seconds.
Chapter: mnist/studies/README.md#calibration
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt
import numpy as np

from mnist.data import writers_of
from mnist.finished import load_predictions
from mnist.studies.temperature import calibration, cross_fit_temperature, reliability
from utils.figures import DASHES, save_figure
from utils.options import make_parser
from utils.runs import find_run, make_folder, save_results


def draw(networks, path, least=10):
    """Draw a reliability diagram of each network, {name: {line: (probabilities, labels)}}.

    Bins with fewer images than least are left out: their accuracy is chance.
    """
    columns, rows = min(2, len(networks)), -(-len(networks) // 2)
    figure = plt.figure(figsize=(1.2 + 3.6 * columns, 3.6 * rows))
    panels = [figure.add_subplot(rows, columns, place + 1) for place in range(len(networks))]
    for axes, (name, versions) in zip(panels, networks.items(), strict=True):
        axes.plot([0, 1], [0, 1], color="C7", linewidth=1, linestyle="--")
        for dashes, (label, answers) in zip(DASHES, versions.items(), strict=False):
            images, confidence, accuracy = reliability(*answers).T
            error = np.sqrt(accuracy * (1 - accuracy) / images)
            some = images >= least
            style = {"marker": "o", "markersize": 4, "linestyle": dashes, "label": label}
            axes.errorbar(confidence[some], accuracy[some], error[some], **style)
        axes.set(title=name, xlabel="Confidence", xlim=(0.2, 1.02), ylim=(0, 1.02))
        axes.set_xticks([0.4, 0.6, 0.8, 1.0])
    for axes in panels[::columns]:
        axes.set_ylabel("Accuracy")
    panels[0].legend(loc="upper left")
    save_figure(figure, path)


def main(argv=None):
    """Return {model: both temperatures, and calibration before and after}."""
    parser = make_parser("How far you can trust the probabilities of networks.", OUTPUTS)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of mnist.py")
    args = parser.parse_args(argv)
    saved = {run: load_predictions(run) for run in (find_run(name, OUTPUTS) for name in args.runs)}
    folder = make_folder(args.outputs)

    # Every other writer, so that employees and students are in both halves.
    half = np.unique(writers_of("validation"), return_inverse=True)[1] % 2
    results, networks = {}, {}
    for run, model in ((run, model) for run, models in saved.items() for model in models):
        name = model if model not in networks else f"{model}_{run.name}"
        probabilities, labels = saved[run][model]["validation"]
        scaled, temperatures = cross_fit_temperature(probabilities, labels, half)
        networks[name] = versions = {"before": (probabilities, labels), "after": (scaled, labels)}
        scores = {when: calibration(*version) for when, version in versions.items()}
        results[name] = {"temperatures": temperatures} | scores
        print("{}: temperatures {:.2f} and {:.2f}".format(name, *temperatures))
        for when in versions:
            s = scores[when]
            print(
                f"  {when:7} confidence {s['confidence']:.2%}, accuracy {s['accuracy']:.2%}, "
                f"calibration error {s['calibration_error']:.2%}, "
                f"cross-entropy {s['cross_entropy']:.4f}"
            )
    draw(networks, folder / "mnist_calibration.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
