"""One training divided among eight devices: the batches, or the matrices, or both.

    pip install jax
    python backends/devices.py
    python backends/devices.py --processes 2    # four devices each; not on Windows

JAX takes the processor for eight devices, and `keras.distribution` divides the training of a small
GPT among them in three ways. You will see for each how many weights a device holds, what the
devices must tell each other in one step, and that the losses of all steps are those of one device.
Nothing gets faster: the eight are two cores. A minute.
Chapter: backends/README.md#several-devices
"""

from chapter import OUTPUTS

import io
import math
import os
import re
import sys
from importlib.util import find_spec

from backends.processes import TASK, end_with_parent, environments, run_together

if __name__ == "__main__" and find_spec("jax"):  # before Keras is imported
    os.environ["KERAS_BACKEND"] = "jax"
    count = 8 // int(os.environ.get(f"{TASK}NUM_PROCESSES", 1))
    flags = os.environ.get("XLA_FLAGS", ""), f"--xla_force_host_platform_device_count={count}"
    os.environ["XLA_FLAGS"] = " ".join(flags)

import keras
import numpy as np
from keras import distribution

if keras.config.backend() == "jax":
    import jax

from text.gpt.characters import load_text
from text.gpt.gpt import CONTEXT, TODAY, build_gpt
from text.gpt.shakespeare import batches
from utils.options import make_parser, positive
from utils.runs import fail, make_folder, read_json, save_results

DEVICES = 8  # in all processes together
PROCESS = int(os.environ.get(f"{TASK}PROCESS_ID", 0))
PROCESSES = int(os.environ.get(f"{TASK}NUM_PROCESSES", 0))  # 0: nobody has started several
STEPS = 10
WIDTH, HEADS, BLOCKS = 192, 8, 2
KIND = TODAY | {"groups": None}  # each head has keys and values on its own device
BATCH_SIZE = 16  # windows a step: two for each device
SEED = 1
# Which side of a matrix is divided: the outputs of what comes first, the inputs of what comes
# second, so that between the two each device goes on with its own part. Source: Shoeybi and others,
# "Megatron-LM", 2019.
DIVIDED = {
    ".*(query|key|value)/kernel": (None, "model"),
    ".*mix/kernel": ("model", None),
    ".*(gate|wide)/kernel": (None, "model"),
    ".*narrow/kernel": ("model", None),
}
EXCHANGES = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute"


def ways():
    """Return how the training may be divided: {name: distribution}."""
    mesh = distribution.DeviceMesh((DEVICES,), ["batch"])
    found = {"one device": None, "batches": distribution.DataParallel(device_mesh=mesh)}
    for name, groups in {"matrices": 1, "both": DEVICES // 2}.items():
        mesh = distribution.DeviceMesh((groups, DEVICES // groups), ["batch", "model"])
        layout = distribution.LayoutMap(mesh)
        for path, axes in DIVIDED.items():
            layout[path] = axes
        found[name] = distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")
    return found


def own_share(batch, how):
    """Return the rows of a batch that this process computes: all if its devices have all."""
    if not PROCESSES or not how or how.device_mesh.shape[0] < PROCESSES:
        return batch
    return [np.split(rows, PROCESSES)[PROCESS] for rows in batch]


def train(text, steps, how):
    """Return the network after so many steps, the loss of each, and what the last one read."""
    keras.utils.set_random_seed(SEED)
    model = build_gpt(len(text.alphabet), CONTEXT, WIDTH, HEADS, BLOCKS, KIND)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.001), loss=loss)
    rows, losses = batches(text.train, CONTEXT, SEED, BATCH_SIZE), []
    for _ in range(steps):
        batch = next(rows)
        losses.append(float(model.train_on_batch(*own_share(batch, how))))
    return model, losses, batch


def told(model, batch, how):
    """Return how often devices tell each other something in a step, and the bytes of that.

    It counts in what XLA makes of the step, where each exchange names its kind and the shapes.
    """
    if how:
        layouts = [how.get_data_layout(x.shape).backend_layout for x in batch]
        batch = [
            jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=layout)
            for x, layout in zip(batch, layouts, strict=True)
        ]
    parts = model.trainable_variables, model.non_trainable_variables, model.optimizer.variables
    state = [[one.value for one in part] for part in (*parts, model.metrics_variables)]
    program = jax.jit(model.train_step).lower(state, batch).compile().as_text()
    found = re.findall(rf"= (.+) (?:{EXCHANGES})(?:-start)?\(", program)
    shapes = re.findall(r"f32\[([\d,]*)\]", " ".join(found))
    numbers = sum(math.prod(map(int, filter(None, shape.split(",")))) for shape in shapes)
    return {"exchanges": len(found), "bytes": 4 * numbers}


def main(argv=None):
    """Return for each way the losses, the weights that a device holds, and what is told."""
    parser = make_parser("Divides one training among several devices.", OUTPUTS)
    add = parser.add_argument
    add("--steps", type=positive(int), default=STEPS)
    add("--processes", type=int, choices=(1, 2, 4), default=1, help="that have the devices")
    args = parser.parse_args(argv)
    if not find_spec("jax"):
        fail("there is no JAX. Install it: pip install jax")
    folder = args.outputs if PROCESSES else make_folder(args.outputs)
    if args.processes > 1 and not PROCESSES:
        command = [sys.executable, __file__, *map(str, argv or sys.argv[1:])]
        command += ["--outputs", str(folder)]  # of two, the last one counts
        run_together(command, environments(args.processes), "Begin anew.")
        return read_json(folder / "results.json")
    if PROCESSES:
        end_with_parent()
        distribution.initialize()
    if PROCESS:  # the first one speaks for all
        sys.stdout = io.StringIO()
    text, found = load_text(), {}
    for name, how in ways().items():
        distribution.set_distribution(how)
        model, losses, batch = train(text, args.steps, how)
        held = sum(one.value.addressable_shards[0].data.size for one in model.trainable_variables)
        found[name] = {"losses": losses, "held": held} | told(model, batch, how)
        apart = np.abs(np.subtract(losses, found["one device"]["losses"])).max()
        found[name]["apart"] = float(apart)
        print(
            "{:10} a device holds {held:9,} weights; {exchanges:3} exchanges a step, {bytes:11,}"
            " bytes; loss {:.4f}, at most {apart:.0e} from one device's".format(
                name, losses[-1], **found[name]
            )
        )
    distribution.set_distribution(None)
    results = {"steps": args.steps, "ways": found}
    return results if PROCESS else save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
