"""Forecasts: none knows the future, bad tables are told, and the simple methods are fair."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import failure
from matplotlib.figure import Figure

from forecasts import (
    forecast,
    future,
    go_on,
    intervals,
    leakage,
    many,
    methods,
    quantiles,
    repair,
    rolling,
    scores,
    together,
)
from forecasts import series as reader
from forecasts import window_networks as networks
from forecasts.methods import SeasonalNaive
from forecasts.windows import Data

COLUMNS = ["--time", "time", "--value", "value"]


def write(path, rows):
    path.write_text("time,value\n" + "".join(f"{time},{value}\n" for time, value in rows))
    return path


def rows_of(count, step="h", start="2024-01-01", form=None, values=None):
    """Return rows (time, value) with a season of 24 steps; form: of their times."""
    times = pd.date_range(start, periods=count, freq=step)
    values = 100 + 10 * (np.arange(count) % 24) if values is None else values
    return [*zip(times.strftime(form) if form else times, values, strict=True)]


@pytest.fixture
def load(tmp_path):
    """Return a function that writes rows into a table and reads it as a reader's."""

    def load(rows, **options):
        return reader.load_series(write(tmp_path / "a.csv", rows), "time", "value", **options)

    return load


def four_steps(skipped=0):
    """Return a short Series with a season of 4 steps, without its first ones."""
    values = np.tile([1, 2, 3, 5], 200).astype("float32")[skipped:]
    times = pd.date_range("2024-01-01", periods=800, freq="D")[skipped:]
    holiday = np.zeros(len(values), "float32")
    return reader.Series(times, values, values > 0, (4,), holiday, (560, 680), [])


four = pytest.fixture(lambda: four_steps())


def test_the_traffic_is_what_the_book_says():
    traffic = reader.load_traffic()
    assert len(traffic.values) == 24_096 and (~traffic.observed).sum() == 1_012
    assert [*traffic.times[[*traffic.cuts]].strftime("%F")] == ["2017-10-01", "2018-01-01"]
    assert traffic.holiday.sum() == 24 * 28 and traffic.seasons == (24, 168)
    longer = traffic.extended(24 * 60)
    days = set(longer.times[longer.holiday == 1].strftime("%F"))
    assert {"2018-09-03", "2018-10-08", "2018-11-22"} <= days  # Labor and Columbus, Thanksgiving


def test_no_input_knows_the_future(four):
    """Nor does a part reach into the next one."""
    start, trees = np.array([four.cuts[1] + 50]), methods.Boosting()

    def see():
        data = trees.data = Data(four, history=6, horizon=3)
        naive = SeasonalNaive(4).fit(data).predict(start)
        return data.past(start), data.known(start), trees.inputs(start), naive

    before = see()
    four.values[start[0] :] = -1e6
    for old, new in zip(before, see(), strict=True):
        np.testing.assert_array_equal(old, new)
    (validation, test), starts = four.cuts, trees.data.starts
    assert starts["train"][-1] + 3 == validation == starts["validation"][0]
    assert starts["validation"][-1] + 3 == test == starts["test"][0]
    assert starts["test"][-1] + 3 == len(four.values)
    young = replace(four, cuts=(2, 3))  # a season before its first step, there would be its end
    assert young.starts("validation", 1, 1).size == 0 and young.starts("test", 1, 1)[0] == 4
    np.testing.assert_array_equal(before[-1], [[3, 5, 1]])  # one season before
    last = before[0][0, :, 0] * trees.data.deviation
    np.testing.assert_allclose(last - last[0], [0, 1, 2, 4, 0, 1], atol=1e-4)  # 1 2 3 5 1 2


def test_gaps_are_filled_from_the_past_only():
    values = np.arange(20.0)
    values[[0, 3, 10, 11]] = np.nan
    assert list(repair.fill(values.copy(), (5,))[[0, 3, 10, 11]]) == [1, 2, 5, 6]
    assert list(repair.fill(values.copy(), (2, 5))[[0, 3, 10, 11]]) == [1, 1, 5, 6]
    values[12:] = 1_000
    assert list(repair.fill(values, (5,))[[3, 10, 11]]) == [2, 5, 6]


