"""Alignment error rate, precision and recall, from counts of links. Och and Ney 2003."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rates(NamedTuple):
    """Alignment error rate, precision and recall, from 0 to 1; None if undefined.

    AER is 0 if all found links are right and all sure links were found. A target word with only one found link cannot
    reach that if it has two gold links.
    """

    aer: float | None
    precision: float | None
    recall: float | None


def rates(counts: Sequence[Sequence[int]]) -> Rates:
    """The rates of many sentences together, over links: a long sentence counts more than a short one.

        AER = 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|)    precision = |A ∩ P| / |A|    recall = |A ∩ S| / |S|

    Args:
        counts: a row for each sentence: |A|, |S|, |A ∩ S|, |A ∩ P|. A are the found links, S the sure gold links, P the
            sure and the possible ones. They are the rows of `record.AlignmentQuality.links`.
    """
    sums = np.array(counts, dtype=float).reshape(-1, 4).sum(0)
    found, sure, found_sure, found_possible = sums.tolist()
    return Rates(
        float(error_rate(sums)) if found + sure else None,
        found_possible / found if found else None,
        found_sure / sure if sure else None,
    )


def error_rate(sums: NDArray[Any]) -> NDArray[np.float64]:
    """AER from sums of counts, `(…, 4)` to `(…)`; NaN if there is no sure link and no found link."""
    found, sure, found_sure, found_possible = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore"):
        return 1 - (found_sure + found_possible) / (found + sure)
