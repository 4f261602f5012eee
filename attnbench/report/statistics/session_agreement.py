"""How far sessions that measured the same agree: in their exponents, and in which mechanism is the faster one."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

from attnbench.cost.exponent import exponent

Times = Mapping[int, float]  # length -> ms, forward and backward
Session = Mapping[str, Times]  # by mechanism


class ExponentAgreement(NamedTuple):
    """The exponents of time of a mechanism, in the sessions that measured it."""

    mechanism: str
    sessions: int
    reached: int  # sessions in which the exponent is reached; the rest is over these, and None if there are none
    shortest: int | None  # length of any of the exponents
    longest: int | None
    exponent: float | None  # the median
    deviation: float | None  # the largest deviation from the median, if several sessions reach it


class OrderAgreement(NamedTuple):
    """All pairs of mechanisms at each length: how many are not in the same order in every session."""

    pairs: int
    changed: int
    furthest: float  # the largest relative difference of medians in a pair whose order changed


def exponent_agreement(sessions: Sequence[Session]) -> list[ExponentAgreement]:
    """Each mechanism that at least two sessions measured."""
    names = dict.fromkeys(name for session in sessions for name in session)
    times = {name: [session[name] for session in sessions if name in session] for name in names}
    return [_agreement(name, each) for name, each in times.items() if len(each) > 1]


def order_agreement(sessions: Sequence[Session]) -> OrderAgreement:
    """Whether the faster of two mechanisms is the faster one in every session that measured both at a length."""
    names = sorted({name for session in sessions for name in session})
    gaps = [gap for pair in combinations(names, 2) for gap in _gaps(pair, sessions)]
    changed = [gap for gap, same in gaps if not same]
    return OrderAgreement(len(gaps), len(changed), max(changed, default=0.0))


def _agreement(name: str, times: Sequence[Times]) -> ExponentAgreement:
    found = [one for one in map(exponent, times) if one]
    if not found:
        return ExponentAgreement(name, len(times), 0, None, None, None, None)
    middle = median(one.value for one in found)
    shortest, longest = min(one.shortest for one in found), max(one.longest for one in found)
    deviation = max(abs(one.value - middle) for one in found) if len(found) > 1 else None
    return ExponentAgreement(name, len(times), len(found), shortest, longest, middle, deviation)


def _gaps(pair: tuple[str, str], sessions: Sequence[Session]) -> Iterator[tuple[float, bool]]:
    """At each length that at least two sessions measured for both: their relative difference, and whether the order is
    the same.
    """
    both = [(session[pair[0]], session[pair[1]]) for session in sessions if pair[0] in session and pair[1] in session]
    for length in sorted({length for first, second in both for length in first.keys() & second.keys()}):
        ratios = [first[length] / second[length] for first, second in both if length in first and length in second]
        if len(ratios) > 1:
            middle = median(ratios)
            yield max(middle, 1 / middle) - 1, min(ratios) >= 1 or max(ratios) <= 1
