"""Models for your own table: any CSV or Excel file, any column to predict.

    python mlp/tables/table.py --data FILE --target COLUMN
    python mlp/tables/table.py --data FILE --target COLUMN --test    # in the end

Says what it takes each column for, trains an MLP and other models, and compares them on rows that
they have not learned from. Try it with the penguins that come with it:

    python mlp/tables/table.py --data mlp/tables/penguins.csv --target Sex \
        --group "Individual ID" --drop "Sample Number"

You will see a line for each column, one for each epoch, the scores of five models on validation
rows, by how much the network is better or worse, which model is kept, and which columns matter.
`mlp/outputs/<start time>/` gets that model, fitted again on all rows, and a figure; `predict.py`
and the service of `serialization/operating/run_app.py` use it. Takes some 30 seconds on two
cores, a table of a million rows some minutes. Only TensorFlow computes with words, so the script
runs on TensorFlow alone.
Chapter: mlp/tables/README.md#your-own-table
"""

from chapter import OUTPUTS

from functools import partial
from pathlib import Path

import keras
import numpy as np

from mlp.tables.columns import find_words, to_inputs
from mlp.tables.comparing import choose_temperature, losses, recommend, refit, report, train_others
from mlp.tables.deciding import (
    draw,
    find_importance,
    find_thresholds,
    giving_away,
    say_costs,
    say_importance,
)
from mlp.tables.folds import ask_each, make_fold, split, take
from mlp.tables.kept import NETWORK, Kept, ask, save, to_frame
from mlp.tables.network import has_diverged, join, train_again, train_each
from mlp.tables.target import TASKS, read_table
from mlp.tables.unlike import find_ranges, find_usual
from mnist.studies.temperature import with_temperature
from utils import options
from utils.runs import fail, make_folder, save_results
from utils.tables import DECIMALS

HIDDEN = (64, 32)  # neurons of each hidden layer
LEARNING_RATE = 0.003  # step size of Adam
EPOCHS = 200  # passes over the training rows, at most
SEED = 1  # of the split, the initial weights and the order of the rows
ASKED = {  # that --model may ask for, and what they are called in the results
    "regression": ("ridge_regression", "logistic_regression"),
    "boosting": ("gradient_boosting",),
    "forest": ("random_forest",),
    "network": (NETWORK,),
}
BASELINES = ("mean", "majority_class")  # which look at no column
FEW = 20  # validation rows of a class, below which the script warns
COST_MISS = COST_FALSE_ALARM = 1.0  # of a no that should be a yes, and of a yes that should be a no


