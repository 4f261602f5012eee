"""Corpus BLEU of many corpora at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def corpus_bleu(sums: ArrayLike) -> Array:
    """BLEU, 0 to 100, equal to sacreBLEU's with exponential smoothing and all four orders.

    Args:
        sums: of the rows of `record.Quality.bleu_statistics` over the sentences of each corpus; shape (..., 10).

    Returns:
        Shape (...). 0 if no token is right, and if no hypothesis has four tokens.
    """
    parts = np.ascontiguousarray(np.moveaxis(np.asarray(sums, np.float64), -1, 0))  # so that each is contiguous
    length, reference, *ngrams = parts
    correct, total = ngrams[:4], ngrams[4:]
    product, smoothing = np.ones_like(length), np.ones_like(length)
    for right, there in zip(correct, total, strict=True):
        # An order without a match counts as half a match, the next one as a quarter: NIST's mteval-v13a.
        smoothing = np.where(right == 0, smoothing / 2, smoothing)
        product *= np.where(right == 0, smoothing, right) / np.maximum(there, 1)
    defined = np.any(correct, axis=0) & np.all(total, axis=0)
    brevity = np.exp(np.minimum(0, 1 - reference / np.maximum(length, 1)))
    return np.where(defined, 100 * brevity * product**0.25, 0.0)