def test_a_table_is_mended_and_says_so(load):
    rows = rows_of(400)
    del rows[100:103]  # missing
    rows[50] = (rows[50][0], "")  # empty
    rows.insert(10, rows[10])  # doubled
    rows[20], rows[30] = rows[30], rows[20]  # not in order
    rows += rows_of(14, start=rows[-1][0] + pd.Timedelta("1h"), values=14 * [""])  # to come
    found = load(rows)
    assert len(found.values) == 400 and (~found.observed).sum() == 4
    np.testing.assert_array_equal(found.values, [value for _, value in rows_of(400)])
    notes = " ".join(found.notes)
    told = ("400 hourly steps", "sorted", "1 rows repeat", "4 steps (1.0%)", "at most 3 in", ": 14")
    assert all(words in notes for words in told)


@pytest.mark.parametrize(
    ("step", "season", "form"),
    [
        ("h", (24, 168), "%Y-%m-%d %H:%M+01:00"), ("D", (7,), "%d/%m/%Y"),
        ("h", (24, 168), "%Y-%m-%dT%H:%MZ"),
        ("W-WED", (52,), "%d %b %Y"), ("MS", (12,), "%Y-%m"), ("B", (5,), "%F"),
        ("QS", (4,), "%F"), ("YS", (1,), "%Y"), ("ME", (12,), "%F"),
    ],
)  # fmt: skip
def test_the_step_is_found_and_the_calendar_goes_on(load, step, season, form):
    times = pd.date_range("2024-01-01", periods=402, freq=step)
    day = times[-1].normalize() - pd.Timedelta(days=int(step == "W-WED"))  # within the last step
    found = load(rows_of(400, step, form=form), days=(day,))
    assert ("is UTC" in " ".join(found.notes)) == form.endswith("Z")
    assert found.seasons == season and found.observed.all() and len(found.values) == 400
    assert not found.yearly  # it takes three years of days
    longer = found.extended(2)
    assert longer.times.equals(times)
    assert np.isnan(longer.values[-2:]).all() and not longer.observed[-2:].any()
    assert longer.holiday[-1] == 1 and longer.holiday[-2] == (step == "h")
    assert longer.starts("train", 9, horizon=2)[-1] == 398
    assert list(longer.starts("test", 9, horizon=2)) == [400]


def test_an_end_that_is_not_over_and_many_zeros_are_said(load):
    """And a quarter may be written 2026-Q4."""
    quarters = [f"{year}-Q{number}" for year in range(2000, 2015) for number in (1, 2, 3, 4)]
    values = np.tile([10, 20, 30, 41], 15) + np.random.default_rng(0).normal(0, 0.5, 60)
    assert len(load([*zip(quarters, values, strict=True)]).notes) == 1
    values[-1] /= 3
    found = load([*zip(quarters, values, strict=True)])
    assert found.unit == "Q" and "not over yet" in found.notes[1]
    rare = np.where(np.arange(300) % 4 == 0, np.arange(300), 0)
    assert "75% of the values are 0" in load(rows_of(300, "D", values=rare)).notes[1]
    # Of five seasons the last one ends higher, in two steps; and less than half are 0.
    assert repair.look(np.tile([0, 10, 20, 30], 5) + np.repeat([0, 20], [18, 2]), 4) == []


def test_holidays_of_a_country_or_a_part_of_it():
    times = pd.date_range("2025-01-01", "2025-12-31")
    country, part = (future.find_days(one, times) for one in ("DE", "DE-BY"))
    assert {day.year for day in country} == {2025, 2026, 2027}  # two years on
    assert {day.strftime("%F") for day in set(part) - set(country)} >= {"2025-01-06"}
    assert "Name one such as DE" in failure(future.find_days, "XX", times)


