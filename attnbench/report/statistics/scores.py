"""The score of a mechanism for each seed, on the test set and on resampled sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attnbench.quality.sample_size import FEWEST_SENTENCES, unseen
from attnbench.report.statistics.bleu import Array, corpus_bleu
from attnbench.report.statistics.bootstrap import resample
from attnbench.report.statistics.estimate import ANYWHERE, Estimate
from attnbench.report.statistics.margin import Margin, margin


@dataclass(frozen=True, eq=False)
class Scores:
    """The basis of estimates and comparisons. Each part is computed once, however often it is needed.

    Args:
        seeds: of the jobs, each once.
        statistics: a row of numbers for each seed and sentence, the same sentences for all seeds; shape
            (seeds, sentences, size). For BLEU, a row is one of `record.Quality.bleu_statistics`.
        test_set: identifies the sentences. Only scores on the same sentences can be compared.
        score: a function of sums of such rows, (..., size) -> (...).
        most: the largest possible score; the smallest is 0.
    """

    seeds: tuple[int, ...]
    statistics: Array
    test_set: str = ""
    score: Callable[[Array], Array] = corpus_bleu
    most: float = 100.0

    @cached_property
    def values(self) -> Array:
        """The score of the whole test set, (seeds,)."""
        return self.score(self.statistics.sum(1))

    @cached_property
    def resampled(self) -> Array:
        """The score of resampled sentences, the same resamples for all seeds and mechanisms: (resamples, seeds)."""
        return self.score(resample(self.statistics))


def estimate(scores: Scores) -> Estimate:
    """The mean over seeds of a score of the whole test set, with its 95 % interval.

    With one seed, the interval is for the score of this trained model on other sentences of the same kind. It is a
    bootstrap over sentences, and leaves out the noise of training. With several seeds, the interval is for the mean
    over all seeds and all such sentences. It has the variance between seeds, and that of the sentences, which all seeds
    share. There is no interval with too few sentences, nor if all seeds have the same score: then the noise of training
    is not known.
    """
    sentences = scores.statistics.shape[1]
    if not enough(scores) or (len(scores.seeds) > 1 and np.ptp(scores.values) == 0):
        return Estimate(float(scores.values.mean()), *ANYWHERE, len(scores.seeds))
    return bounded(scores.values, margin(scores.values, scores.resampled, sentences), sentences, scores.most)


def enough(scores: Scores) -> bool:
    """Whether there are sentences enough for an interval or a test, and each resample of them has a score."""
    return scores.statistics.shape[1] >= FEWEST_SENTENCES and bool(np.isfinite(scores.resampled).all())


def bounded(values: Array, noise: Margin, sentences: int, most: float) -> Estimate:
    """The mean of `values`, one for each seed, with an interval that is cut at 0 and `most`.

    It is not narrower than the sentences allow that are not in the test set; see `unseen`.
    """
    value, reach = float(values.mean()), max(float(noise.reach()), most * unseen(sentences))
    return Estimate(value, max(value - reach, 0.0), min(value + reach, most), len(values))
