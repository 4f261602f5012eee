"""How far a mean over seeds may be from the truth, when its seeds and its test sentences are both samples."""

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
    """Two sources of noise, each as a variance of the mean and the degrees of freedom that variance is known with.

    The margins of both, each with its own quantile of Student's t, are added in quadrature (Howe 1974; the modified
    large-sample intervals of Graybill and Wang 1980). Where one source is absent this is Student's t. Elsewhere it
    covers at least what it says, which Satterthwaite's degrees of freedom do not: with two seeds that happen to agree,
    they take the noise of training for none.
    """

    seeds: float
    seed_degrees: int  # 0: one seed, of whose noise nothing is known
    sentences: float
    sentence_degrees: int

    def reach(self, p: float = 1 - CONFIDENCE) -> float:
        """Half the width of the interval that misses the truth with probability `p`."""
        parts = ((self.seeds, self.seed_degrees), (self.sentences, self.sentence_degrees))
        return float(np.sqrt(sum(stdtrit(degrees, p / 2) ** 2 * variance for variance, degrees in parts if variance)))

    def p_value(self, difference: float) -> float:
        """The p of the interval that just reaches from `difference` to nought; 1 where no noise is known."""
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
        values: one a seed; shape (seeds,).
        resampled: the same over resampled sentences, the same resample for all seeds; shape (resamples, seeds).
        informative: sentences that bear on the noise; with few of them the variance over sentences is itself unsure.
    """
    seeds, degrees = len(values), max(informative - 1, 1)
    if seeds == 1:
        return Margin(0.0, 0, float(np.var(resampled, ddof=1)), degrees)
    # What sentences do to one seed alone is in the variance between seeds already; what they do to all is not.
    shared = (seeds * np.var(resampled.mean(1), ddof=1) - np.var(resampled, axis=0, ddof=1).mean()) / (seeds - 1)
    return Margin(float(np.var(values, ddof=1)) / seeds, seeds - 1, max(float(shared), 0.0), degrees)
