"""A flow that can be seen: points of noise become two moons, along straight or curved paths.

    python generating/points.py

You will see how far the points that come out lie from the moons after 1, 2, 5, 10, 20 and 100
steps, for both kinds of paths. How far from noise the way back from the moons ends stands in
results.json. The figure has the arrows that the network has learned, at four times, and the ways
of some points. About half a minute.
Chapter: generating/README.md#a-flow-that-can-be-seen
"""

from chapter import OUTPUTS

import math

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from scipy.spatial.distance import cdist
from sklearn.datasets import make_moons

from utils.figures import save_figure
from utils.options import make_parser, positive, seed
from utils.runs import make_folder, save_results

STEPS = 3_000  # of training, for each kind of paths
REPORT = 1_000  # of these from one line to the next
BATCH_SIZE = 256
WIDTH = 64  # neurons of each of three layers
LEARNING_RATE = 0.005  # at first; it falls to zero along a cosine
POINTS = 2_000  # drawn to measure
EULER = [1, 2, 5, 10, 20, 100]  # steps from noise to a point
SEED = 1


def moons(count, random):
    """Return points of two half circles with a little noise, (count, 2), about as wide as noise."""
    points, _ = make_moons(count, noise=0.05, random_state=int(random.integers(2**31)))
    return 1.5 * (points - [0.5, 0.25])


def straight(noise, data, time):
    """Return where a point is at a time from 0 to 1, and its velocity: always the same."""
    return (1 - time) * noise + time * data, data - noise


def curved(noise, data, time):
    """Return the same for a path on an arc, as diffusion models have it: quick or slow by turns."""
    angle = time * np.pi / 2
    point = np.cos(angle) * noise + np.sin(angle) * data
    return point, np.pi / 2 * (np.cos(angle) * data - np.sin(angle) * noise)


PATHS = {"straight": straight, "curved": curved}


def build_network():
    """Return the network: where (n, 2) and when (n, 1) to a velocity (n, 2)."""
    point, time = keras.Input((2,)), keras.Input((1,))
    x = layers.Concatenate()([point, time])
    for _ in range(3):
        x = layers.Dense(WIDTH, activation="gelu")(x)
    return keras.Model([point, time], layers.Dense(2)(x))


def pairs(path, random):
    """Yield without end (where, when) and the velocity there; every point is a new one."""
    while True:
        noise, data = random.normal(size=(BATCH_SIZE, 2)), moons(BATCH_SIZE, random)
        time = random.random((BATCH_SIZE, 1))
        point, velocity = path(noise, data, time)
        yield (point.astype("float32"), time.astype("float32")), velocity.astype("float32")


def train(path, steps, seed):
    """Return a network that gives the mean velocity of the paths through a place at a time."""
    keras.utils.set_random_seed(seed)
    network = build_network()
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    network.compile(keras.optimizers.Adam(rate), loss="mean_squared_error")
    epochs = math.ceil(steps / REPORT)
    network.fit(
        pairs(path, np.random.default_rng(seed)),
        steps_per_epoch=math.ceil(steps / epochs),
        epochs=epochs,
        shuffle=False,  # the points are drawn at random already
        verbose=2,
    )
    return network


def follow(network, points, steps, backwards=False):
    """Return the points (n, 2) at each of steps + 1 times, (steps + 1, n, 2): Euler's method."""
    ways, step = [points], (-1 if backwards else 1) / steps
    for number in range(steps):
        time = np.full((len(points), 1), float(backwards) + number * step, "float32")
        velocity = network.predict_on_batch([ways[-1].astype("float32"), time])
        ways.append(ways[-1] + step * velocity)
    return np.stack(ways)


def distance(points, others):
    """Return the energy distance of two clouds: near 0 if they come from the same distribution.

    Source: Székely and Rizzo, "Energy statistics", 2013.
    """
    between = 2 * cdist(points, others).mean()
    return float(between - cdist(points, points).mean() - cdist(others, others).mean())


def draw(ways, networks, path):
    """Draw for both networks the arrows at four times, and the ways of some points."""
    times = [0, 1 / 3, 2 / 3, 1]
    figure, panels = plt.subplots(2, 5, figsize=(12.5, 5.4), sharex=True, sharey=True)
    grid = np.stack(np.meshgrid(*[np.linspace(-2.6, 2.6, 12)] * 2), axis=-1).reshape(-1, 2)
    for row, (name, network) in zip(panels, networks.items(), strict=True):
        for axes, time in zip(row, times, strict=False):
            at = np.full((len(grid), 1), time)
            arrows = network.predict_on_batch([grid.astype("float32"), at.astype("float32")])
            cloud = ways[name][round(time * (len(ways[name]) - 1))]
            axes.scatter(*cloud[:500].T, s=4, color="C1", alpha=0.6, linewidths=0)
            axes.quiver(*grid.T, *arrows.T, angles="xy", scale=38, width=0.006, color="C0")
            axes.set_title(f"{name}, time {time:.2f}", fontsize=10)
        row[4].plot(*ways[name][:, :40].transpose(2, 0, 1), color="C0", lw=0.8)
        row[4].scatter(*ways[name][-1, :40].T, s=9, color="C1", zorder=3)
        row[4].set_title(f"{name}, 40 ways", fontsize=10)
    panels[0, 0].set(xlim=(-3, 3), ylim=(-3, 3))
    save_figure(figure, path)


def main(argv=None):
    """Return the distances from the moons by kind of path and steps, and what the way back is."""
    parser = make_parser("A flow from noise to two moons.", OUTPUTS)
    parser.add_argument("--steps", type=positive(int), default=STEPS, help="of training")
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    random = np.random.default_rng(args.seed + 1)
    noise, others = random.normal(size=(POINTS, 2)), random.normal(size=(POINTS, 2))
    # The moons come evenly spaced. Of many, some in random order are like independent ones.
    data, more = moons(50 * POINTS, random)[: 2 * POINTS].reshape(2, POINTS, 2)
    results = {"moons": distance(more, data), "noise": distance(noise, data), "paths": {}}
    print("distance from the moons: other moons {moons:.4f}, noise {noise:.4f}".format(**results))
    networks, ways = {}, {}
    for name, path in PATHS.items():
        networks[name] = train(path, args.steps, args.seed)
        found = {steps: follow(networks[name], noise, steps) for steps in EULER}
        distances = [distance(way[-1], data) for way in found.values()]
        back = follow(networks[name], data, EULER[-1], backwards=True)[-1]
        results["paths"][name] = {"distances": distances, "back": distance(back, others)}
        ways[name] = found[EULER[-1]]
        print(
            f"{name:9}" + ", ".join(f"{n}: {d:.4f}" for n, d in zip(EULER, distances, strict=True))
        )
    results |= {"steps": EULER, "noise_again": distance(noise, others)}
    draw(ways, networks, folder / "points.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
