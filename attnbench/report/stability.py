"""How far sessions that measured the same agree: in their exponents, and in which contender is the quicker."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

from attnbench.measure.scaling import growth
from attnbench.record import Record

Times = Mapping[int, float]  # length -> ms, forward and backward


class Agreement(NamedTuple):
    """Of one contender's exponents of time, over the sessions that measured it."""

    key: str
    sessions: int
    exponent: float  # their median
    deviation: float  # of the one furthest from it


class Order(NamedTuple):
    """Of all pairs of contenders at each length: how many are not in the same order in every session."""

    pairs: int
    changed: int
    furthest: float  # how much slower the one is than the other, by their medians, in the widest pair that changed


def agreement(records: Sequence[Record]) -> list[Agreement]:
    """Each contender that has an exponent in two sessions or more, by key."""
    found: dict[str, list[float]] = {}
    for record in records:
        value = growth(record.scaling.points, "ms") if record.scaling else None
        if value is not None:
            found.setdefault(record.key, []).append(value)
    return [_agreement(key, values) for key, values in found.items() if len(values) > 1]


def order(records: Sequence[Record]) -> Order:
    """Whether the quicker of two is the quicker in every session that measured both at a length."""
    sessions: dict[str | None, dict[str, Times]] = {}
    for record in records:
        if record.scaling:
            sessions.setdefault(record.scaling.session, {})[record.key] = _times(record)
    keys = sorted({key for times in sessions.values() for key in times})
    gaps = [gap for pair in combinations(keys, 2) for gap in _gaps(pair, list(sessions.values()))]
    changed = [gap for gap, same in gaps if not same]
    return Order(len(gaps), len(changed), max(changed, default=0.0))


def _agreement(key: str, exponents: Sequence[float]) -> Agreement:
    middle = median(exponents)
    return Agreement(key, len(exponents), middle, max(abs(value - middle) for value in exponents))


def _times(record: Record) -> Times:
    points = record.scaling.points if record.scaling else []
    return {point.length: point.ms for point in points if point.ms and point.passes == "forward+backward"}


def _gaps(pair: tuple[str, str], sessions: Sequence[Mapping[str, Times]]) -> Iterable[tuple[float, bool]]:
    """At each length of both in two sessions or more: how far apart they are, and whether the order is the same."""
    both = [(times[pair[0]], times[pair[1]]) for times in sessions if pair[0] in times and pair[1] in times]
    for length in sorted({length for first, second in both for length in first.keys() & second.keys()}):
        ratios = [first[length] / second[length] for first, second in both if length in first and length in second]
        if len(ratios) > 1:
            middle = median(ratios)
            yield max(middle, 1 / middle) - 1, min(ratios) >= 1 or max(ratios) <= 1
