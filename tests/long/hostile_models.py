"""Machinery of the tests: strangers' model files, in all scripts that take one. Linux only.

    python tests/long/hostile_models.py

Every file of hostile_files.py is opened by every script that takes a model, or by the function of
it that opens the model of a run. Any touch of the bait is seen by inotify, also one by HDF5, and
any process or connection by Python's audit hook. Prints a line for each script. About ten minutes.
"""

import contextlib
import ctypes
import importlib
import io
import json
import logging
import os
import re
import shutil
import signal
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[up]) for up in (1, 2)]

import keras
from conftest import ROOT, finished_run
from hostile_files import hostile_files

from utils.options import make_parser
from utils.runs import make_folder, save_results

LIMIT = 2  # seconds of the processor for a file in a script; a harmless one may take them
PHOTO = ROOT / "cnn" / "data" / "photos" / "coffee.jpg"
TOUCHED = 0x2 | 0x4 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200  # changed, opened, moved, made, deleted
STARTED = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}
STARTED |= {"socket.connect", "socket.bind"}
OURS = {sys.executable, "lscpu"}  # smaller.py measures in a process of its own; joblib counts cores
# Script or script:function; how it is called; how it wants the file to be called. A star: it opens
# what is its reader's own, by Keras alone, and promises nothing.
RUN = "RUN --outputs OUT"
MODEL = "--model FILE --outputs OUT"
GPT = "gpt_checkpoint.keras"
LOADERS = [
    ("serialization/load_model.py", "FILE", ""),
    ("serialization/save_model.py", MODEL, ""),
    ("serialization/look_inside.py", "FILE", ""),
    ("serialization/smaller.py", "FILE --outputs OUT", ""),
    ("serialization/plain_values.py", MODEL, ""),
    ("serialization/answer.py:load_keras", "FILE", ""),
    ("serialization/rest/ship_model.py", MODEL, ""),
    ("utils/loading.py:load_model", "FILE", ""),
    ("serialization/rest/serve.py*", "FILE", ""),
    ("visualizing/activation_maximization.py", MODEL, ""),
    ("visualizing/attribution.py", MODEL, ""),
    ("visualizing/feature_maps.py", MODEL, ""),
    ("visualizing/embedding.py", MODEL, ""),
    ("visualizing/own_network.py", MODEL, ""),
    ("visualizing/live/think.py:KerasReader", "FILE", ""),
    ("visualizing/shapes.py", MODEL, ""),
    ("visualizing/debugging/checklist.py", f"{MODEL} --data RUN/parts.npz", ""),
    ("visualizing/debugging/doctor.py", "RUN", "conv_net.keras"),
    ("mlp/predict_churn.py", MODEL, ""),
    ("mlp/tables/kept.py:load", "FILE", ""),
    ("cnn/classify.py", f"{PHOTO} {MODEL}", ""),
    ("cnn/segmentation/find.py", f"RUN {RUN}", "u_net.keras"),
    ("cnn/segmentation/label.py:load_network", "FILE", ""),
    ("cnn/transformer/looks.py", RUN, "vit.keras"),
    ("cnn/transformer/few_labels.py", RUN, "encoder.keras"),
    ("generating/latents.py:load_vae", "RUN", "encoder.keras"),
    ("generating/anomalies.py", f"{RUN} --sizes 2", "autoencoder_2.keras"),
    ("mnist/overfitting/techniques.py:start_from", "NETWORK RUN", "conv_net.keras"),
    ("mnist/overfitting/weights.py", RUN, "mlp_one_layer.keras"),
    ("mnist/studies/recipes.py:evaluate_ensemble", "FILES NO", ""),
    ("utils/training.py:load_checkpoint", "RUN conv_net 1", "conv_net_checkpoint.keras"),
    ("forecasts/go_on.py:take_up", "METHOD RUN NO", "forecast.keras"),
    ("text/gpt/generate.py", "RUN", GPT),
    ("text/gpt/heads.py", RUN, GPT),
    ("text/gpt/copies.py", RUN, GPT),
    ("text/gpt/fewer_bits.py", RUN, GPT),
    ("text/gpt/ngrams.py", "--run RUN", GPT),
    ("text/gpt/shakespeare.py", "--resume RUN", GPT),
    ("text/gpt/live/write_along.py:create_app", "RUN", GPT),
    ("text/answers/chat.py", "RUN --ask 1+1?", GPT),
    ("text/answers/instruct.py", RUN, GPT),
    ("text/answers/prefer.py", RUN, GPT),
    ("text/answers/reward.py", RUN, GPT),
]


class TooLong(BaseException):
    """A script still works on a file; no `except Exception` of it catches this."""


class Watch:
    """Sees which files in some folders are opened, changed, made or deleted, by whatever code."""

    def __init__(self, *folders):
        self.libc, self.buffer = ctypes.CDLL(None), ctypes.create_string_buffer(2**20)
        self.file = self.libc.inotify_init1(os.O_NONBLOCK)
        watched = [self.libc.inotify_add_watch(self.file, bytes(one), TOUCHED) for one in folders]
        self.folders = dict(zip(watched, folders, strict=True))

    def seen(self):
        """Return {folder: names of the files that were touched since the last time}."""
        touched = {folder: set() for folder in self.folders.values()}
        with contextlib.suppress(BlockingIOError):
            while content := os.read(self.file, 2**20):
                while content:
                    number, _, _, length = struct.unpack("iIII", content[:16])
                    name, content = content[16 : 16 + length].rstrip(b"\0"), content[16 + length :]
                    touched[self.folders[number]].add(name.decode())
        return {folder: names - {""} for folder, names in touched.items()}


