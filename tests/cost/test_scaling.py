"""The settings of a cost measurement, and the prediction for the next length."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.cost.scaling import ScalingSettings, last_slope, predicted
from attnbench.errors import UserError

BUDGETS = ("max_spread", "max_seconds", "max_mib")


@given(st.floats(1.0, 2.0), st.floats(1e-3, 1e3), st.integers(1, 5))
def test_a_power_law_is_predicted(power: float, scale: float, known: int) -> None:
    values = {2**i: scale * 2.0 ** (i * power) for i in range(1, known + 2)}
    assert predicted(values, 256) == pytest.approx(scale * 256.0**power)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 0.0),
        ({8: 3.0}, 12.0),  # one value: quadratic growth
        ({4: 3.0, 8: 3.0}, 6.0),  # no growth so far: at least linear
        ({4: 1.0, 8: 100.0}, 400.0),  # at most quadratic: nothing in attention grows faster
        ({2: 0.0, 4: 0.0, 8: 5.0}, 20.0),
        ({2: 99.0, 4: 2.0, 8: 4.0}, 8.0),  # only the last two lengths count
    ],
)
def test_the_prediction_for_twice_the_length(values: dict[int, float], expected: float) -> None:
    assert predicted(values, 16) == pytest.approx(expected)


def test_the_slope_is_that_between_the_two_longest_lengths() -> None:
    assert last_slope({64: 8.0, 8: 100.0, 32: 1.0}) == pytest.approx(3.0)
    assert [last_slope(values) for values in ({}, {8: 1.0}, {8: 0.0, 16: 1.0})] == [None] * 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lengths": [16, 8]}, r"cost\.lengths=\[16, 8\]: must be positive numbers in increasing order"),
        ({"lengths": []}, r"cost\.lengths=\[\]"),
        ({"lengths": [0, 8]}, r"cost\.lengths=\[0, 8\]"),
        ({"repetitions": 0}, r"cost\.repetitions=0: must be greater than 0"),
        ({"max_seconds": math.nan}, r"cost\.max_seconds=nan: must be greater than 0"),
        ({"max_spread": -0.1}, r"cost\.max_spread=-0\.1: must be greater than 0"),
        ({"max_mib": 0}, r"cost\.max_mib=0: must be greater than 0"),
    ],
)
def test_invalid_settings_raise_an_error(changed: dict[str, object], message: str) -> None:
    values = {"lengths": [8, 16], "batch_size": 1, "repetitions": 1} | dict.fromkeys(BUDGETS, 1.0) | changed
    with pytest.raises(UserError, match=message):
        ScalingSettings(**values)  # pyright: ignore[reportArgumentType]
