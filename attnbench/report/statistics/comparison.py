"""Whether a mechanism is better than a baseline, paired by seed and by sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import poch

from attnbench.report.statistics.bleu import Array, corpus_bleu
from attnbench.report.statistics.bootstrap import RANDOM_SEED
from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.margin import Margin, margin
from attnbench.report.statistics.scores import Scores

TRIALS = 1000
TIE = 1e-9  # BLEU; smaller differences are equal


@dataclass(frozen=True)
class Comparison:
    """A mechanism against its baseline on the same test set, over the seeds that both have.

    Significance rests on `p`, which belongs to the interval of `difference`. With several seeds, it includes the noise
    of training. With one seed, it does not: it says that one trained model is better than the other, which another seed
    may reverse. `bootstrap_p` and `randomisation_p` never include the noise of training.
    """

    difference: Estimate  # BLEU minus that of the baseline, the mean over pairs; its `seeds` are the pairs
    standardised: float | None  # the difference in standard deviations over pairs (Hedges's g); None for fewer than 3
    unpaired: tuple[int, ...]  # seeds that only one of the two has; they are not used
    p: float
    bootstrap_p: float  # paired bootstrap over sentences, shifted to a mean of 0 (Koehn 2004)
    randomisation_p: float  # paired approximate randomisation (Riezler and Maxwell 2005)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two mechanisms on the same sentences, paired by seed, over the seeds that both have."""

    ours: Array  # statistics, (pairs, sentences, 10)
    theirs: Array
    differences: Array  # of BLEU, (pairs,)
    resampled: Array  # the same over resampled sentences, (resamples, pairs)

    @property
    def noise(self) -> Margin:
        # If translations are nearly perfect, few sentences differ, and a variance from those few is uncertain.
        """The noise of the mean difference."""
        return margin(self.differences, self.resampled, int(np.any(self.ours != self.theirs, axis=(0, 2)).sum()))

    @property
    def p(self) -> float:
        """The p-value of no difference; see `Comparison`."""
        return self.noise.p_value(float(self.differences.mean()))


def pairs(scores: Scores, baseline: Scores) -> Pairs | None:
    """Pairs by seed; None if no seed is in both, or if the sentences are not the same."""
    shared = sorted(set(scores.seeds) & set(baseline.seeds))
    if not shared or scores.test_set != baseline.test_set:
        return None
    ours, theirs = ([each.seeds.index(seed) for seed in shared] for each in (scores, baseline))
    return Pairs(
        scores.statistics[ours],
        baseline.statistics[theirs],
        scores.bleu[ours] - baseline.bleu[theirs],
        scores.resampled[:, ours] - baseline.resampled[:, theirs],
    )


def compare(scores: Scores, baseline: Scores) -> Comparison | None:
    """Compares two mechanisms; None if `pairs` finds nothing to compare."""
    found = pairs(scores, baseline)
    if found is None:
        return None
    value, reach = float(found.differences.mean()), found.noise.reach()
    return Comparison(
        difference=Estimate(value, value - reach, value + reach, len(found.differences)),
        standardised=_standardised(found.differences),
        unpaired=tuple(sorted(set(scores.seeds) ^ set(baseline.seeds))),
        p=found.p,
        bootstrap_p=_bootstrap_p(value, found.resampled.mean(1)),
        randomisation_p=_randomisation_p(value, found.ours, found.theirs),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of a table, adjusted so that they bound the probability of any false finding in it (Holm 1979)."""
    order, count = np.argsort(p_values), len(p_values)
    steps = np.asarray(p_values, np.float64)[order] * np.arange(count, 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted[np.argsort(order)]]


def _standardised(differences: Array) -> float | None:
    degrees = len(differences) - 1
    if degrees < 2 or np.ptp(differences) == 0:
        return None
    correction = np.sqrt(2 / degrees) * poch((degrees - 1) / 2, 0.5)
    return float(correction * differences.mean() / np.std(differences, ddof=1))


def _bootstrap_p(difference: float, resampled: Array) -> float:
    """Two-sided. sacreBLEU counts one tail of the shifted differences, and so calls 10 % of equal systems different."""
    return _share(np.abs(resampled - resampled.mean()), difference)


def _randomisation_p(difference: float, ours: Array, theirs: Array) -> float:
    """Each trial swaps the systems in half of the sentences, the same sentences for all seeds."""
    seeds, sentences, size = ours.shape
    gap = np.moveaxis(theirs - ours, 1, 0).reshape(sentences, seeds * size).astype(np.float32)
    moved = (_swaps(sentences) @ gap).reshape(TRIALS, seeds, size)
    shuffled = corpus_bleu(ours.sum(1) + moved) - corpus_bleu(theirs.sum(1) - moved)
    return _share(np.abs(shuffled.mean(1)), difference)


def _share(by_chance: Array, difference: float) -> float:
    """How often chance gives a difference as large. Ties count, or equal systems would differ; sacreBLEU does not count
    them.
    """
    return float((np.sum(by_chance >= abs(difference) - TIE) + 1) / (len(by_chance) + 1))


@lru_cache(maxsize=16)
def _swaps(sentences: int) -> NDArray[np.float32]:
    return np.random.default_rng(RANDOM_SEED).integers(2, size=(TRIALS, sentences)).astype(np.float32)
