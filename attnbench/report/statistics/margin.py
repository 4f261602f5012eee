"""How far a mean over seeds may be from the truth, if its seeds and its test sentences are both samples."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root_scalar
from scipy.special import stdtrit

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.estimate import CONFIDENCE

TINIEST = 1e-100  # p-value


@dataclass(frozen=True)
class Margin:
    """Two sources of noise. Each has a variance of the mean, and the degrees of freedom of that variance.

    Each source has a margin with its own quantile of Student's t. The margins are added in quadrature (Howe 1974; the
    modified large-sample intervals of Graybill and Wang 1980). If one source is absent, this is Student's t. Otherwise
    it covers at least what it says. Satterthwaite's degrees of freedom do not: if two seeds happen to agree, they take
    the noise of training as zero.
    """

    seeds: float
    seed_degrees: int  # 0: one seed, whose noise is unknown
    sentences: float
    sentence_degrees: int

    def reach(self, p: float = 1 - CONFIDENCE) -> float:
        """Half the width of the interval that misses the truth with probability `p`."""
        parts = ((self.seeds, self.seed_degrees), (self.sentences, self.sentence_degrees))
        return float(np.sqrt(sum(stdtrit(degrees, p / 2) ** 2 * variance for variance, degrees in parts if variance)))

    def p_value(self, difference: float) -> float:
        """The p of the interval that just reaches from `difference` to 0; 1 if no noise is known."""
        distance = abs(difference)
        if distance == 0 or self.seeds + self.sentences == 0:
            return 1.0
        if self.reach(TINIEST) <= distance:
            return TINIEST
        excess = root_scalar(lambda log_p: self.reach(math.exp(log_p)) - distance, bracket=(math.log(TINIEST), 0.0))
        return math.exp(excess.root)


def margin(values: Array, resampled: Array, informative: int) -> Margin:
    """The noise of the mean of `values`.

    Args:
        values: one for each seed; shape (seeds,).
        resampled: the same over resampled sentences, the same resample for all seeds; shape (resamples, seeds).
        informative: number of sentences that influence the noise. With few, the variance over sentences is itself
            uncertain.
    """
    seeds, degrees = len(values), max(informative - 1, 1)
    if seeds == 1:
        return Margin(0.0, 0, float(np.var(resampled, ddof=1)), degrees)
    # The effect of sentences on a single seed is in the variance between seeds already. Their common effect is not.
    shared = (seeds * np.var(resampled.mean(1), ddof=1) - np.var(resampled, axis=0, ddof=1).mean()) / (seeds - 1)
    return Margin(float(np.var(values, ddof=1)) / seeds, seeds - 1, max(float(shared), 0.0), degrees)
