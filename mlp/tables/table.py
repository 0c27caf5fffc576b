"""A network for your own table: any CSV file, any column to predict.

    python mlp/tables/table.py --data FILE --target COLUMN
    python mlp/tables/table.py --data FILE --target COLUMN --test    # in the end

Says what it takes each column for, splits the rows in three, trains an MLP and compares it
with simpler models on the same rows. Try it with the penguins that come with it:

    python mlp/tables/table.py --data mlp/tables/penguins.csv --target Sex \
        --group "Individual ID" --drop "Sample Number"

You will see a line for each column, one for each epoch, the scores of four models on validation
rows, by how much the network is better or worse, and which columns matter.
`mlp/outputs/<start time>/` gets the network, `table.keras`, and a figure; `predict.py` and the
service of `serialization/operating/table_app.py` use the network. Takes some 20 seconds on two
cores, a table of a million rows some minutes. Only TensorFlow computes with words, so
the script runs on TensorFlow alone.
Chapter: mlp/tables/README.md#your-own-table
"""

from chapter import OUTPUTS

from pathlib import Path

import keras
import numpy as np

from mlp.tables.columns import find_ranges, look, say, to_inputs, to_words
from mlp.tables.comparing import choose_temperature, losses, make_parts, report, train_others
from mlp.tables.deciding import draw, find_importance, find_thresholds, say_costs, say_importance
from mlp.tables.network import ask, build_preparation, join, train
from mlp.tables.target import TASKS, giving_away, read_target, split
from utils import options
from utils.runs import fail, make_folder, printable, save_network, save_results
from utils.tables import DECIMALS, find_columns, read_rows, read_values, without_gaps

HIDDEN = (64, 32)  # neurons of each hidden layer
LEARNING_RATE = 0.003  # step size of Adam
EPOCHS = 200  # passes over the training rows, at most
SEED = 1  # of the split, the initial weights and the order of the rows
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
    add("--group", metavar="COLUMN", help="rows with the same value are not torn apart")
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
    add("--seed", type=options.seed, default=SEED, help="seed of the random numbers")
    add("--test", action="store_true", help="evaluate on the test rows, too")
    return parser.parse_args(argv)


def read(args):
    """Return rows, columns, target, groups and form of the file; say what they are taken for."""
    texts, form, said = read_rows(args.data, args.encoding)
    (name,) = find_columns([args.target], texts, args.data)
    dropped, words, numbers, group = (
        find_columns(names, texts, args.data)
        for names in (args.drop, args.words, args.numbers, [args.group] if args.group else [])
    )
    if name in dropped + group:
        fail(f"{name} is the target: it cannot be left out, and it cannot be the group.")
    kept = texts.drop(columns=[*dropped, *group])
    table, decimals = read_values(kept, args.decimal, numbers=numbers, words=words)
    said += ["with decimal commas"] if "comma" in decimals.values() else []
    table, target, more = read_target(table, name, args.task, args.yes, args.data)
    columns = look(table.drop(columns=name), words, numbers, decimals)
    used = [column["name"] for column in columns if column["kind"] != "left out"]
    if used and (copies := table.duplicated([*used, name]).sum()):
        more.append(f"{copies:,} rows equal others in all that is used: they may be the same cases")
    if any(column["kind"] == "date" for column in columns):
        more.append(
            "its rows are split at random, not by date, so scores promise too much of later ones"
        )
    for sentence in said + more:
        print(printable(f"The table: {sentence}."))
    say(columns)
    print(printable(f"To predict: {name}, {target.said}"))
    if all(column["kind"] == "left out" for column in columns):
        fail(f"{args.data} has no column that {name} could be predicted from.")
    groups = without_gaps(texts.loc[table.index, group[0]]) if group else None
    if group and (gaps := groups.isna().sum()):
        print(f"The table: {gaps:,} rows have no {group[0]}; they stay together.")
    return table, columns, target, to_words(groups).to_numpy() if group else None, form


def main(argv=None):
    args = parse_options(argv)
    if keras.config.backend() != "tensorflow":
        fail("only TensorFlow computes with words. Set KERAS_BACKEND to tensorflow.")
    keras.utils.set_random_seed(args.seed)

    # 1. Look at the table, and split it.
    table, columns, target, groups, form = read(args)
    y, classes = target.y, target.classes
    inputs = to_inputs(table, columns)
    parts = split(y, groups, classes, args.seed)
    folder = make_folder(args.outputs)
    print(", ".join(f"{len(rows):,} rows for {part}" for part, rows in parts.items()))
    if classes and (rarest := np.bincount(y[parts["validation"]]).min()) < FEW:
        print(f"Of one class, only {rarest} rows validate: the scores mean little.")
    leaks = giving_away(inputs, y, classes, args.seed)
    for leak in leaks:
        print(f'WARNING: "{leak}" alone says the target. Is it known before? If not, --drop it.')

    # 2. Train: whatever is fitted is fitted on the part that trains.
    groups = np.arange(len(y)) if groups is None else groups
    preparation, words = build_preparation(
        {name: values[parts["training"]] for name, values in inputs.items()}
    )
    training, validation, test = make_parts(inputs, y, groups, parts, preparation, words)
    network, history = train(training, validation, classes, args)
    models = train_others(training, validation, classes, args.seed)

    # 3. Save one model from plain values to answers, with the temperature that calibrates it.
    model = join(preparation, network, 1.0, target.names)
    if classes:
        raw = ask(model, validation.inputs, target.names)
        temperature = choose_temperature(raw, validation)
        model = join(preparation, network, temperature, target.names)
    save_network(model, folder / "table.keras")
    models["neural_network"] = lambda part: ask(model, part.inputs, target.names)

    # 4. Compare on rows that none of them has learned from.
    variance = training.y.var()
    answers, on_validation = report("validation", validation, models, classes, variance)
    results = {"columns": columns, "target": target.column, "task": target.task, "file": form}
    results["ranges"] = find_ranges(training.inputs)
    results |= {"rows": {part: len(rows) for part, rows in parts.items()}}
    results |= {"names": target.names, "leaks": leaks, "validation": on_validation}
    points = None
    if target.task == "yes-or-no":
        yes = answers["neural_network"][:, 1]
        costs = args.cost_miss, args.cost_false_alarm
        points = results["thresholds"] = find_thresholds(validation.y, yes, *costs)
        say_costs(points, *costs)
    results["importance"] = find_importance(
        lambda inputs: ask(model, inputs, target.names),
        lambda answers, y: losses(answers, y, classes, variance),
        validation.inputs,
        validation.y,
        columns,
        args.seed,
    )
    say_importance(results["importance"])
    if args.test:
        on_test, results["test"] = report("test", test, models, classes, variance)
        if points:
            tested = find_thresholds(test.y, on_test["neural_network"][:, 1], *costs)
            del tested["best"]  # nothing is chosen by the test rows
            say_costs(tested, *costs)
            results["test"]["thresholds"] = tested
    else:
        print(f"{len(test.y):,} test rows are unseen. In the end, once: --test")
    draw(history, answers, validation.y, classes, points, folder / "table.png")
    return save_results(results | {"history": history}, folder, __file__, argv)


if __name__ == "__main__":
    main()
