"""Intervals on numbers worked out by hand or taken from printed tables."""

import pandas as pd
import pytest

from attnbench.report.statistics import Estimate, bleu, over_seeds, t_quantile


@pytest.mark.parametrize(
    ("degrees", "expected"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_t_quantile_agrees_with_the_printed_table(degrees: int, expected: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(expected, abs=5e-4)


def test_interval_over_seeds() -> None:
    # Mean 12, standard deviation 2, standard error 2 / sqrt(3) = 1.1547; times 4.3027 is 4.968.
    found = over_seeds([10.0, 12.0, 14.0])
    assert (found.value, found.seeds) == (12.0, 3)
    assert found.low == pytest.approx(7.032, abs=1e-3)
    assert found.high == pytest.approx(16.968, abs=1e-3)


def test_one_seed_keeps_its_bootstrap_interval() -> None:
    jobs = pd.DataFrame({"seed": [1], "bleu": [30.0], "bleu_low": [28.0], "bleu_high": [33.0]})
    assert bleu(jobs) == Estimate(30.0, 28.0, 33.0, 1)


def test_the_same_seed_twice_is_one_seed() -> None:
    jobs = pd.DataFrame({"seed": [1, 1], "bleu": [30.0, 32.0], "bleu_low": [28.0, 30.0], "bleu_high": [33.0, 35.0]})
    assert bleu(jobs) == Estimate(31.0, 29.0, 34.0, 1)


@pytest.mark.parametrize(
    ("low", "high", "overlaps"), [(0, 1, False), (0, 2, True), (3, 4, True), (5, 6, True), (6.1, 7, False)]
)
def test_overlap(low: float, high: float, overlaps: bool) -> None:
    assert Estimate(4, 2, 6, 1).overlaps(Estimate(0, low, high, 1)) is overlaps
