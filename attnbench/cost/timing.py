"""The time of a call: after a warm-up, with device synchronisation, repeated. The result is median and quartiles."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from attnbench.device import synchronize

MIN_MS = 5.0  # a shorter call is repeated until the total is this long, so that the cost of the clock does not matter


class Timing(NamedTuple):
    """The milliseconds of a call."""

    median: float
    q1: float
    q3: float
    repetitions: int


def time_call(function: Callable[[], object], device: torch.device, *, repetitions: int) -> Timing:
    """Times a function. It first makes two calls: one to warm up, and one to find how many calls last `MIN_MS`."""
    once_ms(function, device)
    count = calls_to_last(once_ms(function, device))
    return summary([once_ms(function, device, count) for _ in range(repetitions)])


def calls_to_last(ms: float) -> int:
    """Returns how many calls of `ms` milliseconds together last `MIN_MS`."""
    return max(1, round(MIN_MS / max(ms, 1e-3)))


def once_ms(function: Callable[[], object], device: torch.device, count: int = 1) -> float:
    """Returns the milliseconds of a call: the mean over `count` calls in a row."""
    synchronize(device)
    start = time.perf_counter()
    for _ in range(count):
        function()
    synchronize(device)
    return (time.perf_counter() - start) * 1000 / count


def spread(timing: Timing) -> float:
    """Returns the distance between the quartiles, divided by the median."""
    return (timing.q3 - timing.q1) / timing.median


def summary(samples: Sequence[float]) -> Timing:
    """Returns the median and the quartiles of the samples, which are in milliseconds."""
    if len(samples) == 1:
        return Timing(samples[0], samples[0], samples[0], 1)
    q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median, q1, q3, len(samples))
