"""Time and memory of the attention alone against the length: one figure, and the tables behind it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from attnbench.report.canvas import PALE, as_svg, legend, line, panels
from attnbench.report.costs import LEGEND, QUANTITIES, SIGNS, Quantity
from attnbench.report.document import Cell, Column, Table, fixed, significant
from attnbench.report.frames import groups, median, numbers, where
from attnbench.report.study import Study


def measured_quantities(study: Study, device: str) -> list[Quantity]:
    """Those for which there is a number at all."""
    return [quantity for quantity in QUANTITIES if not _measured(_pooled(study, device, quantity)).empty]


@as_svg
def growth(study: Study, device: str) -> Figure:
    """Log-log lines, times above memory; around them, in grey, growth as n and as n²."""
    quantities = measured_quantities(study, device)
    figure, axes = panels([""] * len(quantities), study.encoding.panels, 2.0, sharex=True, sharey="row")
    shown = pd.DataFrame()
    for quantity, line_of_axes in zip(quantities, axes, strict=True):
        pooled = _pooled(study, device, quantity)
        shown = pd.concat([shown, pooled])
        for panel, axis in zip(study.encoding.panels, line_of_axes, strict=True):
            for name, mine in study.by_mechanism(_measured(pooled), panel):
                style = line(study.encoding.styles[name])
                axis.plot(numbers(mine, "length"), numbers(mine, "value"), **style)
            _ideal(axis, pooled)
            _log_axes(axis, pooled)
        line_of_axes[0].set_ylabel(quantity.title)
    for axis in axes[-1]:
        axis.set_xlabel("length n (queries and keys)")
    legend(figure, study.encoding, study.shown(shown))
    return figure


def _ideal(axis: Axes, pooled: pd.DataFrame) -> None:
    """Grey lines, named at their right ends: slope 2 from above the dearest point, slope 1 from below the cheapest."""
    measured = _measured(pooled)
    lengths, costs = numbers(measured, "length"), numbers(measured, "value")
    shortest, longest = min(lengths), max(lengths)
    top, bottom = 2 * max(costs), min(costs) / 2
    steep_start = max(shortest, longest * (bottom / top) ** 0.5)
    steep = [(steep_start, top * (steep_start / longest) ** 2), (longest, top)]
    gentle = [(shortest, bottom), (longest, bottom * longest / shortest)]
    for name, ends, side in (("n²", steep, "center"), ("n", gentle, "top")):
        axis.plot(*zip(*ends, strict=True), color=PALE, linewidth=0.9, linestyle=(0, (6, 3)), zorder=1)
        axis.annotate(name, ends[1], (3, 0), textcoords="offset points", color="#6b6b6b", va=side)


def _log_axes(axis: Axes, pooled: pd.DataFrame) -> None:
    lengths = sorted(pooled["length"].unique())
    axis.set(xscale="log", yscale="log")
    axis.xaxis.set_major_locator(FixedLocator(lengths))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter("{x:.0f}")
    axis.yaxis.set_minor_locator(NullLocator())


def exponents(study: Study, device: str) -> Table:
    """A row a mechanism: which kernel ran, with how many heads of what size, and both exponents."""
    rows: list[tuple[Cell, ...]] = []
    for name, mine in study.by_mechanism(where(study.exponents, device=device)):
        kernels = " / ".join(dict.fromkeys(str(kernel) for kernel in mine["kernel"] if pd.notna(kernel)))
        shape = [" / ".join(dict.fromkeys(map(str, mine[key]))) for key in ("batch_size", "heads", "head_dim")]
        rows.append((name, kernels or None, *shape, *(median(mine, f"{key}_exponent") for key in ("time", "memory"))))
    numbers = tuple(Column(title, fixed(0)) for title in ("Batch", "Heads", "Head size"))
    fits = (Column("Time exponent", fixed(2)), Column("Memory exponent", fixed(2)))
    caption = (
        f"Growth of the attention alone on {device}, forward and backward: exponents a of cost ~ nᵃ, fitted over the "
        "longest half of the lengths. Medians over the jobs that share a mechanism; – where too few lengths could be "
        "measured, or where the kernel is not ours."
    )
    return Table(f"exponents_{device}", caption, (Column("Mechanism"), Column("Kernel"), *numbers, *fits), tuple(rows))


def costs(study: Study, device: str, quantity: Quantity) -> Table:
    """A row a mechanism and a column a length."""
    pooled = _pooled(study, device, quantity)
    lengths = sorted(int(length) for length in pooled["length"].unique())
    rows: list[tuple[Cell, ...]] = []
    for name, mine in study.by_mechanism(pooled):
        rows.append((name, *(_cell(mine, length) for length in lengths)))
    columns = (Column("Mechanism"), *(Column(f"n = {length}", significant) for length in lengths))
    caption = (
        f"The attention alone on {device}, {quantity.title}, over n queries and as many keys. Medians over the jobs "
        f"that share a mechanism. {LEGEND}"
    )
    return Table(f"{quantity.name}_by_length_{device}", caption, columns, tuple(rows))


def ratios(study: Study, device: str) -> Table:
    """A row a mechanism: its costs as multiples of its baseline's, at the longest length at which both have most."""
    rows: list[tuple[Cell, ...]] = []
    for name, mine in study.by_mechanism(where(study.scaling, device=device)):
        common = pd.DataFrame(mine.loc[mine["ms_ratio"].notna()])
        if not common.empty:
            longest = max((int(n) for n in common["length"]), key=lambda n: (len(where(common, length=n)), n))
            at = [where(common, length=longest, passes=quantity.passes) for quantity in QUANTITIES]
            found = (median(points, f"{quantity.field}_ratio") for quantity, points in zip(QUANTITIES, at, strict=True))
            rows.append((name, " / ".join(dict.fromkeys(common["baseline"])), longest, *found))
    titles = (Column("Mechanism"), Column("Baseline"), Column("n", fixed(0)))
    columns = (*titles, *(Column(title, significant) for title in ("Forward", "Forward and backward", "Peak")))
    caption = (
        f"The attention alone on {device}, as a multiple of the baseline's time and peak memory (of forward and "
        "backward), at the longest length that both were measured at, in turns, in one process."
    )
    return Table(f"ratios_{device}", caption, columns, tuple(rows))


def _cell(points: pd.DataFrame, length: int) -> Cell:
    point = where(points, length=length)
    return next(iter([*numbers(point, "value"), *(SIGNS.get(status) for status in point["status"])]), None)


def _measured(pooled: pd.DataFrame) -> pd.DataFrame:
    """The points that a logarithmic axis can show."""
    return pd.DataFrame(pooled.loc[pooled["value"] > 0])


def _pooled(study: Study, device: str, quantity: Quantity) -> pd.DataFrame:
    """One row a mechanism and length: the median value; where nothing was measured, the status says why."""
    here = where(study.scaling, device=device, passes=quantity.passes)
    rows = [
        (name, length, points["status"].iloc[-1], median(points, quantity.field))
        for name, mine in study.by_mechanism(here)
        for length, points in groups(mine, "length")
    ]
    return pd.DataFrame(rows, columns=["mechanism", "length", "status", "value"]).astype({"value": float})
