"""Growth of the attention alone with the length: costs, exponents, fits, crossings, and how well a fit predicts."""

from collections.abc import Iterator
from itertools import combinations

import pandas as pd

from attnbench.report.analysis import Analysis
from attnbench.report.document import (
    CellValue,
    Column,
    Table,
    fixed,
    significant,
    without_empty,
)
from attnbench.report.statistics import crossing
from attnbench.report.statistics.session_agreement import exponent_agreement, order_agreement
from attnbench.report.study.cost_ratios import LEGEND, QUANTITIES, SIGNS, Quantity
from attnbench.report.study.frames import along, median, where
from attnbench.report.study.study import Study, evenly_spaced

MOST_NOISY = 8  # cells that a caption names
MOST_CROSSING = 16  # mechanisms that are compared in pairs: 120 pairs


def costs(study: Study, device: str) -> Iterator[Table]:
    """For each quantity that was measured, a row for each mechanism and a column for each length."""
    for quantity in QUANTITIES:
        here = where(study.scaling, device=device, passes=quantity.passes)
        if median(here, quantity.field) is not None:
            yield _costs(study, device, quantity, here)


def exponents(analysis: Analysis, device: str) -> Table:
    """A row for each mechanism: the kernel that ran, heads and their size, and how time and memory grow."""
    study = analysis.study
    time, memory = analysis.curves[device, "ms"], analysis.curves[device, "peak_mib"]
    rows: list[tuple[CellValue, ...]] = []
    for name, mine in study.by_mechanism(where(study.shapes, device=device)):
        kernels = " / ".join(dict.fromkeys(str(kernel) for kernel in mine["kernel"] if pd.notna(kernel)))
        shape = [" / ".join(dict.fromkeys(map(str, mine[key]))) for key in ("batch_size", "heads", "head_dim")]
        slopes = [curves[name].exponent if name in curves else None for curves in (time, memory)]
        fit = time[name].growth if name in time else None
        rows.append((name, kernels or None, *shape, *slopes, fit.quadratic_from if fit else None))
    shapes = tuple(Column(title, fixed(0)) for title in ("Batch", "Heads", "Head size"))
    fits = (
        Column("Time exponent", fixed(2)),
        Column("Memory exponent", fixed(2)),
        Column("Quadratic from n", fixed(0)),
    )
    caption = (
        f"Growth of the attention alone on {device}, forward and backward. Exponents e of cost ~ nᵉ have 95 % "
        "intervals, and are over the longer half of the lengths. The last column is the length from which the "
        "quadratic part of the time is larger than the rest. Numbers are medians over the jobs of a mechanism. A "
        "dash: too few lengths could be measured, or there is no quadratic part."
    )
    columns = (Column("Mechanism"), Column("Kernel"), *shapes, *fits)
    return without_empty(Table(f"exponents_{device}", caption, columns, tuple(rows)))


def fits(analysis: Analysis, device: str) -> Iterator[Table]:
    """A row for each mechanism: time as a + b·n + c·n², and the prediction for the longest length from all others."""
    rows: list[tuple[CellValue, ...]] = []
    covered: list[bool] = []
    for name, curve in analysis.curves[device, "ms"].items():
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
            f"Time of the attention alone on {device}, forward and backward, as a + b·n + c·n² with no part below 0. "
            "To see how far such a fit can be trusted, the longest length is held out and predicted from the others, "
            f"with a 95 % interval. The interval covers the measured time for {sum(covered)} of {len(covered)} "
            "mechanisms."
        )
        yield Table(f"fits_{device}", caption, columns, tuple(rows), collapsed=True)


def crossings(analysis: Analysis, device: str) -> Iterator[Table]:
    """A row for each pair of mechanisms of which one overtakes the other within the measured lengths."""
    curves = {name: curve for name, curve in analysis.curves[device, "ms"].items() if curve.growth}
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
        columns = (Column("Mechanism"), Column("overtakes"), Column("from n", fixed(0)))
        among = "" if len(chosen) == len(curves) else f" Among {len(chosen)} of {len(curves)} mechanisms."
        caption = (
            f"Lengths at which the fits of time against length cross on {device}, within the measured lengths. From "
            "there on, the first mechanism is the faster one, forward and backward; with 95 % intervals. Pairs whose "
            f"interval has no upper end are left out.{among}"
        )
        yield Table(f"crossings_{device}", caption, columns, tuple(rows), collapsed=len(rows) > 12)


def ratios(study: Study, device: str) -> Iterator[Table]:
    """A row for each mechanism: its costs as ratios to its baseline, at the longest length that both have."""
    rows: list[tuple[CellValue, ...]] = []
    for name, mine in study.by_mechanism(where(study.scaling, device=device)):
        common = pd.DataFrame(mine.loc[mine["ms_ratio"].notna()])
        if not common.empty:
            longest = max((int(n) for n in common["length"]), key=lambda n: (len(where(common, length=n)), n))
            at = [where(common, length=longest, passes=quantity.passes) for quantity in QUANTITIES]
            found = (median(points, f"{quantity.field}_ratio") for quantity, points in zip(QUANTITIES, at, strict=True))
            rows.append((name, " / ".join(dict.fromkeys(common["baseline"])), longest, *found))
    if rows:
        titles = (Column("Mechanism"), Column("Baseline"), Column("n", fixed(0)))
        columns = (*titles, *(Column(title, significant) for title in ("Forward", "Forward and backward", "Peak")))
        caption = (
            f"The attention alone on {device}, as a ratio to the baseline's time and peak memory (of forward and "
            "backward), at the longest length at which both were measured, in turns."
        )
        yield Table(f"ratios_{device}", caption, columns, tuple(rows))


def stability(analysis: Analysis, device: str) -> Iterator[Table]:
    """A row for each mechanism that several cost sessions measured: how far its exponents differ."""
    sessions = analysis.sessions(device)
    rows = exponent_agreement(sessions)
    if rows:
        pairs, changed, furthest = order_agreement(sessions)
        columns = (
            Column("Mechanism"),
            Column("Sessions", fixed(0)),
            Column("Time exponent", fixed(2)),
            Column("Largest deviation", fixed(2)),
        )
        caption = (
            f"Agreement of {len(sessions)} sessions on {device}: the median of each mechanism's exponents of time, and "
            f"the largest deviation from it. Of {pairs:,} pairs of mechanisms at a length, {changed:,} were not in the "
            f"same order in all sessions. The largest difference in such a pair is {100 * furthest:.0f} %."
        )
        yield Table(f"stability_{device}", caption, columns, tuple(rows))


def _costs(study: Study, device: str, quantity: Quantity, here: pd.DataFrame) -> Table:
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
        f"The attention alone on {device}, {quantity.title}, over n queries and as many keys. Medians over the jobs "
        f"that share a mechanism. {LEGEND}{_noisy(here) if quantity.field == 'ms' else ''}"
    )
    return Table(f"{quantity.name}_by_length_{device}", caption, columns, tuple(rows), collapsed=True)


def _noisy(points: pd.DataFrame) -> str:
    """The times whose quartiles stayed too far apart after all repetitions."""
    found = where(points, noisy=True).drop_duplicates(["mechanism", "length"])
    if found.empty:
        return ""
    named = [f"{name} at {n:,}" for name, n in zip(found["mechanism"], found["length"], strict=True)]
    more = f", and {len(named) - MOST_NOISY} more" if len(named) > MOST_NOISY else ""
    return f" Noisy, because the quartiles stayed far apart after repetition: {', '.join(named[:MOST_NOISY])}{more}."
