"""A weekly season with a trend is gone on with, and most of what comes lies in the interval."""

import numpy as np
import pandas as pd
import predict


def test_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2024-01-01", periods=314)
    noise = np.random.default_rng(1).normal(0, 2, len(days))
    sold = 100 + 30 * (days.day_of_week > 4) + 0.1 * np.arange(len(days)) + noise
    table = pd.DataFrame({"day": days, "sold": sold})
    table[:300].to_csv("mine.csv", index=False)
    off = predict.main(["mine.csv", "day", "sold"])
    assert min(off.values()) < 2.5 and off["as a season ago"] > min(off.values())
    answer = pd.read_csv("forecast.csv", parse_dates=["day"])
    assert (answer["day"] == days[300:]).all()
    assert 9 <= ((answer["low"] < sold[300:]) & (sold[300:] < answer["high"])).sum() <= 14
