"""How the attention alone grows with the length: time and memory of forward and backward, and their exponents."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from attnbench.attention import Attention
from attnbench.errors import UserError
from attnbench.measure.memory import is_out_of_memory, peak_mib
from attnbench.measure.timing import Timing, once_ms, time_interleaved
from attnbench.record import Scaling, ScalingPoint

Status = Literal["measured", "out_of_memory", "over_budget"]


@dataclass(frozen=True)
class Lengths:
    """What is measured: at each of `lengths`, as many queries as keys, `batch_size` sentences at once.

    A length whose predicted call (four times the last, for twice the length) would pass `max_seconds` is not run.

    Raises:
        UserError: lengths that do not grow, or a value out of range.
    """

    lengths: Sequence[int]
    batch_size: int
    repetitions: int
    max_seconds: float

    def __post_init__(self) -> None:
        if list(self.lengths) != sorted(set(self.lengths)) or not self.lengths or self.lengths[0] < 1:
            raise UserError(f"cost.lengths={list(self.lengths)}: must be positive numbers that grow")
        for key in ("batch_size", "repetitions", "max_seconds"):
            if not getattr(self, key) > 0:
                raise UserError(f"cost.{key}={getattr(self, key)}: must be greater than 0")


def measure_scaling(
    attention: Callable[[int], Attention], width: int, grid: Lengths, device: torch.device, *, seed: int = 0
) -> Scaling:
    """Time and memory of one attention layer against the length, forward and backward.

    Args:
        attention: makes the layer for states of a width.
        width: of the states.
        grid: the lengths and the budget.
        device: to run on.
        seed: of the random states.
    """
    layer = attention(width).to(device).train()
    calls: dict[int, Callable[[], None]] = {}
    peaks: dict[int, float] = {}
    status: dict[int, Status] = dict.fromkeys(grid.lengths, "over_budget")
    expected_s = 0.0
    for i, length in enumerate(grid.lengths):
        if expected_s > grid.max_seconds:
            break
        call = _call(layer, length, width, grid.batch_size, device, seed)
        try:
            once_ms(call, device)
            peaks[length] = peak_mib(call, device)
            taken_s = once_ms(call, device) / 1000
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            status[length] = "out_of_memory"
            break
        calls[length], status[length] = call, "measured"
        following = grid.lengths[min(i + 1, len(grid.lengths) - 1)]
        expected_s = taken_s * (following / length) ** 2
    timed = time_interleaved(list(calls.values()), device, repetitions=grid.repetitions)
    timings = dict(zip(calls, timed, strict=True))
    points = [_point(length, status[length], timings.get(length), peaks.get(length)) for length in grid.lengths]
    return Scaling(
        kernel=layer.chosen_kernel().name,
        batch_size=grid.batch_size,
        heads=layer.heads,
        head_dim=width // layer.heads,
        points=points,
        time_exponent=exponent({length: timing.median for length, timing in timings.items()}),
        memory_exponent=exponent(peaks),
    )


def exponent(values: dict[int, float]) -> float | None:
    """The slope of log value over log length, by least squares over the longer half of the lengths; None if under 2.

    Short lengths are dominated by fixed costs, so they say little about growth.
    """
    lengths = sorted(length for length, value in values.items() if value > 0)
    lengths = lengths[len(lengths) // 2 :] if len(lengths) > 3 else lengths
    if len(lengths) < 2:
        return None
    xs, ys = [math.log(length) for length in lengths], [math.log(values[length]) for length in lengths]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)


def _call(
    layer: Attention, length: int, width: int, batch_size: int, device: torch.device, seed: int
) -> Callable[[], None]:
    generator = torch.Generator().manual_seed(seed)
    shape = (batch_size, length, width)
    query, states = (torch.randn(shape, generator=generator).to(device).requires_grad_() for _ in range(2))
    lengths = torch.full((batch_size,), length, device=device)

    def call() -> None:
        layer(query, layer.remember(states, lengths)).context.sum().backward()
        # Let go here, not before the next call: what that one frees first would be missing from its peak.
        query.grad = states.grad = None

    return call


def _point(length: int, status: Status, timing: Timing | None, peak: float | None) -> ScalingPoint:
    ms, q1, q3 = (timing.median, timing.q1, timing.q3) if timing else (None, None, None)
    return ScalingPoint(length, status, ms, q1, q3, peak)
