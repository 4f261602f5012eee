"""How cost grows with the length: at which lengths it is measured, what comes next, and with which exponent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from attnbench.errors import UserError
from attnbench.record import ScalingPoint

POSITIVE = ("batch_size", "repetitions", "max_spread", "max_seconds", "max_mib")


@dataclass(frozen=True)
class ScalingSettings:
    """What is measured: at each of `lengths`, as many queries as keys, `batch_size` sentences at once.

    Each is timed `repetitions` times; where the quartiles are further apart than `max_spread` times the median, up to
    three times as often. A length whose call is predicted to take more than `max_seconds` or `max_mib` is not run.
    Costs are told as ratios to the `baseline`: the words that name a contender, joined by +; None is the first.

    Raises:
        UserError: lengths that do not grow, or a value out of range.
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
            raise UserError(f"cost.lengths={list(self.lengths)}: must be positive numbers that grow")
        for key in POSITIVE:
            if not getattr(self, key) > 0:
                raise UserError(f"cost.{key}={getattr(self, key)}: must be greater than 0")


def growth(points: Sequence[ScalingPoint], field: Literal["ms", "peak_mib"]) -> float | None:
    """The exponent of time or memory of forward and backward; None where too few lengths were measured."""
    known = {point.length: getattr(point, field) for point in points if point.passes == "forward+backward"}
    return exponent({length: value for length, value in known.items() if value is not None})


def asymptotic(values: Mapping[int, float]) -> dict[int, float]:
    """The values that tell of growth: those of the longer half of the lengths, as fixed costs dominate the shorter."""
    lengths = sorted(length for length, value in values.items() if value > 0)
    return {length: values[length] for length in (lengths[len(lengths) // 2 :] if len(lengths) > 3 else lengths)}


def exponent(values: Mapping[int, float]) -> float | None:
    """The slope of log value over log length, by least squares over the asymptotic part; None of fewer than 2."""
    values = asymptotic(values)
    lengths = list(values)
    if len(lengths) < 2:
        return None
    xs, ys = [math.log(length) for length in lengths], [math.log(values[length]) for length in lengths]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)


def predicted(values: Mapping[int, float], length: int) -> float:
    """The value at a longer length, if it grows on as between the last two, between linearly and as the square.

    From one value it grows as the square, from none it is 0.
    """
    if not values:
        return 0.0
    last_two = sorted(values)[-2:]
    found = exponent({known: values[known] for known in last_two})
    power = 2.0 if found is None else min(max(found, 1.0), 2.0)
    return values[last_two[-1]] * (length / last_two[-1]) ** power
