"""BLEU against the cost of a training step, with the Pareto front."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.document import fixed, interval, interval_needs, significant
from attnbench.report.figures import plotting
from attnbench.report.figures.bleu import Estimates, errorbar, reach
from attnbench.report.figures.labels import Label, beside
from attnbench.report.figures.plotting import INK, drawn, tip
from attnbench.report.statistics import Estimate
from attnbench.report.statistics.estimate import ANYWHERE
from attnbench.report.study.frames import medians, where
from attnbench.report.study.naming import natural_key
from attnbench.report.study.step_times import step_times
from attnbench.report.study.study import Study, evenly_spaced

COSTS = {"step_ms": ("time of a training step", "ms"), "peak_mib": ("peak memory of a training step", "MiB")}
ROWS = 4  # conditions, one below the other
DOMINATED = 60  # points off the front, in one panel
NAMED = 10  # members of the front with their names, in one panel


class ParetoPoint(NamedTuple):
    """Cost and BLEU of a mechanism in a panel."""

    cost: Estimate
    bleu: Estimate


def fronts(study: Study, bleu: Estimates) -> Iterator[document.Figure]:
    """`pareto`: panels of time and of memory, a row for each condition. One mechanism alone has no figure."""
    places = {c: {cost: _places(study, c, cost, bleu[c]) for cost in COSTS} for c in sorted(bleu, key=natural_key)}
    places = {condition: found for condition, found in places.items() if len(found["step_ms"]) > 1}
    if not places:
        return
    caption = (
        "BLEU against time and memory of one training step of the whole model. The line is the Pareto front: "
        "no mechanism has both a higher BLEU and a lower cost than one on it. All others are pale. Bars are 95 % "
        "intervals of BLEU, and quartiles of the time. If the bars of neighbours overlap, either of them may be on "
        "the front."
    )
    caption += interval_needs(each.bleu for one in places.values() for at in one.values() for each in at.values())
    most = max(len(found) for one in places.values() for found in one.values())
    if len(study.encoding.legend) > plotting.ENTRIES:
        caption += " The legend explains the colours only; all numbers are in the tables."
    if most > DOMINATED:
        caption += (
            f" Off the front, at most {DOMINATED} of up to {most:,} mechanisms are drawn, spread evenly over their "
            "BLEU."
        )
    if len(places) > ROWS:
        caption += f" Of {len(places)} conditions, {ROWS} are shown."
    alt = (
        "Scatter plots of BLEU against step time and peak memory, one point for each mechanism, with the Pareto front."
    )
    kept = {condition: places[condition] for condition in evenly_spaced(list(places), ROWS)}
    yield document.Figure("pareto", caption, alt, _draw(study, kept))


def front(places: Mapping[str, ParetoPoint]) -> list[str]:
    """The mechanisms that no other beats in both, or in one while it is equal in the other; the cheapest first."""
    found: list[str] = []
    for name in sorted(places, key=lambda name: (places[name].cost.value, -places[name].bleu.value)):
        if not found or places[name].bleu.value > places[found[-1]].bleu.value:
            found.append(name)
    return found


@drawn
def _draw(study: Study, places: Mapping[str, Mapping[str, Mapping[str, ParetoPoint]]]) -> Figure:
    figure, axes = plotting.panels(list(places), [""] * len(COSTS), 2.6, sharey="row")
    shown: set[str] = set()
    for by_cost, line_of_axes in zip(places.values(), axes, strict=True):
        for (cost, here), axis in zip(by_cost.items(), line_of_axes, strict=True):
            title, unit = COSTS[cost]
            shown |= _panel(axis, study, here, unit)
            axis.set_xlabel(f"{title} ({unit})")
        line_of_axes[0].set_ylabel("BLEU")
    plotting.legend(figure, study.encoding, shown)
    plotting.settle(figure)
    for by_cost, line_of_axes in zip(places.values(), axes, strict=True):
        for here, axis in zip(by_cost.values(), line_of_axes, strict=True):
            _name(axis, study, here)
    return figure


def _panel(axis: Axes, study: Study, places: Mapping[str, ParetoPoint], unit: str) -> set[str]:
    """Draws the points and the front. Returns the mechanisms that were drawn."""
    best = front(places)
    rest = sorted(places.keys() - set(best), key=lambda name: (-places[name].bleu.value, natural_key(name)))
    for name in (*evenly_spaced(rest, DOMINATED), *best):
        cost, bleu = places[name]
        looks = errorbar(study, name) | ({} if name in best else {"alpha": 0.35, "zorder": 2})
        dot = axis.errorbar(cost.value, bleu.value, xerr=reach(cost), yerr=reach(bleu), **looks)
        tip(dot, f"{name}: BLEU {interval(bleu, fixed(1))}, {significant(cost.value)} {unit}", name)
    xs, ys = ([places[name][side].value for name in best] for side in (0, 1))
    axis.step(xs, ys, where="post", color=INK, linewidth=0.8, zorder=1)
    return {*evenly_spaced(rest, DOMINATED), *best}


def _name(axis: Axes, study: Study, places: Mapping[str, ParetoPoint]) -> None:
    """Writes the names of the front's mechanisms beside their points."""
    best = evenly_spaced(front(places), NAMED)
    labels = [
        Label(places[name].cost.value, places[name].bleu.value, name, study.encoding.styles[name].colour, name)
        for name in best
    ]
    beside(axis, labels, [(each.cost.value, each.bleu.value) for name, each in places.items() if name not in best])


def _places(study: Study, condition: str, cost: str, bleu: Mapping[str, Estimate]) -> dict[str, ParetoPoint]:
    """By mechanism, its median cost (with the quartiles of a time) and its BLEU, if both are known."""
    here = where(study.steps, condition=condition)
    if cost == "step_ms":
        found = step_times(here)
    else:
        found = {name: Estimate(row[cost], *ANYWHERE, 1) for name, row in medians(here, [cost]).items()}
    return {name: ParetoPoint(value, bleu[name]) for name, value in found.items() if name in bleu}