def fill(run):
    """Write what else lies in the folder of a run, so that each script comes to its network."""
    gpt = {"alphabet": "abc", "data": "x", "steps": 1, "batch_size": 1, "seed": 1}
    texts = {"settings.json": gpt | {"questions": {}}, "results.json": finished_run("conv_net")}
    for name, content in texts.items():
        (run / name).write_text(json.dumps(content))
    row = "epoch,loss,accuracy,val_loss,val_accuracy\n1,1,0.1,1,0.1\n"
    (run / "conv_net_history.csv").write_text(row)
    for name in ("mlp_one_layer", "conv_net", "conv_net_l1", "conv_net_l2"):
        (run / f"{name}.keras").touch()


def take(loader, path, run):
    """Open a file by a loader; return the word for what came of it, and the file's name."""
    script, options, name = loader
    script, _, function = script.rstrip("*").partition(":")
    module = sys.modules[script.removesuffix(".py").replace("/", ".")]
    target = run / (name or path.name)
    (shutil.copytree if path.is_dir() else shutil.copyfile)(path, target)
    known = {"FILE": target, "FILES": [target], "RUN": run, "OUT": run.parent / "out", "NO": None}
    arguments = [known.get(word, word) for word in options.split()]
    arguments = [str(one) if not function else one for one in arguments]
    signal.setitimer(signal.ITIMER_PROF, LIMIT, 1)  # again, if somebody swallows it
    try:
        if not function:
            module.main([one.replace("RUN/", f"{run}/") for one in arguments])
        else:
            made = {"NETWORK": keras.Sequential(name="conv_net"), "1": 1}
            if "METHOD" in arguments:
                made["METHOD"] = object.__new__(module.Network)
            getattr(module, function)(*[made.get(str(one), one) for one in arguments])
    except SystemExit as stop:
        text = stop.code if isinstance(stop.code, str) else "\n"
        return ("more than one line" if "\n" in text else "refused"), target.name
    except TooLong:
        return "went on", target.name
    except Exception as error:
        return f"traceback: {type(error).__name__}", target.name
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        (shutil.rmtree if target.is_dir() else os.unlink)(target)
    return "loaded", target.name


def fits(loader, path):
    """Tell whether a loader would be given this file: most take .keras files alone."""
    script, _, name = loader
    if path.suffix == ".keras":
        return True
    if name or script.startswith(("visualizing/shapes", "visualizing/draw", "cnn/classify")):
        return False
    alone = path.name.endswith((".json", ".weights.h5"))
    return not alone or script.startswith("serialization/load_model")


def listen(event, arguments):
    """Let nobody start a process or a connection, while a file is tried, and note who wanted to."""
    if event in STARTED and listen.to is not None:
        if arguments[0] not in OURS and event != "socket.bind":  # a service listens
            listen.to.append(f"{event} {arguments[0]!r}"[:80])
        raise TooLong


def stop(*_):
    raise TooLong


def try_all(files, bait, folder, loader):
    """Yield, of each file: script, file, what came of it, and what it touched or started."""
    importlib.import_module(re.sub(r"\.py.*", "", loader[0]).replace("/", "."))
    run, before, quiet = folder / "run", Path.cwd(), io.StringIO()
    run.mkdir(exist_ok=True)
    fill(run)
    watch, old = Watch(bait, run), signal.signal(signal.SIGPROF, stop)
    os.chdir(bait)
    sys.path.insert(0, str(bait))
    try:
        for name, path in files.items():
            if fits(loader, path):
                watch.seen()
                listen.to = []
                with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                    outcome, file = take(loader, path, run)
                seen, started, listen.to = watch.seen(), listen.to, None
                outcome = outcome if file in seen[run] else "not reached"
                yield loader[0], name, outcome, sorted(seen[bait]) + started
    finally:
        sys.path.remove(str(bait))
        os.chdir(before)
        signal.signal(signal.SIGPROF, old)
        os.close(watch.file)


listen.to = None
sys.addaudithook(listen)  # it stays until Python ends


def main(argv=None):
    """Return how many files and scripts there were, and what came of them."""
    parser = make_parser(
        "Strangers' model files in all scripts that take one.", ROOT / "book/outputs"
    )
    parser.add_argument(
        "--only", default="", metavar="WORD", help="scripts with this in their names"
    )
    args = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    loaders = [loader for loader in LOADERS if args.only in loader[0]]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (bait := folder / "bait").mkdir()
        files = hostile_files(folder, bait)
        for loader in loaders:
            start = time.perf_counter()
            tried = [*try_all(files, bait, folder, loader)]
            came = dict(Counter(outcome for _, _, outcome, _ in tried))
            print(
                f"{loader[0]:46}{len(tried):4} files, {time.perf_counter() - start:3.0f} s: {came}"
            )
            for _, name, outcome, touched in tried:
                if touched or outcome not in ("refused", "loaded"):
                    print(f"    {outcome}: {name} {touched or ''}", flush=True)
            rows += tried
    alone = [row for row in rows if row[0].endswith("*")]
    results = {"keras": keras.version(), "files": len(files), "scripts": len(loaders)}
    for name, part in (("ours", [row for row in rows if row not in alone]), ("keras_alone", alone)):
        outcomes = Counter(outcome for _, _, outcome, _ in part)
        results[name] = {"tried": len(part), "outcomes": outcomes}
        results[name]["touched"] = [row for row in part if row[3]]
        results[name]["touches"] = len(results[name]["touched"])
    return save_results(results, make_folder(args.outputs), __file__, argv)


if __name__ == "__main__":
    main()
