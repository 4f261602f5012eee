"""Estimates with 95 % intervals, and what they allow one to say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import pandas as pd

from attnbench.report.frames import groups, numbers

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval: Student's t over `seeds` where there are several, else as measured in the job."""

    value: float
    low: float
    high: float
    seeds: int

    def overlaps(self, other: "Estimate") -> bool:
        return self.low <= other.high and other.low <= self.high


def bleu(jobs: pd.DataFrame) -> Estimate:
    """BLEU of repeated jobs: rows with `seed`, `bleu` and its bootstrap bounds `bleu_low` and `bleu_high`."""
    seeds = [rows for _, rows in groups(jobs, "seed")]
    value, low, high = ([mean(numbers(rows, name)) for rows in seeds] for name in ("bleu", "bleu_low", "bleu_high"))
    return over_seeds(value) if len(seeds) > 1 else Estimate(value[0], low[0], high[0], 1)


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of two values or more, one a seed, with Student's t interval."""
    count, middle = len(values), mean(values)
    error = stdev(values) / math.sqrt(count)
    reach = t_quantile((1 + CONFIDENCE) / 2, count - 1) * error
    return Estimate(middle, middle - reach, middle + reach, count)


def t_quantile(probability: float, degrees: int) -> float:
    """The quantile, for a probability above one half, of Student's t with a whole number of degrees of freedom."""
    low, high = 0.0, 1.0
    while _t_inside(high, degrees) < 2 * probability - 1:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_inside(middle, degrees) < 2 * probability - 1 else (low, middle)
    return (low + high) / 2


def _t_inside(t: float, degrees: int) -> float:
    """P(|T| < t), in the closed form for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(degrees))
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(1 + odd, degrees, 2):
        total += term
        term *= math.cos(angle) ** 2 * k / (k + 1)
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
