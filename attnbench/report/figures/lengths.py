"""BLEU by the length of the source, up to the training length and beyond it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from attnbench.report import document
from attnbench.report.competition import BleuBin
from attnbench.report.document import fixed, interval, interval_needs
from attnbench.report.figures import lines, small_multiples
from attnbench.report.figures.labels import SIZE
from attnbench.report.figures.plotting import GRID, INK, drawn
from attnbench.report.figures.small_multiples import Panel, PanelLayout
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study

Bins = Mapping[str, Mapping[str, Sequence[BleuBin]]]  # by condition and mechanism, of rising length
EDGE = 0.05  # of the axis, left of the shortest and right of the longest bin


def by_length(study: Study, bins: Bins) -> Iterator[document.Figure]:
    """`bleu_by_length`. With many mechanisms, one figure for each condition."""
    trained = _trained(study)
    curves = {
        condition: {name: [_point(each) for each in mine] for name, mine in bins[condition].items()}
        for condition in sorted(bins, key=natural_key)
    }
    caption = (
        "BLEU of the test sentences by the length of their source. Bins have about the same number of sentences; each "
        "is drawn at its middle. Whiskers are 95 % intervals. Lines are shifted a little, so that none hides another."
    )
    caption += interval_needs(each.bleu for mine in bins.values() for found in mine.values() for each in found)
    if any(_reach(curves[condition]) > trained.get(condition, math.inf) for condition in curves):
        caption += " Shaded: longer than every training sentence."
    alt = "Lines of BLEU over classes of sentence length, one for each mechanism."
    draw = partial(_draw, curves=curves, study=study, trained=trained)
    return small_multiples.figures("bleu_by_length", caption, alt, study, curves, draw)


@drawn
def _draw(plate: PanelLayout, curves: lines.Curves, study: Study, trained: dict[str, int]) -> Figure:
    # All panels share the axis, so that its limits are those of all curves.
    places = [point.x for mine in curves.values() for points in mine.values() for point in points]
    steps = [b.x - a.x for mine in curves.values() for points in mine.values() for a, b in pairwise(points)]
    shift = 0.4 * min(steps, default=0.0)
    room = shift + EDGE * (max(places) - min(places)) + EDGE
    left, right = min(places) - room, max(places) + room

    def finish(axis: Axes, panel: Panel) -> None:
        longest = trained.get(panel.row, math.inf)
        axis.set_xlim(left, right)
        if _reach(curves[panel.row]) > longest:
            axis.axvspan(longest + 0.5, right, color=GRID, alpha=0.5, linewidth=0, zorder=0)
            axis.axvline(longest + 0.5, color=INK, linewidth=0.8, zorder=1)
            where = {"xy": (longest + 0.5, 1), "xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            axis.annotate("not trained on", xytext=(3, -2), va="top", fontsize=SIZE, **where)
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axis.set_xlabel("tokens in the source sentence")
        axis.set_ylabel("BLEU")
        axis.set_ylim(bottom=0)

    return lines.draw(plate, curves, study.encoding, finish, across=2, shift=shift)


def _point(one: BleuBin) -> lines.Point:
    lengths = f"{one.low}–{one.high}" if one.low < one.high else f"{one.low}"
    said = f"{lengths} tokens, BLEU {interval(one.bleu, fixed(1))}"
    low, high = (one.bleu.low, one.bleu.high) if one.bleu.known else (one.bleu.value, one.bleu.value)
    return lines.Point((one.low + one.high) / 2, one.bleu.value, low, high, said)


def _reach(curves: Mapping[str, Sequence[lines.Point]]) -> float:
    """The x of the longest bin."""
    return max((point.x for points in curves.values() for point in points), default=0.0)


def _trained(study: Study) -> dict[str, int]:
    """By condition, the length of the longest source in the training set of any job."""
    found: dict[str, int] = {}
    for condition, record in zip(study.condition, study.records, strict=True):
        if record.training:
            found[condition] = max(found.get(condition, 0), record.training.longest_source)
    return found
