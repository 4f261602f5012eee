"""How cost grows with the length: the polynomial a + b·n + c·n², and predictions for other lengths.

Noise is of the logarithm, so that no interval reaches below 0. It is independent from length to length. Its size comes
from what a curve leaves unexplained: the noise of repetitions, or a step between caches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from attnbench.cost.polynomial import COEFFICIENTS, Array, largest_root, nonnegative, powers, relative_fit
from attnbench.report.statistics.estimate import CONFIDENCE, Estimate

DRAWS = 1000
RANDOM_SEED = 12345
MOST_NOISE = 10.0  # in a draw, so that no number overflows
REACH = 10  # times the longest measured length; beyond that, a curve says nothing


@dataclass(frozen=True)
class Growth:
    """value(n) = a + b·n + c·n², with no coefficient below 0, fitted to relative errors."""

    shortest: int  # length measured
    longest: int
    coefficients: Array  # a, b, c; (3,)
    draws: Array  # of the coefficients, as other measurements would give them; (DRAWS, 3)
    noise: Array  # standard deviation of the logarithm of a measurement, for each draw; (DRAWS,)

    def at(self, lengths: ArrayLike) -> Array:
        """The curve itself, (...) -> (...)."""
        return powers(lengths) @ self.coefficients

    def predict(self, length: int) -> Estimate:
        """The value at a length, with the interval for a measurement there. Its ends are above 0."""
        chance = np.random.default_rng([RANDOM_SEED, length]).standard_normal(DRAWS)
        return from_draws(float(self.at(length)), self.draws @ powers(length) * np.exp(self.noise * chance))

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


def fit(values: Mapping[int, float]) -> Growth | None:
    """Fits the polynomial to time or memory by length; None for fewer than four lengths."""
    known = {length: value for length, value in sorted(values.items()) if value > 0}
    degrees = len(known) - COEFFICIENTS
    if degrees < 1:
        return None
    found, weighted = relative_fit(known)
    misses = np.log(list(known.values())) - np.log(powers(list(known)) @ found)
    # With few lengths the noise itself is uncertain. It is drawn too, as in Student's t.
    chance = np.random.default_rng(RANDOM_SEED)
    noise = np.sqrt(np.sum(misses**2) / chance.chisquare(degrees, DRAWS)).clip(max=MOST_NOISE)
    errors = noise[:, None] * chance.standard_normal((DRAWS, len(known)))
    draws = nonnegative(weighted, weighted @ found * np.exp(errors))
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
