"""The exponent e of cost ~ nᵉ: where the measured lengths reach it, and the power that the closed form tends to.

An exponent is told only with the lengths that it is of. A cost is taken as a + b·n + c·n². Its fixed part a flattens
the growth at short lengths. A change of kernel or of regime breaks the curve. An exponent is of all lengths from the
shortest one on for which this holds:

- There are at least `LEAST_LENGTHS` of them.
- The fixed part is at most `MOST_FIXED` of the polynomial at the shortest. It lowers the slope of log cost by as much:
  that of a + c·n² is 2 · (1 - 1/8) = 2 - 0.25 there. This is no more than the interval may be wide.
- The 95 % interval of the slope is not wider than ± `WIDEST`.
- No measurement is further than `FURTHEST` from the line in log-log, nor from the polynomial.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from attnbench.cost.polynomial import Array, powers, relative_fit
from attnbench.cost.scaling import last_slope
from attnbench.record import Passes, ScalingPoint

LEAST_LENGTHS = 4
MOST_FIXED = 1 / 8
WIDEST = 0.25
FURTHEST = 0.15  # as a share of the cost
TAIL = 0.975  # quantile of Student's t, for an interval of 95 %

Measured = Literal["ms", "peak_mib"]
ClosedForm = Literal["flops", "bytes"]
CLOSED_FORM: dict[Measured, ClosedForm] = {"ms": "flops", "peak_mib": "bytes"}  # what an asymptote is of
POWERS = {1: "n", 2: "n²"}


@dataclass(frozen=True)
class Exponent:
    """The exponent e of cost ~ nᵉ over the lengths from `shortest` to `longest`; the 95 % interval is ± `margin`."""

    value: float
    margin: float
    shortest: int
    longest: int

    def comparable(self, other: "Exponent") -> bool:
        """Whether both have at least half of their lengths in common, on a logarithmic axis."""
        common = min(self.longest, other.longest) / max(self.shortest, other.shortest)
        return common**2 >= max(self.longest / self.shortest, other.longest / other.shortest)


def exponent(values: Mapping[int, float]) -> Exponent | None:
    """The exponent of time or memory by length, over as many lengths as allow it; None if it is not reached."""
    lengths = sorted(length for length, value in values.items() if value > 0)
    starts = range(len(lengths) - LEAST_LENGTHS + 1)
    found = (_over({length: values[length] for length in lengths[start:]}) for start in starts)
    return next((one for one in found if one), None)


def exponent_text(values: Mapping[int, float]) -> str:
    """The exponent with the lengths that it is of, or by which length it is not reached; empty without values."""
    found = exponent(values)
    if found:
        return f"{found.value:.2f} for n = {found.shortest:,} to {found.longest:,}"
    return not_reached(values) if values else ""


def not_reached(values: Mapping[int, float]) -> str:
    """What stands in place of an exponent that is not reached."""
    return f"not reached by n = {max(values):,}"


def asymptote(work: Mapping[int, float]) -> str:
    """The power of n that a closed form tends to, as "n" or "n²"; empty without two lengths.

    Closed forms are sums of whole powers. So this is the slope of log-log over the two longest lengths, rounded.
    """
    slope = last_slope(work)
    return "" if slope is None else POWERS.get(round(slope), f"n^{round(slope)}")


def by_length(points: Sequence[ScalingPoint], passes: Passes, field: Measured | ClosedForm) -> dict[int, float]:
    """The values of a field by length, where there are any."""
    known = {point.length: getattr(point, field) for point in points if point.passes == passes}
    return {length: value for length, value in known.items() if value is not None}


def _over(values: Mapping[int, float]) -> Exponent | None:
    """The exponent over exactly these lengths, in rising order; None if one of the conditions does not hold."""
    costs = np.array(list(values.values()))
    slope, margin, line = _line(np.log(list(values)), np.log(costs))
    if margin > WIDEST or not _near(costs, np.exp(line)):
        return None
    coefficients, _ = relative_fit(values)
    curve = powers(list(values)) @ coefficients
    if coefficients[0] > MOST_FIXED * curve[0] or not _near(costs, curve):
        return None
    return Exponent(slope, margin, min(values), max(values))


def _line(xs: Array, ys: Array) -> tuple[float, float, Array]:
    """The least-squares slope, half the width of its interval, and the line at each x."""
    centred, degrees = xs - xs.mean(), len(xs) - 2
    squares = centred @ centred
    slope = centred @ ys / squares
    line = ys.mean() + slope * centred
    error = math.sqrt(np.sum((ys - line) ** 2) / degrees / squares)
    return float(slope), float(stdtrit(degrees, TAIL)) * error, line


def _near(costs: Array, curve: Array) -> bool:
    return bool(np.max(np.abs(costs / curve - 1)) <= FURTHEST)
