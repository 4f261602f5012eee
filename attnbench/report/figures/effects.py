"""What each factor does: its share of the variance, and the means at its levels."""

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from attnbench.report import document
from attnbench.report.document import fixed, interval, significant
from attnbench.report.figures import plotting
from attnbench.report.figures.bleu import reach
from attnbench.report.figures.plotting import INK, drawn, tip
from attnbench.report.responses import Response
from attnbench.report.statistics import Estimate, MarginalMean, Term

MAIN, INTERACTION, REST = "#0173b2", "#de8f05", "#949494"
TERMS = 20  # in one figure
LEVELS = 45  # in one figure


def effects(responses: Sequence[Response]) -> Iterator[document.Figure]:
    """`effects_shares` and `effects_means`: a panel for each response that has something to show."""
    explained = [each for each in responses if each.effects.terms]
    if terms := _terms(explained):
        caption = (
            "The share of the variance that each factor explains (blue), and that pairs of factors explain beyond "
            "both (orange, hatched), in a linear model with type II sums of squares. Grey: what several terms could "
            f"explain, which happens in an unbalanced grid, and what no term explains.{_stars(explained)}"
            f"{_logarithms('The logarithm was modelled of', explained)}"
        )
        alt = "Bars of the share of variance for each factor and each pair of factors."
        drawing = _shares(explained, terms[:TERMS])
        yield document.Figure("effects_shares", caption + _left_out(len(terms), TERMS, "terms"), alt, drawing)
    known = [each for each in responses if any(mean.mean for mean in each.effects.means)]
    levels = list(dict.fromkeys((m.factor, m.level) for each in known for m in each.effects.means if m.mean))
    if levels:
        caption = (
            "Marginal means: what the model expects at each level of a factor, with equal weight for all levels of "
            f"the others; bars are 95 % intervals.{_logarithms('Geometric means of', known)}"
        )
        alt = "Dot plots of the marginal mean at each level of each factor, with intervals."
        drawing = _means(known, levels[:LEVELS])
        yield document.Figure("effects_means", caption + _left_out(len(levels), LEVELS, "levels"), alt, drawing)


@drawn
def _shares(responses: Sequence[Response], terms: list[str]) -> Figure:
    rows = [*terms, "several terms", "not explained"]
    figure, axes = plotting.panels([""], [each.title for each in responses], 0.4 + 0.19 * len(rows), sharey=True)
    for response, axis in zip(responses, axes[0], strict=True):
        for term in response.effects.terms:
            if term.name in terms:
                _bar(axis, rows.index(term.name), term)
        for row, share in ((-2, response.effects.overlap_share), (-1, response.effects.residual_share)):
            bar = axis.barh(len(rows) + row, 100 * share, 0.65, color=REST, linewidth=0)
            tip(bar, f"{rows[row]}: {fixed(1)(100 * share)} %")
        axis.set_xlabel("share of variance (%)")
        axis.set_xlim(left=0)
        axis.grid(axis="y", visible=False)
    plotting.name_rows(axes[0][0], rows)
    handles = [Patch(facecolor=MAIN, label="main effect")]
    if any(len(term.factors) > 1 for response in responses for term in response.effects.terms):
        handles.append(Patch(facecolor=INTERACTION, hatch="////", edgecolor="white", lw=0, label="interaction"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _bar(axis: Axes, place: int, term: Term) -> None:
    main = len(term.factors) == 1
    looks: dict[str, Any] = {"color": MAIN} if main else {"color": INTERACTION, "hatch": "////", "edgecolor": "white"}
    bar = axis.barh(place, 100 * term.share, 0.65, **looks, linewidth=0)
    p = "" if term.adjusted_p is None else f", p = {fixed(3)(term.adjusted_p)}"
    tip(bar, f"{term.name}: {fixed(1)(100 * term.share)} % of the variance{p}")
    if term.adjusted_p is not None and term.adjusted_p < 0.05:
        axis.annotate("*", (100 * term.share, place), (2, 0), textcoords="offset points", va="center", fontsize=6)


@drawn
def _means(responses: Sequence[Response], levels: list[tuple[str, str]]) -> Figure:
    figure, axes = plotting.panels([""], [""] * len(responses), 0.4 + 0.19 * len(levels), sharey=True)
    places = {level: place for place, level in enumerate(levels)}
    starts = [place for place in range(1, len(levels)) if levels[place][0] != levels[place - 1][0]]
    for response, axis in zip(responses, axes[0], strict=True):
        for mean in response.effects.means:
            if mean.mean and (mean.factor, mean.level) in places:
                _mean(axis, places[mean.factor, mean.level], mean, response.scaled(mean.mean))
        for start in starts:
            axis.axhline(start - 0.5, color=INK, linewidth=0.5)
        if response.logarithmic:
            plotting.plain_log_axis(axis, "x")
        axis.set_xlabel(response.title)
    firsts = {0, *starts}
    names = [f"{factor}:  {level}" if place in firsts else level for place, (factor, level) in enumerate(levels)]
    plotting.name_rows(axes[0][0], names)
    return figure


def _mean(axis: Axes, place: int, mean: MarginalMean, shown: Estimate) -> None:
    looks = {"marker": "o", "color": MAIN, "elinewidth": 0.9, "markersize": 4}
    dot = axis.errorbar(shown.value, place, xerr=reach(shown), **looks)
    tip(dot, f"{mean.factor} {mean.level}: {interval(shown, significant)} ({mean.jobs} values)")


def _terms(responses: Sequence[Response]) -> list[str]:
    """Names of all terms: main effects, then interactions, each in the order of their largest share in any panel."""
    largest: dict[tuple[int, str], float] = {}
    for response in responses:
        for term in response.effects.terms:
            key = len(term.factors), term.name
            largest[key] = max(term.share, largest.get(key, 0.0))
    return [name for _, name in sorted(largest, key=lambda key: (key[0], -largest[key], key[1]))]


def _stars(responses: Sequence[Response]) -> str:
    tested = any(term.p is not None for response in responses for term in response.effects.terms)
    return " *: p < 0.05 after Holm's correction over the terms of a panel." if tested else ""


def _logarithms(what: str, responses: Sequence[Response]) -> str:
    titles = ", ".join(each.title for each in responses if each.logarithmic)
    return f" {what}: {titles}." if titles else ""


def _left_out(count: int, most: int, what: str) -> str:
    return f" Of {count} {what}, the first {most} are shown." if count > most else ""
