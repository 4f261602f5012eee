"""The jobs of a frame to which a linear model of factors can be fitted; and what is left out, and why."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from attnbench.report.statistics.bleu import Array


@dataclass(frozen=True)
class Observations:
    """The jobs that a linear model is fitted to."""

    levels: dict[str, list[str]]  # by factor that varies, the level of each job
    order: dict[str, list[str]]  # by factor, its levels: numbers by size, then words
    response: Array  # (jobs,)
    notes: tuple[str, ...]  # sentences: what was left out and why

    def count(self, factor: str, level: str) -> int:
        """The number of jobs that have the level."""
        return self.levels[factor].count(level)


def observations(frame: pd.DataFrame, response: str, factors: Sequence[str]) -> Observations:
    """Leaves out jobs without a response, factors that half of the jobs lack, jobs that lack another factor, and
    constants.

    A factor that a job lacks (None, NaN) does not apply to it: a model without attention has no score.
    """
    jobs = [dict(zip(frame.columns, values, strict=True)) for values in frame.itertuples(index=False, name=None)]
    known = [job for job in jobs if not pd.isna(job[response]) and math.isfinite(job[response])]
    notes = _without_response(jobs, known, response, factors)
    applies = {name: sum(not pd.isna(job[name]) for job in known) for name in factors}
    common = [name for name in factors if 2 * applies[name] > len(known)]
    for name in [name for name in factors if known and name not in common]:
        notes.append(f"{name} is left out: it applies to only {applies[name]} of {_jobs(len(known))}.")
    lacking = Counter(tuple(name for name in common if pd.isna(job[name])) for job in known)
    notes += [f"{_jobs(count)} left out, without {', '.join(names)}." for names, count in lacking.items() if names]
    kept = [job for job in known if not any(pd.isna(job[name]) for name in common)]
    order = {name: _levels(job[name] for job in kept) for name in common}
    constant = [f"{name}={levels[0]}" for name, levels in order.items() if len(levels) == 1]
    if constant:
        notes.append(f"The same in all of these jobs: {', '.join(constant)}.")
    varied = {name: levels for name, levels in order.items() if len(levels) > 1}
    levels = {name: [_text(job[name]) for job in kept] for name in varied}
    return Observations(levels, varied, np.array([job[response] for job in kept], np.float64), tuple(notes))


def _without_response(
    jobs: list[dict[str, Any]], known: list[dict[str, Any]], response: str, factors: Sequence[str]
) -> list[str]:
    if len(known) == len(jobs):
        return []
    lost = []
    for name in factors:
        present = _levels(job[name] for job in known)
        lost += [f"{name}={level}" for level in _levels(job[name] for job in jobs) if level not in present]
    nothing = f" That was all there is of {', '.join(lost)}." if lost else ""
    return [f"{_jobs(len(jobs) - len(known))} left out: {response} is not known.{nothing}"]


def _levels(values: Iterable[Any]) -> list[str]:
    return sorted({_text(value) for value in values if not pd.isna(value)}, key=_rank)


def _rank(level: str) -> tuple[bool, float, str]:
    try:
        return False, float(level), level
    except ValueError:
        return True, 0.0, level


def _text(value: object) -> str:
    # pandas stores a column of whole numbers with gaps as floats.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"
