"""Simulated contests: scores over seeds, and a shared noise of the test sentences."""

import numpy as np
from numpy.typing import ArrayLike

from attnbench.report.statistics import Contest

SENTENCES = 200


def simulated(
    chance: np.random.Generator, means: ArrayLike, deviations: ArrayLike, seeds: int, sentences: float = 1.0
) -> Contest:
    """Mechanisms with these means, and these standard deviations between seeds.

    Test sentences shift all mechanisms by a number of standard deviation `sentences`, and each one by a fifth of this
    variance more.
    """
    truth = np.asarray(means, np.float64)
    count = len(truth)
    covariance = sentences**2 * (0.8 + 0.2 * np.eye(count))
    shifted = truth + chance.multivariate_normal(np.zeros(count), covariance)
    noise = np.broadcast_to(deviations, count)[:, None] * chance.normal(size=(count, seeds))
    prints = np.arange(count)[:, None] * np.ones(SENTENCES)
    return Contest(tuple(map(str, range(count))), tuple(shifted[:, None] + noise), covariance, prints)
