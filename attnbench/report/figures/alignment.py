"""Heat maps of one sentence: the attention of each mechanism, and its implicit attention."""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from attnbench.record import Alignment
from attnbench.report import document
from attnbench.report.figures.plotting import NARROW, PALE, WIDTH, can_write, drawn
from attnbench.report.study.naming import natural_key
from attnbench.report.study.study import Study, evenly_spaced

MAX_MECHANISMS = 8  # mechanisms in a figure that names the tokens
GLANCE, ABREAST = 48, 6  # mechanisms in a figure without token names, and how many in a row
TALLEST = 8.0  # inches: with its caption, it fits under a heading on one page
READABLE = 24  # tokens along a side, so that each can be labelled


@dataclass(frozen=True)
class AlignedSentence:
    """One source sentence, and its alignment by each mechanism.

    Args:
        source: tokens.
        alignments: by mechanism; at most as many as there is room for.
        mechanisms: how many mechanisms have an alignment of it.
        tokens: whether the installed fonts can draw its tokens.
    """

    source: tuple[str, ...]
    alignments: dict[str, Alignment]
    mechanisms: int
    tokens: bool


def figures(study: Study) -> Iterator[document.Figure]:
    """`alignments`: two maps for each mechanism, of one sentence. `alignments_all`: one map for each, if there are
    more.
    """
    if chosen := sentence(study):
        yield document.Figure("alignments", _caption(chosen), _alt(chosen), heat_maps(chosen))
        everyone = sentence(study, GLANCE) if chosen.mechanisms > MAX_MECHANISMS else None
        if everyone and any(each.weights for each in everyone.alignments.values()):
            shown = "all mechanisms" if everyone.mechanisms <= GLANCE else f"{GLANCE} of {everyone.mechanisms:,}"
            caption = (
                f"The attention of {shown} in the same sentence, as the mean of all layers and heads: source "
                "tokens across, target tokens down. Mechanisms without attention are left out."
            )
            yield document.Figure("alignments_all", caption, _alt(everyone), glance(everyone))


def sentence(study: Study, most: int = MAX_MECHANISMS) -> AlignedSentence | None:
    """The sentence that most mechanisms share at the shortest length. Of several, a short and early one.

    It has the alignments of at most `most` mechanisms.
    """
    here = [place for job, place in enumerate(study.condition) if study.sources(job)]
    shortest = min(here, key=natural_key, default=None)
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for job, (mechanism, condition) in enumerate(zip(study.mechanism, study.condition, strict=True)):
        for source in study.sources(job) if condition == shortest else ():
            found.setdefault(source, {}).setdefault(mechanism, job)
    if not found:
        return None
    source = max(found, key=lambda tokens: (len(found[tokens]), len(tokens) <= READABLE))
    names = evenly_spaced([name for name in study.encoding.styles if name in found[source]], most)
    some = {name: each for name in names for each in study.alignments(found[source][name]) if (*each.source,) == source}
    words = {token for each in some.values() for token in (*each.source, *each.target)}
    return AlignedSentence(source, some, len(found[source]), can_write("".join(words)))


