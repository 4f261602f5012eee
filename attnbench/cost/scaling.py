"""The lengths at which a cost is measured, and the prediction for the next length."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attnbench.errors import UserError

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


def predicted(values: Mapping[int, float], length: int) -> float:
    """Predicts the value at a longer length, from the growth between the last two lengths.

    The exponent of the growth is limited to the range from 1 (linear) to 2 (quadratic). If only one value is known, the
    growth is taken as quadratic. Without values, the prediction is 0.
    """
    if not values:
        return 0.0
    last = max(values)
    slope = last_slope(values)
    power = 2.0 if slope is None else min(max(slope, 1.0), 2.0)
    return values[last] * (length / last) ** power


def last_slope(values: Mapping[int, float]) -> float | None:
    """The slope of log value over log length between the two longest lengths; None without two values above 0."""
    known = sorted(values)[-2:]
    if len(known) < 2 or min(values[length] for length in known) <= 0:
        return None
    shorter, longer = known
    return math.log(values[longer] / values[shorter]) / math.log(longer / shorter)
