"""How sure is the forecast? An interval that should hold eight times in ten.

    python forecasts/quantiles.py                # traffic, the next 24 hours
    python forecasts/quantiles.py --seeds 0      # without the network, in seconds

Three ways to get an 80 % interval for the traffic: around last week's value and around a linear
forecast, as wide as their errors on the validation part; and a network that is trained to name
the two ends itself. Then the same intervals, calibrated (conformal) anew at each hour on the last
eight weeks. You will see how often each interval holds in 2018 and how wide it is, and a figure of
one week. About two minutes on two cores.
Chapter: forecasts/README.md#how-sure
"""

from chapter import OUTPUTS

import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from forecasts.intervals import Conformal, count_inside
from forecasts.methods import Linear, SeasonalNaive
from forecasts.scores import stitch
from forecasts.series import load_traffic, windows
from forecasts.window_networks import EPOCHS, Network, perceptron
from forecasts.windows import Data
from utils.figures import save_figure
from utils.options import make_parser, number, positive
from utils.runs import make_folder, save_results

HORIZON = 24
HISTORY = 48
SEEDS = 3
QUANTILES = (0.1, 0.5, 0.9)  # 80 % lie between the first and the last
WEEK = ("2018-05-07", "2018-05-14")  # in the figure


def pinball(truth, forecast):
    """Return the loss that is least where a share q of all values lies below the forecast.

    truth (n, horizon), forecast (n, horizon * quantiles). A value above the forecast costs q times
    its distance, one below (1 - q) times. Source: Koenker and Bassett, "Regression Quantiles",
    Econometrica 46 (1), 1978.
    """
    q = ops.convert_to_tensor(QUANTILES, dtype=forecast.dtype)
    forecast = ops.reshape(forecast, (-1, truth.shape[1], len(QUANTILES)))
    above = ops.expand_dims(truth, -1) - forecast
    return ops.mean(ops.maximum(q * above, (q - 1) * above))


class QuantileNetwork(Network):
    """A network that forecasts the quantiles of each step: (windows, horizon, 3)."""

    def train(self, learning_rate):
        return super().train(learning_rate, pinball, self.data.horizon * len(QUANTILES))

    def predict(self, starts):
        forecast = super().predict(starts).reshape(len(starts), self.data.horizon, -1)
        # Nothing forces the network to give the three in order, so they are sorted.
        return np.sort(forecast, axis=2)


def evaluate(method):
    """Return how often the interval holds on the test part, its width, and the pinball loss."""
    data, starts = method.data, method.data.starts["test"]
    truth = windows(data.series.values, starts, data.horizon)
    observed = windows(data.series.observed, starts, data.horizon)
    ends = method.predict(starts)
    above = truth[:, :, None] - ends
    loss = np.maximum(np.array(QUANTILES) * above, (np.array(QUANTILES) - 1) * above).mean(axis=2)
    return {
        "holds": count_inside(method),
        "width": float((ends[..., 2] - ends[..., 0])[observed].mean()),
        "pinball": float(loss[observed].mean()),
    }


def draw(method, name):
    """Draw the interval and the forecast of a week, forecast once a day (or every horizon)."""
    data = method.data
    first, last = data.series.times.searchsorted(WEEK)
    ends = stitch(method, first, last)  # (steps, 3)
    times = data.series.times[first:last]
    figure, axes = plt.subplots(figsize=(9, 3.8))
    axes.fill_between(times, ends[:, 0], ends[:, 2], alpha=0.3, label="80 % interval")
    axes.plot(times, ends[:, 1], "--", label="forecast")
    axes.plot(times, data.series.values[first:last], color="0.2", label="what happened")
    daily = "each day forecast at midnight"
    how = daily if data.horizon == 24 else f"forecast every {data.horizon} h"
    axes.set(title=f"{name}: a week in May, {how}", ylabel="vehicles an hour")
    axes.tick_params(axis="x", labelrotation=20)
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return figure


def main(argv=None):
    """Return how often the interval of each way holds, its width, and its pinball loss."""
    parser = make_parser("Forecasts an 80 % interval for the traffic.", OUTPUTS)
    week = positive(int, most=168)  # which the figure shows
    parser.add_argument("--horizon", type=week, default=HORIZON)
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS)
    parser.add_argument("--seeds", type=number(int, 0), default=SEEDS, help="0: no network")
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    data = Data(load_traffic(), HISTORY, args.horizon)
    last_week, ridge = SeasonalNaive(data.series.seasons[-1]), Linear()
    fitted = {"last_week": last_week.fit(data), "ridge": ridge.fit(data)}
    ways = {name: Conformal(method, once=True) for name, method in fitted.items()}
    for seed in range(1, args.seeds + 1):
        network = QuantileNetwork(perceptron, seed, args.epochs)
        if seed > 1:
            network.settle(fitted["network_1"])
        fitted[f"network_{seed}"] = ways[f"network_{seed}"] = network.fit(data)
        ways[f"network_{seed}_calibrated"] = Conformal(network, once=True)
    ways |= {f"{name}_going_on": Conformal(method) for name, method in fitted.items()}
    results = {name: evaluate(method) for name, method in ways.items()}
    print(f"{'80 % interval of':24}{'holds':>8}{'(95 % interval)':>20}{'width':>8}{'pinball':>9}")
    for name, one in results.items():
        holds = "{mean:8.1%}   ({low:.1%} to {high:.1%})".format(**one["holds"])
        print(f"{name:24}{holds}{one['width']:8.0f}{one['pinball']:9.1f}")
    shown = ways["ridge"] if args.seeds == 0 else ways[f"network_{args.seeds}"]
    name = "Network" if args.seeds else "Ridge, calibrated once"
    save_figure(draw(shown, name), folder / "quantiles.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
