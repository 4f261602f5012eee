"""Mechanisms that can be compared: trained with several seeds, and tested on the same sentences."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.margin import Margin, shared_variance
from attnbench.report.statistics.scores import Scores, bounded, enough
from attnbench.report.statistics.seed_noise import SeedNoise, seed_noise

RANDOM_SEED = 1


@dataclass(frozen=True, eq=False)
class Contest:
    """Scores of `k` mechanisms, and the noise of each difference of their means.

    The noise has two parts. That between seeds has one variance for all mechanisms that share it; see `seed_noise`.
    That of the test sentences is shared by all mechanisms, so that most of it leaves a difference.

    Args:
        names: of the mechanisms.
        values: for each mechanism, a score for each of at least two seeds.
        sentences: the covariance of the mean scores over test sets of the same kind, (k, k).
        prints: a number for what each mechanism made of each sentence, (k, sentences). Equal numbers are equal results.
        most: the largest possible score; the smallest is 0.
    """

    names: tuple[str, ...]
    values: tuple[Array, ...]
    sentences: Array
    prints: Array
    most: float = 100.0

    @cached_property
    def means(self) -> Array:
        """The mean score of each mechanism, (k,)."""
        return np.array([each.mean() for each in self.values])

    @cached_property
    def seed_noise(self) -> SeedNoise:
        return seed_noise(self.values, self.most)

    def estimates(self) -> dict[str, Estimate]:
        """The mean of each mechanism with its 95 % interval, over seeds and sentences."""
        noise, found = self.seed_noise, {}
        for i, (name, values) in enumerate(zip(self.names, self.values, strict=True)):
            variances = np.array([noise.variance[i] / len(values), self.sentences[i, i]])
            degrees = np.array([noise.degrees[i], self._sentence_degrees])
            found[name] = bounded(values, Margin(variances, degrees), self.prints.shape[1], self.most)
        return found

    def against(self, rival: int) -> Margin:
        """The noise of the difference of each mean to that of a rival; sources: the pool of seeds, seeds of either that
        are not in the pool, sentences. Shape (k,).
        """
        noise, everyone = self.seed_noise, np.ones(len(self.names))
        of_mean = noise.variance / [len(each) for each in self.values]
        pooled, alone = np.where(noise.shared, of_mean, 0.0), np.where(noise.shared, 0.0, of_mean)
        spread = np.diag(self.sentences)
        sentences = np.maximum(spread + spread[rival] - 2 * self.sentences[rival], 0.0)
        variances = np.stack([pooled + pooled[rival], alone, alone[rival] * everyone, sentences], -1)
        variances[rival] = 0.0
        shared = noise.degrees[noise.shared].max(initial=1)
        # If translations are nearly perfect, few sentences differ, and a variance from those few is uncertain.
        differing = np.maximum((self.prints != self.prints[rival]).sum(1) - 1, 1)
        degrees = [shared * everyone, noise.degrees, noise.degrees[rival] * everyone, differing]
        return Margin(variances, np.stack(degrees, -1))

    @property
    def _sentence_degrees(self) -> float:
        return max(self.prints.shape[1] - 1.0, 1.0)


def contest(scores: Mapping[str, Scores]) -> Contest | None:
    """The mechanisms with several seeds, on the test set that most of them share.

    None if fewer than two are left, if the test set is too small, or if each has the same score for all of its seeds:
    then the noise of training is not known.
    """
    several = {name: each for name, each in scores.items() if len(each.seeds) > 1 and enough(each)}
    if not several:
        return None
    test_set, count = Counter(each.test_set for each in several.values()).most_common(1)[0]
    members = {name: each for name, each in several.items() if each.test_set == test_set}
    if count < 2 or not any(np.ptp(each.values) for each in members.values()):
        return None
    covariance = np.cov(np.stack([each.resampled.mean(1) for each in members.values()]))
    np.fill_diagonal(covariance, [shared_variance(each.resampled) for each in members.values()])
    most = next(iter(members.values())).most
    values = tuple(each.values for each in members.values())
    return Contest(tuple(members), values, covariance, _prints(list(members.values())), most)


def _prints(members: list[Scores]) -> Array:
    """See `Contest`: random mixtures of the mean statistics."""
    mixture: NDArray[np.float64] = np.random.default_rng(RANDOM_SEED).random(members[0].statistics.shape[-1])
    return np.stack([each.statistics.mean(0) @ mixture for each in members])
