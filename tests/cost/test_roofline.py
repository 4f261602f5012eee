"""The roofline model, compared with results that were computed by hand."""

import pytest

from attnbench.cost.roofline import attainable, share_of_peak
from attnbench.record import DevicePeak

PEAK = DevicePeak(flops_per_s=100e9, bytes_per_s=20e9)  # arithmetic is the limit from 5 operations per byte


@pytest.mark.parametrize(
    ("flops", "bytes", "expected"), [(50, 10, 100e9), (500, 10, 100e9), (10, 10, 20e9), (5, 10, 10e9)]
)
def test_arithmetic_or_memory_limits_the_speed(flops: float, bytes: float, expected: float) -> None:
    assert attainable(flops, bytes, PEAK) == pytest.approx(expected)


def test_the_share_is_relative_to_the_attainable_speed() -> None:
    assert share_of_peak(50e9, 1e9, 1.0, PEAK) == pytest.approx(0.5)  # arithmetic limits: 50 of 100 GFLOP/s
    assert share_of_peak(5e9, 5e9, 0.5, PEAK) == pytest.approx(0.5)  # memory limits: 10 of 20 GFLOP/s
    assert share_of_peak(100e9, 1e9, 1.0, PEAK) == pytest.approx(1)