def without(rows, gap):
    return [(time, "" if i in gap else value) for i, (time, value) in enumerate(rows)]


DAYS = rows_of(200, "D", values=range(200))
MIXED = rows_of(300, "D", form="%d/%m/%Y") + rows_of(9, "D", "2024-10-27", "%m/%d/%Y")
BAD = {
    "row 42: 'n/k'": [*rows_of(40), ("2024-01-02 16:00", "n/k")],
    "every value is 5": rows_of(300, values=300 * [5]),
    "too many": rows_of(300)[:100] + rows_of(900)[700:],
    "the validation part has values in 0": without(rows_of(1000), {*range(490, 770)} - {500}),
    "row 4: '03/04/2024' may be": [(f"0{n}/0{n + n // 3}/2024", n) for n in (1, 2, 3)],
    "row 302: '10/27/2024'": MIXED,
    "the value 1e+09 is far": [*rows_of(200, "D"), ("2024-07-19", 1e9)],
    "take sums": [(time, n + shop) for time, n in DAYS for shop in (0, 500)],
}


@pytest.mark.parametrize("words", BAD)
def test_a_bad_table_ends_with_one_line(tmp_path, words):
    path = str(write(tmp_path / "a.csv", BAD[words]))
    assert words in failure(forecast.main, ["--data", path, *COLUMNS, "--horizon", "2"])


def test_pandas_mends_a_table_as_the_message_and_the_text_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = Path(reader.__file__).with_name("README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(import pandas as pd\n\ntable = [^`]+sales.csv[^`]+)```", text)[1]
    code = code.replace('"date"', '"time"').replace('"sold"', '"value"')
    hours, days = rows_of(2_000), rows_of(400, "D")
    for rows, steps in (
        ([row for row in days if row[0].day_of_week < 6], "D"),
        ([row for row in hours if 8 <= row[0].hour < 19], "h"),
        (rows_of(900, "5min"), "h"), (rows_of(900, "10D"), "ME"),
    ):  # fmt: skip
        write(tmp_path / "sales.csv", rows)
        said = failure(reader.load_series, "sales.csv", "time", "value")
        (call,) = re.findall(r"\.resample.+\.sum\(\)", said)
        assert (call in code) == (steps == "D")
        exec(re.sub(r"\.resample.+\.sum\(\)", call, code))
        found = reader.load_series("days.csv", "time", "value")
        times = pd.DatetimeIndex([time for time, _ in rows])
        expected = pd.Series([value for _, value in rows], times).resample(steps).sum()
        assert found.observed.all() and found.unit == steps[0]
        np.testing.assert_array_equal(found.values, expected)


@pytest.mark.parametrize("column", [0, 1])
def test_whatever_stands_in_a_cell_there_is_a_series_or_one_line(load, column):
    odd = ["", "nan", "-1e400", "1e39", "1,2,3", "\x1b[2J", "ü", '"', "9999-99-99"]
    for cell in odd:
        changed = [[f"{time:%F}", str(value)] for time, value in rows_of(100, "D")]
        changed[50][column] = cell
        try:
            assert np.isfinite(load(changed).values).all()
        except SystemExit as stop:
            assert isinstance(stop.code, str) and stop.code.isprintable()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"time,time\n1,2\n", b"date,value\n1,2\n"])
def test_what_is_no_table_ends_with_one_line(tmp_path, content):
    (tmp_path / "b.csv").write_bytes(content)
    failure(reader.load_series, tmp_path / "b.csv", "time", "value")


