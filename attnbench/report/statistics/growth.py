"""How cost grows with the length: the exponent, the polynomial a + b·n + c·n², and predictions for other lengths.

Noise is relative, and independent from length to length. Its size comes from what a curve leaves unexplained: the noise
of repetitions, or a step between caches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from attnbench.cost.scaling import asymptotic
from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.estimate import CONFIDENCE, Estimate
from attnbench.report.statistics.polynomial import COEFFICIENTS, largest_root, nonnegative, powers

DRAWS = 1000
RANDOM_SEED = 12345
REACH = 10  # times the longest measured length; beyond that, a curve says nothing


@dataclass(frozen=True)
class Growth:
    """value(n) = a + b·n + c·n², with no coefficient below 0, fitted to relative errors."""

    shortest: int  # length measured
    longest: int
    coefficients: Array  # a, b, c; (3,)
    draws: Array  # of the coefficients, as other measurements would give them; (DRAWS, 3)
    noise: Array  # relative standard deviation of a measurement, for each draw; (DRAWS,)

    def at(self, lengths: ArrayLike) -> Array:
        """The curve itself, (...) -> (...)."""
        return powers(lengths) @ self.coefficients

    def predict(self, length: int) -> Estimate:
        """The value at a length, with the interval for a measurement there."""
        chance = np.random.default_rng([RANDOM_SEED, length]).standard_normal(DRAWS)
        return from_draws(float(self.at(length)), self.draws @ powers(length) * (1 + self.noise * chance))

    @property
    def quadratic_from(self) -> Estimate | None:
        """The length from which c·n² is more than a + b·n; None if that is out of reach, or if c = 0."""
        value, draws = _quadratic_from(self.coefficients), _quadratic_from(self.draws)
        return from_draws(float(value), draws) if value <= REACH * self.longest else None


@dataclass(frozen=True)
class HeldOut:
    """The longest measurement, and its prediction from all others."""

    length: int
    measured: float
    predicted: Estimate

    @property
    def error(self) -> float:
        """The relative error of the prediction."""
        return self.predicted.value / self.measured - 1

    @property
    def covered(self) -> bool:
        """Whether the measurement is within the interval."""
        return self.predicted.low <= self.measured <= self.predicted.high


def exponent(values: Mapping[int, float]) -> Estimate | None:
    """The slope of log value over log length over the asymptotic part, with Student's t interval.

    None for fewer than three lengths there: from two, the noise is unknown.
    """
    values = asymptotic(values)
    if len(values) < 3:
        return None
    xs, ys = np.log(list(values)), np.log(list(values.values()))
    (slope, _), covariance = np.polyfit(xs, ys, 1, cov=True)
    reach = float(stats.t.isf((1 - CONFIDENCE) / 2, len(values) - 2) * covariance[0, 0] ** 0.5)
    return Estimate(float(slope), float(slope) - reach, float(slope) + reach, 1)


def fit(values: Mapping[int, float]) -> Growth | None:
    """Fits the polynomial to time or memory by length; None for fewer than four lengths."""
    known = {length: value for length, value in sorted(values.items()) if value > 0}
    degrees = len(known) - COEFFICIENTS
    if degrees < 1:
        return None
    terms, measured = powers(list(known)), np.array(list(known.values()))
    # Fitted twice: weights from a smooth curve do not favour values that are small by chance.
    rough = terms @ nonnegative(terms / measured[:, None], np.ones_like(measured))
    design = terms / rough[:, None]
    found = nonnegative(design, measured / rough)
    spread = np.sqrt(np.sum((measured / (terms @ found) - 1) ** 2) / degrees)
    # With few lengths the noise itself is uncertain. It is drawn too, as in Student's t.
    chance = np.random.default_rng(RANDOM_SEED)
    noise = spread * np.sqrt(degrees / chance.chisquare(degrees, DRAWS))
    errors = noise[:, None] * chance.standard_normal((DRAWS, len(known)))
    draws = nonnegative(design, design @ found * (1 + errors))
    return Growth(min(known), max(known), found, draws, noise)


def held_out(values: Mapping[int, float]) -> HeldOut | None:
    """Predicts the longest measurement from all others; None for fewer than five lengths."""
    known = {length: value for length, value in values.items() if value > 0}
    longest = max(known, default=0)
    growth = fit({length: value for length, value in known.items() if length < longest})
    return HeldOut(longest, known[longest], growth.predict(longest)) if growth else None


def from_draws(value: float, draws: Array) -> Estimate:
    """The value, with the interval that holds it and 95 % of the draws. Draws may be infinite."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, tail, method="lower"), np.quantile(draws, 1 - tail, method="higher")
    return Estimate(value, min(float(low), value), max(float(high), value), 1)


def _quadratic_from(coefficients: Array) -> Array:
    root = largest_root(coefficients * (-1, -1, 1), np.inf)
    return np.where(coefficients[..., 2] > 0, root, np.inf)
