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
    """The settings of a cost measurement. Each of `lengths` is a number of queries and also the number of keys.

    A batch has `batch_size` sentences. Each length is timed `repetitions` times. If the distance between the quartiles
    is larger than `max_spread` times the median, it is timed up to three times as often. A length is not run if its
    call is predicted to take more than `max_seconds`, or to hold more than `max_mib`. Ratios are relative to the
    contender `baseline`. It is given by words of its name, joined by +. None means the first contender.

    Raises:
        UserError: the lengths are not in increasing order, or a value is out of range.
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
            raise UserError(f"cost.lengths={list(self.lengths)}: must be positive numbers in increasing order")
        for key in POSITIVE:
            if not getattr(self, key) > 0:
                raise UserError(f"cost.{key}={getattr(self, key)}: must be greater than 0")


def growth(points: Sequence[ScalingPoint], field: Literal["ms", "peak_mib"]) -> float | None:
    """Returns the growth exponent of time or memory, for forward with backward; None if there are too few lengths."""
    known = {point.length: getattr(point, field) for point in points if point.passes == "forward+backward"}
    return exponent({length: value for length, value in known.items() if value is not None})


def asymptotic(values: Mapping[int, float]) -> dict[int, float]:
    """Returns the values at the longer half of the lengths, because fixed costs dominate at the shorter lengths."""
    lengths = sorted(length for length, value in values.items() if value > 0)
    return {length: values[length] for length in (lengths[len(lengths) // 2 :] if len(lengths) > 3 else lengths)}


def exponent(values: Mapping[int, float]) -> float | None:
    """Returns the least-squares slope of log value over log length, on the asymptotic values; None for fewer than 2."""
    values = asymptotic(values)
    lengths = list(values)
    if len(lengths) < 2:
        return None
    xs, ys = [math.log(length) for length in lengths], [math.log(values[length]) for length in lengths]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)


def predicted(values: Mapping[int, float], length: int) -> float:
    """Predicts the value at a longer length, from the growth between the last two lengths.

    The exponent of the growth is limited to the range from 1 (linear) to 2 (quadratic). If only one value is known, the
    growth is taken as quadratic. Without values, the prediction is 0.
    """
    if not values:
        return 0.0
    last_two = sorted(values)[-2:]
    slope = exponent({known: values[known] for known in last_two})
    power = 2.0 if slope is None else min(max(slope, 1.0), 2.0)
    return values[last_two[-1]] * (length / last_two[-1]) ** power
