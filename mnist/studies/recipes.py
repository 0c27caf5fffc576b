"""Two recipes: a network that is good after a minute, and the best one within half an hour.

    python mnist/recipes.py quick             # three trainings of less than a minute
    python mnist/recipes.py best --seeds 1    # one training, less than half an hour
    python mnist/recipes.py best              # three of them, more than an hour

--epochs changes the first stage only. You will see each seed trained, then the mean
accuracies, then how well the networks of all seeds do as an ensemble, which averages their
probabilities. (Section: Two recipes)
"""

import keras
import numpy as np

from data import load_digits
from report import score
from series import series_options, series_parser, summarize, train

SEEDS = [1, 2, 3]
# The name of each recipe: its options for mnist.py, one line for each stage of training.
RECIPES = {
    "quick": ["-m quick_net --epochs 4 --learning-rate 0.01"],
    "best": [
        "-m best_net --epochs 40 --learning-rate 0.005 --augment affine",
        "-m best_net --epochs 2 --learning-rate 0.0005",
    ],
}
SCHEDULE = "--lr-schedule cosine --batch-size 128"


def train_stages(stages, seed, folder):
    """Train with a seed, each stage beginning with the weights of the one before.

    Returns the results of the last stage, with the epochs and seconds of all, and its folder.
    """
    done, start = [], []
    for number, options in enumerate(stages, start=1):
        place = (folder / f"{seed}-{number}").resolve()
        done.append(train([*options, *start, "--seed", str(seed)], place))
        start = ["--start-from", str(place)]
    epochs = sum(results["epochs"] for results in done)
    seconds = sum(results["epochs"] * results["seconds_per_epoch"] for results in done)
    return done[-1] | {"epochs": epochs, "seconds_per_epoch": seconds / epochs}, place


def evaluate_ensemble(paths):
    """Return {part: score} of the mean probabilities of saved models, given by their paths."""
    models = [keras.models.load_model(path) for path in paths]
    digits = load_digits(models[0].input_shape[1:])
    return {
        part: score(y, np.mean([model.predict(x, 256, verbose=0) for model in models], axis=0))
        for part, x, y in (
            ("validation", digits.x_val, digits.y_val),
            ("test", digits.x_test, digits.y_test),
        )
    }


def main(argv=None):
    """Train a recipe with each seed; return the summary, with the ensemble's scores."""
    parser = series_parser("Train one of the recipes.")
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    args = parser.parse_args(argv)

    print(f"The trainings go to {args.outputs}")
    stages = [
        [*stage.split(), *SCHEDULE.split(), *series_options(args, with_epochs=number == 0)]
        for number, stage in enumerate(RECIPES[args.recipe])
    ]
    results, models = {}, []
    for seed in dict.fromkeys(args.seeds):
        results[seed], folder = train_stages(stages, seed, args.outputs)
        models.append(folder / f"{stages[0][1]}.keras")
    summary = summarize(results) | {"ensemble": evaluate_ensemble(models)}
    ensemble = summary["ensemble"]

    print(f"\n{args.recipe}: {summary['epochs']} epochs, {summary['seconds']:.0f} s for each seed")
    for part in ("validation", "test"):
        accuracies = " ".join(f"{accuracy:.2%}" for accuracy in summary[part]["accuracies"])
        together = ensemble[part]["accuracy"]
        print(
            f"{part:12}{accuracies}, mean {summary[part]['mean']:.2%} "
            f"(sampling error {100 * summary[part]['sampling_error']:.2f}), together {together:.2%}"
        )
    return summary


if __name__ == "__main__":
    main()
