"""Findings on cost. Behind each sentence is a test or an interval, and it says no more than that allows."""

from collections.abc import Callable, Iterable, Iterator
from statistics import median

from attnbench.cost.exponent import asymptote
from attnbench.report.analysis import LEVEL, Analysis, CostCurve
from attnbench.report.document import significant
from attnbench.report.findings.sentences import merged, shown
from attnbench.report.statistics import Exponent, crossing
from attnbench.report.statistics.repetitions import differ
from attnbench.report.study.frames import by_condition, numbers
from attnbench.report.study.step_times import step_times

USEFUL = 2.0  # upper end / lower end of the interval of a prediction, at most: wider ones say nothing
GROWING = {"ms": "the time", "peak_mib": "the peak memory"}  # by the name of a quantity


def steps(analysis: Analysis) -> Iterator[str]:
    """The cheapest and the dearest training step, if they differ by more than their repetitions."""
    clauses = []
    for condition, here in by_condition(analysis.study.steps):
        times = step_times(here)
        if differ([*times.values()], int(min(numbers(here, "repetitions")))):
            (cheap, fast), *_, (dear, slow) = times.items()
            low, high = f"{significant(fast.value)} ms ({cheap})", f"{significant(slow.value)} ms ({dear})"
            clauses.append((condition, f"{low} to {high}, {slow.value / fast.value:.1f} times as long"))
    yield from merged(f"The times of a training step differ by more than its repetitions (p < {LEVEL})", clauses)


def growth(analysis: Analysis) -> Iterator[str]:
    """The slowest and the fastest growth that was reached, by the nearer ends of their intervals, if these are apart
    and of comparable lengths. If both have the same asymptote, they differ at these lengths only, and nothing is said.
    """
    for (measured, quantity), curves in analysis.curves.items():
        known = {name: one.exponent for name, one in curves.items() if one.exponent}
        if quantity == "forward_ms" or not known:
            continue
        start = f"{GROWING[quantity]} of {measured.both}{',' if measured.of == 'attention' else ''} grows"
        slow, least = min(known.items(), key=lambda each: each[1].value + each[1].margin)
        fast, most = max(known.items(), key=lambda each: each[1].value - each[1].margin)
        asymptotes = [asymptote(curves[name].work) for name in (slow, fast)]
        if len(curves) == 1:
            yield f"{start} as {_power(least)}."
        elif asymptotes[0] and asymptotes[0] == asymptotes[1]:
            continue
        elif least.value + least.margin < most.value - most.margin and least.comparable(most):
            among = f"of the {len(known)} of {len(curves)} mechanisms whose exponent is reached"
            yield (
                f"{start} least for {slow}, as {_power(least)}, and most for {fast}, as {_power(most)}, {among}; the "
                "intervals do not overlap."
            )


def efficiency_lengths(analysis: Analysis) -> Iterator[str]:
    """Where the mechanism that is fastest at the longest length overtakes the one that is fastest at the shortest
    length: its efficiency length, Zhang et al. 2023 (CAB).
    """
    for (measured, quantity), curves in analysis.curves.items():
        if quantity != "ms" or len(curves) < 2:
            continue
        cheap, late = (_cheapest(curves, pick) for pick in (min, max))
        first, second = curves[late].growth, curves[cheap].growth
        met = crossing(first, second) if late != cheap and first and second else None
        if met and met.inside and met.first_ahead and met.length.low > 0 and met.length.high < float("inf"):
            yield (
                f"The efficiency length of {late} is n = {shown(met.length, 0)} ({measured.both}): from there on, it "
                f"is faster than {cheap}, the fastest at the shortest length."
            )


def prediction(analysis: Analysis) -> Iterator[str]:
    for (measured, quantity), curves in analysis.curves.items():
        checks = [one.held_out for one in curves.values() if one.held_out] if quantity == "ms" else []
        if checks:
            covered = sum(check.covered for check in checks)
            error = median(abs(check.error) for check in checks)
            factor = median(check.predicted.high / check.predicted.low for check in checks)
            if factor > USEFUL:
                continue
            yield (
                f"For {measured.both}, the prediction from the shorter lengths (95 % interval) covers the time at the "
                f"longest length for {covered} of {len(checks)} mechanisms. The median error is {100 * error:.0f} %. "
                f"The upper end of the interval is {significant(factor)} times its lower end (median)."
            )


def _cheapest(curves: dict[str, CostCurve], pick: Callable[[Iterable[int]], int]) -> str:
    """The fastest mechanism at the shortest (`min`) or longest (`max`) length at which any was measured."""
    length = pick(n for one in curves.values() for n in one.values)
    there = {name: one.values[length] for name, one in curves.items() if length in one.values}
    return min(there, key=there.__getitem__)


def _power(one: Exponent) -> str:
    low, high = one.value - one.margin, one.value + one.margin
    return f"nᵉ with e = {one.value:.2f} [{low:.2f}, {high:.2f}] for n = {one.shortest:,} to {one.longest:,}"
