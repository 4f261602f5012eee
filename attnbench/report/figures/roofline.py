"""How near the attention comes to the limits of the device: the roofline (Williams, Waterman and Patterson 2009)."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.document import fixed, significant
from attnbench.report.figures import plotting
from attnbench.report.figures.labels import SIZE, Label, at_ends
from attnbench.report.figures.plotting import INK, drawn, line, point, tip
from attnbench.report.figures.small_multiples import LINES
from attnbench.report.study.frames import along, median, where
from attnbench.report.study.study import Study, evenly_spaced

GIGA = 1e9
MAX_MECHANISMS = 24  # mechanisms
HEIGHT = 2.9  # inches


class DevicePeaks(NamedTuple):
    """The best that the device does, in arithmetic and in memory."""

    gflops: float
    gbytes: float

    def roof(self, intensity: float) -> float:
        """The GFLOP/s that are possible at this number of FLOPs for each byte."""
        return min(self.gflops, self.gbytes * intensity)


class RooflinePoint(NamedTuple):
    """A measurement: FLOPs for each byte, and achieved GFLOP/s with quartiles."""

    length: int
    intensity: float
    gflops: float
    low: float
    high: float


def roofline(study: Study, device: str) -> Iterator[document.Figure]:
    """`roofline_DEVICE`: arithmetic intensity against achieved arithmetic, with the measured peaks."""
    shapes = where(study.shapes, device=device, of="attention")
    flops, traffic = (median(shapes, f"peak_{unit}_per_s") for unit in ("flops", "bytes"))
    marks = _marks(study, device)
    if not marks or not flops or not traffic:
        return
    names = evenly_spaced([name for name in study.encoding.styles if name in marks], MAX_MECHANISMS)
    caption = (
        f"Roofline of the attention alone on {device}, forward and backward. Across: operations in closed form, "
        "divided by the bytes that must move at least. Up: the operations per second that were achieved. The length "
        "rises along a line; its last point is the longest. Whiskers are quartiles of the time. The roof was measured "
        "on this device: its slope by one copy, its top by one matrix product."
    )
    if len(names) < len(marks):
        caption += f" Of {len(marks):,} mechanisms, {len(names)} are shown, spread evenly over their names."
    alt = "Log-log lines of achieved operations a second against arithmetic intensity, under the device's roof."
    drawing = _draw(study, {name: marks[name] for name in names}, DevicePeaks(flops / GIGA, traffic / GIGA))
    yield document.Figure(f"roofline_{device}", caption, alt, drawing)


@drawn
def _draw(study: Study, marks: dict[str, list[RooflinePoint]], peaks: DevicePeaks) -> Figure:
    figure, ((axis,),) = plotting.panels([""], [""], HEIGHT)
    for name, mine in marks.items():
        style = study.encoding.styles[name]
        looks: dict[str, Any] = line(style) | {"marker": None}
        tip(axis.plot([mark.intensity for mark in mine], [mark.gflops for mark in mine], **looks)[0], name, name)
        axis.vlines([m.intensity for m in mine], [m.low for m in mine], [m.high for m in mine], style.colour, lw=0.8)
        for index, mark in enumerate(mine):
            dots: dict[str, Any] = point(style) | {"markersize": 5.5 if index == len(mine) - 1 else 2.5}
            share = fixed(1)(100 * mark.gflops / peaks.roof(mark.intensity))
            (dot,) = axis.plot(mark.intensity, mark.gflops, **dots, zorder=3)
            tip(dot, f"{name}, n = {mark.length:,}: {significant(mark.gflops)} GFLOP/s, {share} % of the roof", name)
    _roof(axis, peaks, [m.intensity for mine in marks.values() for m in mine])
    plotting.plain_log_axis(axis, "x")
    plotting.plain_log_axis(axis, "y")
    axis.set_xlabel("arithmetic intensity (FLOP/byte)")
    axis.set_ylabel("achieved (GFLOP/s)")
    if len(marks) > LINES:
        plotting.legend(figure, study.encoding, marks)
    else:
        ends = [(mine[-1], name, study.encoding.styles[name].colour) for name, mine in marks.items()]
        at_ends(axis, [Label(m.intensity, m.gflops, name, colour, name) for m, name, colour in ends], HEIGHT)
    return figure


def _roof(axis: Axes, peaks: DevicePeaks, intensities: Sequence[float]) -> None:
    """The peaks of the device, over all measured intensities and the ridge."""
    ridge = peaks.gflops / peaks.gbytes
    ends = sorted((min(*intensities, ridge) / 2, ridge, max(*intensities, ridge) * 2))
    axis.plot(ends, [peaks.roof(end) for end in ends], color=INK, linewidth=1.0, zorder=1)
    top, slope = (
        f"one matrix product: {significant(peaks.gflops)} GFLOP/s",
        f"one copy: {significant(peaks.gbytes)} GB/s",
    )
    for text, x, offset, side in ((top, ends[2], (0, 3), "right"), (slope, ends[0], (6, 0), "left")):
        place = {"xytext": offset, "textcoords": "offset points", "va": "bottom", "ha": side}
        axis.annotate(text, (x, peaks.roof(x)), fontsize=SIZE, color=INK, **place)


def _marks(study: Study, device: str) -> dict[str, list[RooflinePoint]]:
    """By mechanism, medians over its jobs at rising lengths. Contenders without a closed form are left out."""
    here = where(study.scaling, device=device, of="attention", passes="forward+backward")
    found: dict[str, list[RooflinePoint]] = {}
    for name, places in along(here, "length", ["flops", "bytes", "ms", "ms_q1", "ms_q3"]).items():
        for length, row in places.items():
            achieved = [row["flops"] / (row[time] / 1e3) / GIGA for time in ("ms", "ms_q3", "ms_q1")]
            if row["flops"] > 0:
                found.setdefault(name, []).append(RooflinePoint(length, row["flops"] / row["bytes"], *achieved))
    return found
