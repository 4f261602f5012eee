"""The variance between seeds: one for all that share it, on the scale on which they do."""

import numpy as np
import pytest
from scipy import stats

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.seed_noise import _bartlett_p, seed_noise
from tests.marks import slow

ROUNDS = 200


def _drawn(chance: np.random.Generator, deviations: Array, seeds: int, means: Array | float = 40.0) -> list[Array]:
    middle = np.broadcast_to(means, len(deviations))
    return [mean + deviation * chance.normal(size=seeds) for mean, deviation in zip(middle, deviations, strict=True)]


def test_the_pool_is_the_mean_variance_weighted_by_degrees() -> None:
    values = [np.array([30.0, 32.0]), np.array([29.0, 30.0, 31.0, 32.0])]
    found = seed_noise(values, 100.0)
    assert found.shared.all()
    assert found.degrees.tolist() == [4, 4]
    expected = (2.0 * 1 + np.var(values[1], ddof=1) * 3) / 4
    assert found.variance.tolist() == pytest.approx([expected, expected], rel=0.02)


def test_no_variance_is_below_the_lower_limit_of_a_mechanisms_own() -> None:
    chance = np.random.default_rng(0)
    values = [*_drawn(chance, np.ones(20), 3), np.array([37.6, 40.0, 42.4])]
    found = seed_noise(values, 100.0)
    assert found.shared[-1]
    # Two degrees of freedom: 20 % of chi² is above 3.219.
    assert found.variance[-1] == pytest.approx(2.4**2 * 2 / 3.219, rel=1e-3)
    assert found.variance[-1] > found.variance.min()


@pytest.mark.parametrize("seeds", [slow(2), 3, slow(5)])
def test_mechanisms_that_share_a_variance_are_mostly_pooled(seeds: int) -> None:
    chance = np.random.default_rng(seeds)
    found = [seed_noise(_drawn(chance, np.ones(10), seeds), 100.0) for _ in range(ROUNDS)]
    assert np.mean([each.shared.all() for each in found]) > 0.8
    # Lower limits that are above the pool add a little.
    assert 0.95 < np.mean([each.variance.mean() for each in found]) < 1.25


def test_a_noisy_mechanism_has_its_own_variance_and_a_quiet_one_has_that_of_the_pool() -> None:
    chance = np.random.default_rng(0)
    deviations = np.r_[np.ones(10), 30.0, 0.001]
    found = seed_noise(_drawn(chance, deviations, 5), 100.0)
    assert not found.shared[10]
    assert found.degrees[10] == 4
    assert found.variance[10] > 100
    assert found.shared[11]
    assert found.variance[11] == pytest.approx(found.variance[0], rel=0.05)


def test_noise_that_shrinks_towards_the_ends_is_pooled_as_log_odds() -> None:
    chance, means = np.random.default_rng(0), np.array([50.0, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8])
    found = seed_noise(_drawn(chance, 0.04 * means * (100 - means) / 100, 5, means), 100.0)
    assert found.scale == "log-odds"
    assert found.shared.all()
    assert found.variance[0] ** 0.5 == pytest.approx(1.0, rel=0.3)
    assert found.variance[-1] ** 0.5 == pytest.approx(0.008, rel=0.3)


def test_bartletts_test_is_that_of_scipy_with_many_seeds() -> None:
    chance = np.random.default_rng(0)
    values = [chance.normal(size=30) * deviation for deviation in (0.8, 0.9, 1.0, 1.1, 1.2)]
    variances, degrees = np.array([float(np.var(each, ddof=1)) for each in values]), np.full(5, 29.0)
    p = _bartlett_p(variances, degrees, np.ones(5, bool))
    assert 0.02 < p < 0.98  # else the comparison says little
    assert p == pytest.approx(stats.bartlett(*values).pvalue, abs=0.03)


@pytest.mark.parametrize("degrees", [slow([1, 1]), [1, 4, 9], slow([2] * 10), slow([4] * 60)])
def test_bartletts_test_holds_its_level(degrees: list[int]) -> None:
    of_each, chance = np.array(degrees, float), np.random.default_rng(0)
    everyone = np.ones(len(degrees), bool)
    found = [_bartlett_p(chance.chisquare(of_each) / of_each, of_each, everyone) for _ in range(2000)]
    for level in (0.01, 0.05, 0.2):
        assert np.mean(np.array(found) < level) == pytest.approx(level, abs=0.025 * (level / 0.2) ** 0.5 + 0.003)


def test_seeds_that_agree_have_no_noise() -> None:
    found = seed_noise([np.full(3, 30.0), np.full(2, 31.0)], 100.0)
    assert found.variance.tolist() == [0, 0]
