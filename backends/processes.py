"""Machinery of parallel.py: start several processes, and end all when one fails.

Chapter: backends/README.md#several-processes
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

from utils.runs import fail

TASK = "KERAS_DISTRIBUTION_"
PARENT = "STARTED_BY"  # the number of the process in which run_together runs


def free_address():
    """Return an address of this machine, for this machine only, with a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # 0: any that is free
        return f"127.0.0.1:{probe.getsockname()[1]}"


def environments(processes):
    """Return for each process the variables that keras.distribution.initialize() reads."""
    task = {f"{TASK}JOB_ADDRESSES": free_address(), f"{TASK}NUM_PROCESSES": str(processes)}
    task["JAX_COORDINATOR_BIND_ADDRESS"] = task[f"{TASK}JOB_ADDRESSES"]  # or it is all networks
    return [task | {f"{TASK}PROCESS_ID": str(number)} for number in range(processes)]


def run_together(command, environments, advice):
    """Run a command once in each of the environments; wait until all have ended.

    environments: for each process a dict of variables, beside those that this one has. If a process
    fails, the others are ended, and this one with a line that closes with the advice.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that none of them stays behind
    parent = {PARENT: str(os.getpid())}
    processes = [subprocess.Popen(command, env=os.environ | parent | one) for one in environments]
    try:
        while any(process.poll() is None for process in processes):
            for number, process in enumerate(processes):
                if process.poll():
                    fail(f"process {number} ended with status {process.returncode}. {advice}")
            time.sleep(0.1)
    except KeyboardInterrupt:
        print(f"Stopped. {advice}")
        sys.exit(130)
    finally:
        for process in processes:
            process.kill()


def end_with_parent():
    """Let this process end within a second of run_together's, even if that one was killed."""

    def watch(parent):
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    if PARENT in os.environ:  # not if somebody else has started it
        number = int(os.environ[PARENT])
        threading.Thread(target=watch, args=[number], daemon=True).start()
