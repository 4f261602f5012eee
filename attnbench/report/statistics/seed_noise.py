"""The variance between seeds, pooled over the mechanisms that share it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaincc, polygamma

from attnbench.report.statistics.bleu import Array

LEVEL = 0.2  # of Bartlett's test: with few seeds it has little power, and to pool in error costs more than not to pool
BEYOND = 0.2  # the probability that a variance is below its lower limit
NEAREST = 0.001  # to 0 and to 1, for log-odds


def _constant(means: Array) -> Array:
    return np.ones_like(means)


def _log_odds(means: Array) -> Array:
    near = np.clip(means, NEAREST, 1 - NEAREST)
    return near * (1 - near)


SCALES: dict[str, Callable[[Array], Array]] = {"score": _constant, "log-odds": _log_odds}  # slope at a mean of 0 to 1


@dataclass(frozen=True, eq=False)
class SeedNoise:
    """The noise of training of `k` mechanisms."""

    variance: Array  # between seeds, (k,)
    degrees: Array  # of freedom of each variance, (k,)
    shared: NDArray[np.bool_]  # whether the variance is that of the pool, (k,)
    scale: str  # on which the pool has one variance: a key of `SCALES`


def seed_noise(values: Sequence[Array], most: float) -> SeedNoise:
    """Pools the variance between seeds on the scale on which the mechanisms share it best.

    Bartlett's test (1937) says whether they share it. If they do on no scale, the mechanism whose variance stands out
    most leaves the pool, again and again, until the others share it. One with a larger variance then has its own. One
    with a smaller variance has that of the pool, as few seeds may agree by chance. In the pool, too, no variance is
    taken to be below the lower limit of a mechanism's own: Bartlett's test does not see every noisy mechanism.

    Args:
        values: for each mechanism, the scores of at least two seeds; from 0 to `most`.
        most: the largest possible score.

    Returns:
        Variances on the scale of the scores (delta method).
    """
    degrees = np.array([len(each) - 1.0 for each in values])
    own = np.array([np.var(each, ddof=1) for each in values])
    means = np.array([each.mean() for each in values]) / most
    slopes = {name: slope(means) ** 2 for name, slope in SCALES.items()}
    everyone = np.ones(len(values), bool)
    scale = max(SCALES, key=lambda name: _bartlett_p(own / slopes[name], degrees, everyone))
    scaled = own / slopes[scale]
    pool = _pool(scaled, degrees)
    variance = _pooled(scaled, degrees, pool)
    shared = pool | (scaled <= variance)
    least = own * degrees / chdtri(degrees, BEYOND)
    return SeedNoise(
        np.where(shared, np.maximum(variance * slopes[scale], least), own),
        np.where(shared, degrees[pool].sum(), degrees),
        shared,
        scale,
    )


def _pool(variances: Array, degrees: Array) -> NDArray[np.bool_]:
    """Those that share a variance."""
    pool = np.ones(len(variances), bool)
    while pool.sum() > 1 and _bartlett_p(variances, degrees, pool) < LEVEL:
        parts = _bartlett_parts(variances, degrees, _pooled(variances, degrees, pool))
        pool[np.argmax(np.where(pool, parts, -1.0))] = False
    return pool


def _pooled(variances: Array, degrees: Array, pool: NDArray[np.bool_]) -> float:
    return float(np.average(variances[pool], weights=degrees[pool]))


def _bartlett_parts(variances: Array, degrees: Array, pooled: Array | float) -> Array:
    """What each variance adds to Bartlett's statistic: 0 if it is that of the pool, else more."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(pooled == 0, 1.0, variances / pooled)
        return degrees * (ratio - 1 - np.log(ratio))


def _bartlett_p(variances: Array, degrees: Array, pool: NDArray[np.bool_]) -> float:
    """The p-value of Bartlett's test, by a gamma distribution with the exact mean, variance and skewness.

    The statistic is ν log s² - Σ νᵢ log sᵢ², where s² is the pooled variance. It is independent of s². So its cumulants
    are those of the logarithms of the sᵢ² without those of the logarithm of s², which are polygamma functions. The
    usual chi² is far off with two seeds.
    """
    statistic = _bartlett_parts(variances, degrees, _pooled(variances, degrees, pool))[pool].sum()
    each, together = degrees[pool], degrees[pool].sum()
    mean = _cumulant(together, 1) - _cumulant(each, 1).sum()
    variance = _cumulant(each, 2).sum() - _cumulant(together, 2)
    skewness = (_cumulant(together, 3) - _cumulant(each, 3).sum()) / variance**1.5
    shape = 4 / skewness**2
    return float(gammaincc(shape, max(0.0, shape + (statistic - mean) * (shape / variance) ** 0.5)))


def _cumulant(degrees: Array, order: int) -> Array:
    """Of ν log(χ²/ν)."""
    shift = np.log(2 / degrees) if order == 1 else 0.0
    return degrees**order * (polygamma(order - 1, degrees / 2) + shift)
