"""The ranks that each mechanism may have."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from scipy import stats

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.contest import Contest
from attnbench.report.statistics.estimate import CONFIDENCE, Estimate

# Degrees of freedom whose quantiles are computed, as one takes 0.1 s. Others are rounded down, which is safe.
DEGREES = np.array([*range(1, 41), 60, 120, 240, 1000])


def ranks(contest: Contest, *, lowest: bool = False) -> dict[str, Estimate]:
    """The rank of each mechanism with an interval, the best first. All intervals hold together with 95 %.

    All pairs are compared at once (Tukey 1953; Kramer 1956). The interval begins after the mechanisms that are surely
    better, and ends before those that are surely worse (Al Mohamad et al. 2022). If it begins at 1, the mechanism may
    be the best.

    Args:
        contest: the mechanisms.
        lowest: the lowest score is the best.
    """
    count, means = len(contest.names), -contest.means if lowest else contest.means
    found = {}
    for i in np.argsort(-means, kind="stable"):
        ahead = means - means[i]
        reach = contest.against(i).reach_with(lambda degrees: _tukey(degrees, count))
        low, high = 1 + np.sum(ahead > reach), count - np.sum(-ahead > reach)
        found[contest.names[i]] = Estimate(1 + int(np.sum(ahead > 0)), int(low), int(high), len(contest.values[i]))
    return found


def may_be_best(ranks: Mapping[str, Estimate]) -> list[str]:
    """The mechanisms of which no other is surely better, the best first."""
    return [name for name, rank in ranks.items() if rank.low == 1]


def _tukey(degrees: Array, count: int) -> Array:
    """How many standard errors the largest of all differences of `count` equal means may reach."""
    tabulated = DEGREES[np.searchsorted(DEGREES, degrees, side="right") - 1]
    each, place = np.unique(tabulated, return_inverse=True)
    return np.array([_tukey_of(float(one), count) for one in each])[place].reshape(degrees.shape)


@lru_cache(maxsize=4096)
def _tukey_of(degrees: float, count: int) -> float:
    return float(stats.studentized_range.isf(1 - CONFIDENCE, count, degrees)) / 2**0.5
