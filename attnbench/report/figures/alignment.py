"""Heat maps of one sentence, by the few mechanisms that tell most."""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from attnbench.record import Alignment
from attnbench.report import document
from attnbench.report.analysis import Analysis
from attnbench.report.figures import plotting
from attnbench.report.figures.plotting import can_write, drawn, name_of
from attnbench.report.study.shared_sentence import READABLE, SharedSentence, shared_sentence

SHOWN = 4  # mechanisms
LETTERS = 7.5  # points
CELL = 1.25 * LETTERS / 72  # inches: the least for a token with its name
TALLEST = 8.0  # inches: with its caption, it fits under a heading on one page


class _Map(NamedTuple):
    """One panel: the weights `(T, S)` of a mechanism, and why it is shown."""

    mechanism: str
    role: str
    alignment: Alignment
    weights: np.ndarray


def figures(analysis: Analysis) -> Iterator[document.Figure]:
    """`alignments`: a map for each of the mechanisms that tell most. Nothing without alignments."""
    shared = shared_sentence(analysis.study)
    maps = list(_maps(analysis, shared)) if shared else []
    if shared and maps:
        written = all(can_write("".join((*each.alignment.source, *each.alignment.target))) for each in maps)
        alt = f"Heat maps of the sentence “{shared.text}”: {', '.join(each.mechanism for each in maps)}."
        yield document.Figure("alignments", _caption(shared, maps, written), alt, _draw(maps, written))


def telling(analysis: Analysis, shared: SharedSentence) -> dict[str, str]:
    """The mechanisms that tell most about a sentence, and why: at most `SHOWN`.

    They are the one with the highest BLEU, the two with the lowest and the highest alignment error, and one without
    attention. Without gold links, the lowest BLEU stands for the alignment errors.
    """
    ranked = [name for name in analysis.bleu.get(shared.condition, {}) if name in shared.jobs]
    bare = [name for name in ranked if "score" not in analysis.study.records[shared.jobs[name]].factors]
    attending = [name for name in ranked if name not in bare]
    aligned = [name for name in analysis.aer.get(shared.condition, {}) if name in attending]
    found: dict[str, list[str]] = {}
    for role, names in (
        ("highest BLEU", attending[:1]),
        ("lowest alignment error", aligned[:1]),
        ("highest alignment error" if aligned else "lowest BLEU with attention", (aligned or attending)[-1:]),
        ("implicit weights: it has no attention", bare[:1]),
    ):
        for name in names:
            found.setdefault(name, []).append(role)
    return {name: ", ".join(roles) for name, roles in found.items()}


def _maps(analysis: Analysis, shared: SharedSentence) -> Iterator[_Map]:
    for name, role in telling(analysis, shared).items():
        if alignment := shared.alignment(analysis.study, name):
            weights = np.mean(alignment.weights, axis=(0, 1)) if alignment.weights else np.asarray(alignment.implicit)
            yield _Map(name, role, alignment, weights)


@drawn
def _draw(maps: list[_Map], written: bool) -> Figure:
    """Target tokens down, source tokens across; two panels in a row."""
    abreast = min(2, len(maps))
    rows = -(-len(maps) // abreast)
    tokens = max(len(each.alignment.target) for each in maps)
    width = plotting.WIDTH if abreast > 1 else plotting.NARROW
    height = min(TALLEST, rows * (CELL * min(tokens, READABLE) + 1.3))
    figure = Figure(figsize=(width, height))
    panels = figure.subplots(rows, abreast, squeeze=False)
    for each, axis in zip(maps, panels.flat, strict=False):
        title = axis.set_title(f"{fill(each.mechanism, 44)}\n{each.role}", loc="left", fontsize=LETTERS)
        name_of(title, each.mechanism)
        _heat_map(axis, each, written)
    for axis in panels.flat[len(maps) :]:
        axis.remove()
    return figure


def _heat_map(axis: Axes, each: _Map, written: bool) -> None:
    """Draws the weights and the gold links."""
    axis.imshow(each.weights, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for source, target in each.alignment.gold:
        box = Rectangle((source - 0.5, target - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=0.9)
        axis.add_patch(box)
    down, across = (_names(side, written) for side in (each.alignment.target, each.alignment.source))
    axis.set_yticks(*zip(*down.items(), strict=True), fontsize=LETTERS)
    axis.set_xticks(*zip(*across.items(), strict=True), fontsize=LETTERS, rotation=90)
    axis.grid(visible=False)
    axis.tick_params(length=0, pad=1.5)


def _names(side: list[str], written: bool) -> Mapping[int, str]:
    """The names of tokens by place: all, or every second, third, … one where there are too many."""
    step = -(-len(side) // READABLE)
    return {place: token if written else str(place + 1) for place, token in [*enumerate(side)][::step]}


def _caption(shared: SharedSentence, maps: list[_Map], written: bool) -> str:
    """What the heat maps show; and the tokens behind the numbers, if the fonts cannot draw them."""
    text = (
        "The weights in one test sentence while the model reads the reference: source tokens across, target tokens "
        "down; darker is more weight, from 0 to 1. Attention is the mean of all layers and heads."
    )
    if any(not each.alignment.weights for each in maps):
        text += (
            " Implicit weights say how much each source token influences the log-probability of each target token, by "
            "the norm of the gradient, as a share of the row's sum."
        )
    if any(each.alignment.gold for each in maps):
        text += " Orange squares mark the true alignment."
    if len(maps) < len(shared.jobs):
        text += f" Of {len(shared.jobs):,} mechanisms, these tell most; the pictures of all are in section Mechanisms."
    if not written:
        numbered = " ".join(f"{number} {token}" for number, token in enumerate(shared.source, 1))
        text += f" Tokens are numbered, because no installed font can draw them. The source: {numbered}."
    return text
