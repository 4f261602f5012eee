"""The matrix of all pairs of the best mechanisms."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnbench.report import document
from attnbench.report.analysis import LEVEL, Analysis, TestedPair
from attnbench.report.document import fixed, interval, signed
from attnbench.report.figures import plotting
from attnbench.report.figures.plotting import INK, drawn, tip
from attnbench.report.study.study import evenly_spaced

FEWEST = 3  # mechanisms: two are one pair, which the findings tell
ROWS = 4  # conditions
ROOM = 0.24  # inches for a mechanism
FITTING = 6  # mechanisms whose columns fit in a narrow figure
COLOURS = colormaps["Blues"]  # by the probability, from an even chance to certainty

Pairs = Mapping[tuple[str, str], TestedPair]  # by who is ahead, and who is behind


def matrices(analysis: Analysis) -> Iterator[document.Figure]:
    """`pairs`: a matrix for each condition, the best mechanism first. Nothing if there are only pairs."""
    found: dict[str, tuple[list[str], Pairs]] = {}
    for condition, mine in analysis.pairs.items():
        named = {name for one in mine for name in (one.pair.ahead, one.pair.behind)}
        if len(named) >= FEWEST:
            ranked = [name for name in analysis.ranks[condition] if name in named]
            found[condition] = ranked, {(one.pair.ahead, one.pair.behind): one for one in mine}
    if not found:
        return
    kept = {condition: found[condition] for condition in evenly_spaced(list(found), ROWS)}
    caption = (
        "How far each mechanism (row) is ahead of each other one (column) in BLEU. The colour is the probability that "
        "one training of it has a higher BLEU than one of the other: white is an even chance, dark is certainty. "
        f"Bold: p < {LEVEL}, corrected by Holm over all pairs."
    )
    if len(kept) < len(found):
        caption += f" Of {len(found)} conditions, {len(kept)} are shown."
    alt = "Matrices of differences in BLEU between mechanisms; the numbers are in the table of pairs."
    yield document.Figure("pairs", caption, alt, _draw(kept))


@drawn
def _draw(found: Mapping[str, tuple[Sequence[str], Pairs]]) -> Figure:
    most = max(len(names) for names, _ in found.values())
    figure, axes = plotting.panels(list(found), [""], ROOM * most + 0.35)
    if most > FITTING:
        figure.set_figwidth(plotting.WIDTH)
    for (names, pairs), (axis,) in zip(found.values(), axes, strict=True):
        _matrix(axis, names, pairs)
    return figure


def _matrix(axis: Axes, names: Sequence[str], pairs: Pairs) -> None:
    """Above the diagonal, a cell for each pair."""
    for row, ahead in enumerate(names):
        for column, behind in enumerate(names):
            if found := pairs.get((ahead, behind)):
                _cell(axis, row, column, found)
    plotting.name_rows(axis, [f"{name}  {place}" for place, name in enumerate(names, 1)], names)
    axis.set_xticks(range(len(names)), [str(place) for place in range(1, len(names) + 1)])
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)


def _cell(axis: Axes, row: int, column: int, found: TestedPair) -> None:
    pair = found.pair
    share = 2 * pair.superiority - 1
    (cell,) = axis.bar(column, 1, width=1, bottom=row - 0.5, color=COLOURS(0.7 * share), edgecolor="white")
    difference = interval(pair.difference, signed)
    tip(
        cell,
        f"{pair.ahead} against {pair.behind}: {difference} BLEU, P(ahead) {fixed(2)(pair.superiority)}",
        pair.ahead,
    )
    weight = "bold" if found.significant else "normal"
    dark = share > 0.8
    text = signed(pair.difference.value)
    axis.text(column, row, text, ha="center", va="center", fontsize=7.5, weight=weight, color="white" if dark else INK)
