"""Time and memory against the length: of the attention alone, or of a whole model."""

import math
from collections.abc import Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.document import significant
from attnbench.report.figures import lines, plotting, small_multiples
from attnbench.report.figures.plotting import PALE, drawn
from attnbench.report.figures.small_multiples import Panel, PanelLayout
from attnbench.report.study.cost_ratios import QUANTITIES, Measured, Quantity
from attnbench.report.study.frames import along, where
from attnbench.report.study.study import Study

IDEAL = {"n²": 2, "n": 1}  # ideal growth, and its exponent


def growth(study: Study, measured: Measured) -> Iterator[document.Figure]:
    """`scaling_DEVICE`, or `scaling_model_DEVICE`, log-log. With many mechanisms, one figure for each quantity."""
    found = {quantity.title: _curves(study, measured, quantity) for quantity in QUANTITIES[measured.of]}
    curves = {title: mine for title, mine in found.items() if mine}
    caption = (
        f"Time and memory of {measured.title}, over n tokens on each side, on logarithmic axes. Points are medians, "
        "whiskers are quartiles of the times. Dashed grey: growth as n and as n²."
    )
    if any(each.cut for mine in curves.values() for points in mine.values() for each in points):
        caption += " A cross ends a line where the next length was over the budget or out of memory."
    alt = "Log-log lines of cost against length, one for each mechanism; the numbers are in the tables."
    draw = partial(_draw, curves=curves, study=study)
    return small_multiples.figures(f"scaling_{measured.name}", caption, alt, study, curves, draw)


@drawn
def _draw(plate: PanelLayout, curves: lines.Curves, study: Study) -> Figure:
    def finish(axis: Axes, panel: Panel) -> None:
        points = [each for one in curves[panel.row].values() for each in one]
        _ideal(axis, points)
        plotting.lengths_axis(axis, sorted({each.x for each in points}))
        plotting.plain_log_axis(axis, "y")
        axis.set_xlabel("length n")
        axis.set_ylabel(panel.row)
        axis.set_title(panel.title if plate.crowded else "")

    return lines.draw(plate, curves, study.encoding, finish, across=len(plate.panels), shared=False)


def _ideal(axis: Axes, points: list[lines.Point]) -> None:
    """Grey lines with names: slope 2 above the most expensive point, slope 1 below the cheapest."""
    shortest, longest = (pick(each.x for each in points) for pick in (min, max))
    top, bottom = 2 * max(each.y for each in points), min(each.y for each in points) / 2
    steep_start = max(shortest, longest * (bottom / top) ** 0.5)
    steep = [(steep_start, top * (steep_start / longest) ** 2), (longest, top)]
    gentle = [(shortest, bottom), (longest, bottom * longest / shortest)]
    for name, ends, away, side in (("n²", steep, (-3, 2), "right"), ("n", gentle, (3, -2), "left")):
        axis.plot(*zip(*ends, strict=True), color=PALE, linewidth=0.9, linestyle=(0, (6, 3)), zorder=1)
        (x, y), (x_end, y_end) = ends
        middle = math.sqrt(x * x_end), math.sqrt(y * y_end)
        up = "bottom" if away[1] > 0 else "top"
        axis.annotate(name, middle, away, textcoords="offset points", color=PALE, ha=side, va=up)


def _curves(study: Study, measured: Measured, quantity: Quantity) -> dict[str, list[lines.Point]]:
    """By mechanism, the medians over its jobs at each length, if a logarithmic axis can show them."""
    here = where(study.scaling, **measured._asdict(), passes=quantity.passes)
    cut = {
        str(mechanism)
        for mechanism, status in zip(here["mechanism"], here["status"], strict=True)
        if status in ("over_budget", "out_of_memory")
    }
    bounds = ("ms_q1", "ms_q3") if quantity.field == "ms" else (quantity.field, quantity.field)
    unit = quantity.title[quantity.title.index("(") + 1 : -1]
    found: dict[str, list[lines.Point]] = {}
    for mechanism, places in along(here, "length", list(dict.fromkeys((quantity.field, *bounds)))).items():
        for length, row in places.items():
            value, low, high = (row[column] for column in (quantity.field, *bounds))
            if value > 0:
                said = f"n = {length:,}: {significant(value)} {unit}"
                last = mechanism in cut and length == max(places)
                found.setdefault(mechanism, []).append(lines.Point(length, value, low, high, said, last))
    return found
