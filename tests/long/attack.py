"""Machinery of the tests: what do the services bear, and what do good clients get meanwhile?

    python tests/long/attack.py                                   # all services, half an hour
    python tests/long/attack.py --services digits --requests 100

Starts one service after the other, as its README says. Sends it bad requests, drawn by a seed, from
several clients; then each that is made to cost much, from many at once; then silent, slow and
broken connections by the hundred. All the time, another process asks good questions and notes the
answers and how long they took. Counts statuses, tracebacks, bytes of the log and the memory of all
processes of the service; notes how busy the processors were, as seconds say little if they were.
Linux only.

Chapter: serialization/operating/README.md#hard-to-break
"""

import contextlib
import json
import multiprocessing
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

sys.path += [str(Path(__file__).resolve().parents[up]) for up in (1, 2)]

import numpy as np
import psutil
from bad_clients import Seen, hold, send, send_at_once, send_many
from bad_requests import Target, ask, bad_requests, one_as_file, one_as_pixels

from utils.options import make_parser, positive, seed
from utils.runs import ROOT, fail, make_folder, save_results

MIB = 2**20
PAUSE = 0.03  # seconds between two good questions
POINTS = 60  # of the curve of the memory
SUMS = ["sent", "wrongs", "tracebacks"]


class Service(NamedTuple):
    """How a service is started, what it is asked, and the commands that make what it reads."""

    command: str
    targets: list
    runs: tuple = ()


def json_target(path, **good):
    return Target(path, json.dumps(good).encode())


PIXELS = {"pixels": one_as_pixels().tolist()}
READS = [json_target("/predict", **PIXELS), Target("/read", one_as_file(), 8 * MIB, True)]
PENGUIN = {
    "studyName": "PAL0708", "Species": "Adelie Penguin (Pygoscelis adeliae)", "Island": "Dream",
    "Clutch Completion": "Yes", "Date Egg": "2007-11-16", "Culmen Length (mm)": 39.5,
    "Culmen Depth (mm)": 17.4, "Flipper Length (mm)": 186, "Body Mass (g)": 3800,
    "Delta 15 N (o/oo)": None, "Delta 13 C (o/oo)": None, "Comments": None,
}  # fmt: skip
SERVICES = {
    "digits": Service(
        "-m uvicorn --app-dir serialization/rest --factory app:create_app --http app:Connection"
        " --workers 2 --no-access-log --limit-concurrency 800 --timeout-keep-alive 20",
        READS,
    ),
    "table": Service(
        "serialization/operating/run_app.py {0}",
        [json_target("/predict", **PENGUIN)],
        (
            "mlp/tables/table.py --data mlp/tables/penguins.csv --target Sex --epochs 3"
            " --group 'Individual ID' --drop 'Sample Number'",
        ),
    ),
    "text": Service(
        "serialization/operating/run_app.py {0}",
        [json_target("/predict", text="Call now!")],
        ("text/ask.py 'Call now!' --model words --keep",),
    ),
    "write": Service(
        "text/gpt/live/write_along.py",
        [json_target("/next", text="KING", temperature=0, top_k=0, top_p=1)],
    ),
    "think": Service("visualizing/live/think.py", [*READS, json_target("/think", **PIXELS)]),
    "numbers": Service(
        "generating/page/write_page.py {1} --map {0}",
        [json_target("/write", number="2026", seed=1), json_target("/point", across=0.5, down=0.5)],
        (
            "generating/vae.py --size 2 --train-samples 2000 --epochs 1",
            "generating/flow.py {0} --train-samples 2000 --steps 20",
        ),
    ),
}


def start(command, folders=(), **more):
    """Start a script of the book with this Python, in the project's folder."""
    words = [word.format(*folders) for word in shlex.split(command)]
    return subprocess.Popen([sys.executable, *words], cwd=ROOT, **more)


