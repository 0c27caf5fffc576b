"""The tables of the READMEs, made of the files in assets/results/: a module for each chapter."""

import pkgutil
from importlib import import_module

from book.pages.tables.common import TABLES

for module in pkgutil.iter_modules(__path__):
    import_module(f"book.pages.tables.{module.name}")

__all__ = ["TABLES"]
