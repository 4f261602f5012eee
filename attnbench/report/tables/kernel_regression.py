"""Kernel regression: the error of each attention pooling."""

from collections.abc import Iterator
from statistics import mean

import pandas as pd

from attnbench.report.document import CellValue, Column, Table, fixed, without_empty
from attnbench.report.statistics import Estimate, over_seeds
from attnbench.report.study.frames import by_condition, groups, numbers
from attnbench.report.study.study import Study


def ranked(study: Study) -> Iterator[tuple[str, str, pd.DataFrame, Estimate | float]]:
    """Condition, pooling, its jobs and its test error, the lowest first. The error has an interval only with several
    seeds.
    """
    for condition, here in by_condition(study.regressions):
        places = [(condition, name, jobs, _error(jobs)) for name, jobs in study.by_mechanism(here)]
        yield from sorted(places, key=lambda place: mean(numbers(place[2], "test_error")))


def errors(study: Study) -> Table:
    """A row for each pooling and condition, the best first."""
    rows: list[tuple[CellValue, ...]] = []
    for condition, name, jobs, error in ranked(study):
        sigmas = numbers(jobs, "sigma")
        left_out, parameters = mean(numbers(jobs, "left_out_error")), int(numbers(jobs, "parameters")[0])
        rows.append((name, condition, error, left_out, mean(sigmas) if sigmas else None, parameters, len(jobs)))
    columns = (
        Column("Pooling"),
        Column("Condition"),
        Column("Test error", fixed(3), bar=True),
        Column("Left-out error", fixed(3)),
        Column("Width σ", fixed(3)),
        Column("Parameters", fixed(0)),
        Column("Jobs", fixed(0)),
    )
    caption = (
        "Mean squared errors, best first. Test error: the estimates at the test points against the curve without "
        "noise. Left-out error: each noisy training point against its estimate from all others. A score with "
        "parameters is fitted to the left-out error."
    )
    if any(isinstance(error, Estimate) for *_, error in ranked(study)):
        caption += " The 95 % intervals are Student's t over seeds. Each seed has its own points."
    return without_empty(Table("pooling_errors", caption, columns, tuple(rows)))


def _error(jobs: pd.DataFrame) -> Estimate | float:
    by_seed = [mean(numbers(rows, "test_error")) for _, rows in groups(jobs, "seed")]
    return over_seeds(by_seed) if len(by_seed) > 1 else by_seed[0]