@contextlib.contextmanager
def serving(service, folder):
    """Yield the port of a service, its processes, and the path of its log."""
    folders, log = [folder / str(one) for one in range(len(service.runs))], folder / "log"
    for command, made in zip(service.runs, folders, strict=True):
        if start(f"{command} --outputs {made}", folders, stdout=subprocess.DEVNULL).wait():
            fail(f"{command} has failed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        command = f"{service.command} --port {(port := free.getsockname()[1])}"
    counts = {"PROMETHEUS_MULTIPROC_DIR": str(folder)} if "--workers" in command else {}
    with log.open("w") as file:
        process = start(command, folders, stdout=file, stderr=file, env=os.environ | counts)
    try:
        while send(port, ask("/ready", method="GET"))[0] != 200:
            if process.poll() is not None:
                fail(log.read_text())
            time.sleep(0.2)
        top = psutil.Process(process.pid)
        below = [one for one in top.children() if "spawn_main" in " ".join(one.cmdline())]
        yield port, below or [top], log
    finally:
        process.terminate()
        status = process.wait(60)
    if status not in (0, -signal.SIGTERM):
        fail(f"the service ended with status {status}")


def keep_asking(port, targets, stop, pipe):
    """Ask good questions in turn until told to stop; send a list of (when, status, seconds)."""
    asked, first = [], {}
    for target in cycle(targets):
        if stop.is_set():
            break
        begun = time.monotonic()
        status, answer = send(port, ask(target.path, target.good), own="127.0.0.2")
        body = answer.partition(b"\r\n\r\n")[2]
        if status == 200 and first.setdefault(target.path, body) != body:
            status = "another answer"
        asked.append((begun, status, time.monotonic() - begun))
        time.sleep(PAUSE)
    pipe.send(asked)


@contextlib.contextmanager
def asking(port, targets):
    """Ask good questions meanwhile, from a process of its own; yield what becomes their list."""
    with_fork, asked = multiprocessing.get_context("fork"), []
    stop, (here, there) = with_fork.Event(), with_fork.Pipe(False)
    asker = with_fork.Process(target=keep_asking, args=(port, targets, stop, there), daemon=True)
    asker.start()
    yield asked
    stop.set()
    asked += here.recv()
    asker.join()


@contextlib.contextmanager
def watching(processes):
    """Yield what becomes a list of (when, MiB of all processes, percent of the processors)."""
    points, done = [], threading.Event()

    def watch():
        while not done.wait(2):
            used = sum(one.memory_info().rss for one in processes) / MIB
            points.append((time.monotonic(), used, psutil.cpu_percent()))

    psutil.cpu_percent()
    watcher = threading.Thread(target=watch)
    watcher.start()
    yield points
    done.set()
    watcher.join()


def peak(process):
    """Return the most memory that a process has had, in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def attack(service, options, folder):
    """Return what a service did meanwhile."""
    seen, targets, count = Seen(), service.targets, options.requests // len(options.services)
    with serving(service, folder) as (port, processes, log):
        with watching(processes) as points, asking(port, targets) as asked:
            with seen.phase("in turn"):
                requests = bad_requests(options.seed, targets, count)
                send_many(port, requests, seen)
            with seen.phase("at once"):
                send_at_once(port, targets, seen)
            with seen.phase("held"):
                hold(port, targets, seen)
        peaks = [peak(one) for one in processes]
    said, sent = log.read_text("utf-8", "replace"), sum(map(Counter.total, seen.kinds.values()))
    begun, ended = seen.phases["in turn"]
    curve = [used for when, used, _ in points if when < ended]
    sixth = len(curve) // 6
    good = {name: summary(asked, *ends) for name, ends in seen.phases.items()}
    return {
        "sent": sent,
        "kinds": {kind: dict(sorted(one.items())) for kind, one in sorted(seen.kinds.items())},
        "wrong": seen.wrong[:20],
        "wrongs": len(seen.wrong),
        "good": {name: good.pop(name) for name in ("in turn", "at once", "held")},
        "slowest_ms_beside": {name: one["slowest_ms"] for name, one in good.items()},
        "peak_mib": round(max(peaks)),
        "all_mib": round(sum(peaks)),
        "early_mib": round(np.mean(curve[sixth : 2 * sixth] or [0])),  # of all processes
        "late_mib": round(np.mean(curve[-sixth:] or [0])),
        "curve_mib": [round(used) for used in curve[:: len(curve) // POINTS or 1]],
        "minutes": round((ended - begun) / 60, 1),
        "tracebacks": said.count("Traceback"),
        "log_bytes": round(len(said) / (sent + len(asked))),  # of a request
        "busy_percent": round(np.mean([busy for *_, busy in points])),
    }


def summary(asked, begun, ended):
    """Return the statuses of good requests in a time, and how long they took, in ms."""
    some = [one for one in asked if begun <= one[0] <= ended]
    milliseconds = 1000 * np.array([seconds for *_, seconds in some] or [0])
    return {
        "statuses": dict(Counter(str(status) for _, status, _ in some)),
        "p50_ms": round(float(np.median(milliseconds)), 1),
        "p99_ms": round(float(np.quantile(milliseconds, 0.99)), 1),
        "slowest_ms": round(float(milliseconds.max()), 1),
    }


def main(argv=None):
    parser = make_parser("Attack the services of the book.", ROOT / "book" / "outputs")
    add = parser.add_argument
    add("--services", nargs="+", choices=SERVICES, default=[*SERVICES], help="in this order")
    add("--requests", type=positive(int), default=10_000, help="in turn, of all services")
    add("--seed", type=seed, default=1, help="of these requests")
    options = parser.parse_args(argv)
    folder, results = make_folder(options.outputs), {}
    for name in options.services:
        with tempfile.TemporaryDirectory() as temporary:
            results[name] = attack(SERVICES[name], options, Path(temporary))
        shown = {key: results[name][key] for key in ("sent", "wrongs", "peak_mib", "good")}
        print(name, json.dumps(shown, indent=1), *results[name]["wrong"], sep="\n", flush=True)
    good = [phase for one in results.values() for phase in one["good"].values()]
    statuses = sum((Counter(one["statuses"]) for one in good), Counter())
    told = {key: sum(one[key] for one in results.values()) for key in SUMS}
    told |= {"good": statuses.total(), "good_statuses": dict(statuses)}
    told |= {"slowest_ms": max(one["slowest_ms"] for one in good), "requests": options.requests}
    told |= {"log_bytes": max(one["log_bytes"] for one in results.values())}
    return save_results(told | {"services": results}, folder, __file__, argv)


if __name__ == "__main__":
    main()
