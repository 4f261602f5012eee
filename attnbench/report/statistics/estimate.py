"""A number, and how certain it is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
ANYWHERE = (-math.inf, math.inf)


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval, from `seeds` seeds. If the interval is `ANYWHERE`, it is not known."""

    value: float
    low: float
    high: float
    seeds: int

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return (self.low, self.high) != ANYWHERE

    def mapped(self, function: Callable[[float], float]) -> "Estimate":
        """The estimate on another scale; `function` rises."""
        bounds = (function(self.low), function(self.high)) if self.known else ANYWHERE
        return Estimate(function(self.value), *bounds, self.seeds)

    def overlaps(self, other: "Estimate") -> bool:
        return self.low <= other.high and other.low <= self.high


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of values, one for each seed, with Student's t interval; without one if the values do not differ."""
    middle, count = float(np.mean(values)), len(values)
    if len(set(values)) < 2:
        return Estimate(middle, *ANYWHERE, count)
    reach = float(stats.t.isf((1 - CONFIDENCE) / 2, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Estimate(middle, middle - reach, middle + reach, count)
