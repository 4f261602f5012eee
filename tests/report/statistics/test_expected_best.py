"""The best of n trials: against all draws, one by one."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.report.statistics import expected_best


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_the_mean_and_deviation_of_all_draws(scores: list[int]) -> None:
    found = expected_best(scores)
    for trials in range(1, len(scores) + 1):
        best = [max(draw) for draw in product(scores, repeat=trials)]
        assert found.mean[trials - 1] == pytest.approx(np.mean(best))
        assert found.deviation[trials - 1] == pytest.approx(np.std(best), abs=1e-6)


def test_by_hand() -> None:
    # Of two draws from 10 and 20, one in four has no 20: 17.5 on average, with a variance of 3/16 · 10².
    found = expected_best([20.0, 10.0])
    assert list(found.mean) == pytest.approx([15.0, 17.5])
    assert list(found.deviation) == pytest.approx([5.0, 18.75**0.5])
