"""Two sources of noise in one interval: exact with one source, never too narrow with two."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from attnbench.report.statistics import over_seeds
from attnbench.report.statistics.margin import Margin, margin

ROUNDS = 4000
VARIANCES = st.floats(0, 4).map(lambda value: value if value > 1e-3 else 0.0)


def test_seeds_alone_are_students_t() -> None:
    values = np.array([10.0, 12.0, 14.0])
    unmoved = np.tile(values, (50, 1))  # by which sentences were drawn
    assert 12 + margin(values, unmoved, 500).reach() == pytest.approx(over_seeds(list(values)).high)


def _margin(*sources: tuple[float, float]) -> Margin:
    variances, degrees = zip(*sources, strict=True)
    return Margin(np.array(variances), np.array(degrees))


def test_sentences_alone_are_students_t() -> None:
    resampled = np.random.default_rng(0).normal(30, 2, (1000, 1))
    found = margin(np.array([30.0]), resampled, 20)
    assert found.reach() == pytest.approx(stats.t.ppf(0.975, 19) * resampled.std(ddof=1))
    assert found.p_values(3.0) == pytest.approx(2 * stats.t.sf(3 / resampled.std(ddof=1), 19))


def test_sentences_that_move_one_seed_only_are_not_counted_twice() -> None:
    chance = np.random.default_rng(0)
    shared, own = 2 * chance.normal(size=(20_000, 1)), 3 * chance.normal(size=(20_000, 4))
    assert margin(np.arange(4.0), shared + own, 500).variances[1] == pytest.approx(4, rel=0.05)


@given(VARIANCES, st.integers(1, 9), VARIANCES, st.integers(1, 500), st.floats(0.01, 20))
def test_p_is_that_of_the_interval_that_ends_at_nought(
    seeds: float, seed_degrees: int, sentences: float, sentence_degrees: int, difference: float
) -> None:
    noise = _margin((seeds, seed_degrees), (sentences, sentence_degrees))
    p = noise.p_values(difference)
    assert 0 < p <= 1
    assert noise.p_values(-difference) == p
    if seeds + sentences and p > 1e-99:
        assert noise.reach(p) == pytest.approx(difference, rel=1e-6)


def test_no_difference_and_no_noise_are_no_findings() -> None:
    assert _margin((1.0, 1), (1.0, 10)).p_values(0.0) == 1
    assert _margin((0.0, 1), (0.0, 1)).p_values(3.0) == 1


def test_many_at_once_are_each_alone() -> None:
    variances, degrees = np.array([[1.0, 2.0], [0.5, 0.0]]), np.array([[3.0, 50.0], [8.0, 1.0]])
    together = Margin(variances, degrees)
    alone = [Margin(each, its) for each, its in zip(variances, degrees, strict=True)]
    assert list(together.reach()) == [each.reach() for each in alone]
    assert list(together.p_values([1.0, 2.0])) == [each.p_values(d) for each, d in zip(alone, (1.0, 2.0), strict=True)]


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("ratio", [0.1, 0.3, 1.0, 10.0])  # of the variance by sentences to that by seeds, of the mean
def test_covers_whatever_the_share_of_the_two(seeds: int, ratio: float) -> None:
    errors, between = _simulated(seeds, ratio)
    variances = np.stack([between, np.full_like(between, ratio)], -1)
    covered = np.mean(np.abs(errors) <= Margin(variances, np.array([seeds - 1.0, 10_000.0])).reach())
    assert 0.94 <= covered <= 0.992


def test_satterthwaite_would_not_cover() -> None:
    errors, between = _simulated(2, 0.1)
    degrees = (between + 0.1) ** 2 / between**2
    assert np.mean(np.abs(errors) <= stats.t.ppf(0.975, degrees) * np.sqrt(between + 0.1)) < 0.9


def _simulated(seeds: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """The error of the mean, and its estimated variance between seeds, whose true value is 1."""
    chance = np.random.default_rng(seeds)
    values = np.sqrt(seeds) * chance.normal(size=(ROUNDS, seeds))
    errors = values.mean(1) + np.sqrt(ratio) * chance.normal(size=ROUNDS)
    return errors, values.var(1, ddof=1) / seeds
