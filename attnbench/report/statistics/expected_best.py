"""How good the best of several trials is, by the number of trials."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from attnbench.report.statistics.bleu import Array


@dataclass(frozen=True, eq=False)
class ExpectedBest:
    """Of the best of n trials, for n = 1, 2, ..., N."""

    mean: Array  # (N,)
    deviation: Array  # its standard deviation, (N,)


def expected_best(scores: ArrayLike) -> ExpectedBest:
    """The expected best validation score of n trials (Dodge et al. 2019, "Show Your Work", equations 8 and 9).

    The n trials are drawn with replacement from those that were run, so that the estimate is a little too low.

    Args:
        scores: of the `N` trials that were run, on the validation set; higher is better. Shape (N,).
    """
    ordered = np.sort(np.asarray(scores, np.float64))
    trials = np.arange(1, len(ordered) + 1)
    # The best of n draws is at most the i-th score with probability (i / N)^n.
    at_most = (np.arange(len(ordered) + 1) / len(ordered)) ** trials[:, None]
    weights = np.diff(at_most, axis=1)
    mean = weights @ ordered
    variance = np.sum(weights * (ordered - mean[:, None]) ** 2, axis=1)
    return ExpectedBest(mean, np.sqrt(variance))
