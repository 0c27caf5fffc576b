"""Recurrent networks: by hand equals Keras, no forecast knows the future, bad tables are told."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from threadpoolctl import threadpool_limits  # scikit-learn brings it

from utils.runs import load_results
from utils.statistics import holm


@pytest.fixture
def run_main(load_script, tmp_path):
    """Return a function that runs a script in this process and gives module and results."""

    def run(path, *options):
        module = load_script(path)
        results = module.main([*map(str, options), "--outputs", str(tmp_path / "run")])
        saved = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
        saved.pop("provenance")
        assert saved == json.loads(json.dumps(results, default=lambda value: value.tolist()))
        return module, saved

    return run


def test_cells_by_hand_equal_keras(run_main, tmp_path):
    module, results = run_main("rnn/cells/by_hand.py")
    assert set(results) == {"SimpleRNN", "LSTM", "GRU"}
    for layer in results.values():
        assert layer["difference"] < 1e-5 and layer["formula"] == layer["parameters"]
    assert (tmp_path / "run" / "gates.png").exists()
    assert module.parameters("GRU", 28, 128) == 60_672  # without the output layer of mnist's gru


def test_backpropagation_through_time_equals_keras(run_main):
    _, results = run_main("rnn/cells/through_time.py")
    np.testing.assert_allclose(results["by_hand"], results["by_keras"], rtol=1e-4)
    np.testing.assert_allclose(np.sum(results["shares"], axis=0), results["by_hand"])
    assert np.abs(results["by_hand"]).min() > 0.01


def test_gates_keep_the_gradient_and_clipping_the_training(load_script, monkeypatch, tmp_path):
    module = load_script("rnn/cells/long_memory.py")
    monkeypatch.setattr(module, "LENGTHS", [4])
    results = module.main(["--seeds", "1", "--batches", "2", "--outputs", str(tmp_path)])
    ratios = results["ratios"]  # first step's gradient / last step's
    assert ratios["SimpleRNN, orthogonal"] < 1e-8 and ratios["LSTM, forget bias 5"] > 0.01
    exploded, clipped = results["losses"].values()
    assert None in exploded and None not in clipped and clipped[-1] < 0.1 * clipped[0]
    assert {len(known) for one in results["remembered"].values() for known in one.values()} == {1}


def test_the_first_letter_is_the_one_to_remember(load_script):
    module = load_script("rnn/cells/long_memory.py")
    x, y = module.make_letters(200, 7, np.random.default_rng(0))
    np.testing.assert_array_equal(x[:, 0].argmax(axis=1), y)
    assert set(y) == {0, 1} and not x[:, 1:, :2].any() and (x.sum(axis=2) == 1).all()


def test_without_tanh_an_orthogonal_matrix_keeps_the_gradient(load_script):
    module = load_script("rnn/cells/long_memory.py")
    keras.utils.set_random_seed(1)
    sizes = {
        activation: module.gradient_sizes(keras.layers.SimpleRNN(32, activation=activation))
        for activation in ("linear", "tanh")
    }
    assert sizes["linear"][0] == pytest.approx(sizes["linear"][-1], rel=0.1)
    assert sizes["tanh"][0] < 1e-6 * sizes["tanh"][-1]


def test_one_of_two_letters_comes_first(load_script):
    order = load_script("rnn/order.py")
    x, first = order.make_sequences(500, 7, np.random.default_rng(0))
    assert x.shape == (500, 7, order.LETTERS) and (x.sum(axis=2) == 1).all()
    a, b = (x[:, :, letter].argmax(axis=1) for letter in (0, 1))
    assert (x[:, :, :2].sum(axis=1) == 1).all()  # A once and B once
    np.testing.assert_array_equal(first, a < b)
    assert 0.4 < first.mean() < 0.6


@pytest.mark.slow
def test_order_needs_more_than_counts(load_script, monkeypatch):
    order = load_script("rnn/order.py")
    monkeypatch.setattr(order, "LEARNING_RATE", 0.02)
    accuracies = {
        build: order.accuracy(order.train(build, [5], seed=1, epochs=4), 5, seed=1)
        for build in (order.counts, order.gru)
    }
    assert accuracies[order.gru] > 0.95 and accuracies[order.counts] < 0.6
    # One that was trained on several lengths takes yet another one.
    mixed = order.train(order.gru, [3, 6], seed=1, epochs=4)
    assert order.accuracy(mixed, 5, seed=1) > 0.9


# The series


def write(path, rows):
    path.write_text("time,value\n" + "".join(f"{time},{value}\n" for time, value in rows))
    return path


def hours(count, start="2024-01-01", step="h"):
    times = pd.date_range(start, periods=count, freq=step)
    return [(time, 100 + 10 * (number % 24)) for number, time in enumerate(times)]


@pytest.fixture
def series(load_script):
    return load_script("rnn/series.py")


def test_windows_are_those_of_keras(series):
    values, history = np.arange(20.0), 4
    dataset = keras.utils.timeseries_dataset_from_array(
        values, targets=values[history:], sequence_length=history, batch_size=None
    )
    theirs = [(np.asarray(x), float(y)) for x, y in dataset]
    starts = np.arange(history, 20)
    ours = series.windows(values, starts - history, history), values[starts]
    np.testing.assert_array_equal(np.stack([x for x, _ in theirs]), ours[0])
    np.testing.assert_array_equal([y for _, y in theirs], ours[1])
    # The error that everybody makes: one place too early, the target is the last value seen.
    wrong = keras.utils.timeseries_dataset_from_array(
        values, targets=values[history - 1 :], sequence_length=history, batch_size=None
    )
    assert all(np.asarray(x)[-1] == float(y) for x, y in wrong)
    assert not any(float(y) in np.asarray(x) for x, y in dataset)


def test_the_traffic_is_what_the_book_says(series):
    traffic = series.load_traffic()
    assert len(traffic.values) == 24_096 and (~traffic.observed).sum() == 1_012
    assert [str(traffic.times[cut]) for cut in traffic.cuts] == [
        "2017-10-01 00:00:00",
        "2018-01-01 00:00:00",
    ]
    thanksgiving = traffic.holiday[traffic.times.normalize() == "2017-11-23"]
    assert len(thanksgiving) == 24 and (thanksgiving == 1).all()
    assert traffic.holiday.sum() == 24 * 28
    assert traffic.seasons == (24, 168) and series.load_traffic([24]).seasons == (24,)
    mean, _ = traffic.scale
    assert mean == pytest.approx(traffic.values[: traffic.cuts[0]].mean())


def test_parts_do_not_overlap(series, load_script):
    methods = load_script("rnn/methods.py")
    data = methods.Data(series.load_traffic(), history=48, horizon=24)
    last = {part: starts[-1] + 23 for part, starts in data.starts.items()}  # last step forecast
    validation, test = data.series.cuts
    assert last["train"] == validation - 1 and data.starts["validation"][0] == validation
    assert last["validation"] == test - 1 and data.starts["test"][0] == test
    assert last["test"] == len(data.series.values) - 1


def test_no_input_knows_the_future(series, load_script):
    """Other values from the first step of a forecast on change nothing that a method sees."""
    methods = load_script("rnn/methods.py")
    traffic = series.load_traffic()
    start = np.array([traffic.cuts[1] + 100])
    before = methods.Data(traffic, history=48, horizon=24)
    seen = [before.past(start), before.known(start)]
    naive = methods.seasonal_naive(24, before, 1)[0](start)
    traffic.values[start[0] :] = -1e6
    after = methods.Data(traffic, history=48, horizon=24)
    for old, new in zip(seen, (after.past(start), after.known(start)), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(methods.seasonal_naive(24, after, 1)[0](start), naive)


def test_trees_do_not_look_back_beyond_the_beginning(load_script, monkeypatch):
    """They see the last three values; before the first of all there are none, not the last ones."""
    methods, seen = load_script("rnn/methods.py"), []
    monkeypatch.setattr(methods, "HistGradientBoostingRegressor", lambda **_: trees)
    trees = SimpleNamespace(fit=lambda x, y: seen.append(x))
    series = methods_series(load_script)
    series.seasons = (1,)
    for last in (5, 1e6):
        series.values[-1] = last  # in the test part
        methods.boosting(methods.Data(series, history=2, horizon=1), 1)
    np.testing.assert_array_equal(*seen)


def test_gaps_are_filled_from_the_past_only(series):
    values = np.arange(20.0)
    values[[0, 3, 10, 11]] = np.nan
    filled = series.fill(values.copy(), seasons=(5,))
    assert list(filled[[0, 3, 10, 11]]) == [1, 2, 5, 6]
    later = values.copy()
    later[12:] = 1_000
    np.testing.assert_array_equal(series.fill(later, seasons=(5,))[1:12], filled[1:12])


def test_a_table_is_mended_and_says_so(series, tmp_path):
    rows = hours(400)
    del rows[100:103]  # missing
    rows[50] = (rows[50][0], "")  # empty
    rows.insert(10, rows[10])  # doubled
    rows[20], rows[30] = rows[30], rows[20]  # not in order
    found = series.load_series(write(tmp_path / "a.csv", rows), "time", "value")
    assert len(found.values) == 400 and (~found.observed).sum() == 4
    np.testing.assert_array_equal(found.values, [value for _, value in hours(400)])
    notes = " ".join(found.notes)
    for words in ("400 hourly steps", "sorted", "1 rows repeat", "4 steps (1.0%)", "at most 3 in"):
        assert words in notes, words


@pytest.mark.parametrize(
    ("step", "name", "seasons"),
    [("D", "daily", (7,)), ("W", "weekly", (52,)), ("MS", "monthly", (12,))],
)
def test_the_step_is_found(series, tmp_path, step, name, seasons):
    found = series.load_series(write(tmp_path / "a.csv", hours(150, step=step)), "time", "value")
    assert name in found.notes[0] and found.seasons == seasons
    assert len(found.values) == 150 and found.observed.all()


def test_time_zones_become_utc_over_summer_time(series, tmp_path):
    times = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Berlin")
    path = write(
        tmp_path / "a.csv", [(time.isoformat(), number) for number, time in enumerate(times)]
    )
    found = series.load_series(path, "time", "value")
    assert len(found.values) == 72 and found.observed.all()
    assert "UTC" in found.notes[1] and str(found.times[0]) == "2024-03-29 23:00:00"


def test_summer_time_without_a_zone_is_a_gap_and_a_doubled_hour(series, tmp_path):
    for start, words in (("2024-03-30", "1 steps"), ("2024-10-26", "1 rows repeat")):
        times = pd.date_range(start, periods=72, freq="h", tz="Europe/Berlin").tz_localize(None)
        path = write(tmp_path / "a.csv", [(time, number) for number, time in enumerate(times)])
        assert words in " ".join(series.load_series(path, "time", "value").notes)


BAD = [
    ("nothing", [], "0 rows are too few"),
    ("text", [*hours(300)[:40], ("2024-01-02 16:00", "n/k")], "row 42: 'n/k' is not a number"),
    ("times", [*hours(40), ("soon", 3)], "row 42: 'soon' is not a time"),
    ("constant", [(time, 5) for time, _ in hours(300)], "every value is 5"),
    ("one time", [("2024-01-01", number) for number in range(9)], "the same time"),
    ("minutes", hours(300, step="5min"), "should be hourly, daily, weekly, monthly"),
    ("holes", hours(300)[:100] + hours(900)[700:], "too many"),
    ("short", hours(180), "180 steps are too few"),
]


@pytest.mark.parametrize(("rows", "message"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_table_ends_with_one_line(load_script, tmp_path, rows, message):
    forecast = load_script("rnn/forecast.py")
    path = write(tmp_path / "a.csv", rows)
    with pytest.raises(SystemExit) as exit_:
        forecast.main(["--data", str(path), "--time", "time", "--value", "value"])
    assert message in exit_.value.code and "\n" not in exit_.value.code


def test_a_wrong_file_or_column_ends_with_one_line(load_script, tmp_path, capsys):
    forecast = load_script("rnn/forecast.py")
    path = write(tmp_path / "a.csv", hours(50))
    (tmp_path / "empty.csv").write_text("")
    for file, column, message in (
        (tmp_path / "none.csv", "time", "cannot read"),
        (tmp_path / "empty.csv", "time", "cannot read"),
        (path, "date", "no column date, but time, value"),
    ):
        with pytest.raises(SystemExit, match=message):
            forecast.main(["--data", str(file), "--time", column, "--value", "value"])
    with pytest.raises(SystemExit, match="no method crystal_ball, but last_value, "):
        forecast.main(["--methods", "ridge", "crystal_ball", "--outputs", str(tmp_path / "run")])
    for options in (["--data", str(path)], ["--horizon", "0"]):
        with pytest.raises(SystemExit) as exit_:
            forecast.main(options)
        assert exit_.value.code == 2


# The methods and the scores


@pytest.fixture
def one_thread():
    """For boosting: several threads on busy cores wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def monthly(tmp_path):
    random, month = np.random.default_rng(1), np.arange(120)
    values = 100 + 20 * np.sin(2 * np.pi * month / 12) + month + random.normal(0, 1, 120)
    times = pd.date_range("2014-01-01", periods=120, freq="MS").strftime("%Y-%m")
    return write(tmp_path / "sold.csv", zip(times, values.round(2), strict=True))


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_series_of_the_reader_from_end_to_end(
    run_main, load_script, monkeypatch, monthly, tmp_path, capsys
):
    monkeypatch.setattr(load_script("rnn/methods.py"), "JIT", "auto")
    options = ["--data", monthly, "--time", "time", "--value", "value", "--horizon", 3]
    _, results = run_main("rnn/forecast.py", *options, "--epochs", 1)
    printed = capsys.readouterr().out
    methods = results["methods"]
    assert len(methods) == 9 and all(method["test"]["mean"] > 0 for method in methods.values())
    # A trend and a season, and hardly any noise: a weighted sum finds them, a copy does not.
    assert methods["ridge"]["test"]["mean"] < 5 < methods["12_steps_ago"]["test"]["mean"]
    assert results["recommended"] == "ridge"
    assert "Recommended, the simplest that is as good: ridge." in printed
    assert all(name.replace("_", " ") in printed for name in methods)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "results.json", "forecast_3.png", "horizon_3.png",
    }  # fmt: skip
    assert methods["last_value"]["parameters"] == 0


