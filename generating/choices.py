"""Choices of a flow, measured: how much guidance, how many steps, noise in what it learns from.

    python generating/choices.py FLOW_RUN                    # the folder of a run of flow.py
    python generating/choices.py FLOW_RUN --noise VAE_RUN    # trains twice for each seed: minutes

You will see how many digits a classifier of other writers reads as they were asked for, and how far
they lie from real ones, for each amount of guidance and each number of steps. With --noise, flows
are trained instead, in pairs of seeds, on points with the encoder's noise and without it, and
compared. Half a minute; with --noise about two.
Chapter: generating/README.md#guidance-and-steps
"""

from chapter import OUTPUTS

import keras
import numpy as np

from generating.evaluate import Measures, halves
from generating.flow import EULER, GUIDANCE, LEARNING_RATE, build_flow, draw, pairs
from generating.images import load_digits
from generating.judge import Judge
from generating.latents import load_flow, load_vae
from utils.comparisons import compare_seeds, correct_family
from utils.options import make_parser, number, positive, seed
from utils.runs import make_folder, save_results

GUIDANCES = [0, 1, 1.5, 2, 3, 5]
STEPS = [1, 2, 5, 10, 20, 50]
SEEDS = 10  # pairs of trainings with --noise
SHORT = 300  # steps of each of these
SEED = 1
MEASURES = ["accuracy", "frechet"]  # the family that is compared


def sweep(flow, decoder, measures, labels, seed, name, settings):
    """Return the measures for each setting; all begin with the same noise."""
    found = []
    for setting in settings:
        random = np.random.default_rng(seed)
        images = draw(flow, decoder, labels, random, **{name: setting})
        found.append({name: setting} | measures.of(images, labels, copies=False))
        print(name, setting, {key: round(found[-1][key], 3) for key in (*MEASURES, "spread")})
    return found


def compare_noise(run, train, measures, labels, seeds, steps):
    """Return accuracy and distance with each seed, with noise and without, and the comparisons."""
    size, encoder, decoder = load_vae(run)
    mean, log_variance = encoder.predict(train.images, batch_size=1000, verbose=0)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    found = {way: {key: [] for key in MEASURES} for way in ("noisy", "noise_free")}
    for which in range(1, seeds + 1):
        for way, values in found.items():
            keras.utils.set_random_seed(which)
            batches = np.random.default_rng(which)
            flow = build_flow(size)
            flow.compile(keras.optimizers.Adam(rate), loss="mean_squared_error")
            flow.fit(
                pairs(mean, log_variance, train.labels, batches, way == "noise_free"),
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
            )
            images = draw(flow, decoder, labels, np.random.default_rng(which))
            scores = measures.of(images, labels, copies=False)
            print(f"seed {which}, {way}:", {key: round(scores[key], 3) for key in MEASURES})
            for key in MEASURES:
                values[key].append(scores[key])
    ways = found["noisy"], found["noise_free"]
    comparisons = {key: compare_seeds(*(way[key] for way in ways)) for key in MEASURES}
    correct_family(comparisons.values())
    for key, one in comparisons.items():
        print(f"{key}, noisy - noise free:", {name: one[name] for name in ("mean", "low", "high")})
    return found | {"comparisons": comparisons, "steps": steps}


def main(argv=None):
    """Return the measures by guidance and by steps, or those with and without noise."""
    parser = make_parser("Measure a flow's choices.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="FLOW_RUN", help="folder of a run of flow.py")
    add("--noise", metavar="VAE_RUN", help="folder of a run of vae.py: compare with noise-free")
    add("--seeds", type=positive(int), default=SEEDS, help="pairs of trainings with --noise")
    add("--short", type=positive(int), default=SHORT, help="steps of each of these")
    add("--digits", type=number(int, 100), help="drawn for each setting; default: all")
    add("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    flow, decoder = load_flow(args.run)
    digits = load_digits()
    reference, held_out = halves(digits["validation"])
    measures = Measures(Judge(), reference, held_out, digits["train"])
    labels = held_out.labels[: args.digits]
    if args.noise:
        compared = (args.noise, digits["train"], measures, labels, args.seeds, args.short)
        return save_results(compare_noise(*compared), folder, __file__, argv)
    asked = flow, decoder, measures, labels, args.seed
    results = {
        "guidance": sweep(*asked, "guidance", GUIDANCES),
        "steps": sweep(*asked, "steps", STEPS),
        "defaults": {"guidance": GUIDANCE, "steps": EULER, "digits": len(labels)},
    }
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
