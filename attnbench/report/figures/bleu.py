"""BLEU by mechanism."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.competition import main_condition
from attnbench.report.document import fixed, interval
from attnbench.report.figures import plotting
from attnbench.report.figures.plotting import GRID, PALE, drawn, name_of, tip
from attnbench.report.statistics import Estimate, may_be_best
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study, evenly_spaced

Estimates = Mapping[str, Mapping[str, Estimate]]  # by condition and mechanism
MAX_MECHANISMS = 40  # mechanisms: a page is full
ABREAST = 4  # conditions side by side
NOT_RUN: dict[str, Any] = {"fontsize": 7.5, "color": PALE, "va": "center"}


def by_mechanism(study: Study, bleu: Estimates, ranks: Estimates, note: str) -> Iterator[document.Figure]:
    """`bleu`: a row for each mechanism, the best first. `note` says what the intervals are. One mechanism alone has no
    figure.
    """
    ranked = _ranked(bleu)
    if len(ranked) < 2:
        return
    rows = [*ranked[: MAX_MECHANISMS // 2], *evenly_spaced(ranked[MAX_MECHANISMS // 2 :], MAX_MECHANISMS // 2)]
    columns = evenly_spaced(sorted(bleu, key=natural_key), ABREAST)
    at = f" at {main_condition(bleu)}" if len(bleu) > 1 else ""
    caption = f"BLEU on the test set by mechanism, best{at} on top. {note}"
    if len(rows) < len(ranked):
        rest = MAX_MECHANISMS - MAX_MECHANISMS // 2
        caption += (
            f" Of {len(ranked):,} mechanisms: the {MAX_MECHANISMS // 2} best, and {rest} spread evenly over the others."
        )
    if len(columns) < len(bleu):
        caption += f" Of {len(bleu)} conditions, {len(columns)} are shown."
    like_best = {condition: may_be_best(ranked) for condition, ranked in ranks.items()}
    if any(like_best.values()):
        caption += f" Shaded: cannot be told apart from the best{' of its panel' if len(bleu) > 1 else ''}."
    alt = "Dot plot of BLEU with intervals, one row for each mechanism; the numbers are in the table of quality."
    yield document.Figure("bleu", caption, alt, _draw(study, bleu, like_best, rows, columns))


@drawn
def _draw(
    study: Study, bleu: Estimates, like_best: Mapping[str, Sequence[str]], rows: list[str], columns: list[str]
) -> Figure:
    """A panel for each condition, with a common axis; dots with intervals."""
    figure, axes = plotting.panels([""], columns, 0.3 + 0.18 * len(rows), sharex=True, sharey=True)
    for condition, axis in zip(columns, axes[0], strict=True):
        for place, name in enumerate(rows):
            if estimate := bleu[condition].get(name):
                dot = axis.errorbar(estimate.value, place, xerr=reach(estimate), **errorbar(study, name))
                tip(dot, f"{name}: BLEU {interval(estimate, fixed(1))}", name)
            else:
                name_of(axis.text(0.02, place, "not run", transform=axis.get_yaxis_transform(), **NOT_RUN), name)
            if name in like_best.get(condition, ()):
                axis.axhspan(place - 0.5, place + 0.5, color=GRID, alpha=0.6, linewidth=0, zorder=0)
        axis.set_xlim(left=0)
        axis.set_xlabel("BLEU")
    plotting.name_rows(axes[0][0], rows, rows)
    return figure


def reach(estimate: Estimate) -> list[list[float]]:
    """The interval as matplotlib wants it: the distances below and above the value; 0 if it is not known."""
    if not estimate.known:
        return [[0.0], [0.0]]
    return [[max(0.0, estimate.value - estimate.low)], [max(0.0, estimate.high - estimate.value)]]


def errorbar(study: Study, mechanism: str) -> dict[str, Any]:
    """The style of a mechanism, for a dot with intervals."""
    return plotting.point(study.encoding.styles[mechanism]) | {"elinewidth": 0.9, "zorder": 3}


def _ranked(bleu: Estimates) -> list[str]:
    """The mechanisms of the main condition, the best first; then those that it lacks, by their best BLEU."""
    here = bleu.get(main_condition(bleu), {})
    others = dict[str, float]()
    for estimates in bleu.values():
        for name, estimate in estimates.items():
            if name not in here:
                others[name] = max(estimate.value, others.get(name, 0.0))
    first = sorted(here, key=lambda name: (-here[name].value, natural_key(name)))
    return [*first, *sorted(others, key=lambda name: (-others[name], natural_key(name)))]
