"""The length at which one mechanism overtakes another."""

from dataclasses import dataclass

import numpy as np

from attnbench.cost.polynomial import largest_root, powers
from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.growth import REACH, Growth, from_draws


@dataclass(frozen=True)
class Crossing:
    """The length at which two curves change their order."""

    length: Estimate  # its interval may begin at 0 (from the start) and end at infinity (never)
    first_ahead: bool  # whether the first curve is the lower one beyond
    inside: bool  # whether both were measured there; else it is extrapolated


def crossing(first: Growth, second: Growth) -> Crossing | None:
    """The last crossing of two curves; None if there is none within the reach of both."""
    horizon = REACH * min(first.longest, second.longest)
    gap = first.coefficients - second.coefficients
    length = float(largest_root(gap, horizon))
    if length == 0:
        return None
    # Both curves used the same random numbers. In reverse order they are independent.
    gaps = first.draws - second.draws[::-1]
    beyond = np.sign(powers(horizon) @ gap)
    lengths = np.where(np.sign(gaps @ powers(horizon)) == beyond, largest_root(gaps, horizon), np.inf)
    measured = max(first.shortest, second.shortest) <= length <= min(first.longest, second.longest)
    return Crossing(from_draws(length, lengths), bool(beyond < 0), measured)
