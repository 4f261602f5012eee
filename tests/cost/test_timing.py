"""Timing, with a clock that the test moves."""

import pytest
import torch

from attnbench.cost.timing import Timing, calls_to_last, once_ms, summary, time_call
from tests.cost.fake_clock import Clock

CPU = torch.device("cpu")


def test_median_and_quartiles_leave_out_the_first_two_calls(clock: Clock) -> None:
    task = clock.task("a", [1000.0, 500.0, 40.0, 10.0, 50.0, 20.0, 30.0])
    assert time_call(task, CPU, repetitions=5) == pytest.approx(Timing(30.0, 20.0, 40.0, 5))


def test_a_short_call_is_repeated_until_the_total_is_long_enough(clock: Clock) -> None:
    timing = time_call(clock.task("a", [0.25]), CPU, repetitions=2)
    assert len(clock.log) == 2 + 2 * 20  # 20 x 0.25 ms = 5 ms
    assert timing.median == pytest.approx(0.25)


@pytest.mark.parametrize(("ms", "calls"), [(0.0, 5000), (0.25, 20), (4.9, 1), (50.0, 1)])
def test_the_number_of_calls(ms: float, calls: int) -> None:
    assert calls_to_last(ms) == calls


def test_a_single_repetition_equals_its_quartiles() -> None:
    assert summary([5.0]) == Timing(5.0, 5.0, 5.0, 1)


def test_the_real_clock_gives_a_positive_time() -> None:
    assert 0 < once_ms(lambda: sum(range(1000)), CPU, count=3) < 1000
