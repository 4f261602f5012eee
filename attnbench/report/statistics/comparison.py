"""Whether mechanisms are better than a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attnbench.report.statistics.contest import Contest
from attnbench.report.statistics.estimate import Estimate


@dataclass(frozen=True)
class Comparison:
    """A mechanism against its baseline on the same test set. `p` belongs to the interval of `difference`."""

    difference: Estimate  # of the means over seeds; its `seeds` are those of the mechanism
    p: float


def compare(contest: Contest, baseline: str) -> dict[str, Comparison]:
    """Each other mechanism of a contest against one of them; empty if the baseline is not in the contest."""
    if baseline not in contest.names:
        return {}
    rival = contest.names.index(baseline)
    noise, differences = contest.against(rival), contest.means - contest.means[rival]
    reaches, p_values = noise.reach(), noise.p_values(differences)
    found = {}
    for i, (name, value, reach, p) in enumerate(
        zip(contest.names, differences.tolist(), reaches.tolist(), p_values.tolist(), strict=True)
    ):
        if i != rival:
            difference = Estimate(value, value - reach, value + reach, len(contest.values[i]))
            found[name] = Comparison(difference, p)
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of a table, adjusted so that they bound the probability of any false finding in it (Holm 1979)."""
    order, count = np.argsort(p_values), len(p_values)
    steps = np.asarray(p_values, np.float64)[order] * np.arange(count, 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted[np.argsort(order)]]
