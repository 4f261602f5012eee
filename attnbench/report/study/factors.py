"""A response beside the factors that act on it."""

from collections.abc import Mapping
from statistics import median

import pandas as pd

from attnbench.record import Factor
from attnbench.report.study.study import Study


def by_job(study: Study, name: str, values: Mapping[int, float]) -> pd.DataFrame:
    """A row for each job that has a value: its factors, as text, and the value in column `name`."""
    return _frame(name, [(study.records[job].factors, value) for job, value in values.items()])


def by_factors(study: Study, name: str, values: Mapping[int, float]) -> pd.DataFrame:
    """A row for each set of factors: these, as text, and the median value of its jobs in column `name`.

    It is for costs. Jobs that differ only in their seed share one measurement, and are no replicates.
    """
    factors: dict[frozenset[tuple[str, Factor]], Mapping[str, Factor]] = {}
    found: dict[frozenset[tuple[str, Factor]], list[float]] = {}
    for job, value in values.items():
        key = frozenset(study.records[job].factors.items())
        factors.setdefault(key, study.records[job].factors)
        found.setdefault(key, []).append(value)
    return _frame(name, [(factors[key], median(mine)) for key, mine in found.items()])


def _frame(name: str, rows: list[tuple[Mapping[str, Factor], float]]) -> pd.DataFrame:
    frame = pd.DataFrame([{key: str(value) for key, value in factors.items()} for factors, _ in rows], dtype=object)
    frame[name] = [value for _, value in rows]
    return frame
