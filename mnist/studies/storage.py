"""Machinery of this chapter: where the trials of a search are stored, and who takes part in it.

A file in the folder of a run is for one process. A database that several machines reach, such as
PostgreSQL, lets them search together: each asks it what has been tried, and reports to it. While a
machine works on a trial it gives a sign of life now and then; if the signs stop, another machine
does that trial again.
Chapter: mnist/studies/README.md#hyperparameter-search
"""

import sqlite3
import time
import warnings
from collections import Counter

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, ProgrammingError
from sqlalchemy.pool import NullPool

from utils.runs import fail, first_line

HEARTBEAT = 30  # seconds between two signs of life; after twice as many, a trial is given up
RETRIES = 3  # of one trial, so that one that kills its machine does not kill them all


def open_study(name, folder, seed):
    """Return the study of this name in the file study.db of a folder, or a new one.

    seed: of the first search; each later one that goes on with the study draws other numbers.
    """
    path = folder / "study.db"
    try:
        # A URL would not allow a % or ? in the path.
        options = {"creator": lambda: sqlite3.connect(path), "poolclass": NullPool}
        study = create_study(name, RDBStorage("sqlite://", options))
        for trial in study.get_trials(states=[TrialState.RUNNING]):  # which a kill has left behind
            study.tell(trial.number, state=TrialState.FAIL)
    except Exception as error:  # SQLAlchemy and Optuna raise many kinds for a damaged file
        fail(f"cannot read {path} ({first_line(error)}). Delete it.")
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    return study


def open_database(url):
    return RDBStorage(
        url,
        heartbeat_interval=HEARTBEAT,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(RETRIES),
    )


def join_study(name, url):
    """Return the study of this name in a database that several processes share, or a new one."""
    warnings.simplefilter("ignore", ExperimentalWarning)  # signs of life are called so
    try:
        host = make_url(url).host or ""  # which errors name
    except (ArgumentError, ValueError):
        host = "@"
    if "@" in host:  # it begins with half of the password
        form = "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, with %40 for an @ in PASSWORD"
        fail(f"cannot read the URL of the database. Its form is {form}.")
    try:
        try:
            study = create_study(name, open_database(url))
        except (IntegrityError, ProgrammingError):  # two that begin together both made the tables
            time.sleep(3)
            study = create_study(name, open_database(url))
    except (ImportError, NoSuchModuleError) as error:
        fail(
            f"{first_line(error)}: pip install 'psycopg[binary]', and name postgresql+psycopg://..."
        )
    except Exception as error:  # without the URL, which may hold a password
        fail(f"cannot use the database ({first_line(error).replace(url, '...')}).")
    # Without a seed, since two that begin together must not try the same; and what others are
    # trying at the moment counts as bad, so that this one tries something else.
    study.sampler = optuna.samplers.TPESampler(constant_liar=True)
    return study


def create_study(name, storage):
    return optuna.create_study(
        study_name=name,
        storage=storage,
        direction="maximize",
        # Stops a trial that is below the median of the finished ones after as many epochs.
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        load_if_exists=True,
    )


def search_together(study, objective, trials, seconds, interrupt):
    """Make trials until all machines together have made so many, or the seconds are over.

    Whoever has nothing more to do waits for the others, and does again what one that died has left.
    trials: None for as many as there is time for.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end and not interrupt.pressed:
        optuna.storages.fail_stale_trials(study)
        count = Counter(trial.state for trial in study.get_trials(deepcopy=False))
        begun = sum(count.values()) - count[TrialState.FAIL]
        if count[TrialState.WAITING] or trials is None or begun < trials:
            study.optimize(objective, n_trials=1)
        elif count[TrialState.RUNNING]:
            time.sleep(1)
        else:
            break
