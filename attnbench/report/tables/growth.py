"""Growth of the attention alone with the length: costs, exponents, efficiency lengths, fits, and what they predict."""

from collections.abc import Iterator
from itertools import combinations

import pandas as pd

from attnbench.cost.exponent import FURTHEST, LEAST_LENGTHS, MOST_FIXED, WIDEST, asymptote, not_reached
from attnbench.report.analysis import Analysis, CostCurve
from attnbench.report.document import (
    CellValue,
    Column,
    Table,
    fixed,
    significant,
    without_empty,
)
from attnbench.report.statistics import Estimate, crossing
from attnbench.report.statistics.session_agreement import exponent_agreement, order_agreement
from attnbench.report.study.cost_ratios import LEGEND, QUANTITIES, SIGNS, Measured, Quantity, few_repetitions
from attnbench.report.study.frames import along, median, where
from attnbench.report.study.study import Study, evenly_spaced

MOST_NOISY = 8  # cells that a caption names
EXPONENT = (Column("Exponent e", fixed(2)), Column("For n"), Column("Asymptote"))
REACHED = (
    "An exponent has a 95 % interval, and is of all lengths from the shortest one on for which this holds: there are "
    f"at least {LEAST_LENGTHS} lengths; at the shortest, the fixed part a of the fit a + b·n + c·n² is at most "
    f"1/{1 / MOST_FIXED:.0f} of it; the interval is not wider than ± {WIDEST}; no measurement is further than "
    f"{100 * FURTHEST:.0f} % from the fit, as after a change of kernel. If there are no such lengths, the exponent is "
    "not reached."
)
MOST_CROSSING = 16  # mechanisms that are compared in pairs: 120 pairs


def costs(study: Study, measured: Measured) -> Iterator[Table]:
    """For each quantity that was measured, a row for each mechanism and a column for each length."""
    for quantity in QUANTITIES[measured.of]:
        here = where(study.scaling, **measured._asdict(), passes=quantity.passes)
        if median(here, quantity.field) is not None:
            yield _costs(study, measured, quantity, here)


def exponents(analysis: Analysis, measured: Measured) -> Iterator[Table]:
    """How time grows, with the kernel that ran, heads and their size; then how memory grows."""
    study, curves = analysis.study, analysis.curves[measured, "ms"]
    rows: list[tuple[CellValue, ...]] = []
    for name, mine in study.by_mechanism(where(study.shapes, **measured._asdict())):
        kernels = " / ".join(dict.fromkeys(str(kernel) for kernel in mine["kernel"] if pd.notna(kernel)))
        shape = [" / ".join(dict.fromkeys(map(str, mine[key]))) for key in ("batch_size", "heads", "head_dim")]
        fit = curves[name].growth if name in curves else None
        growing = _exponent(curves.get(name))
        rows.append((name, kernels or None, *shape, *growing, fit.quadratic_from if fit else None))
    shapes = (Column("Kernel"), *(Column(title, fixed(0)) for title in ("Batch", "Heads", "Head size")))
    columns = (Column("Mechanism"), *shapes, *EXPONENT, Column("Quadratic from n", fixed(0)))
    caption = (
        f"Growth of the time of {measured.both}, as nᵉ. {REACHED} The asymptote "
        "is that of the operations of a call, in closed form. The last column is the length from which the quadratic "
        "part of the time is larger than the rest. Numbers are of medians over the jobs of a mechanism. A dash: there "
        "is no such number, or no closed form."
    )
    yield without_empty(Table(f"exponents_{measured.name}", caption, columns, tuple(rows)))
    if held := analysis.curves[measured, "peak_mib"]:
        caption = (
            f"Growth of the peak memory of {measured.both}, as nᵉ, by the same "
            "rule. The asymptote is that of the bytes that a call reads and writes at least, in closed form. It is not "
            "that of the peak."
        )
        rows = [(name, *_exponent(curve)) for name, curve in held.items()]
        columns = (Column("Mechanism"), *EXPONENT)
        yield without_empty(Table(f"memory_exponents_{measured.name}", caption, columns, tuple(rows)))


