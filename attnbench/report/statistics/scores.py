"""BLEU of a mechanism, seed by seed, as it is and over resampled sentences."""

from dataclasses import dataclass
from functools import cached_property

from attnbench.report.statistics.bleu import Array, corpus_bleu
from attnbench.report.statistics.bootstrap import bounded, resample
from attnbench.report.statistics.estimate import Estimate


@dataclass(frozen=True, eq=False)
class Scores:
    """What estimates and comparisons are made of; each part is computed once, however many of them need it.

    Args:
        seeds: of the jobs, each once.
        statistics: a row for each seed and sentence, the same sentences for all seeds, of what
            `record.Quality.bleu_statistics` holds; shape (seeds, sentences, 10).
        test_set: what the sentences go by; only scores on the same ones are comparable.
    """

    seeds: tuple[int, ...]
    statistics: Array
    test_set: str = ""

    @cached_property
    def bleu(self) -> Array:
        """Of the whole test set, (seeds,)."""
        return corpus_bleu(self.statistics.sum(1))

    @cached_property
    def resampled(self) -> Array:
        """Over resampled sentences, the same resamples for all seeds and mechanisms: (resamples, seeds)."""
        return corpus_bleu(resample(self.statistics))


def estimate_bleu(scores: Scores) -> Estimate:
    """The mean BLEU of a mechanism over its seeds, with its 95 % interval; see `estimate_ratio`."""
    return bounded(scores.bleu, scores.resampled, scores.statistics.shape[1], 100.0)
