"""Kernel regression: how far the estimate of each attention pooling is from the curve."""

from collections.abc import Iterator
from statistics import mean

import pandas as pd

from attnbench.report.document import CellValue, Column, Table, fixed, without_empty
from attnbench.report.statistics import Estimate, over_seeds
from attnbench.report.study.frames import by_condition, groups, numbers
from attnbench.report.study.study import Study


def ranked(study: Study) -> Iterator[tuple[str, str, pd.DataFrame, Estimate | float]]:
    """Condition, pooling, its jobs and its test error, the lowest first; an interval only where seeds give one."""
    for condition, here in by_condition(study.regressions):
        places = [(condition, name, jobs, _error(jobs)) for name, jobs in study.by_mechanism(here)]
        yield from sorted(places, key=lambda place: mean(numbers(place[2], "test_error")))


def errors(study: Study) -> Table:
    """A row a pooling and condition, best first."""
    rows: list[tuple[CellValue, ...]] = []
    for condition, name, jobs, error in ranked(study):
        sigmas = numbers(jobs, "sigma")
        left_out, parameters = mean(numbers(jobs, "left_out_error")), int(numbers(jobs, "parameters")[0])
        rows.append((condition, name, error, left_out, mean(sigmas) if sigmas else None, parameters, len(jobs)))
    columns = (
        Column("Condition"),
        Column("Pooling"),
        Column("Test error", fixed(3)),
        Column("Left-out error", fixed(3)),
        Column("Width σ", fixed(3)),
        Column("Parameters", fixed(0)),
        Column("Jobs", fixed(0)),
    )
    caption = (
        "Mean squared errors, best first: of the estimates at the test points against the curve without its noise, and "
        "of the noisy training points, each estimated from all others, which is what a score that learns is fitted to."
    )
    if any(isinstance(error, Estimate) for *_, error in ranked(study)):
        caption += " The 95 % intervals are Student's t over seeds, each with points of its own."
    return without_empty(Table("pooling_errors", caption, columns, tuple(rows)))


def _error(jobs: pd.DataFrame) -> Estimate | float:
    by_seed = [mean(numbers(rows, "test_error")) for _, rows in groups(jobs, "seed")]
    return over_seeds(by_seed) if len(by_seed) > 1 else by_seed[0]
