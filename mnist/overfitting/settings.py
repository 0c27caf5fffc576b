"""Machinery of lab.py: the settings of a run, its command line, and the folder of an old run.

Chapter: mnist/overfitting/README.md#the-laboratory
"""

from chapter import OUTPUTS

import argparse
from dataclasses import asdict, dataclass, fields, replace

from mnist import mnist
from mnist.data import TRAIN_SIZE
from mnist.finished import refuse_other_split
from mnist.models import MODELS
from mnist.overfitting.techniques import AUGMENTATIONS, SCHEDULES
from mnist.report import command_line
from utils.options import number, positive
from utils.runs import fail, find_run, printable, read_json


@dataclass(frozen=True)
class Settings:
    """What a run depends on: first what mnist.py has, too, then what the laboratory adds."""

    model: str = mnist.MODEL
    epochs: int = mnist.EPOCHS
    batch_size: int = mnist.BATCH_SIZE
    optimizer: str = mnist.OPTIMIZER
    learning_rate: float | None = mnist.LEARNING_RATE
    seed: int = mnist.SEED
    train_samples: int = TRAIN_SIZE
    lr_schedule: str = "constant"
    early_stopping: int | None = None
    augment: str | None = None
    mixed_precision: str | None = None
    start_from: str | None = None
    label_smoothing: float = 0.0
    average_weights: bool = False
    clip_norm: float | None = None
    momentum: float | None = None


DEFAULTS = Settings()


def make_lab_parser():
    """Return the parser of lab.py: the options of mnist.py, and those of the techniques."""
    parser = mnist.make_mnist_parser("Train networks on MNIST, with any technique.")
    add, count = parser.add_argument, positive(int)
    add("--lr-schedule", choices=SCHEDULES, help="how the learning rate changes")
    add("--early-stopping", type=count, metavar="PATIENCE", help="epochs without progress to wait")
    about = "change the training images at random; without a value: layers"
    add("--augment", nargs="?", const=AUGMENTATIONS[0], choices=AUGMENTATIONS, help=about)
    add("--mixed-precision", choices=["bfloat16", "float16"], help="compute in 16 bits")
    smoothing = number(float, 0, 1)
    add("--label-smoothing", type=smoothing, metavar="SHARE", help="of a label, for all digits")
    add("--average-weights", action="store_true", help="end with the mean of the last weights")
    add("--clip-norm", type=positive(float), help="shorten longer gradients to this length")
    add("--momentum", type=number(float, 0, 1), help="of the optimizers sgd and rmsprop")
    add("--start-from", metavar="RUN", help="run whose weights to start from")
    add("--resume", metavar="RUN", help="folder of the run to continue")
    parser.set_defaults(**asdict(DEFAULTS))
    return parser


def parse_arguments(argv):
    """Return the settings, the folder, whether to resume its run, and whether to test.

    With --resume RUN, options that are not given are those that RUN had.
    """
    parser = make_lab_parser()
    args = parser.parse_args(argv)
    resume, folder = args.resume is not None, args.outputs
    if resume and (args.start_from or folder != parser.get_default("outputs")):
        parser.error("a resumed run has its folder and its weights: no --outputs, no --start-from")
    if resume:
        folder = find_run(args.resume, OUTPUTS)
        saved = load_run(folder)["settings"]
        parser.set_defaults(**saved)
        args = parser.parse_args(argv)
    elif args.start_from is not None:
        start = find_run(args.start_from, OUTPUTS).resolve()
        if not start.is_dir():
            parser.error(f"there is no run {start}")
        args.start_from = str(start)
    settings = read_settings(args)
    if settings.model not in [*MODELS, "all"]:
        parser.error(f"the run trains {printable(settings.model)}, which models.py does not have")
    if settings.average_weights and settings.early_stopping:
        parser.error("Keras would put the best weights in place of averages: choose one of the two")
    if settings.momentum is not None and settings.optimizer not in ("sgd", "rmsprop"):
        parser.error(f"{settings.optimizer} has no --momentum: choose --optimizer sgd or rmsprop")
    if resume and (problem := find_change(saved, settings)):
        parser.error(printable(problem))
    return settings, folder, resume, args.test


def read_settings(args):
    """Return the settings among the arguments that make_lab_parser has read."""
    return Settings(**{field.name: getattr(args, field.name) for field in fields(Settings)})


def load_run(folder):
    """Return what run.json says of a run of lab.py or mnist.py: its settings and its provenance.

    The settings pass the checks of the command line, but the model need not be one of models.py.
    """
    try:
        run = read_json(folder / "run.json")
        saved = Settings(**run["settings"])
        unset = [name for name, one in asdict(saved).items() if one is None or one is False]
        given = {k: v for k, v in asdict(saved).items() if k not in [*unset, "model"]}
        parser = make_lab_parser()
        parser.exit_on_error = False
        args, unknown = parser.parse_known_args(command_line(given))
        known = replace(read_settings(args), model=saved.model) == saved
        if unknown or not known or not isinstance(saved.model, str):
            raise TypeError
        run = {"settings": asdict(saved), "provenance": dict(run["provenance"])}
    except (OSError, ValueError, KeyError, TypeError, argparse.ArgumentError):
        fail(f"{folder} is not a folder of a run: it has no readable run.json.")
    refuse_other_split(run, folder)
    return run


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
