"""Resampled test sentences, for scores that are functions of sums over them; and sentences by length."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from attnbench.report.statistics.bleu import Array

RESAMPLES = 1000
RANDOM_SEED = 12345  # sacreBLEU's


@dataclass(frozen=True)
class LengthBin:
    """The sentences whose sources have `low` to `high` tokens, both included, as `rows` of the test set."""

    low: int
    high: int
    rows: NDArray[np.intp]


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