def test_intervals_and_the_recommendation(four):
    data, random = Data(four, history=4, horizon=1), np.random.default_rng(0)
    noise, other = random.normal(10, 1, (500, 1)), random.normal(0, 1, (500, 1))
    interval = scores.bootstrap(noise, data)
    assert interval["low"] < noise.mean() == interval["mean"] < interval["high"]
    nearly = noise + other - other.mean() + 0.01  # worse on average, and not clearly so
    errors = {"poor": noise + 5, "simple": nearly, "best": noise}
    assert scores.recommend(errors, data)[:2] == ("simple", "best")
    # Four windows with the same error, one after the other, are not four pieces of evidence.
    alike = random.normal(10, 1, 125).repeat(4)[:, None]
    wide, narrow = (scores.bootstrap(x, data) for x in (alike, random.permutation(alike)))
    assert wide["high"] - wide["low"] > 1.6 * (narrow["high"] - narrow["low"])  # about twice
    # A filled value agrees with what a copy of the season forecasts: it would look like skill.
    four.values[700], four.observed[701] = 50, False
    method = SeasonalNaive(4).fit(Data(four, history=4, horizon=3))
    errors = scores.absolute_errors(method, np.array([695, 699]))
    np.testing.assert_allclose(errors, [[0, 0, 0], [0, 49, np.nan]])
    assert scores.bootstrap(errors, data)["mean"] == pytest.approx(49 / 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*forecast.make_methods(four_steps())][2:])
def test_every_method_learns_a_season(four, name):
    data = Data(four, history=4, horizon=3)
    starts, method = data.starts["test"], forecast.make_methods(four)[name]
    if hasattr(method, "dear"):  # that the best of several settings is kept, other tests ask
        method.grid = {setting: tried[-1:] for setting, tried in method.grid.items()}
    said = method.fit(data).predict(starts)
    error = np.abs(said - data.unscaled(data.targets(starts), starts)).mean()
    assert said.shape == (len(starts), 3) and error < 0.4  # the mean for everything has 1.1


READ = SimpleNamespace(data="a.csv", time="time", value="value")


def make_run(name, series, folder, horizon=6):
    """Let a method forecast the future of a series; return the table of it."""
    rolled = rolling.Rolled(forecast.make_methods(series)[name], Data(series, 4, horizon))
    return future.forecast_future(name, rolled, READ, folder)[0]


def test_a_run_goes_on_from_newer_values_without_training(run_main, tmp_path):
    random, month = np.random.default_rng(1), np.arange(120)
    values = 100 + 20 * np.sin(2 * np.pi * month / 12) + month + random.normal(0, 1, 120)
    told = [f'"{value:.2f}"'.replace(".", ",") for value in values]
    rows = rows_of(120, "MS", "2014-01-01", "%Y-%m", told)
    options = ["--data", write(tmp_path / "sold.csv", rows), *COLUMNS, "--decimal", "comma"]
    options += ["--horizon", 3, "--methods", "last_value", "ridge"]
    _, results = run_main("forecasts/forecast.py", *options)
    run, again = str(tmp_path / "run"), str(tmp_path / "again")
    # A trend and a season, and hardly any noise: a weighted sum finds them, a copy does not.
    assert results["methods"]["ridge"]["test"]["mean"] < 5 and results["recommended"] == "ridge"
    newer = write(tmp_path / "newer.csv", rows[29:])
    more = go_on.main([run, str(newer), "--outputs", again])
    assert more["method"] == "ridge" and more["holds"] == results["holds"]
    found, kept = (np.array([*one["future"].values()]) for one in (more, results))
    np.testing.assert_allclose(found, kept, atol=1e-3)
    csv = pd.read_csv(tmp_path / "again" / "forecast.csv", index_col="time")
    assert csv.to_numpy() == pytest.approx(found, rel=1e-4) and [*csv.index] == [*more["future"]]
    for table, said in ((rows[-9:], "9 steps are too few"), (rows_of(100, "D"), "from M to D")):
        assert said in failure(go_on.main, [run, str(write(newer, table))])


class Known:
    """A forecast that knows the truth and errs by another number in each part: errors tell it."""

    parameters, enough = 0, lambda *_: True

    def __init__(self, **errors):
        self.errors, self.fitted = errors, []

    def fit(self, data):
        self.data = data
        self.fitted.append(data.starts["train"])
        return self

    refit = fit

    def settle(self, other):
        assert other is not self

    def predict(self, starts):
        truth = reader.windows(np.nan_to_num(self.data.series.values, nan=100), starts, 2)
        for part, error in self.errors.items():
            truth[np.isin(starts, self.data.starts[part])] -= error
        return truth


