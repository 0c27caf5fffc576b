import numpy as np
from hypothesis import strategies as st

from exercises.bench import close, expect, match, numbers, short, sizes

RESULTS = ("train", "validation")
HINTS = [
    "Each column has a mean and a standard deviation of its own, those of its training rows. The "
    "same two serve both parts.",
    "`mean` and `std` can take an axis: which one goes over the rows? (numpy's `std` divides by "
    "the number of rows, that of pandas by one less.)",
    "Which columns are constant? Compare all training rows with the first one; the deviation does "
    "not tell (that of ten times 0.1 is 1e-17, and not 0). `np.where` puts another divisor "
    "there.",
]


def check(ask):
    random = np.random.default_rng(1)
    train = random.normal(size=(5, 3)) * [0.004, 10, 100] + [0, 50, -200]
    validation = random.normal(size=(4, 3)) * [2, 5, 300] + [3, 70, -100]
    scaled, others = ask(train, validation)
    again = ask(train, validation + 1000)[0]
    expect(
        close(scaled, again),
        "The scaled training rows depend on the validation rows: their "
        "mean or deviation has leaked in.",
    )
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    means = scaled.mean(axis=0)
    match(
        np.where(np.abs(means) < 1e-5, 0, means),  # float32 leaves a little
        0,
        "The mean of a scaled training column is not 0.",
        [
            (
                ((train - train.mean()) / train.std()).mean(axis=0),
                "The mean is taken over all columns together; each column has its own.",
            ),
            (
                ((train - train.min(axis=0)) / np.ptp(train, axis=0)).mean(axis=0),
                "Each column is moved and divided so that it goes from 0 to 1, by its range; the "
                "mean and the standard deviation are asked for.",
                1,
            ),
        ],
        hint=2,
    )
    match(
        scaled.std(axis=0),
        1,
        "The mean of each training column is 0, but its standard deviation is not 1.",
        [
            (deviation, "The columns are not divided by their standard deviations."),
            (
                1 / deviation,
                "Each column is divided by its variance, the square of the standard deviation.",
            ),
            (
                train.std(axis=0) / train.std(axis=0, ddof=1),
                "The deviation is that of a sample, which divides by the number of rows minus 1; "
                "here all rows are meant.",
                2,
            ),
            (
                deviation / np.ptp(train, axis=0),
                "The columns are divided by their range, and not by their standard deviation.",
            ),
        ],
    )
    match(
        others,
        (validation - mean) / deviation,
        "The training rows are right, the validation "
        "rows are not: they need the mean and the deviation of the training rows.",
        [
            (
                (validation - validation.mean(axis=0)) / validation.std(axis=0),
                "The validation rows are scaled with their own mean and deviation. So the same "
                "customer would get other numbers there.",
            ),
            (validation, "The validation rows are not scaled."),
        ],
    )
    near = np.array([[1e6, 1e-9], [1e6 + 1, 3e-9]])
    found = ask(near, near)[0]
    expect(
        close(found, [[-1, -1], [1, 1]]),
        "Two columns, one of 1000000 and 1000001, the other of 1e-9 and 3e-9, are not constant, "
        f"and each becomes -1 and 1. Here they become {short(found)}.",
        hint=3,
    )
    constant = np.column_stack([np.full(3, 0.1), np.arange(3.0)])
    for part in ask(constant, constant + 1):
        expect(
            np.isfinite(part).all(),
            "A column that is constant in the training rows becomes "
            "nan or infinite: its deviation of 0 needs another divisor.",
            hint=3,
        )
    match(
        ask(constant, constant + 1)[1][:, 0],
        1,
        "A constant column is to be divided by 1, which leaves the validation value 1.1 at 1 above "
        "the mean 0.1. (The deviation of three times 0.1, as it is calculated, is not quite 0.)",
        hint=3,
    )


@st.composite
def inputs(draw):
    rows, others, columns = draw(sizes()), draw(sizes()), draw(sizes(far=7))
    train, validation = numbers(draw, (rows, columns)), numbers(draw, (others, columns))
    if draw(st.booleans()):
        train[:, 0] = train[0, 0]
    return train, validation
