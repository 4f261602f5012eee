"""Student's t interval by hand, and what overlaps."""

import math

import pytest

from attnbench.report.statistics import Estimate, over_seeds
from attnbench.report.statistics.estimate import ANYWHERE


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


@pytest.mark.parametrize("values", [[4.0], [4.0, 4.0, 4.0]])
def test_values_that_do_not_differ_have_no_interval(values: list[float]) -> None:
    found = over_seeds(values)
    assert (found.value, found.known, found.seeds) == (4.0, False, len(values))


def test_without_an_interval_everything_overlaps_on_any_scale() -> None:
    unknown = Estimate(4.0, *ANYWHERE, 1)
    assert unknown.overlaps(Estimate(1e9, 1e9, 1e9, 1))
    assert unknown.mapped(math.exp) == Estimate(math.exp(4.0), *ANYWHERE, 1)
    assert Estimate(0.0, -1.0, 1.0, 2).mapped(math.exp) == Estimate(1.0, math.exp(-1), math.e, 2)