def test_intervals_and_the_recommendation(load_script):
    scores, methods = load_script("rnn/scores.py"), load_script("rnn/methods.py")
    data = methods.Data(methods_series(load_script), history=4, horizon=1)
    random = np.random.default_rng(0)
    noise = random.normal(10, 1, size=(500, 1))
    interval = scores.bootstrap(noise, data)
    assert interval["low"] < noise.mean() == interval["mean"] < interval["high"]
    assert 0.05 < interval["high"] - interval["low"] < 0.5
    other = random.normal(0, 1, (500, 1))
    nearly = noise + other - other.mean() + 0.01  # worse on average, and not clearly so
    errors = {"poor": noise + 5, "simple": nearly, "best": noise}
    assert scores.recommend(errors, data) == ("simple", "best")
    missing = np.where(np.arange(500)[:, None] % 2, noise, np.nan)
    assert scores.bootstrap(missing, data)["mean"] == pytest.approx(np.nanmean(missing))


def methods_series(load_script):
    """Return a short Series with a season of 4 steps."""
    series = load_script("rnn/series.py")
    values = np.tile([1, 2, 3, 5], 200).astype("float32")
    times = pd.date_range("2024-01-01", periods=800, freq="D")
    holiday = np.zeros(800, "float32")
    return series.Series(times, values, values > 0, (4,), holiday, (560, 680), [])


