"""The tables of the READMEs, made of the files in assets/results/: a module for each chapter."""

from tables import backends, churn, cnn, experiments, mnist, serialization, studies, xor  # noqa: F401
from tables.common import TABLES

__all__ = ["TABLES"]
