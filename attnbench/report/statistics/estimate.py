"""A number, and how certain it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval, from `seeds` seeds."""

    value: float
    low: float
    high: float
    seeds: int

    def overlaps(self, other: "Estimate") -> bool:
        return self.low <= other.high and other.low <= self.high


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of at least two values, one for each seed, with Student's t interval."""
    middle, count = float(np.mean(values)), len(values)
    reach = float(stats.t.isf((1 - CONFIDENCE) / 2, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Estimate(middle, middle - reach, middle + reach, count)
