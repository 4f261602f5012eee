"""Time and memory of the attention alone against the length: one figure, and the tables behind it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from attnbench.report.canvas import PALE, as_svg, legend, line, panels
from attnbench.report.document import Cell, Column, Table, fixed, significant
from attnbench.report.frames import groups, median, numbers, where
from attnbench.report.study import Study

QUANTITIES = {"ms": "time (ms)", "peak_mib": "peak memory (MiB)"}


def measured_quantities(study: Study, device: str) -> list[str]:
    """Those of the `QUANTITIES` for which there is a number at all."""
    pooled = _pooled(study, device)
    return [quantity for quantity in QUANTITIES if not _measured(pooled, quantity).empty]


@as_svg
def growth(study: Study, device: str) -> Figure:
    """Log-log lines, time above memory; around them, in grey, growth as n and as n²."""
    pooled = _pooled(study, device)
    quantities = measured_quantities(study, device)
    figure, axes = panels([""] * len(quantities), study.encoding.panels, 2.0, sharex=True, sharey="row")
    for quantity, line_of_axes in zip(quantities, axes, strict=True):
        for panel, axis in zip(study.encoding.panels, line_of_axes, strict=True):
            for name, mine in study.by_mechanism(_measured(pooled, quantity), panel):
                style = line(study.encoding.styles[name])
                axis.plot(numbers(mine, "length"), numbers(mine, quantity), **style)
            _ideal(axis, pooled, quantity)
            _log_axes(axis, pooled)
        line_of_axes[0].set_ylabel(QUANTITIES[quantity])
    for axis in axes[-1]:
        axis.set_xlabel("length n (queries and keys)")
    legend(figure, study.encoding, study.shown(pooled))
    return figure


def _ideal(axis: Axes, pooled: pd.DataFrame, quantity: str) -> None:
    """Grey lines, named at their right ends: slope 2 from above the dearest point, slope 1 from below the cheapest."""
    measured = _measured(pooled, quantity)
    lengths, costs = numbers(measured, "length"), numbers(measured, quantity)
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
        shape = [
            " / ".join(dict.fromkeys(map(str, mine[key]))) for key in ("kernel", "batch_size", "heads", "head_dim")
        ]
        rows.append((name, *shape, *(median(mine, key) for key in ("time_exponent", "memory_exponent"))))
    numbers = tuple(Column(title, fixed(0)) for title in ("Batch", "Heads", "Head size"))
    fits = (Column("Time exponent", fixed(2)), Column("Memory exponent", fixed(2)))
    caption = (
        f"Growth of the attention alone on {device}: exponents a of cost ~ nᵃ, fitted over the longest half of the "
        "lengths. Medians over the jobs that share a mechanism; – where too few lengths could be measured."
    )
    return Table(f"exponents_{device}", caption, (Column("Mechanism"), Column("Kernel"), *numbers, *fits), tuple(rows))


def costs(study: Study, device: str, quantity: str) -> Table:
    """A row a mechanism and a column a length, of one of the `QUANTITIES`."""
    pooled = _pooled(study, device)
    lengths = sorted(int(length) for length in pooled["length"].unique())
    rows: list[tuple[Cell, ...]] = []
    for name, mine in study.by_mechanism(pooled):
        rows.append((name, *(_cell(mine, length, quantity) for length in lengths)))
    columns = (Column("Mechanism"), *(Column(f"n = {length}", significant) for length in lengths))
    title = QUANTITIES[quantity]
    caption = (
        f"{title[0].upper()}{title[1:]} of the attention alone on {device}, forward and backward, over n queries and "
        "as many keys. Medians over the jobs that share a mechanism. OOM: out of memory; >: not tried, over the budget."
    )
    return Table(f"{quantity}_by_length_{device}", caption, columns, tuple(rows))


def _cell(points: pd.DataFrame, length: int, quantity: str) -> Cell:
    point = where(points, length=length)
    statuses = [{"out_of_memory": "OOM", "over_budget": ">"}.get(status) for status in point["status"]]
    return next(iter([*numbers(point, quantity), *statuses]), None)


def _measured(pooled: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The points that a logarithmic axis can show."""
    return pd.DataFrame(pooled.loc[pooled[quantity] > 0])


def _pooled(study: Study, device: str) -> pd.DataFrame:
    """One row a mechanism and length: median ms and peak_mib; where nothing was measured, the status says why."""
    here = where(study.scaling, device=device)
    rows = [
        {"mechanism": name, "length": length, "status": points["status"].iloc[-1]}
        | {quantity: median(points, quantity) for quantity in QUANTITIES}
        for name, mine in study.by_mechanism(here)
        for length, points in groups(mine, "length")
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(QUANTITIES, float))
