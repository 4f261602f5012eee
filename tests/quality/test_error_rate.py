"""Alignment error rates against examples computed by hand, and against sets of links."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.quality.error_rate import Rates, error_rate, rates

LINKS = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8)


def test_examples_worked_by_hand() -> None:
    # Four found, five sure; three of the found are sure, and the fourth is possible.
    assert list(rates([[4, 5, 3, 4]])) == pytest.approx([1 - 7 / 9, 1.0, 0.6])
    # Sentences are summed: of 4 found 1 is right, of 4 sure 1 is found.
    assert rates([[1, 1, 1, 1], [3, 3, 0, 0]]) == Rates(0.75, 0.25, 0.25)
    assert rates([[7, 7, 7, 7]]) == Rates(0.0, 1.0, 1.0)
    # Nothing sure: possible links cannot be missed.
    assert rates([[2, 0, 0, 2]]) == Rates(0.0, 1.0, None)


def test_where_there_is_nothing_to_divide_by() -> None:
    assert rates([]) == rates([[0, 0, 0, 0]]) == Rates(None, None, None)
    assert rates([[0, 3, 0, 0]]) == Rates(1.0, None, 0.0)


def test_many_sums_at_once() -> None:
    sums = np.array([[[4, 5, 3, 4], [4, 4, 1, 1]], [[7, 7, 7, 7], [0, 0, 0, 0]]])
    np.testing.assert_allclose(error_rate(sums), [[1 - 7 / 9, 0.75], [0.0, np.nan]])


@given(st.lists(st.tuples(LINKS, LINKS, LINKS), min_size=1, max_size=4))
def test_they_are_those_of_the_sets_of_links(sentences: list[tuple[set[object], set[object], set[object]]]) -> None:
    counts, found, sure, possible = [], set[object](), set[object](), set[object]()
    for number, (links, surely, perhaps) in enumerate(sentences):
        perhaps = perhaps | surely
        counts.append([len(links), len(surely), len(links & surely), len(links & perhaps)])
        for whole, part in ((found, links), (sure, surely), (possible, perhaps)):
            whole |= {(number, link) for link in part}
    aer, precision, recall = rates(counts)
    if found:
        assert precision == len(found & possible) / len(found)
    if sure:
        assert recall == len(found & sure) / len(sure)
    if found or sure:
        assert aer == 1 - (len(found & sure) + len(found & possible)) / (len(found) + len(sure))