def fits(analysis: Analysis, measured: Measured) -> Iterator[Table]:
    """A row for each mechanism: time as a + b·n + c·n², and the prediction for the longest length from all others."""
    rows: list[tuple[CellValue, ...]] = []
    covered: list[bool] = []
    for name, curve in analysis.curves[measured, "ms"].items():
        if curve.growth:
            parts = (float(each) for each in curve.growth.coefficients * (1, 1e3, 1e6))
            check = curve.held_out
            predicted = (check.length, check.measured, check.predicted, 100 * check.error) if check else (None,) * 4
            covered += [check.covered] if check else []
            rows.append((name, *parts, *predicted))
    if rows:
        titles = ("a (ms)", "b (µs a position)", "c (ns a pair)")
        columns = (
            Column("Mechanism"),
            *(Column(title, significant) for title in titles),
            Column("Held-out n", fixed(0)),
            Column("Measured (ms)", significant),
            Column("Predicted (ms)", significant),
            Column("Error (%)", fixed(0)),
        )
        caption = (
            f"Time of {measured.both}, as a + b·n + c·n² with no part below 0. "
            "To see how far such a fit can be trusted, the longest length is held out and predicted from the others, "
            f"with a 95 % interval of the log time. It covers the measured time for {sum(covered)} of {len(covered)} "
            "mechanisms."
        )
        yield Table(f"fits_{measured.name}", caption, columns, tuple(rows), collapsed=True)


def efficiency_lengths(analysis: Analysis, measured: Measured) -> Iterator[Table]:
    """A row for each pair of mechanisms of which one overtakes the other within the measured lengths."""
    curves = {name: curve for name, curve in analysis.curves[measured, "ms"].items() if curve.growth}
    chosen = evenly_spaced(list(curves), MOST_CROSSING)
    rows: list[tuple[CellValue, ...]] = []
    for first, second in combinations(chosen, 2):
        ours, theirs = curves[first].growth, curves[second].growth
        met = crossing(ours, theirs) if ours and theirs else None
        if met and met.inside and met.length.low > 0 and met.length.high < float("inf"):
            ahead, behind = (first, second) if met.first_ahead else (second, first)
            rows.append((ahead, behind, met.length))
    rows.sort(key=lambda row: getattr(row[2], "value", 0.0))
    if rows:
        columns = (Column("Mechanism"), Column("is faster than"), Column("from n", fixed(0)))
        among = "" if len(chosen) == len(curves) else f" Among {len(chosen)} of {len(curves)} mechanisms."
        caption = (
            f"Efficiency lengths (Zhang et al. 2023) of {measured.both}: from this length on, the first mechanism is "
            "faster than the other one. The fits of time against length "
            "cross there, within the measured lengths; with 95 % intervals. Pairs whose interval has no upper end are "
            f"left out.{among}"
        )
        yield Table(f"efficiency_lengths_{measured.name}", caption, columns, tuple(rows), collapsed=len(rows) > 12)


def ratios(study: Study, measured: Measured) -> Iterator[Table]:
    """A row for each mechanism: its costs as ratios to its baseline, at the longest length that both have."""
    rows: list[tuple[CellValue, ...]] = []
    for name, mine in study.by_mechanism(where(study.scaling, **measured._asdict())):
        common = pd.DataFrame(mine.loc[mine["ms_ratio"].notna()])
        if not common.empty:
            longest = max((int(n) for n in common["length"]), key=lambda n: (len(where(common, length=n)), n))
            there = where(common, length=longest)
            found = (
                median(where(there, passes=each.passes), f"{each.field}_ratio") for each in QUANTITIES[measured.of]
            )
            rows.append((name, " / ".join(dict.fromkeys(common["baseline"])), longest, *found))
    if rows:
        titles = (each.title.partition(" (")[0].capitalize() for each in QUANTITIES[measured.of])
        columns = (
            *(Column("Mechanism"), Column("Baseline"), Column("n", fixed(0))),
            *(Column(title, significant) for title in titles),
        )
        caption = (
            f"{measured.title.capitalize()}: ratios to the baseline's times and peak memory, at the longest length at "
            "which both were measured, in turns."
        )
        yield Table(f"ratios_{measured.name}", caption, columns, tuple(rows))


