"""Machinery: what is wrong with a table, said in one line, or repaired from the past.

Chapter: forecasts/README.md#your-own-series
"""

import numpy as np
import pandas as pd

from utils.runs import fail, first_line
from utils.statistics import fit_float32
from utils.tables import read_column, without_gaps

# The usual distance of two rows: its name, how to round times to it, the usual seasons in steps.
STEPS = {"hourly": ("h", (24, 168)), "daily": ("D", (7,)), "business-daily": ("B", (5,)),
         "weekly": ("W", (52,)), "monthly": ("M", (12,)), "quarterly": ("Q", (4,)),
         "yearly": ("Y", (1,))}  # fmt: skip
HOURS_OF = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 730.5, "quarterly": 2191.5,
            "yearly": 8766}  # fmt: skip
# How days and the hours behind them are written, beside ISO 8601 (2026-11-25 14:00).
DAYS = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y",
        "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y",
        "%b %Y", "%B %Y", "%m/%Y"]  # fmt: skip
HOURS = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p"]
ZONE = r"\s*(?:Z|[+-]\d{2}(?::?\d{2})?)\s*$"  # at the end of a time
QUARTER = r"(\d{4})[- ]?Q([1-4])"  # such as 2026-Q4
# A value so many times the usual spread from the middle is a mistake, or a unit that has changed.
FAR = 1e6
MANY = 0.5  # share of values that are 0
GROWS = 0.9  # correlation of mean and range of the seasons


def parse_times(column, notes, date_format=None):
    """Return the times of a column of text, all of which are written in one way.

    That is one in which every row is a time. Where there are two, such as day first and month
    first, date_format has to say which. Of times with a time zone, the clock that is written
    counts: people follow it, and so do holidays and the hours of the week.
    """
    column = without_gaps(column)
    if column.isna().any():
        fail(f"row {column.isna().argmax() + 2} has no time")
    if column.str.fullmatch(QUARTER).all():  # it begins with its first month
        month = lambda match: f"{match[1]}-{3 * int(match[2]) - 2:02}"  # noqa: E731
        column = column.str.replace(QUARTER, month, regex=True)
    if date_format and date_format != "ISO8601" and "%" not in date_format:
        fail(f"--date-format {date_format} is not a format such as %d/%m/%Y")
    forms = [date_format] if date_format else ["ISO8601", *(d + h for d in DAYS for h in HOURS)]
    forms = [form for form in forms if read_times(column[:1], form).notna().all()]
    read = {form: read_times(column, form) for form in forms or [date_format or "ISO8601"]}
    form, times = min(read.items(), key=lambda pair: pair[1].isna().sum())
    if times.isna().any():
        row = times.isna().argmax()
        like = column.iloc[0] if row else "2026-11-25 14:00"
        fail(
            f"row {row + 2}: {column.iloc[row]!r} is not a time such as {like}. All rows need one "
            "format, which --date-format may name."
        )
    for other in (form for form in read if read[form].notna().all()):
        if (differs := (times != read[other]).to_numpy()).any():
            row = differs.argmax()
            fail(
                f"row {row + 2}: {column.iloc[row]!r} may be {times.iloc[row]:%d %B %Y} or "
                f"{read[other].iloc[row]:%d %B %Y}, and no row decides it. "
                f'Say --date-format "{form}" or "{other}".'
            )
    if form != "ISO8601":
        notes.append(f"The times were read as {form}.")
    if times.dt.tz:
        notes.append("The times have a time zone; what counts is the clock that is written.")
        if column.str.contains(r"(?:Z|[+-]00(?::?00)?)\s*$").all():
            notes.append("It is UTC: if people's hours count, write local times, also in summer.")
        local = column.str.replace(ZONE, "", regex=True)
        times = read_times(local, form.removesuffix("%z").strip())
        if times.dt.tz:
            fail("the zone should stand at the end of a time")
    return pd.DatetimeIndex(times)


def read_times(column, form):
    """Return the times of a column of text in one format; what is none in it becomes NaT."""
    zoned = column.str.contains(r"\d{2}:\d{2}.*" + ZONE, regex=True)
    utc = bool(zoned.any()) if form == "ISO8601" else "%z" in form
    try:  # some rows in summer time and some in winter time can only meet in UTC
        times = pd.to_datetime(column, errors="coerce", format=form, utc=utc)
        return times.where(zoned) if utc and form == "ISO8601" else times
    except ValueError as error:
        fail(f"--date-format {form}: {first_line(error)}")


def parse_values(column, decimal=None, usual=None):
    """Return the numbers of a column of text, NaN where it is empty; and their decimal mark.

    decimal: point or comma, where the numbers leave it open; usual: what it was before.
    """
    values, mark = read_column(without_gaps(column), decimal, usual, always=True)
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = numbers.isna() & values.notna()
    if wrong.any():
        row = wrong.argmax()
        fail(f"row {row + 2}: {column.iloc[row]!r} is not a number. Leave what is missing empty.")
    return numbers.where(np.isfinite(numbers)), mark


def cut_end(table, notes, spell):
    """Return a series of values without the rows at its end that have no value yet.

    spell: a function that writes its steps as texts.
    """
    last = table.last_valid_index()
    if last is None:
        fail("the column has no values")
    known = table.loc[:last]
    if cut := len(table) - len(known):
        notes.append(f"The last value is of {spell(last)}: rows after it that were cut: {cut:,}.")
    if len(known) < 3:
        fail(f"{len(known)} rows are too few for a forecast")
    return known