@pytest.mark.parametrize("horizon", [1, 6])
def test_the_seasonal_naive_repeats_the_season(load_script, horizon):
    methods = load_script("rnn/methods.py")
    data = methods.Data(methods_series(load_script), history=4, horizon=horizon)
    forecast, _ = methods.seasonal_naive(4, data, seed=1)
    starts = data.starts["test"]
    np.testing.assert_allclose(
        forecast(starts), data.unscaled(data.targets(starts), starts), rtol=1e-5
    )
    last, _ = methods.seasonal_naive(1, data, seed=1)
    assert (last(starts) == data.series.values[starts - 1][:, None]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "horizon"),
    [
        ("linear", 1), ("linear", 3), ("boosting", 1), ("boosting", 3),
        ("perceptron", 3), ("dilated_convolution", 3), ("gru", 3), ("lstm", 3),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("one_thread")
def test_every_method_learns_a_season(load_script, monkeypatch, name, horizon):
    methods = load_script("rnn/methods.py")
    if name != "gru":  # one with XLA, which takes longer to compile a network than it saves here
        monkeypatch.setattr(methods, "JIT", "auto")
    data = methods.Data(methods_series(load_script), history=4, horizon=horizon)
    learn = getattr(methods, name)
    if name in ("linear", "boosting"):
        forecast, _ = learn(data, 1)
    else:
        forecast, parameters = methods.network(learn, data, 1)
        assert parameters > 1_000
    starts = data.starts["test"]
    error = np.abs(forecast(starts) - data.unscaled(data.targets(starts), starts)).mean()
    assert forecast(starts).shape == (len(starts), horizon)
    assert error < 0.4  # the mean for everything has 1.1


def test_pinball_is_least_at_the_quantiles(load_script):
    quantiles = load_script("rnn/quantiles.py")
    truth = np.random.default_rng(0).normal(size=(5_000, 1)).astype("float32")

    def loss(ends):
        forecast = np.tile(np.array(ends, "float32"), (len(truth), 1))
        return float(quantiles.pinball(truth, keras.ops.convert_to_tensor(forecast)))

    right = np.quantile(truth, quantiles.QUANTILES)
    for change in ([0.3, 0, 0], [0, 0.3, 0], [0, 0, -0.3]):
        assert loss(right + change) > loss(right)


def test_a_figure_needs_no_horizon_that_divides_its_week(load_script):
    quantiles, forecast = load_script("rnn/quantiles.py"), load_script("rnn/forecast.py")
    traffic = quantiles.load_traffic()
    data = quantiles.methods.Data(traffic, history=48, horizon=5)
    figure = quantiles.draw(lambda starts: np.ones((len(starts), 5, 3)), data)
    median, truth = figure.axes[0].lines
    assert len(median.get_xdata()) == len(truth.get_xdata()) == 165  # of 168 hours
    assert len(forecast.spans_to_draw(traffic, 24)) == 2
    ((first, last),) = forecast.spans_to_draw(traffic, 200).values()
    assert last - first >= 200


# Names


@pytest.fixture
def letters(load_script):
    return load_script("rnn/letters.py")


def test_what_is_read_and_what_is_said(letters):
    x, y = letters.encode(["ab", "zoe"])
    edge = letters.EDGE
    assert x.shape == y.shape == (2, letters.LONGEST + 1)
    assert list(x[0][:4]) == [edge, 1, 2, 0] and list(y[0][:4]) == [1, 2, edge, 0]
    assert list(x[1][:5]) == [edge, 26, 15, 5, 0]


def test_names_are_split_without_overlap(letters):
    parts = [set(part) for part in letters.load_names(1)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 88_799
    assert len(parts[1]) == len(parts[2]) == letters.HELD_OUT


def test_ngrams_are_probabilities_and_longer_ones_know_more(letters):
    train, _, test = letters.load_names(1)
    train, test = train[:5_000], test[:300]
    models = [letters.NGrams(order, train) for order in (1, 2, 3)]
    alphabet = "abcdefghijklmnopqrstuvwxyz$"
    for model, context in zip(models, ("", "s", "ma"), strict=True):
        total = sum(model.probability(letter, context) for letter in alphabet)
        assert total == pytest.approx(1)
    bits = [letters.mean_bits([model.bits(name) for name in test]) for model in models]
    assert np.log2(27) > bits[0] > bits[1] > bits[2] > 2


@pytest.mark.slow
def test_the_network_of_names_learns_and_invents(load_script, letters, monkeypatch):
    names = load_script("rnn/names.py")
    keras.utils.set_random_seed(1)
    train, validation, test = (part[:4_000] for part in letters.load_names(1))
    model = names.build_network("gru", units=32)
    names.train(model, train, validation[:500], epochs=3)
    bits = letters.network_bits(model, test[:500])
    assert [len(row) for row in bits] == [len(name) + 1 for name in test[:500]]
    assert letters.mean_bits(bits) < 4.2  # guessing takes log2(27) = 4.75, counting letters 4.27
    loss = model.evaluate(*letters.encode(test[:500]), verbose=0, batch_size=500)
    assert loss / np.log(2) == pytest.approx(letters.mean_bits(bits), rel=1e-3)
    words = names.invent(model, 50, 1.0, seed=1)
    assert len(words) == 50 and all(word.isalpha() or word == "" for word in words)
    cold = names.invent(model, 50, 0.01, seed=1)
    assert len(set(cold)) < len(set(words))


@pytest.mark.slow
def test_first_names_are_told_apart(run_main):
    module, results = run_main("rnn/first_names.py", "--splits", 1, "--epochs", 8)
    table, _, both = module.load_first_names()
    assert "nan" in set(table) and len(both) == results["both"] == 331
    assert set(both).isdisjoint(table)
    models = results["models"]
    assert models["GRU"]["auc"]["mean"] > models["letters"]["auc"]["mean"] > 0.7
    assert models["majority_class"]["auc"]["mean"] == 0.5
    lead = models["n_grams_of_fewer"]["accuracy"]["mean"] - models["GRU"]["accuracy"]["mean"]
    assert results["leads"][0]["mean"] == pytest.approx(lead)
    assert results["leads"][0]["low"] < lead < results["leads"][0]["high"]


# Attention and the options of recurrent layers


def test_attention_by_hand_equals_keras_and_sees_no_future(load_script):
    attention = load_script("rnn/cells/attention.py")
    shares, difference = attention.compare_with_keras()
    assert difference < 1e-5
    np.testing.assert_allclose(shares.sum(axis=2), 1)
    assert (np.triu(shares[0], k=1) == 0).all()
    model = attention.build_transformer()
    x = np.array([[27, 1, 2, 3] + [4] * 10])
    other = x.copy()
    other[0, 6:] = 9
    first, second = (keras.ops.convert_to_numpy(model(text)) for text in (x, other))
    np.testing.assert_allclose(first[0, :6], second[0, :6], atol=1e-5)
    assert np.abs(first[0, 6:] - second[0, 6:]).max() > 0.01


def test_state_is_kept_and_padding_skipped(load_script, tmp_path, monkeypatch):
    """Two variants are timed; to compile all of them would take most of a minute."""
    costs = load_script("rnn/cells/costs.py")
    variants = costs.variants
    for name, variant in variants().items():
        assert costs.build(name, *variant).output_shape == (costs.SEQUENCES, 1), name
    two = ("SimpleRNN", "GRU")
    monkeypatch.setattr(costs, "variants", lambda: {name: variants()[name] for name in two})
    results = costs.main(["--rounds", "5", "--outputs", str(tmp_path)])
    assert results["halves"] < 1e-5 and results["masked"] < 1e-5 < 0.01 < results["padded"]
    assert set(results["ratios"]) == set(two) and results["ratios"]["GRU"] == 1


def test_a_script_of_a_part_runs_from_anywhere(run_script, tmp_path):
    run = run_script("rnn/cells/through_time.py", "--outputs", tmp_path / "run", cwd=tmp_path)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(("name", "parameters"), [("lstm", 81_674), ("gru", 61_962)])
def test_images_are_read_row_by_row(load_quickly, tmp_path, name, parameters):
    options = ["-m", name, "--epochs", "1", "--train-samples", "256", "--batch-size", "32"]
    mnist = load_quickly("mnist/mnist.py")
    results = mnist.main([*options, "--outputs", str(tmp_path)])["models"][name]
    assert results["parameters"] == parameters
    guessing = np.log(10)
    assert 0.5 * guessing < results["validation"]["cross_entropy"] < guessing


def test_the_leak_is_one(load_script):
    """Windows held out at random overlap with those that train; those held out in time do not."""
    leakage = load_script("book/leakage.py")
    series = leakage.load_traffic()
    leaky, starts = leakage.make_leaky(series)
    assert (starts >= series.cuts[1]).all() and set(starts).isdisjoint(leaky.starts["train"])
    assert np.isin(starts + 1, leaky.starts["train"]).mean() > 0.6
    honest = leakage.methods.Data(series, leakage.HISTORY, leakage.HORIZON)
    assert honest.starts["train"].max() + leakage.HORIZON <= series.cuts[0] < starts.min()
    assert leakage.scale_with_future(honest).mean != pytest.approx(series.scale[0], abs=1)


def test_pixels_change_places(load_script, monkeypatch, tmp_path):
    module = load_script("book/pixel_order.py")
    images, orders = np.arange(2 * 784).reshape(2, 28, 28), module.make_orders()
    for order in orders.values():
        assert sorted(order) == list(range(784))
    np.testing.assert_array_equal(module.put_in_order(images, orders["in_order"]), images)
    mixed = module.put_in_order(images, orders["rows_shuffled"])
    assert {tuple(row) for row in mixed[1]} == {tuple(row) for row in images[1]}
    assert (mixed != images).any()
    rows = {tuple(row) for row in images[0]}
    assert not rows & {tuple(row) for row in module.put_in_order(images, orders["shuffled"])[0]}
    monkeypatch.setattr(module, "NETWORKS", ["mlp_one_layer"])
    options = ["--images", "500", "--epochs", "2", "1", "--outputs", str(tmp_path)]
    results = module.main(options)["mlp_one_layer"]
    assert set(results) == {"parameters", "in_order", "shuffled"}
    assert [len(accuracies) for accuracies in results["in_order"].values()] == [2, 2]
    assert min(results["in_order"]["2"]) > 0.5


# What the text says of the results


def test_each_run_of_order_is_as_the_text_says():
    found = load_results("order")["elsewhere"]
    shares = {name: {k: v["accuracies"] for k, v in one.items()} for name, one in found.items()}
    assert max(shares["GRU_20"]["10"]) < 0.53 and min(shares["GRU_20"]["20"]) > 0.9999
    assert all(min(shares["GRU_mixed"][length]) == 1 for length in ("5", "10", "20"))
    first, second, third = shares["GRU_mixed"]["80"]
    assert first > 0.9 and second < 0.45 and 0.45 < third < 0.65
    runs = list(zip(*shares["SimpleRNN_mixed"].values(), strict=True))
    assert [min(run) == 1 for run in runs] == [False, True, False]
    assert all(min(run[0], run[2]) < 0.98 for run in (runs[0], runs[2]))
    perceptron = load_results("order")["trained"]["perceptron"]
    falls = [perceptron[length]["accuracies"] for length in ("5", "20", "40")]
    assert all(a > b > c for a, b, c in zip(*falls, strict=True))


def test_names_show_no_sign_of_being_known_by_heart(load_script):
    letters, names = load_script("rnn/letters.py"), load_script("rnn/names.py")
    learned, validation, test = letters.load_names(1)
    share = len(learned) / (len(learned) + len(validation) + len(test))
    assert f"{share / (1 - share):.1f}" == "7.9" and len(learned) == 78_799
    cold, warm, hot = load_results("names")["invented"]
    for one in (cold, warm):
        known, held_out = (round(one[key] * names.INVENTED) for key in ("learned", "held_out"))
        assert binomtest(known, known + held_out, share).pvalue > 0.2
    assert round(hot["held_out"] * names.INVENTED) == 12  # a dozen


def test_forecasts_differ_as_the_text_says(load_script):
    load_script("book/readme.py")
    from tables import forecasts

    def family(name, methods):
        behind = [load_results(name)["behind"][method] for method in methods]
        return behind, dict(zip(methods, forecasts.p_values(behind), strict=True))

    behind, p = family("forecast_1", forecasts.NETWORKS)
    assert load_results("forecast_1")["recommended"] == "gradient_boosting"
    assert all(one["high"] < 0 for one in behind)
    assert max(p["GRU"], p["LSTM"]) < 0.05 < min(p["perceptron"], p["dilated_convolution"])
    behind, p = family("forecast_24", ["gradient_boosting", *forecasts.NETWORKS])
    assert load_results("forecast_24")["recommended"] == "ridge_with_dummies"
    assert behind[0]["low"] < 0 < behind[0]["high"]
    assert all(one["low"] > 0 for one in behind[1:])
    assert [p[name] < 0.05 for name in p] == [False, True, True, True, True]
    tests = [load_results("forecast_24")["methods"][name]["test"] for name in forecasts.NETWORKS]
    errors = [one["mean"] for one in tests]
    assert max(errors) - min(errors) < 1.1
    temperature = load_results("forecast_temperature")
    others = [name for name in temperature["methods"] if name != "GRU"]
    behind, p = family("forecast_temperature", others)
    assert len(others) == 6 and min(one["low"] for one in behind) > 0 and max(p.values()) < 0.05
    assert min(behind, key=lambda one: one["mean"]) == temperature["behind"]["perceptron"]


def test_leaks_pretend_what_the_text_says():
    found = load_results("leakage")
    for name in ("perceptron", "gradient_boosting"):
        honest, leaky, scaled = (
            found[way][name] for way in ("honest", "split_at_random", "scaled_over_everything")
        )
        assert all(a > b for a, b in zip(honest["seeds"], leaky["seeds"], strict=True))
        assert abs(honest["mean"] - scaled["mean"]) < 2


def test_ngrams_beat_the_gru_with_its_own_names_on_each_split():
    found = load_results("first_names")
    assert all(lead["low"] > 0 for lead in found["leads"])
    assert max(holm([lead["p"] for lead in found["leads"]])) < 0.05
    all_names, fewer, network = (
        found["models"][name]["accuracy"]["mean"] for name in ("n_grams", "n_grams_of_fewer", "GRU")
    )
    assert all_names - network == pytest.approx(0.041, abs=0.005)  # four points
    assert all_names - fewer == pytest.approx(0.005, abs=0.0015)  # half a point


def test_layers_remember_what_the_text_says():
    found = load_results("long_memory")["remembered"]
    assert all(min(one["10"]) > 0.99 for one in found.values())
    learned = {name: sum(known > 0.9 for known in one["100"]) for name, one in found.items()}
    assert learned == {
        "SimpleRNN, glorot": 1,
        "SimpleRNN, orthogonal": 1,
        "GRU": 0,
        "LSTM, forget bias 1": 0,
        "LSTM, forget bias 5": 3,
    }
    ratios = load_results("long_memory")["ratios"]
    assert max(ratios[f"SimpleRNN, {name}"] for name in ("glorot", "orthogonal")) < min(
        ratios["LSTM, forget bias 1"], 1e-8
    )


def test_the_order_of_pixels_matters_as_the_text_says():
    found = load_results("pixel_order")
    last = {
        name: {kind: found[name][kind]["20"] for kind in found[name] if kind != "parameters"}
        for name in ("mlp_one_layer", "conv_net", "lstm", "gru")
    }
    assert all(len(seeds) == 2 for one in last.values() for seeds in one.values())

    def lost(name, kind):
        return np.subtract(last[name]["in_order"], last[name][kind])

    assert np.abs(lost("mlp_one_layer", "shuffled")).max() < 0.005
    of_conv_net = lost("conv_net", "shuffled")
    assert 0.05 < of_conv_net.min() < of_conv_net.max() < 0.08
    for name in ("lstm", "gru"):
        assert 0.015 < lost(name, "shuffled").min() < lost(name, "shuffled").max() < 0.065
        assert lost(name, "rows_shuffled").min() > 0.01


def test_columns_that_change_places_change_nothing_for_a_recurrent_layer():
    x, layer = np.random.default_rng(0).random((3, 28, 28), "float32"), keras.layers.LSTM(8)
    before = keras.ops.convert_to_numpy(layer(x))
    order = np.random.default_rng(1).permutation(28)
    kernel, *others = layer.get_weights()
    layer.set_weights([kernel[order], *others])
    after = keras.ops.convert_to_numpy(layer(x[:, :, order]))
    np.testing.assert_allclose(after, before, atol=1e-6)
