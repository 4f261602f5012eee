"""Intervals of scores that are functions of sums over test sentences: BLEU, alignment error rate, and similar ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.margin import margin

RESAMPLES = 1000
RANDOM_SEED = 12345  # sacreBLEU's


@dataclass(frozen=True)
class LengthBin:
    """The sentences whose sources have `low` to `high` tokens, both included, as `rows` of the test set."""

    low: int
    high: int
    rows: NDArray[np.intp]


def estimate_ratio(counts: Array, score: Callable[[Array], Array], most: float = 1.0) -> Estimate:
    """The mean over seeds of a score of the whole test set, with its 95 % interval.

    With one seed, the interval is for the score of this trained model on other sentences of the same kind. It is a
    bootstrap over sentences, and leaves out the noise of training. With several seeds, the interval is for the mean
    over all seeds and all such sentences. It has the variance between seeds, and that of the sentences, which all seeds
    share.

    Args:
        counts: a row for each seed and sentence, the same sentences for all seeds; shape (seeds, sentences, k).
        score: of sums of such rows, (..., k) -> (...).
        most: the largest possible score; the smallest is 0.
    """
    return bounded(score(counts.sum(1)), score(resample(counts)), counts.shape[1], most)


def bounded(values: Array, resampled: Array, sentences: int, most: float) -> Estimate:
    """The mean of `values`, one for each seed, with an interval that is cut at 0 and `most`; see `margin`."""
    value, reach = float(values.mean()), margin(values, resampled, sentences).reach()
    return Estimate(value, max(value - reach, 0.0), min(value + reach, most), len(values))


def resample(counts: Array) -> Array:
    """Sums over resampled sentences, (seeds, sentences, k) -> (resamples, seeds, k).

    Every call with the same number of sentences draws the same resamples, so that the results of two calls are paired.
    """
    seeds, sentences, size = counts.shape
    columns = np.moveaxis(counts, 1, 0).reshape(sentences, seeds * size)
    # Single precision is twice as fast, and exact for whole numbers up to 2^24. No test set has so many tokens.
    return (_drawn(sentences) @ columns.astype(np.float32)).reshape(RESAMPLES, seeds, size).astype(np.float64)


def length_bins(lengths: Sequence[int], count: int) -> list[LengthBin]:
    """At most `count` bins with nearly the same number of sentences. Sentences of one length are in one bin."""
    of_sentence = np.asarray(lengths)
    edges = np.quantile(of_sentence, np.linspace(0, 1, count + 1)[1:-1], method="higher")
    which = np.searchsorted(np.unique(edges), of_sentence, side="right")
    rows = [np.flatnonzero(which == place) for place in np.unique(which)]
    return [LengthBin(int(of_sentence[here].min()), int(of_sentence[here].max()), here) for here in rows]


@lru_cache(maxsize=16)
def _drawn(sentences: int) -> NDArray[np.float32]:
    """How often each resample has drawn each sentence, (resamples, sentences)."""
    picks = np.random.default_rng(RANDOM_SEED).integers(sentences, size=(RESAMPLES, sentences))
    cells = picks + sentences * np.arange(RESAMPLES)[:, None]
    return np.bincount(cells.ravel(), minlength=RESAMPLES * sentences).reshape(RESAMPLES, -1).astype(np.float32)
