"""One training shared by several processes, on this machine or on several: data parallelism.

    pip install jax
    python backends/parallel.py -m conv_net --epochs 3 --processes 2
    python backends/parallel.py --resume RUN    # continue a run that was stopped

You will see the epochs go by and find the files of a run, as with lab.py, whose options it takes.
Each process computes its share of every batch. Runs on JAX, the only back end on which Keras does
this, on Linux and macOS. Takes no longer than mnist.py on JAX, if there are enough cores.
Chapter: backends/README.md#several-processes
"""

from chapter import OUTPUTS

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from importlib.util import find_spec

if __name__ == "__main__" and find_spec("jax"):  # without it, main says what is missing
    os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import keras
import numpy as np

if keras.config.backend() == "jax":
    from jax.experimental.multihost_utils import broadcast_one_to_all

from backends.processes import TASK, end_with_parent, environments, run_together
from mnist.data import prepare_mnist
from mnist.models import MODELS
from mnist.overfitting import lab
from mnist.overfitting.settings import Settings, parse_arguments
from mnist.overfitting.techniques import start_from
from mnist.report import write_report
from utils.options import make_parser, positive, verbosity
from utils.runs import fail, find_run, first_line, make_folder, shown
from utils.training import SaveCheckpoint

PROCESSES = 2  # as many as there are machines or GPUs or, to try it out, cores
GRACE = 5  # seconds for whoever started the processes to end them all, before one speaks


class Share(keras.utils.PyDataset):
    """The part of each batch that one process computes; what cannot be shared is left out.

    With a seed the images are shuffled in each epoch anew, in all processes alike.
    """

    def __init__(self, x, y, batch_size, process, processes, seed=None, epochs_done=0):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.process, self.processes = process, processes
        self.seed, self.epoch = seed, epochs_done - 1
        self.on_epoch_end()

    def on_epoch_end(self):
        self.epoch += 1
        self.order = np.arange(len(self.x))
        if self.seed is not None:
            np.random.default_rng([self.seed, self.epoch]).shuffle(self.order)

    def __len__(self):
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + (rest >= self.processes)

    def __getitem__(self, step):
        batch = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        size = len(batch) // self.processes
        rows = batch[self.process * size : (self.process + 1) * size]
        return self.x[rows], self.y[rows]


class SaveAlone(SaveCheckpoint):
    """SaveCheckpoint for process 0: Keras makes variables then, and others must not wait for it."""

    def on_epoch_end(self, epoch, logs=None):
        distribution = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        super().on_epoch_end(epoch, logs)
        keras.distribution.set_distribution(distribution)


def told_by_first(value):
    """Return, in each process, the value that process 0 gives: anything that JSON can hold."""
    text = np.frombuffer(json.dumps(value).encode(), "uint8")
    size = int(broadcast_one_to_all(np.int32(len(text))))
    return json.loads(bytes(broadcast_one_to_all(np.resize(text, size))))


def make_model(settings, steps):
    """Return the compiled model and all variables that training changes."""
    keras.utils.set_random_seed(settings.seed)  # all processes draw the same seeds for dropout
    model = lab.build_model(MODELS[settings.model], settings)
    lab.compile_model(model, settings, steps * settings.epochs)
    model.optimizer.build(model.trainable_variables)
    return model, model.variables + model.optimizer.variables


def train(settings, folder, process, processes):
    """Train with the others; return this process's own copy of the model, history and images."""
    digits = prepare_mnist(MODELS[settings.model]().input_shape[1:], settings.train_samples)
    share = (settings.batch_size, process, processes)
    steps = len(Share(digits.x_train, digits.y_train, *share))
    (own, variables), history = make_model(settings, steps), {}
    if process == 0:  # the only one that reads or writes files
        own.summary()
        loaded, history = lab.load_progress(own, folder, steps, settings)
        variables = loaded.variables + loaded.optimizer.variables
        if settings.start_from and not history:
            start_from(own, find_run(settings.start_from, OUTPUTS))
    begin = broadcast_one_to_all([np.asarray(variable) for variable in variables])
    checkpoint = SaveAlone(folder, own.name, told_by_first(history))
    callbacks, done = lab.make_callbacks(settings, checkpoint), checkpoint.epochs_done
    with keras.distribution.DataParallel(auto_shard_dataset=False).scope():
        model, variables = make_model(settings, steps)
        for variable, value in zip(variables, begin, strict=True):
            variable.assign(value)
        model.fit(
            Share(digits.x_train, digits.y_train, *share, settings.seed, done),
            validation_data=Share(digits.x_val, digits.y_val, *share),
            shuffle=False,  # Share does it
            initial_epoch=done,
            epochs=settings.epochs,
            callbacks=callbacks[:-1] if process else callbacks,  # the last one saves
            verbose=0 if process else verbosity(),
        )
    own.set_weights(model.get_weights())
    return own, checkpoint.history, digits


def work(options, process, processes):
    """Be one of the processes. Process 0 tells the others the settings, and writes the results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started all
    end_with_parent()
    settings, folder = None, None
    if process == 0:
        settings, folder, resume, test = parse_arguments(options)
        again = ["--processes", processes, *options]
        folder, run = lab.begin(settings, folder, resume, __file__, again)
        settings = asdict(settings)
    keras.distribution.initialize()
    settings = Settings(**told_by_first(settings))
    model, history, digits = train(settings, folder, process, processes)
    if process == 0:
        models = {model.name: lab.keep(model, history, digits, settings, folder, test)}
        write_report(run | {"processes": processes, "models": models}, folder)


def work_or_end(*task):
    """Call work; after an error end at once, where Python would wait for the other processes."""
    try:
        work(*task)
    except BaseException as error:
        if not isinstance(error, SystemExit):  # most likely, another process is gone
            time.sleep(GRACE)
            if "Gloo" in str(error) or type(error).__name__ == "JaxRuntimeError":
                error = f"parallel.py: lost the other processes ({first_line(error)})"
            else:
                sys.excepthook(type(error), error, error.__traceback__)
        print(error, file=sys.stderr)
        sys.stdout.flush()
        os._exit(1)


def main(argv=None):
    """Share a training among processes of this machine; return its results."""
    parser = make_parser("Share one training among processes. Further options: see lab.py.")
    parser.add_argument("--processes", type=positive(int), default=PROCESSES, help="how many")
    args, options = parser.parse_known_args(argv)
    if f"{TASK}PROCESS_ID" in os.environ:
        task = (int(os.environ[TASK + name]) for name in ("PROCESS_ID", "NUM_PROCESSES"))
        return work_or_end(options, *task)
    settings, folder, resume, _ = parse_arguments(options)
    if settings.model == "all" or settings.early_stopping:
        parser.error("several processes can neither train all models in turn nor stop early")
    if settings.batch_size % args.processes:
        parser.error(f"{args.processes} processes cannot share {settings.batch_size} images")
    if not find_spec("jax"):
        fail("there is no JAX. Install it: pip install jax")
    if not resume:
        folder = make_folder(folder, locked=False)  # process 0 will hold it
        options += ["--outputs", str(folder)]
    advice = f"To go on after the last whole epoch: --resume {shown(folder)}"
    run_together([sys.executable, __file__, *options], environments(args.processes), advice)
    print(f"Models, curves and report.html are in {shown(folder)}")
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
