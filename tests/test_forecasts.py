"""Forecasts: none knows the future, bad tables are told, and the simple methods are fair."""

import copy
import json
import pickle
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import failure, spoilt

from book.pages import computed_tables
from utils.runs import load_results

# The series


def write(path, rows):
    path.write_text("time,value\n" + "".join(f"{time},{value}\n" for time, value in rows))
    return path


def hours(count, start="2024-01-01", step="h"):
    times = pd.date_range(start, periods=count, freq=step)
    return [(time, 100 + 10 * (number % 24)) for number, time in enumerate(times)]


@pytest.fixture
def series(load_script):
    return load_script("forecasts/series.py")


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
    methods = load_script("forecasts/methods.py")
    data = methods.Data(series.load_traffic(), history=48, horizon=24)
    last = {part: starts[-1] + 23 for part, starts in data.starts.items()}  # last step forecast
    validation, test = data.series.cuts
    assert last["train"] == validation - 1 and data.starts["validation"][0] == validation
    assert last["validation"] == test - 1 and data.starts["test"][0] == test
    assert last["test"] == len(data.series.values) - 1


def test_no_input_knows_the_future(series, load_script):
    """Other values from the first step of a forecast on change nothing that a method sees."""
    methods = load_script("forecasts/methods.py")
    traffic = series.load_traffic()
    start = np.array([traffic.cuts[1] + 100])
    trees = methods.Boosting()

    def see():
        data = trees.data = methods.Data(traffic, history=48, horizon=24)
        naive = methods.SeasonalNaive(24).fit(data).predict(start)
        return data.past(start), data.known(start), trees.inputs(start), naive

    before = see()
    traffic.values[start[0] :] = -1e6
    for old, new in zip(before, see(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_trees_do_not_look_back_beyond_the_beginning(load_script, monkeypatch):
    """They see the last three values; before the first of all there are none, not the last ones."""
    methods, seen = load_script("forecasts/methods.py"), []
    monkeypatch.setattr(methods, "HistGradientBoostingRegressor", lambda **_: trees)
    trees = SimpleNamespace(fit=lambda x, y: seen.append(x))
    series = methods_series(load_script)
    series.seasons = (1,)
    for last in (5, 1e6):
        series.values[-1] = last  # in the test part
        methods.Boosting().fit(methods.Data(series, history=2, horizon=1))
    np.testing.assert_array_equal(*seen)


def test_gaps_are_filled_from_the_past_only(series):
    values = np.arange(20.0)
    values[[0, 3, 10, 11]] = np.nan
    filled = series.repair.fill(values.copy(), seasons=(5,))
    assert list(filled[[0, 3, 10, 11]]) == [1, 2, 5, 6]
    later = values.copy()
    later[12:] = 1_000
    np.testing.assert_array_equal(series.repair.fill(later, seasons=(5,))[1:12], filled[1:12])
    values[[0, 5]] = np.nan  # a season after a gap at the start
    assert list(series.repair.fill(values.copy(), seasons=(5,))[[0, 5]]) == [1, 1]


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
    ("texts", "marks", "numbers"),
    [
        (["1.282", "985"], (".", None), [1282, 985]),
        (["1.282,5", "985"], (".", ","), [1282.5, 985]),
        (["1,282.5", "985"], (",", None), [1282.5, 985]),
        (["1 282 000", "985"], (" ", None), [1_282_000, 985]),
        (["1282,5", " 985"], (None, ","), [1282.5, 985]),
        (["1.282", "985"], (None, "."), [1.282, 985]),
        (["1.282", "1.25", "985"], (None, None), [1.282, 1.25, 985]),
        (["1.282", "0.985", "3"], (None, None), [1.282, 0.985, 3]),
        (["1.282", "9.850"], (None, None), "say --thousands . or --decimal ."),
        (["1.282", "985"], (".", "."), "cannot both be"),
        (["1.282", "985"], (None, None), "say --thousands . or --decimal ."),
        (["985", "-1,282"], (None, None), "say --thousands , or --decimal ,"),
        (["985", "1.282,50"], (None, None), "row 3: '1.282,50' is not a number"),
        (["985", "1.28"], (".", None), "row 3: '1.28' is not a number"),
    ],
)
def test_marks_in_numbers_are_not_guessed(series, texts, marks, numbers):
    column = pd.Series(texts, dtype=str)
    if isinstance(numbers, str):
        assert numbers in failure(series.repair.parse_values, column, *marks)
    else:
        assert series.repair.parse_values(column, *marks).tolist() == numbers


def test_days_that_have_no_value_yet_are_cut_off(series, tmp_path):
    rows = hours(100, step="D")
    rows += [(time, "") for time, _ in hours(14, rows[-1][0] + pd.Timedelta("1D"), "D")]
    found = series.load_series(write(tmp_path / "a.csv", rows), "time", "value")
    assert len(found.values) == 100 and found.observed.all()
    note = "The last value is of 2024-04-09: rows after it that were cut: 14."
    assert note in found.notes


@pytest.mark.parametrize(
    ("step", "name", "seasons"),
    [("D", "daily", (7,)), ("W", "weekly", (52,)), ("MS", "monthly", (12,))],
)
def test_the_step_is_found(series, tmp_path, step, name, seasons):
    found = series.load_series(write(tmp_path / "a.csv", hours(150, step=step)), "time", "value")
    assert name in found.notes[0] and found.seasons == seasons
    assert len(found.values) == 150 and found.observed.all()


@pytest.mark.parametrize(
    ("start", "words"), [("2024-03-30", "1 steps"), ("2024-10-26", "1 rows repeat")]
)
def test_of_times_with_a_zone_the_clock_that_is_written_counts(series, tmp_path, start, words):
    times = pd.date_range(start, periods=72, freq="h", tz="Europe/Berlin")
    zoned = [(time.isoformat(), number) for number, time in enumerate(times)]
    plain = [(time.tz_localize(None), number) for number, time in enumerate(times)]
    found, expected = (
        series.load_series(write(tmp_path / "a.csv", rows), "time", "value")
        for rows in (zoned, plain)
    )
    assert "time zone" in found.notes[1] or "time zone" in found.notes[0]
    assert found.times.equals(expected.times)
    assert all(words in " ".join(one.notes) for one in (found, expected))
    np.testing.assert_array_equal(found.values, expected.values)


def test_zones_as_databases_write_them(series, tmp_path):
    zoned = [(f"{time}+00", number) for number, (time, _) in enumerate(hours(72))]
    path = write(tmp_path / "a.csv", zoned)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = series.load_series(path, "time", "value")
    assert str(found.times[0]) == str(hours(72)[0][0]) and found.times.tz is None
    zone_within = [(time.strftime("%H:%M +0200 %d.%m.%Y"), value) for time, value in hours(72)]
    path = write(tmp_path / "b.csv", zone_within)
    with pytest.raises(SystemExit, match="the zone should stand at the end"):
        series.load_series(path, "time", "value", date_format="%H:%M %z %d.%m.%Y")


def test_few_windows_are_told(series, load_script, tmp_path, capsys):
    methods = load_script("forecasts/methods.py")
    for count, told in ((700, True), (12_000, False)):
        one = series.load_series(write(tmp_path / "a.csv", hours(count)), "time", "value")
        methods.check_length(methods.Data(one, history=48, horizon=1))
        assert ("Few windows" in capsys.readouterr().out) == told
    one.observed[one.cuts[0]] = False  # the last time that a window has it as its first step
    data = methods.Data(one, history=48, horizon=one.cuts[1] - one.cuts[0] - 2)
    assert "the validation part has values in 2 of its windows" in failure(
        methods.check_length, data
    )


def test_steps_that_never_have_a_value_are_no_gaps(series, tmp_path):
    closed = [(time, "" if time.day_of_week == 6 else n) for n, (time, _) in enumerate(days(200))]
    with pytest.raises(
        SystemExit, match="2026-01-11 and each 7 steps later there is hardly ever a value"
    ):
        series.load_series(write(tmp_path / "a.csv", closed), "time", "value")
    workdays = [(time, n) for time, n in closed if time.day_of_week < 5]
    with pytest.raises(SystemExit, match="each 7 steps later there is hardly ever a value"):
        series.load_series(write(tmp_path / "a.csv", workdays), "time", "value")
    some = [(time, "" if n % 11 == 0 else n) for n, (time, _) in enumerate(days(200))]
    assert (
        "have no value"
        in series.load_series(write(tmp_path / "a.csv", some), "time", "value").notes[1]
    )


def test_several_series_in_one_table_are_refused(series, tmp_path):
    shops = [(time, n + shop) for n, (time, _) in enumerate(days(100)) for shop in (0, 500)]
    with pytest.raises(SystemExit, match="take sums or means first"):
        series.load_series(write(tmp_path / "a.csv", shops), "time", "value")


def days(count):
    return [(time, None) for time in pd.date_range("2026-01-05", periods=count)]


def with_gap(first, last, count=1000):
    """Return hourly rows that have no value from one share of the series to another."""
    gap = range(round(first * count), round(last * count))
    rows = enumerate(hours(count))
    return [(time, "" if i in gap and i < count - 1 else i % 24) for i, (time, _) in rows]


def dated(*formats, step="D", count=400):
    """Return rows from 5 January 2024 on; from row 302 on, their times have the last format."""
    times = pd.date_range("2024-01-05", periods=count, freq=step)
    return [(time.strftime(formats[-(i >= 300)]), i % 7) for i, time in enumerate(times)]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%d %b %Y"])
def test_a_column_has_one_format_found_from_all_rows(series, tmp_path, form):
    """Row by row, 05/01 would be in May, and 13/01 in January."""
    found = series.load_series(write(tmp_path / "a.csv", dated(form)), "time", "value")
    assert (found.times == pd.date_range("2024-01-05", periods=400)).all()
    assert f"The times were read as {form}." in found.notes
    monthly = write(tmp_path / "a.csv", dated(form, step="MS"))
    found = series.load_series(monthly, "time", "value", date_format=form)
    assert (found.times == pd.date_range("2024-02-01", periods=400, freq="MS")).all()
    with pytest.raises(SystemExit, match=r"^\S+: --date-format %Q: .* bad directive"):
        series.load_series(monthly, "time", "value", date_format="%Q")


THOUSANDS = [
    (time, f"{900 + n % 200:,}".replace(",", ".")) for n, (time, _) in enumerate(days(400))
]
BAD = [
    ("nothing", [], "0 rows are too few"),
    ("text", [*hours(300)[:40], ("2024-01-02 16:00", "n/k")], "row 42: 'n/k' is not a number"),
    ("thousands", THOUSANDS, "1.000 may be thousands or have three decimals: say"),
    ("times", [*hours(40), ("soon", 3)], "row 42: 'soon' is not a time"),
    ("constant", [(time, 5) for time, _ in hours(300)], "every value is 5"),
    ("one time", [("2024-01-01", number) for number in range(9)], "the same time"),
    ("minutes", hours(300, step="5min"), "should be hourly, daily, weekly, monthly"),
    ("holes", hours(300)[:100] + hours(900)[700:], "too many"),
    ("short", hours(180), "180 steps are too few"),
    (
        "constant past",
        [(time, int(i > 250)) for i, (time, _) in enumerate(hours(300))],
        "for training",
    ),
    ("huge", [(time, 1e39 * (i % 7)) for i, (time, _) in enumerate(hours(300))], "32 bits"),
    ("tiny", [(time, 1e-40 * (i % 7)) for i, (time, _) in enumerate(hours(300))], "32 bits"),
    ("far away", [*hours(600)[:500], (hours(600)[500][0], 1e30)], "1e+30 is far from all others"),
    ("first is far", [(hours(300)[0][0], 1e9), *hours(300)[1:]], "1e+09 is far from all others"),
    ("one zone", [*hours(40), ("2024-02-01 00:00+01:00", 3)], "row 42: '2024-02-01 00:00+01:00'"),
    ("no test part", with_gap(0.84, 1), "the test part has values in 1 of its"),
    ("no validation part", with_gap(0.69, 0.86), "the validation part has values in 0 of"),
    ("US and Europe", dated("%d/%m/%Y", "%m/%d/%Y"), "row 302: '10/31/2024' is not a time such as"),
    ("first of months", dated("%d/%m/%Y", step="MS"), 'no row decides it. Say --date-format "%d/%'),
]


@pytest.mark.parametrize(("rows", "message"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_table_ends_with_one_line(load_script, tmp_path, rows, message):
    forecast = load_script("forecasts/forecast.py")
    path = write(tmp_path / "a.csv", rows)
    options = ["--data", str(path), "--time", "time", "--value", "value"]
    assert message in failure(forecast.main, options)


def test_a_wrong_file_or_column_ends_with_one_line(load_script, tmp_path):
    forecast = load_script("forecasts/forecast.py")
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
        with pytest.raises(SystemExit, match=r"^2$"):
            forecast.main(options)


# The methods and the scores


@pytest.fixture
def monthly(tmp_path):
    random, month = np.random.default_rng(1), np.arange(120)
    values = 100 + 20 * np.sin(2 * np.pi * month / 12) + month + random.normal(0, 1, 120)
    times = pd.date_range("2014-01-01", periods=120, freq="MS").strftime("%Y-%m")
    return write(tmp_path / "sold.csv", zip(times, values.round(2), strict=True))


@pytest.mark.slow
def test_a_series_of_the_reader_from_end_to_end(
    run_main, load_script, monkeypatch, monthly, tmp_path, capsys
):
    monkeypatch.setattr(load_script("forecasts/window_networks.py"), "JIT", "auto")
    options = ["--data", monthly, "--time", "time", "--value", "value", "--horizon", 3]
    names = ["last_value", "12_steps_ago", "ridge", "ridge_with_dummies", "gradient_boosting"]
    options += ["--methods", *names, "perceptron", "--epochs", 1]
    _, results = run_main("forecasts/forecast.py", *options)
    printed = capsys.readouterr().out
    methods = results["methods"]
    assert len(methods) == 6 and all(method["test"]["mean"] > 0 for method in methods.values())
    # A trend and a season, and hardly any noise: a weighted sum finds them, a copy does not.
    assert methods["ridge"]["test"]["mean"] < 5 < methods["12_steps_ago"]["test"]["mean"]
    assert results["recommended"] == "ridge"
    assert "Recommended, the simplest not shown to be worse: ridge." in printed
    assert all(name.replace("_", " ") in printed for name in methods)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "results.json", "forecast_3.png", "horizon_3.png",
        "forecast.csv", "forecast.json", "forecast.npy",
    }  # fmt: skip
    assert methods["last_value"]["parameters"] == 0


def test_a_forecast_lies_within_its_interval(run_main, tmp_path, capsys):
    """Also where a method always says too little, as the last season of a growing series does."""
    month = np.arange(144)
    values = np.exp(month / 100) * (100 + 20 * np.sin(2 * np.pi * month / 12))
    times = pd.date_range("2012-01-01", periods=144, freq="MS")
    path = write(tmp_path / "grows.csv", zip(times, values, strict=True))
    options = ["--data", path, "--time", "time", "--value", "value", "--horizon", 12]
    run_main("forecasts/forecast.py", *options, "--methods", "last_value", "12_steps_ago")
    said = capsys.readouterr().out
    rows = re.findall(r"^[-\d]+: (\S+) \((\S+) to (\S+)\)$", said, re.MULTILINE)
    assert len(rows) == 12
    assert all(float(low) <= float(middle) <= float(high) for middle, low, high in rows)
    assert "Too few windows to be sure: 11, and not the 240 of ten blocks." in said
    assert "Do not rely on this interval: it should have held in about 80%." in said


def test_intervals_and_the_recommendation(load_script):
    scores, methods = load_script("forecasts/scores.py"), load_script("forecasts/methods.py")
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


def test_what_was_not_observed_is_not_scored(load_script):
    """A filled value agrees with what a copy of the season forecasts: it would look like skill."""
    scores, methods = load_script("forecasts/scores.py"), load_script("forecasts/methods.py")
    series = methods_series(load_script)
    series.values[700], series.observed[701] = 50, False
    data = methods.Data(series, history=4, horizon=3)
    method = methods.SeasonalNaive(4).fit(data)
    errors = scores.absolute_errors(method, np.array([695, 699]))
    np.testing.assert_allclose(errors, [[0, 0, 0], [0, 49, np.nan]])


def test_windows_that_follow_each_other_are_drawn_together(load_script):
    """Four windows with the same error are not four pieces of evidence."""
    scores, methods = load_script("forecasts/scores.py"), load_script("forecasts/methods.py")
    data = methods.Data(methods_series(load_script), history=4, horizon=1)
    alike = np.random.default_rng(0).normal(10, 1, 125).repeat(4)[:, None]
    mixed = np.random.default_rng(1).permutation(alike)
    wide, narrow = (scores.bootstrap(errors, data) for errors in (alike, mixed))
    assert wide["mean"] == pytest.approx(narrow["mean"])
    assert wide["high"] - wide["low"] > 1.6 * (narrow["high"] - narrow["low"])  # about twice


def methods_series(load_script, skipped=0):
    """Return a short Series with a season of 4 steps, without the first ones."""
    series = load_script("forecasts/series.py")
    values = np.tile([1, 2, 3, 5], 200).astype("float32")[skipped:]
    times = pd.date_range("2024-01-01", periods=800, freq="D")[skipped:]
    holiday = np.zeros(len(values), "float32")
    return series.Series(times, values, values > 0, (4,), holiday, (560, 680), [])


@pytest.mark.parametrize("horizon", [1, 6])
def test_the_seasonal_naive_repeats_the_season(load_script, horizon):
    methods = load_script("forecasts/methods.py")
    data = methods.Data(methods_series(load_script), history=4, horizon=horizon)
    starts = data.starts["test"]
    forecast = methods.SeasonalNaive(4).fit(data).predict(starts)
    truth = data.unscaled(data.targets(starts), starts)
    np.testing.assert_allclose(forecast, truth, rtol=1e-5)
    last = methods.SeasonalNaive(1).fit(data).predict(starts)
    assert (last == data.series.values[starts - 1][:, None]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "horizon"),
    [
        ("ridge", 1), ("ridge_with_dummies", 3),
        ("gradient_boosting", 1), ("gradient_boosting", 3),
        ("perceptron", 3), ("dilated_convolution", 3), ("GRU", 3), ("LSTM", 3),
    ],
)  # fmt: skip
def test_every_method_learns_a_season(load_script, monkeypatch, name, horizon):
    script = load_script("forecasts/forecast.py")
    if name != "GRU":  # one with XLA, which takes longer to compile a network than it saves here
        monkeypatch.setattr(script.networks, "JIT", "auto")
    data = script.Data(methods_series(load_script), history=4, horizon=horizon)
    method = script.make_methods(data.series)[name].fit(data)
    starts = data.starts["test"]
    forecast = method.predict(starts)
    error = np.abs(forecast - data.unscaled(data.targets(starts), starts)).mean()
    assert forecast.shape == (len(starts), horizon)
    assert method.parameters is None or method.parameters > data.horizon
    assert error < 0.4  # the mean for everything has 1.1


# What comes next


@pytest.mark.parametrize(
    ("step", "first", "second"),
    [
        ("h", "2024-01-17 16:00:00", "2024-01-17 17:00:00"),
        ("D", "2025-02-04 00:00:00", "2025-02-05 00:00:00"),
        ("W-WED", "2031-09-03 00:00:00", "2031-09-10 00:00:00"),
        ("MS", "2057-05-01 00:00:00", "2057-06-01 00:00:00"),
    ],
)
def test_the_calendar_goes_on_after_the_last_row(series, tmp_path, step, first, second):
    path = write(tmp_path / "a.csv", hours(400, step=step))
    days = (
        pd.Timestamp(second).normalize() + pd.Timedelta(days={"MS": 1, "W-WED": -2}.get(step, 0)),
    )
    found = series.load_series(path, "time", "value", days=days)
    if step == "W-WED":
        assert str(found.times[0]) == "2024-01-03 00:00:00"  # as in the table
    longer = found.extended(2)
    assert [str(time) for time in longer.times[-2:]] == [first, second]
    assert np.isnan(longer.values[-2:]).all() and not longer.observed[-2:].any()
    same_day = first[:10] == second[:10]
    assert list(longer.holiday[-2:]) == [float(same_day), 1] and len(found.values) == 400
    assert list(longer.starts("test", history=9, horizon=2)) == [400]
    assert longer.starts("train", history=9, horizon=2)[-1] == 398
    assert len(longer.starts("validation", history=9, horizon=2)) == 0


def test_holidays_are_known_beyond_the_end_of_the_traffic(series):
    longer = series.load_traffic().extended(24 * 60)
    days = set(longer.times[longer.holiday == 1].normalize().astype(str))
    assert {"2018-09-03", "2018-10-08", "2018-11-22"} <= days  # Labor and Columbus, Thanksgiving


READ = ["time", "value", None, None]  # its columns and marks


@pytest.mark.parametrize("name", ["4_steps_ago", "ridge_with_dummies", "gradient_boosting"])
def test_the_future_is_forecast_and_a_run_goes_on(load_script, tmp_path, name):
    """From a file that begins later, too: what counts is the step of the season."""
    script, future = load_script("forecasts/forecast.py"), load_script("forecasts/future.py")
    data = script.Data(methods_series(load_script), history=4, horizon=6)
    method = script.make_methods(data.series)[name].fit(data)
    table, holds = future.forecast_future(name, method, READ, tmp_path)
    np.testing.assert_allclose(table["forecast"], [1, 2, 3, 5, 1, 2], atol=0.3)
    assert (table["low"] <= table["high"]).all() and 0 <= holds["mean"] <= 1
    assert str(table.index[0]) == "2026-03-11 00:00:00"  # after 800 days
    kept = future.load_kept(tmp_path)
    newer = methods_series(load_script, skipped=101)
    new = script.make_methods(newer)[name]
    if name == "gradient_boosting":
        said = failure(future.continue_with, {name: new}, kept, newer, tmp_path)
        assert "no trees were kept: forecast NEWER.csv with --methods gradient_boosting" in said
        return
    again = future.continue_with({name: new}, kept, newer, tmp_path)
    np.testing.assert_allclose(again["forecast"], table["forecast"], atol=1e-3)
    np.testing.assert_allclose(again["low"], table["low"], atol=1e-3)
    far = np.full((6, 3), -9.0)  # where no value is negative, no forecast is
    assert (future.look_ahead(new, far)["low"] == 0).all()
    new.data.series.values[0] = -1
    assert (future.look_ahead(new, far)["low"] < 0).all()


def test_few_values_are_printed_and_days_have_no_hour(load_script, tmp_path, capsys):
    future, holds = load_script("forecasts/future.py"), {"mean": 0.8, "low": 0.7, "high": 0.9}
    for unit, steps, first in (("D", 7, "2026-05-01: 0"), ("h", 48, "2026-05-01 00:00: 0")):
        times = pd.date_range("2026-05-01", periods=steps, freq=unit)
        values = np.arange(steps)
        table = pd.DataFrame({"forecast": values, "low": values, "high": values}, index=times)
        found = future.write_table(table, unit, holds, tmp_path)["future"]
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(first) and len(lines) == {7: 8, 48: 4}[steps]
        csv = pd.read_csv(tmp_path / "forecast.csv", index_col="time")
        assert list(csv.index) == list(found) and len(csv) == steps


class Program:
    """Makes a file when a pickle of it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_kept_model_is_opened_as_numbers_alone(load_script, tmp_path):
    script, future = load_script("forecasts/forecast.py"), load_script("forecasts/future.py")
    series = methods_series(load_script)
    method = script.make_methods(series)["ridge"].fit(script.Data(series, history=4, horizon=2))
    table, _ = future.forecast_future("ridge", method, READ, tmp_path)
    good, kept = (tmp_path / "forecast.npy").read_bytes(), future.load_kept(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"forecast.json", "forecast.npy"}
    program = pickle.dumps(Program(tmp_path / "ran"))

    def go_on(content):
        (tmp_path / "forecast.npy").unlink()
        if content is not None:
            (tmp_path / "forecast.npy").write_bytes(content)
        new = {"ridge": script.make_methods(series)["ridge"]}
        return future.continue_with(new, kept, methods_series(load_script), tmp_path)

    def saved(array, **options):
        np.save(tmp_path / "other.npy", array, **options)
        return (tmp_path / "other.npy").read_bytes()

    (tmp_path / "forecast.joblib").write_bytes(program)
    pd.testing.assert_frame_equal(go_on(good), table, check_dtype=False)
    weights = np.load(tmp_path / "forecast.npy")
    bad = [np.full_like(weights, np.nan), weights[:, :-1], weights[:1], weights * 1j]
    bad = [saved(array) for array in [*bad, weights.astype(str), np.array(1)]]
    bad += [program, saved(np.array([Program(tmp_path / "ran")]), allow_pickle=True)]
    for content in [*bad, good[: len(good) // 2], b"", None]:
        assert "has kept cannot forecast" in failure(go_on, content)
    assert not (tmp_path / "ran").exists()
    pickle.loads(program)
    assert (tmp_path / "ran").exists()


def test_what_is_kept_is_whole(load_script, monkeypatch, tmp_path):
    """Where the disk is full, the file of the run before stays."""
    future = load_script("forecasts/future.py")

    def write_half(path, *_):
        path.write_bytes(b"half")
        raise OSError

    monkeypatch.setattr(np, "save", write_half)
    network, ridge = future.Network(None), future.Linear()
    network.model = SimpleNamespace(save=write_half)
    ridge.model = SimpleNamespace(coef_=np.zeros(3), intercept_=np.zeros(1))
    for method, name in ((network, "forecast.keras"), (ridge, "forecast.npy")):
        (tmp_path / name).write_bytes(b"whole")
        with pytest.raises(OSError):
            future.keep_model(method, tmp_path)
        assert [path.name for path in tmp_path.glob("*_partial*")] == []
        assert (tmp_path / name).read_bytes() == b"whole"


def test_a_damaged_run_ends_with_one_line(load_script, monkeypatch, tmp_path, capsys):
    """Or it forecasts numbers: a true in place of a 1 does no harm."""
    script, future = load_script("forecasts/forecast.py"), load_script("forecasts/future.py")
    series, name = methods_series(load_script), "ridge_with_dummies"
    series.days = (series.times[100],)
    method = script.make_methods(series)[name].fit(script.Data(series, history=2, horizon=1))
    future.forecast_future(name, method, READ, tmp_path)
    monkeypatch.setattr(script, "draw_forecasts", lambda *_: None)
    monkeypatch.setattr(script, "save_results", lambda results, *_: results)
    monkeypatch.setattr(script, "load_series", lambda *_: copy.copy(series))
    options = ["--model", str(tmp_path), "--data", "it", "--outputs", str(tmp_path / "run")]
    whole = json.loads((tmp_path / "forecast.json").read_text())
    ended = []
    warnings.simplefilter("error")
    for kept in [whole, *spoilt(whole)]:
        (tmp_path / "forecast.json").write_text(json.dumps(kept))
        try:
            rows = script.main(options)["future"].values()
            assert all(-np.inf < low <= middle <= high < np.inf for middle, low, high in rows)
        except SystemExit as stop:
            assert isinstance(stop.code, str) and "\n" not in stop.code
            ended.append(stop.code)
    assert len(ended) > 310 and sum("no readable forecast.json" in one for one in ended) > 270


def test_a_run_goes_on_from_newer_values_without_training(
    load_script, run_main, monthly, tmp_path, capsys
):
    marked = re.sub(r",(\d+)\.(\d+)$", r',"\1,\2"', monthly.read_text(), flags=re.MULTILINE)
    monthly.write_text(marked)
    options = ["--data", monthly, "--time", "time", "--value", "value", "--decimal", ","]
    options += ["--horizon", 3, "--methods", "last_value", "ridge"]
    script, results = run_main("forecasts/forecast.py", *options)
    run = tmp_path / "run"
    rows = monthly.read_text().splitlines()
    newer = tmp_path / "newer.csv"
    newer.write_text("\n".join([rows[0], *rows[30:]]))
    said = capsys.readouterr().out
    assert "What comes next, by ridge" in said and said.count("\n2024-0") == 3
    options = ["--model", str(run), "--data"]
    again = script.main([*options, str(newer), "--outputs", str(tmp_path / "again")])
    for time, row in results["future"].items():
        assert again["future"][time] == pytest.approx(row, abs=1e-3)
    assert len(again["future"]) == 3 and again["holds"] == results["holds"]
    assert again["method"] == "ridge"
    csv = pd.read_csv(tmp_path / "again" / "forecast.csv", index_col="time")
    assert csv.to_numpy() == pytest.approx(np.array(list(again["future"].values())), rel=1e-4)
    newer.write_text("\n".join([rows[0], *rows[-9:]]))
    daily = write(tmp_path / "daily.csv", hours(100, step="D"))
    for model, file, message in (
        (run, newer, "9 steps are too few: the forecast looks back 24 steps"),
        (run, daily, "the steps have changed from M to D"),
        (tmp_path, newer, "no readable forecast.json"),
    ):
        with pytest.raises(SystemExit, match=message):
            script.main(["--model", str(model), "--data", str(file), "--outputs", str(run)])
    with pytest.raises(SystemExit, match=r"^2$"):
        script.main(["--model", str(run)])
    days = tmp_path / "days.txt"
    days.write_text("25.12.2026")
    options = ["--data", monthly, "--time", "time", "--value", "value", "--holidays", days]
    with pytest.raises(SystemExit, match="does not hold a day such as 2026-12-25"):
        script.main([*map(str, options)])


# Which part of the series goes where


class Known:
    """A forecast that knows the truth and errs by another number in each part: errors tell it."""

    parameters = 0

    def __init__(self, **errors):
        self.errors, self.fitted = errors, []

    def fit(self, data):
        self.data = data
        self.fitted.append(data.starts["train"])
        return self

    refit = fit

    def predict(self, starts):
        steps = starts[:, None] + np.arange(self.data.horizon)
        truth = np.nan_to_num(self.data.series.values[steps], nan=100)
        for part, error in self.errors.items():
            truth[np.isin(starts, self.data.starts[part])] -= error
        return truth


def test_forecast_chooses_by_validation_and_scores_the_test_part(
    load_script, monkeypatch, tmp_path
):
    script, series = load_script("forecasts/forecast.py"), methods_series(load_script)
    methods = {"other": Known(validation=3, test=1), "good": Known(validation=2, test=4)}
    monkeypatch.setattr(script, "make_methods", lambda *_: methods)
    monkeypatch.setattr(script, "load_traffic", lambda _: series)
    monkeypatch.setattr(script, "draw", lambda *_: None)
    results = script.main(["--horizon", "2", "--outputs", str(tmp_path)])
    for name, method in methods.items():
        for part, error in method.errors.items():
            assert results["methods"][name][part]["mean"] == error
    assert results["best"] == results["recommended"] == "good"
    assert results["behind"]["other"]["mean"] == 1 - 4
    # The errors of the validation part, 2, move the forecast; those of the test part, 4, are more.
    assert results["holds"]["mean"] == 0
    assert list(results["future"].values()) == [[100 - 4 + 2] * 3] * 2
    (first,), (second, last) = (methods[name].fitted for name in ("other", "good"))
    assert first[-1] + 2 == second[-1] + 2 == series.cuts[0] and last[-1] + 2 == 800


def test_quantiles_are_counted_on_the_test_part(load_script, monkeypatch, tmp_path):
    script = load_script("forecasts/quantiles.py")
    for name in ("SeasonalNaive", "Linear"):
        monkeypatch.setattr(script, name, lambda *_: Known(validation=2, test=4))
    network = Known(validation=2, test=4)
    around = SimpleNamespace(
        fit=lambda data: setattr(around, "data", network.fit(data).data) or around,
        predict=lambda starts: network.predict(starts)[:, :, None] + np.array([-3, 0, 3]),
    )
    monkeypatch.setattr(script, "QuantileNetwork", lambda *_: around)
    monkeypatch.setattr(script, "load_traffic", lambda: methods_series(load_script))
    monkeypatch.setattr(script, "draw", lambda _: None)
    monkeypatch.setattr(script, "save_figure", lambda *_: None)
    results = script.main(["--seeds", "1", "--horizon", "2", "--outputs", str(tmp_path)])
    for name, width, loss in [("last_week", 0, 1), ("ridge", 0, 1), ("network_1", 6, 1.2)]:
        found = results[name]
        assert found["holds"]["mean"] == 0 and found["width"] == width
        assert found["pinball"] == pytest.approx(loss)
    assert network.fitted[0][-1] + 2 == 560


@pytest.fixture
def counting(load_script):
    """Return Data whose values are the numbers of their steps: what is seen tells when it was."""
    methods, series = load_script("forecasts/methods.py"), methods_series(load_script)
    series.values[:] = np.arange(800)
    return methods, methods.Data(series, history=4, horizon=2)


def begin(data, level):
    """Return the first steps to forecast of windows, from the mean of the four steps before."""
    return np.rint(level * data.deviation + data.mean + 2.5).astype(int)


def test_ridge_is_fitted_on_the_past_and_chosen_by_validation(counting, monkeypatch):
    methods, data = counting
    fitted, asked = [], []

    class Ridge:
        coef_ = np.zeros(1)

        def __init__(self, alpha):
            self.alpha = alpha

        def fit(self, x, y):
            fitted.append((self.alpha, begin(data, x[:, 8]), y))
            return self

        def predict(self, x):
            """Be right in the validation part with 10, in the test part with 100."""
            starts = begin(data, x[:, 8])
            asked.append(starts)
            right = {10: "validation", 100: "test"}.get(self.alpha, "train")
            return data.targets(starts) + ~np.isin(starts, data.starts[right])[:, None]

    monkeypatch.setattr(methods, "Ridge", Ridge)
    ridge = methods.Linear().fit(data)
    for _, starts, y in fitted:
        np.testing.assert_array_equal(starts, data.starts["train"])
        np.testing.assert_array_equal(y, data.targets(starts))
    assert all(np.array_equal(starts, data.starts["validation"]) for starts in asked)
    assert ridge.model.alpha == 10
    whole = methods.Data(data.series.extended(2), 4, 2, (data.mean, data.deviation))
    ridge.refit(whole)
    assert fitted[-1][0] == 10 and list(fitted[-1][1]) == list(range(4, 799))


def test_trees_are_fitted_on_the_past(counting, monkeypatch):
    methods, data = counting
    trees = SimpleNamespace(fit=lambda x, y: seen.append((x, y)))
    seen = []
    monkeypatch.setattr(methods, "HistGradientBoostingRegressor", lambda **_: trees)
    methods.Boosting().fit(data)
    ((x, y),) = seen
    steps = begin(data, x[:, 2]) + x[:, 0].astype(int)
    told = np.rint((y + x[:, 2]) * data.deviation + data.mean)
    np.testing.assert_array_equal(steps, told)  # each value to its own step
    assert sorted(set(told)) == list(range(4, 560))


def test_a_network_is_fitted_on_the_past_and_stopped_by_validation(
    counting, load_script, monkeypatch
):
    (_, data), networks = counting, load_script("forecasts/window_networks.py")
    seen = {}
    model = SimpleNamespace(fit=lambda *xy, **options: seen.update(options, xy=xy))
    model.count_params = lambda: 0
    start = lambda self, *_: setattr(self, "model", model)  # noqa: E731
    monkeypatch.setattr(networks.Network, "start", start)
    networks.Network(networks.perceptron).fit(data)
    for part, (x, y) in {"train": seen["xy"], "validation": seen["validation_data"]}.items():
        starts = begin(data, x[1][:, 0])
        np.testing.assert_array_equal(starts, data.starts[part])
        np.testing.assert_array_equal(y, data.targets(starts))


def test_the_best_epoch_is_kept_and_as_many_train_again(load_script, monkeypatch):
    networks, methods = (
        load_script("forecasts/window_networks.py"),
        load_script("forecasts/methods.py"),
    )
    monkeypatch.setattr(networks, "JIT", "auto")
    data = methods.Data(methods_series(load_script), history=4, horizon=2)
    targets, starts = data.targets, data.starts["validation"]
    # There, the contrary of what is learned is true: its loss rises from the first epoch on.
    data.targets = lambda steps: targets(steps) * (-1 if steps is starts else 1)
    network = networks.Network(networks.perceptron, epochs=2).fit(data)
    losses = network.model.history.history["val_loss"]
    assert losses[1] > losses[0]
    x, y = network.inputs(starts), data.targets(starts)
    assert network.model.evaluate(x, y, verbose=0) == pytest.approx(losses[0], rel=1e-4)
    seen = {}
    model = SimpleNamespace(fit=lambda *_, **options: seen.update(options))
    monkeypatch.setattr(networks.Network, "start", lambda self, _: setattr(self, "model", model))
    network.refit(methods.Data(data.series.extended(2), 4, 2))
    assert seen["epochs"] == 1


def test_pinball_is_least_at_the_quantiles(load_script):
    quantiles = load_script("forecasts/quantiles.py")
    truth = np.random.default_rng(0).normal(size=(5_000, 1)).astype("float32")

    def loss(ends):
        forecast = np.tile(np.array(ends, "float32"), (len(truth), 1))
        return float(quantiles.pinball(truth, keras.ops.convert_to_tensor(forecast)))

    right = np.quantile(truth, quantiles.QUANTILES)
    for change in ([0.3, 0, 0], [0, 0.3, 0], [0, 0, -0.3]):
        assert loss(right + change) > loss(right)


def test_an_interval_of_errors_holds_as_often_as_it_should(load_script):
    """On the part whose errors it puts around the forecast."""
    quantiles = load_script("forecasts/quantiles.py")
    data = quantiles.Data(quantiles.load_traffic(), history=48, horizon=24)
    method = quantiles.Widened(quantiles.SeasonalNaive(168)).fit(data)
    starts = data.starts["validation"]
    low, _, high = np.moveaxis(method.predict(starts), 2, 0)
    truth = data.unscaled(data.targets(starts), starts)
    observed = quantiles.windows(data.series.observed, starts, 24)
    assert ((low <= truth) & (truth <= high))[observed].mean() == pytest.approx(0.8, abs=0.01)


def test_a_figure_needs_no_horizon_that_divides_its_week(load_script):
    quantiles, scores = (load_script(f"forecasts/{name}.py") for name in ("quantiles", "scores"))
    traffic = quantiles.load_traffic()
    data = quantiles.Data(traffic, history=48, horizon=5)
    ones = SimpleNamespace(data=data, predict=lambda starts: np.ones((len(starts), 5, 3)))
    figure = quantiles.draw(ones)
    median, truth = figure.axes[0].lines
    assert len(median.get_xdata()) == len(truth.get_xdata()) == 168  # the last 3 as well
    counting = SimpleNamespace(data=data, predict=lambda starts: starts[:, None] + np.arange(5))
    assert list(scores.stitch(counting, 100, 113)) == list(range(100, 113))
    assert len(scores.spans_to_draw(traffic, 24)) == 2
    ((first, last),) = scores.spans_to_draw(traffic, 200).values()
    assert last - first >= 200


# Leaks, and what the text says of the results


def test_the_leak_is_one(load_script):
    """Windows held out at random overlap with those that train; those held out in time do not."""
    leakage = load_script("forecasts/leakage.py")
    series = leakage.load_traffic()
    leaky, starts = leakage.split_at_random(series)
    assert (starts >= series.cuts[1]).all() and set(starts).isdisjoint(leaky.starts["train"])
    assert np.isin(starts + 1, leaky.starts["train"]).mean() > 0.6
    honest = leakage.Data(series, leakage.HISTORY, leakage.HORIZON)
    assert honest.starts["train"].max() + leakage.HORIZON <= series.cuts[0] < starts.min()
    everything = series.values.mean(), series.values.std()
    scaled = leakage.Data(series, leakage.HISTORY, leakage.HORIZON, scale=everything)
    assert scaled.mean != pytest.approx(honest.mean, abs=1)
    assert scaled.unscaled(scaled.targets(starts), starts) == pytest.approx(
        honest.unscaled(honest.targets(starts), starts), rel=1e-3, abs=0.1
    )


def test_forecasts_differ_as_the_text_says():
    """After Holm's correction; what it says of means and intervals, the text claims itself."""
    networks = computed_tables.NETWORKS
    others = set(load_results("forecast_temperature")["methods"]) - {"GRU"}
    for name, compared, shown in [
        ("forecast_1", networks, {"GRU", "LSTM"}),
        ("forecast_24", ["gradient_boosting", *networks], {*networks}),
        ("forecast_temperature", [*others], others),
    ]:
        behind = load_results(name)["behind"]
        p = computed_tables.p_values([behind[method] for method in compared])
        assert {one for one, value in zip(compared, p, strict=True) if value < 0.05} == shown


def test_each_way_is_scored_on_the_same_windows(load_script, monkeypatch, tmp_path):
    """What has nothing to learn is off by as much with a leak as without one."""
    leakage = load_script("forecasts/leakage.py")
    naive = load_script("forecasts/methods.py").SeasonalNaive
    for name, season in {"Network": 24, "Boosting": 168}.items():
        monkeypatch.setattr(leakage, name, lambda *_, season=season: naive(season))
    results = leakage.main(["--seeds", "2", "--outputs", str(tmp_path)])
    assert results.pop("windows") > 900
    for of_way in results.values():
        assert of_way == results["honest"] and len(of_way["perceptron"]["seeds"]) == 2
        assert of_way["gradient_boosting"]["mean"] < of_way["perceptron"]["mean"]


def test_leaks_are_scored_on_the_test_part_alone(load_script, monkeypatch, tmp_path):
    leakage, made = load_script("forecasts/leakage.py"), []

    def make(*_):
        made.append(Known(train=1, validation=2, test=4))
        return made[-1]

    for name in ("Network", "Boosting"):
        monkeypatch.setattr(leakage, name, make)
    series = methods_series(load_script)
    monkeypatch.setattr(leakage, "load_traffic", lambda: series)
    results = leakage.main(["--seeds", "1", "--outputs", str(tmp_path)])
    for way in ("honest", "split_at_random", "scaled_over_everything"):
        assert results[way]["perceptron"]["mean"] == results[way]["gradient_boosting"]["mean"] == 4
    honest = [method.fitted[0].max() + leakage.HORIZON <= series.cuts[0] for method in made]
    assert honest == [True, True, False, False, True, True]
