"""Machinery of mnist.py: the settings of a run, its command line and its folder.

Chapter: mnist/README.md#what-a-run-leaves-behind
"""

from chapter import OUTPUTS

import argparse
from dataclasses import asdict, dataclass, fields, replace

from mnist.data import TRAIN_SIZE
from mnist.finished import refuse_other_split
from mnist.models import MODELS
from mnist.overfitting.optimization import OPTIMIZERS, SCHEDULES
from mnist.overfitting.techniques import AUGMENTATIONS
from utils.options import make_parser, number, positive, seed
from utils.runs import (
    fail,
    find_run,
    make_folder,
    printable,
    provenance,
    read_json,
    write_json,
    writing_to,
)
from utils.training import hold


@dataclass(frozen=True)
class Settings:
    """What a run depends on; the first seven are the constants of mnist.py."""

    model: str
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float | None
    lr_schedule: str
    seed: int
    early_stopping: int | None = None
    augment: str | None = None
    mixed_precision: str | None = None
    train_samples: int = TRAIN_SIZE
    start_from: str | None = None
    label_smoothing: float = 0.0
    average_weights: bool = False
    clip_norm: float | None = None


def make_mnist_parser(defaults):
    """Return the parser of mnist.py; defaults: Settings."""
    parser = make_parser("Train networks on MNIST.", OUTPUTS)
    add, count = parser.add_argument, positive(int)
    add("-m", "--model", choices=[*MODELS, "all"], help="network, or all of them in turn")
    add("--epochs", type=count, help="passes over the training images")
    add("--batch-size", type=count, help="images per step")
    add("--optimizer", choices=OPTIMIZERS)
    add("--learning-rate", type=positive(float), help="None: the optimizer's own default")
    add("--lr-schedule", choices=SCHEDULES, help="how the learning rate changes")
    add("--early-stopping", type=count, metavar="PATIENCE", help="epochs without progress to wait")
    about = "change the training images at random; without a value: layers"
    add("--augment", nargs="?", const=AUGMENTATIONS[0], choices=AUGMENTATIONS, help=about)
    add("--mixed-precision", choices=["bfloat16", "float16"], help="compute in 16 bits")
    smoothing = number(float, 0, 1)
    add("--label-smoothing", type=smoothing, metavar="SHARE", help="of a label, for all digits")
    add("--average-weights", action="store_true", help="end with the mean of the last weights")
    add("--clip-norm", type=positive(float), help="shorten longer gradients to this length")
    add("--seed", type=seed, help="of the initial weights and the order of the images")
    add("--train-samples", type=positive(int, most=TRAIN_SIZE), help="fewer for a quick try")
    add("--start-from", metavar="RUN", help="run whose weights to start from")
    add("--resume", metavar="RUN", help="folder of the run to continue")
    add("--test", action="store_true", help="when all is chosen: read the test images, too")
    parser.set_defaults(**asdict(defaults))
    return parser


def parse_arguments(argv, defaults):
    """Return the settings, the folder, whether to resume its run, and whether to test.

    With --resume RUN, options that are not given are those that RUN had.
    """
    parser = make_mnist_parser(defaults)
    args = parser.parse_args(argv)
    resume = args.resume is not None
    if resume and (args.start_from or args.outputs != parser.get_default("outputs")):
        parser.error("a resumed run has its folder and its weights: no --outputs, no --start-from")
    if resume:
        folder = find_run(args.resume, OUTPUTS)
        parser.set_defaults(**load_run(folder)["settings"])
        args = parser.parse_args(argv)
    else:
        folder = args.outputs
        if args.start_from is not None:
            start = find_run(args.start_from, OUTPUTS).resolve()
            if not start.is_dir():
                parser.error(f"there is no run {start}")
            args.start_from = str(start)
    settings = read_settings(args)
    if settings.model not in [*MODELS, "all"]:
        model = printable(settings.model)
        parser.error(f"the run trains {model}, which models.py does not have")
    if settings.average_weights and settings.early_stopping:
        parser.error("Keras would put the best weights in place of averages: choose one of the two")
    if resume and (problem := find_change(load_run(folder)["settings"], settings)):
        parser.error(printable(problem))
    return settings, folder, resume, args.test


def read_settings(args):
    """Return the settings among the arguments that make_mnist_parser has read."""
    return Settings(**{field.name: getattr(args, field.name) for field in fields(Settings)})


def load_run(folder):
    """Return what run.json says of the run in a folder: its settings and its provenance.

    The settings pass the checks of the command line, but the model need not be one of mnist.py's.
    """
    try:
        run = read_json(folder / "run.json")
        saved = Settings(**run["settings"])
        unset = Settings(saved.model, *[None] * 6, train_samples=None, label_smoothing=None)
        parser = make_mnist_parser(unset)
        parser.exit_on_error = False
        args, unknown = parser.parse_known_args(command_line(saved, unset))
        settings = read_settings(args)
        right = [
            isinstance(getattr(settings, field.name), field.type) for field in fields(Settings)
        ]
        if unknown or not all(right):
            raise TypeError
        known = {"settings": asdict(settings), "provenance": dict(run["provenance"])}
        refuse_other_split(run, folder)
        return known
    except (OSError, ValueError, KeyError, TypeError, argparse.ArgumentError):
        fail(f"{folder} is not a folder of a run: it has no readable run.json.")


def find_change(saved, settings):
    """Return in a sentence what differs between a run and the settings to resume it with."""
    # A schedule over all epochs has been laid down with the first of them.
    free = {"epochs"} if saved["lr_schedule"] in ("constant", "plateau") else set()
    for name, value in saved.items():
        # The run to start from may have moved, and is not needed once there is a checkpoint.
        if name not in {*free, "start_from"} and getattr(settings, name) != value:
            allowed = "only --epochs" if free else f"with schedule {saved['lr_schedule']} nothing"
            return f"{allowed} may change in a resumed run; its {name} was {value}"
    return None


def open_run(settings, folder, resume, script, argv):
    """Make the folder of a new run, or go on in that of an old one.

    Returns the folder and what results.json says of the run: its settings, and the command,
    versions and number of processor cores that a reader needs to repeat it.
    """
    run = {"provenance": provenance(script, argv), "settings": asdict(settings)}
    if resume:
        run["provenance"] = load_run(folder)["provenance"]
    elif (folder / "run.json").exists():
        fail(f"{folder} holds a run already. Go on with it: --resume {folder}")
    elif any(folder.glob("*_checkpoint.keras")):
        fail(f"{folder} holds a checkpoint without run.json, its settings. Choose another folder.")
    folder = make_folder(folder)
    with writing_to(folder):
        hold(folder)
        write_json(run, folder / "run.json")
    return folder, run


def command_line(settings, defaults):
    """Return the options of mnist.py that lead from the defaults to these settings."""
    options = []
    for name, value in asdict(settings).items():
        if value != getattr(defaults, name):
            option = f"--{name.replace('_', '-')}"
            options += [option] if value is True else [option, str(value)]
    return options


def changes_of(settings, defaults):
    """Return the options that make a run of a model another one: those for titles of figures."""
    left_out = ("model", "epochs", "seed", "start_from")
    same = {name: getattr(defaults, name) for name in left_out}
    return command_line(replace(settings, **same), defaults)