@drawn
def heat_maps(chosen: AlignedSentence) -> Figure:
    """Two panels for each mechanism, attention and implicit attention: target tokens down, source tokens across."""
    mechanisms = list(chosen.alignments.items())
    abreast = min(2, len(mechanisms))
    rows = -(-len(mechanisms) // abreast)
    figure = Figure(figsize=_size(chosen, rows, abreast))
    panels = figure.subplots(rows, 2 * abreast, squeeze=False)
    for index, (name, each) in enumerate(mechanisms):
        left, right = panels.flat[2 * index : 2 * index + 2]
        left.set_title(f"{fill(name, 55)}\nattention", fontsize=7)
        right.set_title("implicit", fontsize=7)
        _heat_map(left, each, np.mean(each.weights, axis=(0, 1)) if each.weights else None, chosen.tokens)
        _heat_map(right, each, np.asarray(each.implicit), chosen.tokens)
        right.set_yticklabels([])
        if index % abreast and each.target == mechanisms[index - 1][1].target:
            left.set_yticklabels([])
        for axis in (left, right):
            if index + abreast < len(mechanisms):
                axis.set_xticklabels([])
            elif index < (rows - 1) * abreast:  # nothing is below, but its row is not the last
                axis.xaxis.set_in_layout(False)
    for axis in panels.flat[2 * len(mechanisms) :]:
        axis.remove()
    return figure


@drawn
def glance(chosen: AlignedSentence) -> Figure:
    """A small panel for each mechanism that has attention."""
    mechanisms = {name: each for name, each in chosen.alignments.items() if each.weights}
    rows = -(-len(mechanisms) // ABREAST)
    figure = Figure(figsize=(WIDTH, min(TALLEST, 1.15 * rows + 0.2)))
    panels = figure.subplots(rows, ABREAST, squeeze=False)
    for (name, each), axis in zip(mechanisms.items(), panels.flat, strict=False):
        axis.set_title(fill(name, 24), fontsize=5)
        _heat_map(axis, each, np.mean(each.weights, axis=(0, 1)), chosen.tokens)
        axis.set(xticks=[], yticks=[])
    for axis in panels.flat[len(mechanisms) :]:
        axis.remove()
    return figure


def _size(chosen: AlignedSentence, rows: int, abreast: int) -> tuple[float, float]:
    """Width and height in inches."""
    width = WIDTH if abreast > 1 else NARROW
    longest = max(len(each.target) for each in chosen.alignments.values())
    ratio = min(1.3, longest / len(chosen.source))
    return width, min(TALLEST, rows * (width / abreast * 0.4 * ratio + 0.3) + 0.6)


def _heat_map(axis: Axes, each: Alignment, weights: np.ndarray | None, tokens: bool) -> None:
    """Draws weights `(T, S)` and the gold links; without weights, the words "no attention"."""
    down, across = (_names(side, tokens) for side in (each.target, each.source))
    shown = np.zeros((len(down), len(across))) if weights is None else weights
    axis.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    if weights is None:
        axis.text(0.5, 0.5, "no attention", transform=axis.transAxes, ha="center", va="center", fontsize=7, color=PALE)
    for source, target in each.gold if weights is not None else ():
        box = Rectangle((source - 0.5, target - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=0.7)
        axis.add_patch(box)
    size = min(6.5, 95 / max(len(down), len(across)))
    axis.set_yticks(range(len(down)), down, fontsize=size)
    axis.set_xticks(range(len(across)), across, fontsize=size, rotation=90)
    axis.grid(visible=False)
    axis.tick_params(length=0, pad=1.5)


def _names(side: list[str], tokens: bool) -> list[str]:
    return side if tokens else [str(number) for number in range(1, len(side) + 1)]


def _caption(chosen: AlignedSentence) -> str:
    """What the heat maps show; and the tokens behind the numbers, if the fonts cannot draw them."""
    text = (
        "The weights of each mechanism in one test sentence while the model reads the reference: source tokens "
        "across, target tokens down; darker is more weight, from 0 to 1. Left: the attention, as the mean of all "
        "layers and heads. Right: the implicit attention, which a model without attention has too. It says how much "
        "each source token influences the log-probability of each target token, by the norm of the gradient, as a "
        "share of the row's sum."
    )
    if any(each.gold for each in chosen.alignments.values()):
        text += " Orange squares mark the true alignment."
    if len(chosen.alignments) < chosen.mechanisms:
        text += (
            f" Of {chosen.mechanisms:,} mechanisms, {len(chosen.alignments)} are shown, spread evenly over their names."
        )
    if not chosen.tokens:
        numbered = " ".join(f"{number} {token}" for number, token in enumerate(chosen.source, 1))
        text += f" Tokens are numbered, because no installed font can draw them. The source: {numbered}."
    return text


def _alt(chosen: AlignedSentence) -> str:
    return (
        "Pairs of heat maps, attention weights and implicit weights, for the sentence "
        f"“{' '.join(chosen.source)}”: {', '.join(chosen.alignments)}."
    )