def parse_options(argv):
    parser = options.make_parser("Trains a network on a table of your own.", OUTPUTS)
    add, count, rate = parser.add_argument, options.positive(int), options.positive(float)
    add("--data", type=Path, required=True, metavar="FILE", help="a CSV or an Excel file")
    add("--target", required=True, metavar="COLUMN", help="the column to predict")
    for name, about in {
        "drop": "columns to leave out",
        "words": "columns whose values are words, even if they look like numbers",
        "numbers": "columns whose values are numbers; all others count as gaps",
    }.items():
        add(f"--{name}", nargs="+", default=[], metavar="COLUMN", help=about)
    rows = parser.add_mutually_exclusive_group()
    about = "column: rows with the same value are not torn apart"
    rows.add_argument("--group", nargs=1, metavar="COLUMN", help=about)
    about = "column of dates or numbers: the newest rows test"
    rows.add_argument("--time", nargs=1, metavar="COLUMN", help=about)
    add("--task", choices=TASKS, help="what the target is; default: what it looks like")
    add("--yes", metavar="VALUE", help="the value of the target that means yes")
    add("--cost-miss", type=rate, default=COST_MISS, help="of a no that should be a yes")
    add("--cost-false-alarm", type=rate, default=COST_FALSE_ALARM, help="of a wrong yes")
    add("--encoding", help="of the file, such as cp1252; default: utf-8, or what its mark says")
    about = "what stands before decimals in a column that may mean either, as 1.234 does"
    add("--decimal", choices=DECIMALS, help=about)
    add("--hidden", type=count, nargs="*", default=HIDDEN, help="neurons of each hidden layer")
    add("--epochs", type=count, default=EPOCHS, help="passes over the training rows, at most")
    add("--learning-rate", type=rate, default=LEARNING_RATE, help="step size of Adam")
    add("--model", choices=ASKED, help="model to keep; default: the one that is recommended")
    add("--seed", type=options.seed, default=SEED, help="seed of the random numbers")
    add("--test", action="store_true", help="evaluate on the test rows, too")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_options(argv)
    if keras.config.backend() != "tensorflow":
        fail("only TensorFlow computes with words. Set KERAS_BACKEND to tensorflow.")
    keras.utils.set_random_seed(args.seed)

    # 1. Look at the table, and split it.
    table, columns, target, groups, times, form = read_table(args)
    y, classes, names = target.y, target.classes, target.names
    inputs = to_inputs(table, columns)
    test, pairs = split(y, groups, classes, args.seed, times)
    validated = np.concatenate([rows for _, rows in pairs])
    learned = np.setdiff1d(np.arange(len(y)), test)
    folder = make_folder(args.outputs)
    sizes = "{:,} rows for training and {:,} for validation".format(*map(len, pairs[-1]))
    print(f"{len(test):,} rows for the test. Folds: {len(pairs)}; the last has {sizes}.")
    if classes and (rarest := np.bincount(y[validated]).min()) < FEW:
        print(f"Of one class, only {rarest} rows validate: the scores mean little.")
    leaks = giving_away(columns, inputs, y, classes, args.seed)
    for leak in leaks:
        print(f'WARNING: "{leak}" alone says the target. Is it known before? If not, --drop it.')
        if not (args.group or args.time):
            print(f'  Or does it say whose row this is? Then not --drop, but --group "{leak}".')

    # 2. Train in each fold: whatever is fitted is fitted on the rows that train.
    folds = [make_fold(inputs, y, *pair) for pair in pairs]
    networks, history = train_each(folds, classes, args)
    fitted = train_others(folds, classes, args.seed)
    if diverged := any(map(has_diverged, networks, folds)):
        print("The network diverged and is left out: try a lower --learning-rate.")
    else:
        both = zip(folds, networks, strict=True)
        fitted[NETWORK] = [join(fold.preparation, one, 1.0, names) for fold, one in both]

    # 3. Calibrate the probabilities, and compare on the rows that validate.
    number = np.repeat(np.arange(len(pairs)), [len(rows) for _, rows in pairs])  # of their fold
    groups = np.arange(len(y)) if groups is None else groups
    known, truth, by = take(inputs, validated), y[validated], groups[validated]
    heat = dict.fromkeys(fitted, 1.0)

    def answer(name, inputs, rows=slice(None)):
        """Return what models say of rows that validate, of which they have learned nothing."""
        said = ask_each(fitted[name], folds, inputs, number[rows], names)
        return with_temperature(said, heat[name]) if classes else said

    for name in fitted if classes else []:
        heat[name] = choose_temperature(answer(name, known), truth, by)
    answers = {name: answer(name, known) for name in fitted}
    loss = partial(losses, classes=classes, variance=y[learned].var())
    on_validation = report("validation", answers, truth, by, classes, loss)
    chosen = recommended = recommend({name: loss(one, truth) for name, one in answers.items()}, by)
    if args.model and not (args.model == "network" and diverged):
        (chosen,) = set(ASKED[args.model]) & set(fitted)
    print(f"Recommended: {recommended}. Kept: {chosen}.".replace("_", " "))
    if baseline := chosen in BASELINES:
        print("WARNING: no column helps. What is kept says the same for every row.")
    results = {"columns": columns, "target": target.column, "task": target.task, "file": form}
    results |= {"rows": {"known": len(learned), "test": len(test)}, "folds": len(folds)}
    results |= {"names": names, "leaks": leaks, "validation": on_validation}
    results |= {"recommended": recommended, "kept": chosen, "temperature": heat[chosen]}
    points = None
    if target.task == "yes-or-no":
        costs = args.cost_miss, args.cost_false_alarm
        points = find_thresholds(truth, answers[chosen][:, 1], *costs)
        results["thresholds"] = points
        say_costs(points, *costs, baseline)
    results["importance"] = find_importance(
        partial(answer, chosen), loss, known, truth, [] if baseline else columns, args.seed
    )
    say_importance(results["importance"])
    draw(history, answers, chosen, truth, classes, points, folder / "table.png")

    # 4. Fit again with the epochs, trees or penalty found above: for the test without its rows.
    def learn(name, rows):
        """Return a model that has learned from these rows, and the words that it knows."""
        known = take(inputs, rows)
        if name == NETWORK:
            epochs = int(np.argmin(history["val_loss"])) + 1
            return train_again(known, y[rows], names, heat[name], args, epochs)
        words = find_words(known)
        return refit(fitted[name], to_frame(known, words), y[rows]), words

    if args.test:
        on_test = {}
        for name in fitted:
            model, words = learn(name, learned)
            on_test[name] = ask(model, take(inputs, test), names, words, heat[name])
        results["test"] = report("test", on_test, y[test], groups[test], classes, loss)
        if points:
            tested = find_thresholds(y[test], on_test[chosen][:, 1], *costs)
            del tested["best"]  # nothing is chosen by the test rows
            say_costs(tested, *costs, baseline)
            results["test"]["thresholds"] = tested
    else:
        print(f"{len(test):,} test rows are unseen. In the end, once: --test")
    model, words = learn(chosen, np.arange(len(y)))
    save(model, chosen, folder)
    results |= {"words": words, "ranges": find_ranges(inputs), "history": history}
    results |= find_usual(inputs, table, Kept(model, results))
    then = "mlp/tables/predict.py --model RUN --rows FILE"
    return save_results(results, folder, __file__, argv, then=then)


if __name__ == "__main__":
    main()
