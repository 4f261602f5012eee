"""Where curves cross, exact and with noise."""

import numpy as np
import pytest

from attnbench.report.statistics import Crossing, Growth, crossing, fit

LENGTHS = [64 * 2**k for k in range(9)]

Curve = tuple[float, float, float]


def _fitted(curve: Curve, noise: float = 0.0, seed: int = 0) -> Growth:
    chance = np.random.default_rng(seed)
    values = curve[0] + curve[1] * np.array(LENGTHS) + curve[2] * np.array(LENGTHS) ** 2.0
    found = fit(dict(zip(LENGTHS, values * (1 + noise * chance.normal(size=len(LENGTHS))), strict=True)))
    assert found
    return found


def _crossing(first: Growth, second: Growth) -> Crossing:
    found = crossing(first, second)
    assert found
    return found


def test_linear_overtakes_quadratic() -> None:
    # 1 + 1e-3 n = 1e-6 n²: n = (1e-3 + sqrt(1e-6 + 4e-6)) / 2e-6
    linear, quadratic = _fitted((1.0, 1e-3, 0.0)), _fitted((0.0, 0.0, 1e-6))
    found = _crossing(linear, quadratic)
    assert found.length.value == pytest.approx(1618.03, rel=1e-4)
    assert (found.first_ahead, found.inside) == (True, True)
    mirrored = _crossing(quadratic, linear)
    assert mirrored.length.value == pytest.approx(1618.03, rel=1e-4)
    assert not mirrored.first_ahead


def test_the_last_of_two_crossings_counts() -> None:
    # The gap is (n - 200)(n - 3000): the second is the lower one between, and the first from 3000 on.
    first, second = _fitted((6e5, 0.0, 1.0)), _fitted((0.0, 3200.0, 0.0))
    assert _crossing(second, first).length.value == pytest.approx(3000, rel=1e-4)
    assert _crossing(second, first).first_ahead


def test_beyond_what_was_measured_is_extrapolated() -> None:
    found = _crossing(_fitted((50.0, 0.0, 0.0)), _fitted((0.0, 1e-3, 0.0)))
    assert found.length.value == pytest.approx(50_000, rel=1e-3)
    assert not found.inside


@pytest.mark.parametrize("other", [(2.0, 2e-3, 0.0), (1.0, 1e-3, 0.0), (0.5, 1.001e-3, 0.0)])
def test_no_crossing_within_reach(other: Curve) -> None:
    assert crossing(_fitted((1.0, 1e-3, 0.0)), _fitted(other)) is None


def test_interval_covers() -> None:
    covered = []
    for seed in range(200):
        found = _crossing(_fitted((1.0, 1e-3, 0.0), 0.05, seed), _fitted((0.0, 0.0, 1e-6), 0.05, seed + 1000))
        covered.append(found.length.low <= 1618.03 <= found.length.high)
    assert 0.92 <= np.mean(covered) <= 0.99


def test_equal_mechanisms_do_not_surely_cross() -> None:
    claims = [
        crossing(_fitted((1.0, 1e-3, 0.0), 0.05, seed), _fitted((1.0, 1e-3, 0.0), 0.05, seed + 500))
        for seed in range(100)
    ]
    sure = [claim for claim in claims if claim and claim.length.low > 0 and np.isfinite(claim.length.high)]
    assert len(sure) <= 8
