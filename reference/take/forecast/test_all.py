"""A weekly season with a trend is gone on with, and most of what comes lies in the interval."""

from pathlib import Path

import methods
import numpy as np
import pandas as pd
import predict
import pytest

DAYS = pd.date_range("2024-01-01", periods=314)


@pytest.fixture
def sold(tmp_path, monkeypatch):
    """Numbers for 314 days, with noise of a standard deviation of 2."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(1).normal(0, 2, len(DAYS))
    return 100 + 30 * (DAYS.day_of_week > 4) + 0.1 * np.arange(len(DAYS)) + noise


def forecast(times, sold, *options):
    """Return what is written to forecast.csv for a file of these times and numbers."""
    pd.DataFrame({"day": times, "sold": sold}).to_csv("mine.csv", index=False)
    off = predict.main(["mine.csv", "day", "sold", *options])
    return off, pd.read_csv("forecast.csv", parse_dates=["day"])


def test_all(sold):
    off, answer = forecast(DAYS[:300], sold[:300])
    assert min(off.values()) < 2.5 and off["as a season ago"] > min(off.values())
    assert np.abs(answer["forecast"] - sold[300:]).mean() < 2.5  # it is that of the best method
    assert (answer["day"] == DAYS[300:]).all()
    assert 9 <= ((answer["low"] < sold[300:]) & (sold[300:] < answer["high"])).sum() <= 14
    wide = (answer["high"] - answer["low"]).mean()
    assert 4 < wide < 10  # of normal noise, 80 % are within 1.28 standard deviations: 5.1


def test_rows_without_a_value_at_the_end_are_no_past(sold):
    _, expected = forecast(DAYS[:300], sold[:300])
    _, answer = forecast(DAYS, [*sold[:300], *[np.nan] * 14])
    pd.testing.assert_frame_equal(answer, expected)


def test_days_before_months(sold):
    _, expected = forecast(DAYS[:300], sold[:300])
    _, answer = forecast(DAYS[:300].strftime("%d.%m.%Y"), sold[:300])
    pd.testing.assert_frame_equal(answer, expected)
    firsts = [f"01.{month:02}.2024" for month in range(1, 13)]  # of months, or days of January
    options = ["--season", "1", "--steps", "2"]
    with pytest.raises(SystemExit):
        forecast(firsts, sold[:12], *options)
    _, answer = forecast(firsts, sold[:12], *options, "--dayfirst")
    assert [*answer["day"].astype(str)] == ["2025-01-01", "2025-02-01"] and "low" not in answer


def test_thousands_are_no_decimals(sold, capsys):
    _, expected = forecast(DAYS[:300], (20 * sold[:300]).round())
    german = [f"{value:,.0f}".replace(",", ".") for value in 20 * sold[:300]]
    with pytest.raises(SystemExit):
        forecast(DAYS[:300], german)
    assert "what stands before decimals" in capsys.readouterr().err
    _, answer = forecast(DAYS[:300], german, "--decimal", ",")
    pd.testing.assert_frame_equal(answer, expected)
    assert predict.to_numbers(pd.Series(["1.5"]), ",") is None
    numbers = predict.to_numbers(pd.Series(["-1.234,5", ",5", " ", "1e3", None]), ",")
    np.testing.assert_array_equal(numbers, [-1234.5, 0.5, np.nan, 1000, np.nan])


def test_gaps_are_filled_from_the_past_and_not_judged():
    values = np.array([1, np.nan, 3, 4, np.nan, np.nan, 7])
    np.testing.assert_array_equal(methods.fill(values, 3), [1, 1, 3, 4, 1, 3, 7])
    walk = np.random.default_rng(1).normal(size=(20, 300)).cumsum(axis=1)
    holes = np.where(np.random.default_rng(2).random(walk.shape) < 0.4, np.nan, walk)
    holes[:, [0, -1]] = walk[:, [0, -1]]
    off, promised = (
        np.abs([methods.look_back(methods.regression, one, 7, 3) for one in some])
        for some in (walk, holes)
    )
    assert np.nanmean(promised) > 0.9 * off.mean()  # lines between neighbours promise less
    assert 0.3 < np.isnan(promised).mean() < 0.5


def test_what_a_method_knows_of_is_gone_on_with_exactly():
    days = np.arange(72)
    weeks = np.array([5, 1, 2, 3, 9, 8, 7.0])[days % 7]
    for name, series in [
        ("as a season ago", weeks), ("the same with drift", weeks + days / 7),
        ("level and season", weeks), ("ridge regression", weeks + days / 7),
    ]:  # fmt: skip
        errors = methods.look_back(methods.METHODS[name], series, 7, 16)
        assert errors.shape == (20, 16) and np.abs(errors).max() < 0.01, name
    naive = methods.look_back(methods.seasonal_naive, days, 1, 16)
    np.testing.assert_array_equal(naive, np.tile(np.arange(1, 17), (20, 1)))


def test_the_interval_has_room_for_the_next_error():
    errors = np.arange(1, 21)[:, None] * [-2, 1]
    np.testing.assert_array_equal(methods.half_width(errors), [34, 17])  # 17 of 21, not 16 of 20
    np.testing.assert_array_equal(methods.half_width(errors[:10]), [18, 9])
    some = np.where(np.arange(20)[:, None] < [10, 9], errors, np.nan)
    np.testing.assert_array_equal(methods.half_width(some), [18, np.nan])


def test_a_file_that_cannot_be_read_ends_with_one_line(sold, capsys):
    Path("mine.csv").write_text("day,sold\n01.01.2024,7 \xe4\n", encoding="cp1252")
    for file in ("mine.csv", "none.csv"):
        with pytest.raises(SystemExit):
            predict.main([file, "day", "sold"])
    open_days = DAYS[:200].day_of_week < 6
    with pytest.raises(SystemExit):
        forecast(DAYS[:200][open_days], sold[:200][open_days])
    said = capsys.readouterr().err
    assert "utf-8" in said and "none.csv" in said and 'resample("D", on="day")["sold"]' in said
