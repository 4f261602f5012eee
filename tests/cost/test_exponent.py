"""Where an exponent is reached and where it is not, on known curves."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.cost.exponent import WIDEST, Exponent, asymptote, by_length, exponent, exponent_text, not_reached
from attnbench.record import ScalingPoint

SWEEP = (128, 256, 512, 768, 1024)  # what the default sweep measures of a quadratic attention
COST = tuple(128 * 2**k for k in range(8))
POINT = ScalingPoint(8, "forward", "measured", 2.0, 2.0, 2.0, 3.0, None, 5, False, None, None, 5.0, 7.0)


def curve(lengths: tuple[int, ...], a: float = 0.0, b: float = 0.0, c: float = 0.0) -> dict[int, float]:
    return {n: a + b * n + c * n**2 for n in lengths}


@pytest.mark.parametrize("power", [1, 2])
def test_a_power_law_is_reached_from_the_first_length_on(power: int) -> None:
    found = exponent({n: 3e-4 * n**power for n in COST})
    assert found
    assert (found.value, found.margin) == pytest.approx((power, 0.0), abs=1e-6)
    assert (found.shortest, found.longest) == (128, 16_384)


def test_the_interval_by_hand() -> None:
    # log2: lengths 0 to 3, values 0, 1, 2.1, 3: slope 1.01, squared residuals 0.027 · 0.25; Student's t is 4.303.
    found = exponent({64: 1.0, 128: 2.0, 256: 2**2.1, 512: 8.0})
    assert found
    residuals = np.array([0.0, 1.0, 2.1, 3.0]) - (1.525 + 1.01 * np.array([-1.5, -0.5, 0.5, 1.5]))
    assert found.value == pytest.approx(1.01)
    assert found.margin == pytest.approx(4.303 * math.sqrt(np.sum(residuals**2) / 2 / 5), rel=1e-3)


@pytest.mark.parametrize("values", [curve(COST, a=1.0, c=1e-5), curve(COST, a=1.0, b=1e-2)])
def test_the_fixed_part_is_at_most_an_eighth_at_the_first_length(values: dict[int, float]) -> None:
    found = exponent(values)
    assert found
    earlier = max(n for n in COST if n < found.shortest)
    assert 1 / values[found.shortest] <= 1 / 8 < 1 / values[earlier]
    assert found.longest == 16_384


@pytest.mark.parametrize(
    "values",
    [
        {},
        {128: 1.0},
        dict.fromkeys(COST, 2.0),
        curve(SWEEP, a=1.0, b=1e-3),  # the fixed part dominates
        curve(COST[:3], c=1e-5),  # too few lengths
        {n: max(0.0, 1e-3 * (n - 2048)) for n in COST[:7]},
        {128: 1.4, 256: 4.5, 512: 23.5, 768: 102.0, 1024: 170.0},  # a slower regime from 768 on
        {128: 3.39, 256: 4.02, 512: 9.66, 768: 5.60, 1024: 6.92, 1536: 9.33, 2048: 12.2},  # faster from 768 on
        {128: 1.5, 256: 4.5, 512: 15.0, 768: 23.5, 1024: 25.6, 1536: 29.9},  # memory: a tile fills its budget
        {n: 1e-8 * n**3 for n in SWEEP},  # no attention grows faster than n²: a regime changes
    ],
)
def test_it_is_not_reached(values: dict[int, float]) -> None:
    assert exponent(values) is None


def test_a_regime_at_short_lengths_is_left_out() -> None:
    values = curve(COST, c=1e-5) | {128: 0.02, 256: 0.08}
    found = exponent(values)
    assert found
    assert (found.shortest, found.longest) == (512, 16_384)
    assert found.value == pytest.approx(2.0)


def test_the_ceiling_of_a_tile_is_left_out() -> None:
    values = {n: min(4e-5 * n**2, 10.0) + 0.02 * n for n in (*COST, 32_768, 65_536)}
    found = exponent(values)
    assert found
    assert found.shortest == 4096
    assert found.value == pytest.approx(1.0, abs=0.1)


def test_a_change_between_linear_and_quadratic_is_not_one_exponent() -> None:
    found = exponent(curve(COST, b=1.0, c=1 / 1024))
    assert found
    assert found.shortest >= 512
    assert 1.5 < found.value < 2


def test_the_interval_covers() -> None:
    chance, covered = np.random.default_rng(0), []
    for _ in range(300):
        found = exponent({n: n**2 * math.exp(0.03 * chance.normal()) for n in COST})
        assert found
        covered.append(abs(found.value - 2) <= found.margin)
    assert 0.92 <= np.mean(covered) <= 0.98


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=0, max_size=8),
    st.floats(1e-2, 1e2),
)
def test_an_exponent_is_of_enough_lengths_is_certain_and_has_no_unit(costs: list[float], unit: float) -> None:
    values = dict(zip(COST, costs, strict=False))
    found, scaled = exponent(values), exponent({n: unit * value for n, value in values.items()})
    if found:
        assert found.margin <= WIDEST
        assert sum(found.shortest <= n <= found.longest for n in values) >= 4
        assert found.longest == max(values)
        assert scaled
        assert scaled.value == pytest.approx(found.value, abs=1e-6)


@given(st.floats(0.0, 10.0), st.floats(0.01, 10.0), st.floats(0.0, 10.0))
def test_an_exponent_of_a_polynomial_is_near_its_slope(a: float, b: float, c: float) -> None:
    values = curve(COST, a=a, b=b / 1e3, c=c / 1e6)
    if found := exponent(values):
        slopes = [(b * n / 1e3 + 2 * c * n**2 / 1e6) / values[n] for n in (found.shortest, found.longest)]
        assert 0.75 <= slopes[0] - 1e-6 <= found.value <= slopes[1] + 1e-6


def test_the_text_has_the_lengths() -> None:
    assert exponent_text(curve(COST, c=1e-5)) == "2.00 for n = 128 to 16,384"
    assert exponent_text(curve(SWEEP, a=1.0)) == not_reached(curve(SWEEP)) == "not reached by n = 1,024"
    assert exponent_text({}) == ""


def test_the_asymptote_is_a_whole_power() -> None:
    assert asymptote(curve(COST, a=5.0, b=200.0, c=3.0)) == "n²"
    assert asymptote(curve(COST, b=200.0)) == "n"
    assert asymptote({n: n**3 for n in COST}) == "n^3"
    assert [asymptote({}), asymptote({8: 1.0})] == ["", ""]


def test_lengths_are_comparable_if_half_is_common() -> None:
    ours, theirs, far = (Exponent(1.0, 0.1, *ends) for ends in ((128, 2048), (512, 8192), (4096, 16_384)))
    assert ours.comparable(theirs)
    assert theirs.comparable(ours)
    assert not ours.comparable(far)
    assert not ours.comparable(replace(ours, longest=1_000_000))


def test_values_are_of_one_kind_of_pass() -> None:
    points = [POINT, replace(POINT, length=16, ms=None), replace(POINT, length=32, passes="forward+backward")]
    assert by_length(points, "forward", "ms") == {8: 2.0}
    assert by_length(points, "forward", "bytes") == {8: 7.0, 16: 7.0}
