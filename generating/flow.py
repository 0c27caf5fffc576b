"""Train a flow in the space of a VAE: from noise to the digit that is asked for.

    python generating/flow.py VAE_RUN       # the folder of a run of vae.py
    python generating/flow.py VAE_RUN --noise-free

You will see the loss while it trains, and a sheet of 100 digits that nobody has selected, ten of
each kind, and how one of each kind comes out of the noise. `write.py` writes numbers with the run,
`evaluate.py` says how good it is. About half a minute on two cores.
Chapter: generating/README.md#a-flow-in-that-space
"""

from chapter import OUTPUTS

import math

import keras
import numpy as np
from keras import layers

from generating.images import CLASSES, PIXELS, draw_sheet, load_digits
from generating.latents import load_vae
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_network, save_results, shown

WIDTH = 256  # neurons of each layer
DEPTH = 4  # layers
STEPS = 3_000  # of training
REPORT = 500  # of these from one line to the next
BATCH_SIZE = 256
LEARNING_RATE = 0.002  # at first; it falls to zero along a cosine
ANY = 10  # in place of a digit: the flow is not told which one
NOT_TOLD = 0.1  # the share of points of which the network is not told the digit
EULER = 20  # steps from noise to a digit
GUIDANCE = 1.5  # above 1, more of what sets a digit apart from the others
SEED = 1


def build_flow(size, width=WIDTH, depth=DEPTH, style=0):
    """Return the network: points (n, size), times (n, 1) and digits (n,) to velocities (n, size).

    style: how many numbers, which do not move, stand behind those of each point (writers.py).
    Source: Lipman and others, "Flow matching for generative modeling", 2022.
    """
    point = keras.Input((size + style,), name="point")
    time = keras.Input((1,), name="time")  # 0: noise, 1: a digit
    digit = keras.Input((), dtype="int32", name="digit")  # ANY: not told
    told = layers.Embedding(CLASSES + 1, width, name="told")(digit)
    x = layers.Concatenate()([point, time])
    x = layers.Dense(width)(x) + told
    for number in range(1, depth + 1):
        # What was there, and what the layer adds: so the point and the time are not lost.
        x = x + layers.Dense(width, activation="gelu", name=f"layer_{number}")(x)
    velocity = layers.Dense(size, name="velocity")(x)
    return keras.Model([point, time, digit], velocity, name="flow")


def pairs(mean, log_variance, labels, random, noise_free=False):
    """Yield without end what the network gets and the velocity that it should give.

    mean, log_variance: what the encoder says of the images, (images, size); labels: (images,).
    """
    size = mean.shape[1]
    while True:
        chosen = random.integers(len(mean), size=BATCH_SIZE)
        data, digit = mean[chosen], labels[chosen]
        # A new point of each image's distribution each time. It is drawn in any case, so that equal
        # seeds give the same batches.
        cloud = np.exp(log_variance[chosen] / 2) * random.normal(size=data.shape)
        data = data if noise_free else data + cloud
        noise = random.normal(size=(BATCH_SIZE, size))
        time = random.random((BATCH_SIZE, 1))
        point = (1 - time) * noise + time * data
        digit = np.where(random.random(BATCH_SIZE) < NOT_TOLD, ANY, digit)
        yield (as_floats(point), as_floats(time), digit), as_floats(data - noise)


def as_floats(values):
    return np.asarray(values, "float32")


def velocity(flow, points, time, labels, guidance):
    """Return where points (n, size) are to go if they shall become these digits, (n,).

    Guidance goes on from the way to any digit, over the way to this one and beyond.
    Source: Ho and Salimans, "Classifier-free diffusion guidance", 2022.
    """
    twice = np.concatenate([points, points])  # both questions at once
    times = np.full((len(twice), 1), time, "float32")
    digits = np.append(labels, np.full(len(points), ANY)).astype("int32")
    told, to_any = np.split(flow.predict_on_batch([twice, times, digits]), 2)
    return to_any + guidance * (told - to_any)


def follow(flow, labels, random, steps=EULER, guidance=GUIDANCE):
    """Yield the points (n, size) on their way from noise to digits: steps + 1 times.

    That is Euler's method: go straight for a short time, then ask for the direction again.
    """
    labels = np.asarray(labels, "int32")
    points = as_floats(random.normal(size=(len(labels), flow.output_shape[-1])))
    yield points
    for step in range(steps):
        points = points + velocity(flow, points, step / steps, labels, guidance) / steps
        yield points


def draw(flow, decoder, labels, random, steps=EULER, guidance=GUIDANCE):
    """Return a new digit for each label: images from 0 to 1, (n, 784)."""
    *_, points = follow(flow, labels, random, steps, guidance)
    return decoder.predict(points, batch_size=1000, verbose=0)


def draw_figures(flow, decoder, random, folder):
    """Draw 100 digits, and one of each kind on its way."""
    rows = np.arange(CLASSES)
    drawn = draw(flow, decoder, rows.repeat(10), random)
    draw_sheet(drawn, 10, folder / "flow_sheet.png")
    ways = np.stack([decoder.predict_on_batch(points) for points in follow(flow, rows, random, 10)])
    in_rows = ways.swapaxes(0, 1).reshape(-1, PIXELS)
    draw_sheet(in_rows, len(ways), folder / "flow_ways.png")


def main(argv=None):
    """Return the loss of each report, and the number of parameters."""
    parser = make_parser("Train a flow from noise to digits.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="VAE_RUN", help="folder of a run of vae.py")
    add("--steps", type=positive(int), default=STEPS, help="of training")
    add("--noise-free", action="store_true", help="learn from the means of the encoder only")
    add("--train-samples", type=positive(int), help="images to learn from; default: all")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    size, encoder, decoder = load_vae(args.run)
    keras.utils.set_random_seed(args.seed)
    train = load_digits(args.train_samples)["train"]
    mean, log_variance = encoder.predict(train.images, batch_size=1000, verbose=0)  # (n, size)

    random = np.random.default_rng(args.seed)
    flow = build_flow(size)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, args.steps)
    flow.compile(keras.optimizers.Adam(rate), loss="mean_squared_error")
    epochs = math.ceil(args.steps / REPORT)  # of points that never end: a line after each
    history = flow.fit(
        pairs(mean, log_variance, train.labels, random, args.noise_free),
        steps_per_epoch=math.ceil(args.steps / epochs),
        epochs=epochs,
        shuffle=False,  # the points are drawn at random already
        verbose=2,
    )
    save_network(flow, folder / "flow.keras")
    save_network(decoder, folder / "decoder.keras")
    draw_figures(flow, decoder, np.random.default_rng(args.seed), folder)
    print(f"Next: python generating/write.py {shown(folder)} 2026")
    results = {"loss": history.history["loss"], "parameters": flow.count_params()}
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
