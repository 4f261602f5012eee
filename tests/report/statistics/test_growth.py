"""Growth on known curves, and the coverage of its intervals."""

import numpy as np
import pytest

from attnbench.report.statistics import Growth, fit, held_out
from tests.marks import slow

LENGTHS = [64 * 2**k for k in range(9)]
LINEAR, QUADRATIC, BOTH = (0.05, 1e-3, 0.0), (0.05, 0.0, 2e-6), (0.05, 1e-3, 1e-7)
ROUNDS = 200

Curve = tuple[float, float, float]


def _at(curve: Curve, length: float) -> float:
    return curve[0] + curve[1] * length + curve[2] * length**2


def _measured(curve: Curve, noise: float, chance: np.random.Generator) -> dict[int, float]:
    return {length: _at(curve, length) * (1 + noise * chance.normal()) for length in LENGTHS}


def _fitted(curve: Curve, noise: float, chance: np.random.Generator) -> Growth:
    found = fit(_measured(curve, noise, chance))
    assert found
    return found


def test_exact_curves_are_found_again() -> None:
    found = fit({length: _at(BOTH, length) for length in LENGTHS})
    assert found
    assert found.coefficients == pytest.approx(np.array(BOTH), rel=1e-6)
    assert found.at([100, 30_000]) == pytest.approx(np.array([_at(BOTH, 100), _at(BOTH, 30_000)]))
    # 1e-7 n² = .05 + 1e-3 n: n = (1e-3 + sqrt(1e-6 + 2e-8)) / 2e-7
    assert found.quadratic_from
    assert found.quadratic_from.value == pytest.approx(10_049.75, rel=1e-3)


@pytest.mark.parametrize("curve", [slow(LINEAR), slow(QUADRATIC), BOTH])
def test_predictions_cover(curve: Curve) -> None:
    chance, inside, beyond, last = np.random.default_rng(0), [], [], []
    for _ in range(ROUNDS):
        values = _measured(curve, 0.05, chance)
        growth, check = fit(values), held_out(values)
        assert growth
        assert check
        for length, covered in ((3000, inside), (2 * LENGTHS[-1], beyond)):
            predicted = growth.predict(length)
            covered.append(predicted.low <= _at(curve, length) * (1 + 0.05 * chance.normal()) <= predicted.high)
        last.append(check.covered)
    assert all(0.91 <= np.mean(covered) <= 0.99 for covered in (inside, beyond, last))


@pytest.mark.slow
def test_the_curve_alone_would_not_cover() -> None:
    chance, found = np.random.default_rng(0), []
    for _ in range(ROUNDS):
        growth = _fitted(BOTH, 0.1, chance)
        low, high = np.quantile(growth.draws @ (1, 3000, 3000**2), [0.025, 0.975])
        found.append(low <= _at(BOTH, 3000) * (1 + 0.1 * chance.normal()) <= high)
    assert np.mean(found) < 0.85


@pytest.mark.slow
def test_linear_cost_has_no_quadratic_part() -> None:
    chance = np.random.default_rng(0)
    found = [_fitted(LINEAR, 0.03, chance) for _ in range(ROUNDS)]
    assert np.mean([growth.coefficients[2] == 0 for growth in found]) > 0.4  # half: the other half is just above
    assert np.quantile([growth.coefficients[2] * LENGTHS[-1] / LINEAR[1] for growth in found], 0.95) < 0.15
    claims = [growth.quadratic_from for growth in found]
    assert np.mean([claim is not None and np.isfinite(claim.high) for claim in claims]) <= 0.05


@pytest.mark.slow
def test_length_from_which_the_quadratic_part_is_larger_covers() -> None:
    chance, found = np.random.default_rng(0), []
    for _ in range(ROUNDS):
        claim = _fitted(BOTH, 0.03, chance).quadratic_from
        assert claim
        found.append(claim.low <= 10_049.75 <= claim.high)
    assert 0.92 <= np.mean(found) <= 0.99


def test_quadratic_part_out_of_reach_is_not_told() -> None:
    found = fit({length: _at((0.05, 1e-3, 1e-9), length) for length in LENGTHS})
    assert found
    assert found.coefficients[2] == pytest.approx(1e-9, rel=1e-3)
    assert found.quadratic_from is None


def test_an_interval_never_reaches_below_zero() -> None:
    found = held_out({128: 1.0, 256: 9.0, 512: 2.0, 768: 30.0, 1024: 8.0})
    assert found
    assert 0 < found.predicted.low < found.predicted.value < found.predicted.high < float("inf")


def test_held_out_is_the_longest() -> None:
    values = {length: _at(BOTH, length) for length in LENGTHS} | {LENGTHS[-1]: 2 * _at(BOTH, LENGTHS[-1])}
    found = held_out(values)
    assert found
    assert (found.length, found.measured) == (LENGTHS[-1], values[LENGTHS[-1]])
    assert found.error == pytest.approx(-0.5, abs=1e-6)
    assert not found.covered


def test_too_few_lengths() -> None:
    values = {1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0, 16: 16.0}
    first = [dict(list(values.items())[:count]) for count in range(6)]
    assert [fit(each) is None for each in first] == [True, True, True, True, False, False]
    assert [held_out(each) is None for each in first] == [True, True, True, True, True, False]