def find_step(values):
    """Return the name of the usual distance of two rows of a series, a key of STEPS."""
    times = values.index
    gaps = pd.Series(times).diff().dropna()
    gaps = gaps[gaps > pd.Timedelta(0)]
    if gaps.empty:
        fail("all rows have the same time")
    hours = gaps.median() / pd.Timedelta(hours=1)
    for name, usual in HOURS_OF.items():
        if abs(hours / usual - 1) < 0.1:
            return "business-daily" if name == "daily" and times.day_of_week.max() < 5 else name
    *most, last = HOURS_OF
    longer = next((name for name in HOURS_OF if HOURS_OF[name] > hours), last)
    return fail(
        f"rows are {hours:.3g} hours apart, but should be {', '.join(most)} or {last}. Take sums "
        f"(of measurements: means); in pandas: {sums(values, STEPS[longer][0])}"
    )


def sums(values, unit):
    """Return what pandas has to do to a table for a sum in each step: 0 where it has no row."""
    unit += "E" * (unit in "MQY")  # resample has other names than periods
    return f'.resample("{unit}", on="{values.index.name}")["{values.name}"].sum()'


def look(values, season):
    """Return notes on what makes a series hard: zeros, an end unlike the rest, growing waves."""
    notes = []
    if (zeros := np.mean(values == 0)) > MANY:
        notes.append(
            f"{zeros:.0%} of the values are 0. The absolute error is then least if a method always "
            "says 0: if you need a sum, forecast longer steps."
        )
    change = np.abs(values[season:] - values[:-season])
    if len(change) > 2 * season and change[-1] > 1.5 * change[:-1].max():
        notes.append(
            f"The last value, {values[-1]:g}, is further from that of a season before than any "
            "other. If its step is not over yet, leave its row out."
        )
    if values.min() > 0 and season > 1 and len(values) >= 4 * season:
        seasons = values[-(len(values) // season) * season :].reshape(-1, season)
        means, waves = seasons.mean(axis=1), np.ptp(seasons, axis=1)
        steady = min(np.ptp(means), np.ptp(waves)) < 1e-3 * means.mean()
        if not steady and np.corrcoef(means, waves)[0, 1] > GROWS:
            notes.append("The higher it is, the higher are its waves: try --log.")
    return notes


def check_gaps(values, seasons, times, unit):
    """End the program with one line if a step of each season hardly ever has a value.

    What would be filled there would come from the first season, however long ago it was.
    """
    missing = values.isna().to_numpy()
    for season in (season for season in seasons if 5 * season <= len(missing)):
        places = [missing[place::season].mean() for place in range(season)]
        if max(places) > 0.9 and missing.mean() < 0.9 * max(places):
            first = spell(times, unit)[int(np.argmax(places))]
            fail(
                f"{first} and each {season} steps later there is hardly ever a value. Is it 0? "
                f"Then write 0; in pandas: {sums(values, unit)}"
            )


def fill(values, seasons):
    """Fill gaps with the value one season before. Never with a later one: that would be a leak.

    Taken is the longest season for which there is a value; without one, the last value goes on.
    Only before the first value there is nothing but the first value.
    """
    first = np.flatnonzero(~np.isnan(values))[0]
    values[:first] = values[first]
    for step in np.flatnonzero(np.isnan(values)):
        back = max((season for season in seasons if season <= step), default=1)
        values[step] = values[step - back]
    return values


def check_values(values, past):
    """End the program with one line if a series cannot be learned from the numbers of its past."""
    with np.errstate(over="ignore"):
        mean, deviation = past.mean(), past.std()
    if deviation <= 1e-6 * abs(mean):
        fail(f"the first {len(past):,} steps, which are for training, all have about {mean:g}")
    if not fit_float32(mean, deviation):
        fail(f"the values vary by {deviation:g}, beyond numbers of 32 bits: take another unit")
    # Not the mean and the deviation: a single value may make both of them as large as itself.
    low, middle, high = np.quantile(past, [0.1, 0.5, 0.9])
    far = np.abs(values - middle) / (high - low or deviation)
    if far.max() > FAR:
        value = values[far.argmax()]
        fail(f"the value {value:g} is far from all others, about {middle:g}: mend it")


def to_steps(times, unit):
    """Return the number of the step in which each time lies, counted from 1970."""
    if unit == "B":
        return np.busday_count("1970-01-01", times.to_numpy().astype("datetime64[D]"))
    return times.to_period(unit).asi8


def to_dates(steps, unit, at_end=False):
    """Return when each step begins; of weeks, and at_end, the last day: the table has it."""
    if unit == "B":
        return pd.DatetimeIndex(np.busday_offset("1970-01-01", steps))
    periods = pd.PeriodIndex.from_ordinals(steps, freq=unit)
    at_end = at_end or unit.startswith("W")
    return periods.to_timestamp(how="end").normalize() if at_end else periods.to_timestamp()


def lie_at_ends(times, unit):
    """Return whether each time is the last day of its month, quarter or year."""
    return (
        unit in "MQY" and (times.normalize() == to_dates(to_steps(times, unit), unit, True)).all()
    )


def spell(times, unit):
    """Return times as texts; only an hour needs more than its date."""
    return times.strftime("%Y-%m-%d %H:%M" if unit == "h" else "%Y-%m-%d")
