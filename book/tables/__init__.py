"""The tables of the READMEs, made of the files in assets/results/: a module for each chapter."""

from tables import (  # noqa: F401
    backends,
    churn,
    cnn,
    customizing,
    exercises,
    experiments,
    feeding,
    forecasts,
    generating,
    mnist,
    pixels,
    results,
    rnn,
    serialization,
    studies,
    text,
    visualizing,
    xor,
)
from tables.common import TABLES

__all__ = ["TABLES"]
