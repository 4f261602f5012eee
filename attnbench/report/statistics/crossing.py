"""Where one mechanism overtakes another."""

from dataclasses import dataclass

import numpy as np

from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.growth import REACH, Growth, from_draws
from attnbench.report.statistics.polynomial import largest_root, powers


@dataclass(frozen=True)
class Crossing:
    """The length beyond which the order of two curves is another."""

    length: Estimate  # its interval may begin at 0 (so from the start) and end at infinity (never)
    first_ahead: bool  # whether it is the first that is lower beyond
    inside: bool  # whether both were measured there; else it is extrapolated


def crossing(first: Growth, second: Growth) -> Crossing | None:
    """The last crossing of two curves; None where there is none within the reach of both."""
    horizon = REACH * min(first.longest, second.longest)
    gap = first.coefficients - second.coefficients
    length = float(largest_root(gap, horizon))
    if length == 0:
        return None
    # Both curves have drawn the same chances; in reverse order they are independent.
    gaps = first.draws - second.draws[::-1]
    beyond = np.sign(powers(horizon) @ gap)
    lengths = np.where(np.sign(gaps @ powers(horizon)) == beyond, largest_root(gaps, horizon), np.inf)
    measured = max(first.shortest, second.shortest) <= length <= min(first.longest, second.longest)
    return Crossing(from_draws(length, lengths), bool(beyond < 0), measured)
