"""Lines of several mechanisms over a common axis, with their uncertainty, in one panel or in small multiples."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from attnbench.report.figures.labels import Label, at_ends
from attnbench.report.figures.plotting import (
    INK,
    PALE,
    grid,
    label_outer,
    legend,
    line,
    name_of,
    point,
    tip,
)
from attnbench.report.figures.small_multiples import Panel, PanelLayout, name
from attnbench.report.study.styles import Encoding, Style

HEIGHT = {False: 1.9, True: 1.3}  # inches of a panel, by whether the plate is crowded


class Point(NamedTuple):
    """A point of a line. `low` and `high` are bounds of y, equal to y if they are not known. `said` is the text on
    hover. `cut`: the line ends here because the next point would have cost too much.
    """

    x: float
    y: float
    low: float
    high: float
    said: str
    cut: bool = False


Curves = Mapping[str, Mapping[str, Sequence[Point]]]  # by row of a layout, and by mechanism; x rises


def draw(
    plate: PanelLayout,
    curves: Curves,
    encoding: Encoding,
    finish: Callable[[Axes, Panel], None],
    *,
    across: int,
    shift: float = 0.0,
    marks: int = 12,
    shared: bool = True,
) -> Figure:
    """The panels of a layout.

    Args:
        plate: which panels there are.
        curves: the points of the lines.
        encoding: the styles of the mechanisms.
        finish: scales and names the axes of a panel after its lines are drawn.
        across: panels in a row, if the layout is not crowded.
        shift: distance between the points of neighbouring lines, so that no interval hides another.
        marks: points of a line that have a marker, at most.
        shared: whether all panels have the same axes. Those of a crowded layout always have.
    """
    across = 2 if plate.crowded else across
    shared = shared or plate.crowded
    height = HEIGHT[plate.crowded]
    figure, axes = grid(len(plate.panels), across, height, sharex=shared, sharey=shared)
    for panel, axis in zip(plate.panels, axes, strict=True):
        here = curves.get(panel.row, {})
        _behind(axis, [here[each] for each in panel.behind if each in here])
        for index, mechanism in enumerate(panel.mechanisms):
            if mechanism in here:
                place = shift * ((index + 0.5) / len(panel.mechanisms) - 0.5)
                moved = [each._replace(x=each.x + place) for each in here[mechanism]]
                _line(axis, mechanism, moved, encoding.styles[mechanism], marks)
        axis.set_title(panel.title)
        finish(axis, panel)
    if shared:
        label_outer(figure, axes, across)
    if plate.crowded or len(plate.panels) == 1:
        for panel, axis in zip(plate.panels, axes, strict=True):
            at_ends(axis, _ends(plate, panel, curves, encoding), 0.75 * height)
    else:
        legend(figure, encoding, plate.mechanisms)
    return figure


def _behind(axis: Axes, lines: Sequence[Sequence[Point]]) -> None:
    paths = [[(each.x, each.y) for each in points] for points in lines]
    axis.add_collection(LineCollection(paths, colors=PALE, linewidths=0.5, alpha=0.5, zorder=1))


def _line(axis: Axes, mechanism: str, points: Sequence[Point], style: Style, marks: int) -> None:
    """A line through points, with their bounds as whiskers. Points with a marker show their numbers on hover."""
    looks: dict[str, Any] = line(style) | {"marker": None}
    (whole,) = axis.plot([each.x for each in points], [each.y for each in points], **looks)
    tip(whole, mechanism, mechanism)
    spans = [(each.x, each.low, each.high) for each in points if each.low < each.high]
    if spans:
        whiskers = axis.vlines(*zip(*spans, strict=True), colors=style.colour, linewidth=0.8, clip_on=False)
        name_of(whiskers, mechanism)
    for each in points:
        if each.cut:
            axis.plot(each.x, each.y, "x", color=INK, markersize=8, markeredgewidth=1.1, zorder=4, clip_on=False)
    for each in points[:: -(-len(points) // marks)]:
        (dot,) = axis.plot(each.x, each.y, **point(style), zorder=3, clip_on=False)
        tip(dot, f"{mechanism}: {each.said}", mechanism)


def _ends(plate: PanelLayout, panel: Panel, curves: Curves, encoding: Encoding) -> list[Label]:
    found = []
    for mechanism in panel.mechanisms:
        if points := curves.get(panel.row, {}).get(mechanism):
            text = name(plate, panel, encoding, mechanism)
            found.append(Label(points[-1].x, points[-1].y, text, encoding.styles[mechanism].colour, mechanism))
    return found