def test_forecast_chooses_by_validation_and_scores_the_test_part(four, monkeypatch, tmp_path):
    known, drawn = {"other": Known(validation=3, test=1), "good": Known(validation=2, test=4)}, {}
    monkeypatch.setattr(forecast, "make_methods", lambda *_: known)
    monkeypatch.setattr(forecast, "load_traffic", lambda _: four)
    monkeypatch.setattr(forecast, "draw", lambda shown, *_: drawn.update(shown))
    monkeypatch.setattr(rolling, "LONG", 0)
    results = forecast.main(["--horizon", "2", "--outputs", str(tmp_path)])
    for name, method in known.items():
        for part, error in method.errors.items():
            assert results["methods"][name][part]["mean"] == error
    assert results["best"] == results["recommended"] == "good"
    assert results["behind"]["other"]["mean"] == 1 - 4 and (drawn["good"][1] == 4).all()
    # At the first origins of the test part, no error of 4 is known yet: the interval is too narrow.
    assert 0.75 < results["holds"]["mean"] < 0.9
    assert list(results["future"].values()) == [[100 - 4, 100 - 8, 100]] * 2
    (first,), (second, last) = (known[name].fitted for name in ("other", "good"))
    assert first[-1] + 2 == second[-1] + 2 == four.cuts[0] and last[-1] + 2 == 800


def fake_fit(monkeypatch):
    """Let networks learn nothing, the second epoch be the best; return [(arrays, settings)]."""
    given = []

    def fit(model, x, y, **settings):
        given.append(([*x, y], settings))
        model.history = SimpleNamespace(history={"val_loss": [2, 1, 3]})
        return model.history

    monkeypatch.setattr(keras.Model, "fit", fit)
    return given


