"""All pairs of mechanisms of a contest: which is ahead, how surely, and what more seeds would tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtr, stdtrit

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.contest import Contest
from attnbench.report.statistics.estimate import CONFIDENCE, Estimate
from attnbench.report.statistics.margin import Margin

POWER = 0.8  # the probability with which a difference is to be found
SENTENCES = -1  # the source of noise of `Contest.against` that more seeds do not lower


@dataclass(frozen=True)
class Pair:
    """Two mechanisms, tested on the same sentences; `ahead` has the higher mean.

    Attributes:
        difference: of the means over seeds.
        superiority: the probability that one training of `ahead` scores higher than one of `behind`, each with a seed
            of its own, on other sentences of the kind. P(A > B) of Bouthillier et al. 2021.
        p: for no difference; it belongs to the interval of `difference`.
        detectable: the smallest difference that is found with probability `POWER`, with these seeds and sentences.
        seeds: the number of seeds of each with which a difference of this size is found with that probability; None if
            no number is enough, because of the test sentences.
    """

    ahead: str
    behind: str
    difference: Estimate
    superiority: float
    p: float
    detectable: float
    seeds: int | None


def pairs(contest: Contest, names: Sequence[str]) -> list[Pair]:
    """Each pair of `names`, all of a contest. To be found is to be significant in a table of so many pairs
    (Bonferroni).
    """
    places = [contest.names.index(name) for name in names]
    level = (1 - CONFIDENCE) / max(1, len(places) * (len(places) - 1) // 2)
    margins = {place: contest.against(place) for place in places}
    return [_pair(contest, one, other, margins[other], level) for one, other in combinations(places, 2)]


def _pair(contest: Contest, one: int, other: int, noise: Margin, level: float) -> Pair:
    gain = float(contest.means[one] - contest.means[other])
    reach, p = float(noise.reach()[one]), float(noise.p_values(np.full(len(contest.names), gain))[one])
    ahead, behind = (one, other) if gain >= 0 else (other, one)
    fewest = min(len(contest.values[place]) for place in (one, other))
    needed = _squares(noise.variances[one], noise.degrees[one], level)
    return Pair(
        contest.names[ahead],
        contest.names[behind],
        Estimate(abs(gain), abs(gain) - reach, abs(gain) + reach, fewest),
        float(ndtr(abs(gain) / single)) if (single := _single_runs(contest, one, other)) else 0.5 + 0.5 * (gain != 0),
        p,
        float(np.sqrt(needed.sum())),
        _seeds(gain, needed, fewest),
    )


def _single_runs(contest: Contest, one: int, other: int) -> float:
    """The standard deviation of the difference of two single trainings on one test set."""
    between, shared = contest.seed_noise.variance, contest.sentences
    sentences = max(0.0, shared[one, one] + shared[other, other] - 2 * shared[one, other])
    return float(np.sqrt(between[one] + between[other] + sentences))


def _squares(variances: Array, degrees: Array, level: float) -> Array:
    """The squares, by source of noise, whose sum is that of the smallest difference that is found with `POWER`."""
    return (stdtrit(degrees, 1 - level / 2) + stdtrit(degrees, POWER)) ** 2 * variances


def _seeds(gain: float, needed: Array, seeds: int) -> int | None:
    """The quantiles are those of today's seeds: with more of them, they would be a little smaller."""
    left = gain**2 - float(needed[SENTENCES])
    return int(np.ceil(seeds * float(needed[:SENTENCES].sum()) / left)) if left > 0 else None
