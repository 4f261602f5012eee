"""Alignment error rate, precision and recall, from counts of links. Och and Ney 2003."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rates(NamedTuple):
    """From 0 to 1; None where there is nothing to divide by.

    AER is 0 where all that was found is right and all that is sure was found. A target word that is linked once only
    cannot reach that where the gold links it twice.
    """

    aer: float | None
    precision: float | None
    recall: float | None


def rates(counts: Sequence[Sequence[int]]) -> Rates:
    """The rates of many sentences together, as links: a long sentence counts for more than a short one.

        AER = 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|)    precision = |A ∩ P| / |A|    recall = |A ∩ S| / |S|

    Args:
        counts: a row a sentence, |A|, |S|, |A ∩ S|, |A ∩ P|, where A are the links found, S the sure ones of the gold,
            and P the sure and the possible ones: the rows of `record.AlignmentQuality.links`.
    """
    sums = np.array(counts, dtype=float).reshape(-1, 4).sum(0)
    found, sure, found_sure, found_possible = sums.tolist()
    return Rates(
        float(error_rate(sums)) if found + sure else None,
        found_possible / found if found else None,
        found_sure / sure if sure else None,
    )


def error_rate(sums: NDArray[Any]) -> NDArray[np.float64]:
    """AER of sums of counts, `(…, 4)` to `(…)`; NaN where nothing is sure and nothing was found."""
    found, sure, found_sure, found_possible = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore"):
        return 1 - (found_sure + found_possible) / (found + sure)