def stability(analysis: Analysis, measured: Measured) -> Iterator[Table]:
    """A row for each mechanism that several cost sessions measured: how far its exponents differ."""
    sessions = analysis.sessions(measured)
    rows = exponent_agreement(sessions)
    if rows:
        pairs, changed, furthest = order_agreement(sessions)
        columns = (
            Column("Mechanism"),
            Column("Sessions", fixed(0)),
            Column("Reached in", fixed(0)),
            Column("For n"),
            Column("Time exponent", fixed(2)),
            Column("Largest deviation", fixed(2)),
        )
        caption = (
            f"Agreement of {len(sessions)} sessions on {measured.device}: the median of each mechanism's exponents of "
            "time over the sessions that reach it, and the largest deviation from it. The lengths are those from the "
            f"shortest to the longest that any of these exponents is of. Of {pairs:,} pairs of mechanisms at a length, "
            f"{changed:,} were not in the same order in all sessions. The largest difference in such a pair is "
            f"{100 * furthest:.0f} %."
        )
        cells = (
            (one.mechanism, one.sessions, one.reached, _range(one.shortest, one.longest), one.exponent, one.deviation)
            for one in rows
        )
        yield Table(f"stability_{measured.name}", caption, columns, tuple(cells))


def _exponent(curve: CostCurve | None) -> tuple[CellValue, ...]:
    """The cells below `EXPONENT`."""
    if curve is None or not curve.values:
        return None, None, None
    power, found = asymptote(curve.work) or None, curve.exponent
    if found is None:
        return not_reached(curve.values), None, power
    estimate = Estimate(found.value, found.value - found.margin, found.value + found.margin, 1)
    return estimate, _range(found.shortest, found.longest), power


def _range(shortest: int | None, longest: int | None) -> str | None:
    return None if shortest is None else f"{shortest:,}–{longest:,}"


def _costs(study: Study, measured: Measured, quantity: Quantity, here: pd.DataFrame) -> Table:
    lengths = sorted(int(length) for length in here["length"].unique())
    signs = here.drop_duplicates(["mechanism", "length"], keep="last").set_index(["mechanism", "length"])["status"]
    why = {at: SIGNS.get(str(status)) for at, status in signs.items()}
    values = along(here, "length", [quantity.field])
    rows: list[tuple[CellValue, ...]] = []
    for name in study.shown(here):
        mine = {length: at[quantity.field] for length, at in values.get(name, {}).items()}
        rows.append((name, *(mine.get(length, why.get((name, length))) for length in lengths)))
    columns = (Column("Mechanism"), *(Column(f"n = {length:,}", significant) for length in lengths))
    caption = (
        f"{measured.title.capitalize()}, {quantity.title}, over n tokens on each side. Medians over the jobs "
        f"that share a mechanism. {LEGEND}{_noisy(here) if quantity.field == 'ms' else ''}"
    )
    return Table(f"{quantity.name}_by_length_{measured.name}", caption, columns, tuple(rows), collapsed=True)


def _noisy(points: pd.DataFrame) -> str:
    """The times whose quartiles stayed too far apart after all repetitions, and how many were repeated too seldom."""
    measured = where(points, status="measured").drop_duplicates(["mechanism", "length"])
    few = few_repetitions(measured["repetitions"])
    found = where(points, noisy=True).drop_duplicates(["mechanism", "length"])
    named = [f"{name} at {n:,}" for name, n in zip(found["mechanism"], found["length"], strict=True)]
    more = f", and {len(named) - MOST_NOISY} more" if len(named) > MOST_NOISY else ""
    noisy = f"Noisy, because the quartiles stayed far apart after repetition: {', '.join(named[:MOST_NOISY])}{more}."
    return "".join(f" {sentence}" for sentence in (few, noisy if named else "") if sentence)
