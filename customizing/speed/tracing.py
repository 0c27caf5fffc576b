"""Machinery: which operations a function spends its time in, by the profiler of the back end.

    seconds, calls = operations(lambda: model.fit(x, y))

TensorFlow and JAX write what they record to a file in the same format, for a tool with pictures
(XProf); it is read here and added up. PyTorch hands it over directly.
Chapter: customizing/speed/README.md#within-the-step
"""

import tempfile
from collections import Counter
from pathlib import Path

import keras


def operations(function):
    """Call a function under the profiler; return {operation: seconds} and {operation: calls}."""
    return {"tensorflow": with_tensorflow, "jax": with_jax, "torch": with_torch}[
        keras.config.backend()
    ](function)


def add_up(events):
    """Return the sums of events, which are pairs of a name and seconds."""
    seconds, calls = Counter(), Counter()
    for name, duration in events:
        seconds[name] += duration
        calls[name] += 1
    return seconds, calls


def with_tensorflow(function):
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            function()
        (path,) = Path(folder).rglob("*.xplane.pb")
        planes = XSpace.FromString(path.read_bytes()).planes
    # What belongs to the compiled step has names such as StatefulPartitionedCall/net/dense/MatMul.
    return add_up(
        (name.partition("/")[2].partition(":")[0], event.duration_ps / 1e12)
        for plane in planes
        for line in plane.lines
        for event in line.events
        if (name := plane.event_metadata[event.metadata_id].name).startswith("StatefulPart")
    )


def with_jax(function):
    import jax

    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            function()
        (path,) = Path(folder).rglob("*.xplane.pb")
        planes = jax.profiler.ProfileData.from_file(str(path)).planes
        # XLA's own operations are the events that say to which compiled module they belong.
        return add_up(
            (event.name, event.duration_ns / 1e9)
            for plane in planes
            for line in plane.lines
            for event in line.events
            if "hlo_module" in dict(event.stats)
        )


def with_torch(function):
    import torch

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        function()
    averages = profiler.key_averages()
    seconds = {one.key: one.self_cpu_time_total / 1e6 for one in averages}
    return Counter(seconds), Counter({one.key: one.count for one in averages})
