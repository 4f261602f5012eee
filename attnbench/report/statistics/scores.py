"""BLEU of a mechanism for each seed, on the test set and on resampled sentences."""

from dataclasses import dataclass
from functools import cached_property

from attnbench.report.statistics.bleu import Array, corpus_bleu
from attnbench.report.statistics.bootstrap import bounded, resample
from attnbench.report.statistics.estimate import Estimate


@dataclass(frozen=True, eq=False)
class Scores:
    """The basis of estimates and comparisons. Each part is computed once, however often it is needed.

    Args:
        seeds: of the jobs, each once.
        statistics: a row of `record.Quality.bleu_statistics` for each seed and sentence, the same sentences for all
            seeds; shape (seeds, sentences, 10).
        test_set: identifies the sentences. Only scores on the same sentences can be compared.
    """

    seeds: tuple[int, ...]
    statistics: Array
    test_set: str = ""

    @cached_property
    def bleu(self) -> Array:
        """BLEU of the whole test set, (seeds,)."""
        return corpus_bleu(self.statistics.sum(1))

    @cached_property
    def resampled(self) -> Array:
        """BLEU on resampled sentences, the same resamples for all seeds and mechanisms: (resamples, seeds)."""
        return corpus_bleu(resample(self.statistics))


def estimate_bleu(scores: Scores) -> Estimate:
    """The mean BLEU of a mechanism over its seeds, with its 95 % interval; see `estimate_ratio`."""
    return bounded(scores.bleu, scores.resampled, scores.statistics.shape[1], 100.0)
