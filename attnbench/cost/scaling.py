"""How cost grows with the length: the lengths to measure, the prediction for the next length, and the exponent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from attnbench.errors import UserError
from attnbench.record import ScalingPoint

POSITIVE = ("batch_size", "repetitions", "max_spread", "max_seconds", "max_mib")


@dataclass(frozen=True)
class ScalingSettings:
    """What is measured: at each of `lengths`, as many queries as keys, and `batch_size` sentences at once.

    Each length is timed `repetitions` times. If the quartiles are further apart than `max_spread` times the median, it
    is timed up to three times as often. A length whose call is predicted to take more than `max_seconds` or `max_mib`
    is not run. Ratios are to the `baseline`: words that name a contender, joined by +. None is the first contender.

    Raises:
        UserError: lengths that do not rise, or a value out of range.
    """

    lengths: Sequence[int]
    batch_size: int
    repetitions: int
    max_spread: float
    max_seconds: float
    max_mib: float
    baseline: str | None = None

    def __post_init__(self) -> None:
        if list(self.lengths) != sorted(set(self.lengths)) or not self.lengths or self.lengths[0] < 1:
            raise UserError(f"cost.lengths={list(self.lengths)}: must be positive numbers in rising order")
        for key in POSITIVE:
            if not getattr(self, key) > 0:
                raise UserError(f"cost.{key}={getattr(self, key)}: must be greater than 0")


def growth(points: Sequence[ScalingPoint], field: Literal["ms", "peak_mib"]) -> float | None:
    """The exponent of time or memory of forward and backward; None if too few lengths were measured."""
    known = {point.length: getattr(point, field) for point in points if point.passes == "forward+backward"}
    return exponent({length: value for length, value in known.items() if value is not None})


def asymptotic(values: Mapping[int, float]) -> dict[int, float]:
    """The values of the longer half of the lengths. At the shorter ones, fixed costs dominate."""
    lengths = sorted(length for length, value in values.items() if value > 0)
    return {length: values[length] for length in (lengths[len(lengths) // 2 :] if len(lengths) > 3 else lengths)}


def exponent(values: Mapping[int, float]) -> float | None:
    """The slope of log value over log length, by least squares over the asymptotic part; None for fewer than 2."""
    values = asymptotic(values)
    lengths = list(values)
    if len(lengths) < 2:
        return None
    xs, ys = [math.log(length) for length in lengths], [math.log(values[length]) for length in lengths]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)


def predicted(values: Mapping[int, float], length: int) -> float:
    """The prediction for a longer length, from the growth between the last two lengths, from linear to quadratic.

    From one value, the growth is quadratic. Without values, the prediction is 0.
    """
    if not values:
        return 0.0
    last_two = sorted(values)[-2:]
    found = exponent({known: values[known] for known in last_two})
    power = 2.0 if found is None else min(max(found, 1.0), 2.0)
    return values[last_two[-1]] * (length / last_two[-1]) ** power
