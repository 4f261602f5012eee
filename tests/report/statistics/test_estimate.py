"""Student's t interval by hand, and what overlaps."""

import pytest

from attnbench.report.statistics import Estimate, over_seeds


def test_interval_over_seeds() -> None:
    # Mean 12, standard deviation 2, standard error 2 / sqrt(3) = 1.1547; times 4.3027 is 4.968.
    found = over_seeds([10.0, 12.0, 14.0])
    assert (found.value, found.seeds) == (12.0, 3)
    assert found.low == pytest.approx(7.032, abs=1e-3)
    assert found.high == pytest.approx(16.968, abs=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "overlaps"), [(0, 1, False), (0, 2, True), (3, 4, True), (5, 6, True), (6.1, 7, False)]
)
def test_overlap(low: float, high: float, overlaps: bool) -> None:
    assert Estimate(4, 2, 6, 1).overlaps(Estimate(0, low, high, 1)) is overlaps
