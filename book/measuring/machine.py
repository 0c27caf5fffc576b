"""Machinery of the book: the processor, and whether others than the measurement keep it busy."""

import contextlib
import ctypes
import os
import platform
import re
from pathlib import Path

import psutil

BUSY = 0.1  # of the processors for other programs: then the seconds of a measurement say little
WATCHED = 5  # seconds, to see whether other programs are busy
PR_SET_CHILD_SUBREAPER = 36  # of <linux/prctl.h>


def processor():
    """Return the name of the processor."""
    with contextlib.suppress(OSError, TypeError):  # Linux alone has the file, and not each a name
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return re.search(r"model name\s*: (.+)", about)[1]
    return platform.processor()


def wait_until_quiet():
    """Return as soon as other programs leave the processors alone."""
    while (percent := psutil.cpu_percent(WATCHED)) > 100 * BUSY:
        print(f"Other programs have {percent:.0f}% of the processors: waiting.", flush=True)


def adopt():
    """Become the parent of what children leave behind (on Linux), so that its seconds count."""
    with contextlib.suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cpu_seconds():
    """Return the seconds that others than the ended children (on Windows: they, too) computed.

    What has ended counts once it is waited for, also what adopt has made a child.
    """
    with contextlib.suppress(ChildProcessError, AttributeError):  # none is left; Windows
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    times, own = psutil.cpu_times(), os.times()
    idle = times.idle + getattr(times, "iowait", 0)
    return sum(times) - idle - own.children_user - own.children_system
