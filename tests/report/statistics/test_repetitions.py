"""Times that differ, and times that do not: how often a difference is found that does not exist."""

import numpy as np
import pytest

from attnbench.report.statistics import Estimate
from attnbench.report.statistics.repetitions import differ, quartiles
from tests.marks import slow


def measured(chance: np.random.Generator, medians: list[float], repetitions: int) -> list[Estimate]:
    samples = [median * np.exp(0.05 * chance.normal(size=repetitions)) for median in medians]
    found = (np.quantile(each, (0.5, 0.25, 0.75)) for each in samples)
    return [Estimate(float(middle), float(low), float(high), 1) for middle, low, high in found]


@pytest.mark.parametrize(
    ("times", "repetitions", "apart"), [slow(2, 3, 0.25), slow(12, 3, 0.8), (2, 7, 0.05), slow(12, 7, 0.3)]
)
def test_equal_times_seldom_differ(times: int, repetitions: int, apart: float) -> None:
    chance = np.random.default_rng(times)
    rounds = [measured(chance, [8.0] * times, repetitions) for _ in range(600)]
    assert 0.025 < np.mean([differ(each, repetitions) for each in rounds]) < 0.08
    # Quartiles that are apart are no test.
    ends = [(min(each, key=lambda one: one.value), max(each, key=lambda one: one.value)) for each in rounds]
    assert np.mean([fast.high < slow.low for fast, slow in ends]) > apart


def test_a_step_that_takes_twice_as_long_differs() -> None:
    chance = np.random.default_rng(0)
    assert np.mean([differ(measured(chance, [8.0, 9.0, 16.0], 3), 3) for _ in range(100)]) > 0.9


def test_one_time_and_times_without_quartiles_differ_from_nothing() -> None:
    assert not differ([Estimate(8.0, 7.9, 8.1, 1)], 5)
    assert not differ([quartiles(8.0, 8.0, 8.0, 1), quartiles(90.0, 90.0, 90.0, 1)], 1)


def test_quartiles_need_three_repetitions() -> None:
    assert not quartiles(8.0, 7.0, 9.0, 2).known
    assert quartiles(8.0, 7.0, 9.0, 3) == Estimate(8.0, 7.0, 9.0, 1)
