"""Two recipes: a network that is good after a minute, and the best one within half an hour.

    python mnist/studies/recipes.py quick             # three runs of less than a minute
    python mnist/studies/recipes.py best --seeds 1    # one run, less than half an hour
    python mnist/studies/recipes.py best              # three of them, more than an hour
    python mnist/studies/recipes.py best --test --outputs FOLDER  # read the test images, too

--epochs changes the first stage only; the last command goes on in the folder of a run. You will see
each seed trained, then the mean accuracies, then how well the networks of all seeds do as an
ensemble, which averages their probabilities.
Chapter: mnist/studies/README.md#two-recipes
"""

from chapter import OUTPUTS

import numpy as np

from mnist.data import prepare_mnist, prepare_test
from mnist.studies.trainings import study_parser, summarize, train
from utils.loading import load_model
from utils.runs import make_folder, save_results
from utils.statistics import score

SEEDS = [1, 2, 3]
# The name of each recipe: what it changes in the settings of lab.py, stage by stage.
RECIPES = {
    "quick": [{"model": "quick_net", "epochs": 4, "learning_rate": 0.01}],
    "best": [
        {"model": "best_net", "epochs": 40, "learning_rate": 0.005, "augment": "affine"},
        {"model": "best_net", "epochs": 2, "learning_rate": 0.0005},
    ],
}
EACH_STAGE = {"lr_schedule": "cosine", "batch_size": 128}


def train_stages(stages, seed, folder, test):
    """Train with a seed; each stage starts from the weights of the one before.

    Returns the results of the last stage, with the epochs and seconds of all, and its folder.
    """
    done, start = [], None
    for number, changes in enumerate(stages, start=1):
        place = (folder / f"{seed}-{number}").resolve()
        done.append(train(place, test=test, seed=seed, start_from=start, **changes))
        start = str(place)
    epochs = sum(results["epochs"] for results in done)
    seconds = sum(results["epochs"] * results["seconds_per_epoch"] for results in done)
    return done[-1] | {"epochs": epochs, "seconds_per_epoch": seconds / epochs}, place


def evaluate_ensemble(paths, test):
    """Return {part: score} of the mean probabilities of saved models, given by their paths."""
    models = [load_model(path) for path in paths]
    shape = models[0].input_shape[1:]
    parts = {"validation": prepare_mnist(shape, 1).parts()["validation"]}
    scores = {}
    for part, (x, y) in (parts | ({"test": prepare_test(shape)} if test else {})).items():
        predictions = [model.predict(x, batch_size=256, verbose=0) for model in models]
        scores[part] = score(y, np.mean(predictions, axis=0))
    return scores


def main(argv=None):
    """Train a recipe with each seed; return the summary, with the ensemble's scores."""
    parser = study_parser("Train one of the recipes.", OUTPUTS, seeds=SEEDS)
    parser.add_argument("recipe", choices=RECIPES)
    about = "when all is chosen: read the test images, too"
    parser.add_argument("--test", action="store_true", help=about)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)

    print(f"The runs go to {folder}")
    samples = {"train_samples": args.train_samples}
    stages = [stage | EACH_STAGE | samples for stage in RECIPES[args.recipe]]
    stages[0]["epochs"] = args.epochs or stages[0]["epochs"]
    results, models = {}, []
    for seed in dict.fromkeys(args.seeds):
        results[seed], last = train_stages(stages, seed, folder, args.test)
        models.append(last / f"{stages[-1]['model']}.keras")
    summary = summarize(results) | {"ensemble": evaluate_ensemble(models, args.test)}
    ensemble = summary["ensemble"]

    print(f"\n{args.recipe}: {summary['epochs']} epochs, {summary['seconds']:.0f} s for each seed")
    for part in ensemble:
        accuracies = " ".join(f"{accuracy:.2%}" for accuracy in summary[part]["accuracies"])
        together = ensemble[part]["accuracy"]
        print(
            f"{part:12}{accuracies}, mean {summary[part]['mean']:.2%} "
            f"(standard error {100 * summary[part]['sampling_error']:.2f}), together {together:.2%}"
        )
    return save_results(summary, folder, __file__, argv)


if __name__ == "__main__":
    main()
