"""What each factor does: its share of the variance, and the means at its levels."""

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from attnbench.report import document
from attnbench.report.document import fixed, interval
from attnbench.report.figures import plotting
from attnbench.report.figures.bleu import reach
from attnbench.report.figures.plotting import INK, drawn, tip
from attnbench.report.statistics import Effects, Estimate, MarginalMean, Term

MAIN, INTERACTION, REST = "#0173b2", "#de8f05", "#949494"
TERMS = 20  # in one figure
LEVELS = 45  # in one figure


def effects(found: Effects) -> Iterator[document.Figure]:
    """`effects_shares` and `effects_means`."""
    terms = sorted(found.terms, key=lambda term: (len(term.factors), -term.share, term.name))
    caption = (
        "The share of the variance of BLEU that each factor explains (blue), and that pairs of factors explain beyond "
        "both (orange, hatched), in a linear model with type II sums of squares. Grey: what several terms could "
        "explain, which happens in an unbalanced grid, and what no term explains. *: p < 0.05 after Holm's correction."
    )
    alt = "Bars of the share of variance for each factor and each pair of factors."
    drawing = _shares(found, terms[:TERMS])
    yield document.Figure("effects_shares", caption + _left_out(len(terms), TERMS, "terms"), alt, drawing)
    if known := [each for each in found.means if each.mean]:
        caption = (
            "Marginal means of BLEU: what the model expects at each level of a factor, with equal weight for all "
            "levels of the others; bars are 95 % intervals."
        )
        alt = "Dot plot of the marginal mean at each level of each factor, with intervals."
        drawing = _means(known[:LEVELS])
        yield document.Figure("effects_means", caption + _left_out(len(known), LEVELS, "levels"), alt, drawing)


@drawn
def _shares(found: Effects, terms: Sequence[Term]) -> Figure:
    rows = [*(term.name for term in terms), "several terms", "not explained"]
    figure, ((axis,),) = plotting.panels([""], [""], 0.4 + 0.19 * len(rows))
    for place, term in enumerate(terms):
        _bar(axis, place, term)
    for row, share in ((-2, found.overlap_share), (-1, found.residual_share)):
        bar = axis.barh(len(rows) + row, 100 * share, 0.65, color=REST, linewidth=0)
        tip(bar, f"{rows[row]}: {fixed(1)(100 * share)} %")
    axis.set_xlabel("share of variance (%)")
    axis.set_xlim(left=0)
    axis.grid(axis="y", visible=False)
    plotting.name_rows(axis, rows)
    handles = [Patch(facecolor=MAIN, label="main effect")]
    if any(len(term.factors) > 1 for term in found.terms):
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
        axis.annotate("*", (100 * term.share, place), (2, 0), textcoords="offset points", va="center", fontsize=8)


@drawn
def _means(known: Sequence[MarginalMean]) -> Figure:
    figure, ((axis,),) = plotting.panels([""], [""], 0.4 + 0.19 * len(known))
    starts = [place for place in range(1, len(known)) if known[place].factor != known[place - 1].factor]
    for place, mean in enumerate(known):
        if mean.mean:
            _mean(axis, place, mean, mean.mean)
    for start in starts:
        axis.axhline(start - 0.5, color=INK, linewidth=0.5)
    axis.set_xlabel("BLEU")
    firsts = {0, *starts}
    names = [f"{each.factor}:  {each.level}" if place in firsts else each.level for place, each in enumerate(known)]
    plotting.name_rows(axis, names)
    return figure


def _mean(axis: Axes, place: int, mean: MarginalMean, shown: Estimate) -> None:
    looks = {"marker": "o", "color": MAIN, "elinewidth": 0.9, "markersize": 4}
    dot = axis.errorbar(shown.value, place, xerr=reach(shown), **looks)
    tip(dot, f"{mean.factor} {mean.level}: {interval(shown, fixed(1))} ({mean.jobs} jobs)")


def _left_out(count: int, most: int, what: str) -> str:
    return f" Of {count} {what}, the first {most} are shown." if count > most else ""