@pytest.mark.parametrize(
    ("name", "part"),
    [("ridge", "test"), *[(x, "validation") for x in ("ridge", "gradient_boosting", "perceptron")]],
)
def test_what_is_learned_comes_from_before(four, monkeypatch, name, part):
    """Nothing is fitted to what follows, and nothing chosen by the test part."""
    if part == "validation":
        for place, grid in ((methods, "ALPHAS"), (networks, "LEARNING_RATES")):
            monkeypatch.setattr(place, grid, [0.1])  # no choice
        monkeypatch.setattr(methods, "TREES", {"max_leaf_nodes": [3]})
    given, said, random = fake_fit(monkeypatch), [], np.random.default_rng(1)
    four.values += random.normal(0, 0.1, 800).astype("float32")
    for _ in range(2):
        data = Data(four, history=4, horizon=2)
        method = forecast.make_methods(four)[name].fit(data)
        network = name == "perceptron"  # has not learned: what it was given tells
        said.append(given[-1][0] if network else [method.predict(data.starts["train"])])
        begin = data.starts[part][0]
        four.values[begin:] = random.normal(0, 9, 800 - begin)
    for one, other in zip(*said, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_best_epoch_is_kept_and_as_many_train_again(four, monkeypatch):
    given, data = fake_fit(monkeypatch), Data(four, history=4, horizon=2)
    networks.Network(networks.perceptron).fit(data).refit(Data(four.extended(2), 4, 2))
    (_, first), *_, (_, again) = given
    (stopping,) = first["callbacks"]
    assert stopping.monitor == "val_loss" and stopping.restore_best_weights
    assert again["epochs"] == 2 and "validation_data" not in again


def zeros(data):
    """Return a way that always says 0: its errors are the values."""
    return SimpleNamespace(data=data, predict=lambda starts: np.zeros((len(starts), data.horizon)))


def test_an_interval_knows_the_errors_before_its_origin_and_no_other(four, monkeypatch):
    """Of rising errors it is as wide as the last one, as the fourth of four."""
    monkeypatch.setattr(intervals, "SEASONS", 1)
    monkeypatch.setattr(intervals, "LEAST", 4)  # origins: few, so that each one counts
    four.values[:] = np.arange(800)
    way = zeros(Data(four, history=4, horizon=2))
    starts = way.data.starts["test"]
    high = intervals.Conformal(way).predict(starts)[..., 2]
    np.testing.assert_array_equal(high, np.tile(starts[:, None] - 1, (1, 2)))
    # Of the validation part alone, 119 windows: the 96th smallest error of each step ahead.
    assert [*intervals.Conformal(way, once=True).predict(starts)[-1, :, 2]] == [655, 656]


def test_the_error_to_come_is_one_more():
    found = intervals.find_widths([4, 1, np.nan, 3, 2, 6, 5, 9, 8, 7], newest=9)
    np.testing.assert_array_equal(found, [np.nan] * 4 + [4, 6, 6, 9, 9, 9])
    assert intervals.find_widths(range(1, 10), newest=9)[-1] == 8


def test_an_interval_that_does_not_hold_is_not_shown(four):
    four.values[:] = np.random.default_rng(1).normal(0, 1, 800)
    for times in (1, 5):
        four.values[720:] *= times
        data = Data(four, history=4, horizon=2)
        way = intervals.Conformal(zeros(data))
        method = SeasonalNaive(4).fit(Data(four.extended(2), 4, 2))
        table = future.look_ahead(method, way.widths, intervals.count_inside(way))
        assert ("low" in table) == (times == 1)


def test_the_scaled_error_compares_observed_seasons(four):
    four = replace(four, cuts=(8, 12))
    four.values[:8], four.observed[1] = [1, 2, 3, 5, 2, 90, 6, 9], False
    assert Data(four, 4, 1).mean_change() == (pytest.approx(8 / 3), 4)
    four.cuts = 4, 12  # no two seasons: 3 and 5 alone are neighbours
    assert Data(four, 4, 1).mean_change() == (2, 1)


def test_settings_are_chosen_before_the_first_origin(four):
    random, found = np.random.default_rng(1), []
    four.values += random.normal(0, 0.1, 800).astype("float32")
    for _ in range(2):
        found.append(rolling.Rolled(methods.Linear(), Data(four, 4, 2), 1).method.tuned)
        four.values[four.cuts[0] :] = random.uniform(1, 9, 240)
    assert found[0] == found[1]


class Means:
    """A network that has learned the mean of each step ahead."""

    grid = ()

    def fit(self, data):
        self.data, targets = data, data.targets(data.starts["train"])
        self.mean = targets.mean(axis=0)
        return self

    refit = fit

    def predict(self, starts):
        return self.data.unscaled(np.tile(self.mean, (len(starts), 1)), starts)


def test_a_network_for_all_knows_no_later_value():
    random, said = np.random.default_rng(1), []
    each = [four_steps(), four_steps(skipped=9)]
    for begin in (None, 680, 560):
        for series in each:
            series.values[begin or 800 :] = random.uniform(1, 9, len(series.values[begin or 800 :]))
        both = [Data(series, 4, 2) for series in each]
        said.append(together.roll_together(Means(), both)[1].predict(np.arange(560, 700)))
    np.testing.assert_array_equal(said[0][:121], said[1][:121])  # up to step 680
    np.testing.assert_array_equal(said[0][:1], said[2][:1])
    assert (said[0][1:] != said[2][1:]).all()


@pytest.mark.parametrize(("name", "step", "count", "few"), [
    ("ridge_with_dummies", "D", 1200, 400), ("exponential_smoothing", "MS", 120, 30),
])  # fmt: skip
def test_a_run_goes_on_from_a_file_that_is_shorter(load, tmp_path, name, step, count, few):
    """The season of a year is kept, and so is the form of exponential smoothing."""
    random = np.random.default_rng(1)
    values = (100 + 20 * np.sin(np.arange(count) * np.pi / 6)) * random.lognormal(0, 0.02, count)
    rows = rows_of(count, step, values=values)
    table = make_run(name, load(rows), tmp_path, horizon=12)
    kept = go_on.load_kept(tmp_path)
    more = go_on.continue_with(kept, load(rows[-few:], seasons=kept["seasons"]), tmp_path)
    np.testing.assert_allclose(more["forecast"], table["forecast"], rtol=0.2)
    assert np.ptp(more["forecast"]) > 20


def many_rows(skipped=()):
    """Return rows (shop, time, value) of three shops with one season, at three levels."""
    rows = []
    for shop in range(3):
        values = 100 * (1 + shop) * np.tile([1, 2, 3, 5], 20)
        values = values * np.random.default_rng(shop).lognormal(0, 0.02, 80)
        days = pd.date_range("2020-01-01", periods=80, freq="QS")
        rows += [(f"00{shop}", day, value) for day, value in zip(days, values, strict=True)]
    return pd.DataFrame(rows, columns=["shop", "time", "value"])


def test_what_is_together_is_what_each_one_is(load):
    """And the network for all sees no series in the windows of another one."""
    each = []
    for shop in range(3):
        series = load(rows_of(40, "QS", values=np.random.default_rng(shop).normal(size=40)))
        each.append(Data(series, history=4, horizon=2))
    both = together.Together(each)
    starts = both.starts["train"]
    for name in ("past", "known", "targets"):
        own = [getattr(data, name)(data.starts["train"]) for data in each]
        np.testing.assert_array_equal(getattr(both, name)(starts), np.concatenate(own))
    few = np.array([starts[0], starts[-1]])
    truth = [each[0].series.values[few[:1, None] + [0, 1]]]
    truth.append(each[2].series.values[few[1:, None] - both.offsets[2] + [0, 1]])
    found = both.unscaled(both.targets(few), few)
    np.testing.assert_allclose(found, np.concatenate(truth), rtol=1e-4)


NAMES = ["4_steps_ago_with_drift", "exponential_smoothing", "ridge_with_dummies"]


def test_each_of_many_series_gets_its_forecast(run_main, recorder, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(networks, "LEARNING_RATES", [0.01])
    monkeypatch.setattr(many, "REFITS", 1)
    ask = many.recommend
    instead = lambda errors, data: (many.NETWORK if ask(errors, data) else "", "", "")  # noqa: E731
    monkeypatch.setattr(many, "recommend", instead)
    table = many_rows()
    table = table.drop(table.index[160:186])  # the third shop begins late
    short, odd = table[:20].assign(shop="003"), table[:80].assign(shop="004")
    odd["time"] = pd.date_range("2020-01-01", periods=80)
    pd.concat([table, short, odd, table[:1].assign(shop="")]).to_csv(tmp_path / "shops.csv")
    options = ["--data", tmp_path / "shops.csv", *COLUMNS, "--by", "shop", "--horizon", 2]
    _, results = run_main("forecasts/many.py", *options, "--epochs", 12)
    recorder.results.append(results)
    out = capsys.readouterr().out
    assert all(f"Left out, 00{shop}: " in out for shop in (3, 4)) and "1 rows without a shop" in out
    assert results["behind"]["4_steps_ago"] == 3 > results["behind"]["ridge_with_dummies"] == 2
    assert results["series"] == 3
    said = pd.read_csv(tmp_path / "run" / "forecasts.csv", dtype={"shop": str})
    assert [*said["shop"]] == [f"00{shop}" for shop in range(3) for _ in range(2)]
    assert [*said["time"][:2]] == ["2040-01-01", "2040-04-01"]
    recorder.results.append(said["forecast"].tolist())


def test_what_is_forecast_of_a_series_is_on_file(recorder, monkeypatch, tmp_path):
    """By each kind of method; the network does not learn, the horizon is longer than a season."""
    monkeypatch.setattr(networks, "LEARNING_RATES", [0.01])
    monkeypatch.setattr(rolling.Rolled.__init__, "__defaults__", (2,))  # refits
    monkeypatch.setattr(methods, "TREES", {"max_leaf_nodes": [3]})
    boosting, few = methods.HistGradientBoostingRegressor, {"max_iter": 20}
    monkeypatch.setattr(methods, boosting.__name__, lambda **how: boosting(**how | few))
    monkeypatch.setattr(Figure, "savefig", lambda _, path, **__: path.touch())
    step, random = np.arange(90), np.random.default_rng(1)
    values = (50 + step) * (1 + 0.3 * np.sin(np.pi * step / 2)) * random.lognormal(0, 0.05, 90)
    rows = without(rows_of(90, "QS", values=values), (20, 50, 51, 77))
    (tmp_path / "days.txt").write_text("2025-05-01\n2040-08-02")
    options = ["--data", write(tmp_path / "a.csv", rows), *COLUMNS, "--horizon", 5, "--seeds", 2]
    options += ["--holidays", tmp_path / "days.txt", "--methods", NAMES[0], NAMES[2]]
    others = ["exponential_smoothing", "gradient_boosting", "GRU"]
    for more in (others, ["--log"]):
        folder = tmp_path / more[0]
        results = forecast.main([*map(str, [*options, *more, "--outputs", folder])])
        table = [*results.pop("future").values()]
        recorder.results += [results, np.array(table).T.tolist()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("log", [False, True])
def test_at_each_origin_a_method_knows_what_came_before_and_no_more(four, name, log):
    """And it is fitted again: what it says rises with a series that begins to rise."""
    random, said = np.random.default_rng(1), []
    four.log = log
    four.values += random.normal(0, 0.1, 800).astype("float32")
    four.values[600:] += np.arange(200) / 20
    for _ in range(2):
        data = Data(four, history=4, horizon=2)
        rolled = rolling.Rolled(forecast.make_methods(four)[name], data, refits=2)
        said.append(rolled.predict(np.arange(560, 701)))
        four.values[700:] = random.uniform(1, 9, 100)
    np.testing.assert_array_equal(*said)
    truth = reader.windows(four.values, np.arange(690, 699), 2)
    assert np.abs(said[0][130:139] - truth).mean() < 0.7


def test_pinball_is_least_at_the_quantiles():
    truth = np.random.default_rng(0).normal(size=(5_000, 1)).astype("float32")
    right, losses = np.quantile(truth, quantiles.QUANTILES), []
    for change in ([0, 0, 0], [0.3, 0, 0], [0, 0.3, 0], [0, 0, -0.3]):
        said = np.tile((right + change).astype("float32"), (len(truth), 1))
        losses.append(float(quantiles.pinball(truth, keras.ops.convert_to_tensor(said))))
    assert losses[0] < min(losses[1:])


def test_the_leak_is_one_and_is_scored_on_the_test_part(four, monkeypatch, tmp_path):
    """Windows held out at random overlap with those that train; those held out in time do not."""
    made = [Known(train=1, validation=2, test=4) for _ in range(6)]
    ready = iter(made)
    for name in ("Network", "Boosting"):
        monkeypatch.setattr(leakage, name, lambda *_: next(ready))
    monkeypatch.setattr(leakage, "HORIZON", 2)
    monkeypatch.setattr(leakage, "load_traffic", lambda: four)
    four.values[700:] += 1
    results = leakage.main(["--seeds", "1", "--outputs", str(tmp_path)])
    leaky, starts = leakage.split_at_random(four)
    assert results.pop("windows") == len(starts) and (starts >= four.cuts[1]).all()
    assert np.isin(starts + 1, leaky.starts["train"]).mean() > 0.5
    assert not np.isin(starts, leaky.starts["train"]).any()
    assert all(errors["mean"] == 4 for way in results.values() for errors in way.values())
    honest = [method.fitted[0].max() + 2 <= four.cuts[0] for method in made]
    assert honest == [True, True, False, False, True, True]
    assert made[4].data.mean == four.values.mean() != made[0].data.mean
