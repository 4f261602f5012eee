"""Times that were measured several times: their quartiles, and whether the fastest and the slowest of them differ."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from attnbench.report.statistics.estimate import ANYWHERE, CONFIDENCE, Estimate

FEWEST = 3  # with fewer repetitions, the quartiles and the median are not three different numbers
DRAWS, RANDOM_SEED = 4000, 1


def quartiles(median: float, low: float, high: float, repetitions: float) -> Estimate:
    """A median between its quartiles; without them if there are too few repetitions."""
    return Estimate(median, *((low, high) if repetitions >= FEWEST else ANYWHERE), 1)


def differ(times: Sequence[Estimate], repetitions: int) -> bool:
    """Whether the slowest of several times is slower than the fastest by more than chance allows, at the 5 % level.

    The distance of the two medians is compared with the distances of the quartiles, all as logarithms. The same is done
    with simulated times that do not differ. Quartiles that do not overlap are no such test: of twelve times that do not
    differ, with three repetitions each, the quartiles of the fastest and the slowest are apart in 88 of 100 cases.

    Args:
        times: medians above 0, with their quartiles.
        repetitions: of each time, at least.
    """
    if len(times) < 2 or not all(each.known for each in times):
        return False
    logs = np.log([[each.low, each.value, each.high] for each in times])
    return bool(_statistic(logs.T) > _by_chance(len(times), repetitions))


def _statistic(logs: np.ndarray) -> np.ndarray:
    """The distance of the extreme medians over that of the quartiles: their mean, or those of the two if these are
    wider.

    Args:
        logs: quartile, median, quartile of each time; shape (3, ..., times).
    """
    low, middle, high = logs
    spread = high - low
    ends = [np.take_along_axis(spread, pick(middle, -1)[..., None], -1)[..., 0] for pick in (np.argmin, np.argmax)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.ptp(middle, axis=-1) / np.maximum(spread.mean(-1), np.maximum(*ends))


@lru_cache(maxsize=64)
def _by_chance(times: int, repetitions: int) -> float:
    """What the statistic reaches in 5 % of simulations."""
    chance = np.random.default_rng(RANDOM_SEED)
    drawn = (np.quantile(chance.normal(size=(times, repetitions)), (0.25, 0.5, 0.75), axis=-1) for _ in range(DRAWS))
    return float(np.quantile(_statistic(np.stack([*drawn], 1)), CONFIDENCE))
