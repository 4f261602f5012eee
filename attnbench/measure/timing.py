"""Time: warm, synchronised, repeated, interleaved; as median and quartiles."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from attnbench.device import synchronize

MIN_MS = 2.0  # a shorter call is repeated until it lasts this long, so that the clock's own cost does not show


class Timing(NamedTuple):
    """Milliseconds a call."""

    median: float
    q1: float
    q3: float
    repetitions: int


def time_call(function: Callable[[], object], device: torch.device, *, repetitions: int) -> Timing:
    """Times one function; see `time_interleaved`."""
    return time_interleaved([function], device, repetitions=repetitions)[0]


def time_interleaved(
    functions: Sequence[Callable[[], object]], device: torch.device, *, repetitions: int
) -> list[Timing]:
    """Times each function, taking turns, so that a machine that drifts drifts for all.

    Each is called twice before, once to warm up and once to see how often it must be called to last `MIN_MS`.
    """
    calls = []
    for function in functions:
        once_ms(function, device)
        calls.append(max(1, round(MIN_MS / max(once_ms(function, device), 1e-3))))
    samples: list[list[float]] = [[] for _ in functions]
    for _ in range(repetitions):
        for function, count, kept in zip(functions, calls, samples, strict=True):
            kept.append(once_ms(function, device, count))
    return [_summary(kept) for kept in samples]


def once_ms(function: Callable[[], object], device: torch.device, count: int = 1) -> float:
    """Milliseconds a call, over `count` calls in a row."""
    synchronize(device)
    start = time.perf_counter()
    for _ in range(count):
        function()
    synchronize(device)
    return (time.perf_counter() - start) * 1000 / count


def _summary(samples: list[float]) -> Timing:
    if len(samples) == 1:
        return Timing(samples[0], samples[0], samples[0], 1)
    q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median, q1, q3, len(samples))
