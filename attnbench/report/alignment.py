"""Heat maps: where each mechanism looks while it translates one and the same sentence."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from attnbench.record import Alignment
from attnbench.report.canvas import WIDTH, as_svg, can_write
from attnbench.report.mechanisms import natural
from attnbench.report.study import Study, spread

MOST = 12  # mechanisms in one figure
TALLEST = 8.0  # inches: with its caption it still fits under a heading on one page
READABLE = 24  # tokens along a side, so that each can be labelled


@dataclass(frozen=True)
class Sentence:
    """One source sentence, and its alignment by mechanism; `tokens` says whether the fonts can write its tokens."""

    source: tuple[str, ...]
    alignments: dict[str, Alignment]
    tokens: bool


def sentence(study: Study) -> Sentence | None:
    """The sentence that most mechanisms share at the shortest length, a short one and an early one where equal."""
    here = [place for place, record in zip(study.condition, study.records, strict=True) if record.alignments]
    shortest = min(here, key=natural, default=None)
    found: dict[tuple[str, ...], dict[str, Alignment]] = {}
    for record, mechanism, condition in zip(study.records, study.mechanism, study.condition, strict=True):
        for each in record.alignments if condition == shortest else ():
            found.setdefault(tuple(each.source), {}).setdefault(mechanism, each)
    if not found:
        return None
    shared = Counter({source: len(by_mechanism) for source, by_mechanism in found.items()})
    source = max(found, key=lambda tokens: (shared[tokens], len(tokens) <= READABLE))
    names = [name for name in study.encoding.styles if name in found[source]]
    some = {name: found[source][name] for name in spread(names, MOST)}
    words = {token for each in some.values() for token in (*each.source, *each.target)}
    return Sentence(source, some, can_write("".join(words)))


@as_svg
def heat_maps(chosen: Sentence) -> Figure:
    """A panel a mechanism: target tokens down, source tokens across, the mean weight of the heads as darkness."""
    columns = min(3, len(chosen.alignments))
    rows = -(-len(chosen.alignments) // columns)
    longest = max(len(each.target) for each in chosen.alignments.values())
    width = WIDTH if columns > 1 else 4.0
    ratio = min(1.3, longest / len(chosen.source))
    height = min(TALLEST, rows * (width / columns * 0.8 * ratio + 0.2) + 0.6)
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat[len(chosen.alignments) :]:
        axis.remove()
    targets = [each.target for each in chosen.alignments.values()]
    for index, (name, each) in enumerate(chosen.alignments.items()):
        axis = axes.flat[index]
        _panel(axis, each, chosen.tokens)
        axis.set_title(name, fontsize=7)
        if index + columns < len(targets):
            axis.set_xticklabels([])
        if index % columns and targets[index] == targets[index - 1]:
            axis.set_yticklabels([])
    return figure


def _panel(axis: Axes, each: Alignment, tokens: bool) -> None:
    weights = np.mean(np.asarray(each.weights, dtype=float), axis=0)
    axis.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for source, target in each.gold:
        box = Rectangle((source - 0.5, target - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=0.7)
        axis.add_patch(box)
    down, across = (_names(side, tokens) for side in (each.target, each.source))
    size = min(6.5, 110 / max(len(down), len(across)))
    axis.set_yticks(range(len(down)), down, fontsize=size, parse_math=False)
    axis.set_xticks(range(len(across)), across, fontsize=size, rotation=90, parse_math=False)
    axis.grid(visible=False)
    axis.tick_params(length=0, pad=1.5)


def _names(side: list[str], tokens: bool) -> list[str]:
    return side if tokens else [str(number) for number in range(1, len(side) + 1)]


def caption(chosen: Sentence) -> str:
    """What the heat maps show, and the tokens behind the numbers where the fonts could not write them."""
    text = (
        "Where each mechanism looks in one test sentence: source tokens across, target tokens down; the darker, the "
        "more weight, from 0 to 1, as the mean of the heads."
    )
    if any(each.gold for each in chosen.alignments.values()):
        text += " Orange squares mark the true alignment."
    if not chosen.tokens:
        numbered = " ".join(f"{number} {token}" for number, token in enumerate(chosen.source, 1))
        text += f" Tokens are numbered, as no installed font can draw them; the source: {numbered}."
    return text


def alt(chosen: Sentence) -> str:
    return (
        f"Heat maps of attention weights for the sentence “{' '.join(chosen.source)}”: {', '.join(chosen.alignments)}."
    )
