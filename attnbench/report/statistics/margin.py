"""How far a mean or a difference may be from the truth, if its seeds and its test sentences are both samples."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.estimate import CONFIDENCE

TINIEST = 1e-100  # p-value
HALVINGS = 40  # of the range of log p, until the p-value is exact


@dataclass(frozen=True, eq=False)
class Margin:
    """Independent sources of noise. Each has a variance, and the degrees of freedom of that variance.

    Each source has a margin with its own quantile of Student's t. The margins are added in quadrature (Banerjee 1961;
    Howe 1974). With one source, this is Student's t. Otherwise it covers at least what it says. Satterthwaite's degrees
    of freedom do not: if two seeds happen to agree, they take the noise of training as zero.

    Args:
        variances: shape (..., sources); 0 for a source that is absent.
        degrees: at least 1, as the variances.
    """

    variances: Array
    degrees: Array

    def reach(self, p: ArrayLike = 1 - CONFIDENCE) -> Array:
        """Half the width of the interval that misses the truth with probability `p`; shapes (...) -> (...)."""
        half = np.asarray(p, np.float64)[..., None] / 2
        return self.reach_with(lambda degrees: -stdtrit(degrees, half))

    def reach_with(self, quantile: Callable[[Array], Array]) -> Array:
        """The same with a quantile of another distribution, by its degrees of freedom."""
        return np.sqrt(np.sum(quantile(self.degrees) ** 2 * self.variances, axis=-1))

    def p_values(self, differences: ArrayLike) -> Array:
        """The p of the interval that just reaches from a difference to 0; 1 if no noise is known. (...) -> (...)"""
        distance = np.abs(np.asarray(differences, np.float64))
        low, high = np.full(distance.shape, math.log(TINIEST)), np.zeros(distance.shape)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            beyond = self.reach(np.exp(middle)) > distance  # then the p-value is larger
            low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
        return np.where((distance == 0) | ~self.variances.any(-1), 1.0, np.exp(high))


def margin(values: Array, resampled: Array, sentences: int) -> Margin:
    """The noise of the mean of `values`.

    Args:
        values: one for each seed; shape (seeds,).
        resampled: the same over resampled sentences, the same resample for all seeds; shape (resamples, seeds).
        sentences: their number. With few, the variance over sentences is itself uncertain.
    """
    seeds, degrees = len(values), max(sentences - 1, 1)
    if seeds == 1:
        return Margin(np.array([float(np.var(resampled, ddof=1))]), np.array([float(degrees)]))
    between = float(np.var(values, ddof=1)) / seeds
    return Margin(np.array([between, shared_variance(resampled)]), np.array([seeds - 1.0, degrees]))


def shared_variance(resampled: Array) -> float:
    """The variance of a mean over several seeds from the sentences alone; (resamples, seeds).

    The effect of sentences on a single seed is in the variance between seeds already. Their common effect is not.
    """
    seeds = resampled.shape[1]
    shared = (seeds * np.var(resampled.mean(1), ddof=1) - np.var(resampled, axis=0, ddof=1).mean()) / (seeds - 1)
    return max(float(shared), 0.0)
