"""How a mechanism looks: the same colour and marker in every figure, given by its factors.

Few mechanisms get a colour and a marker each. Many are told apart by factor: one is the colour, one the fill of the
marker and, where lines would crowd, the panel; what remains is the shape of the marker and the dashes of the line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import seaborn as sns

from attnbench.record import Factor
from attnbench.report.mechanisms import label, natural, piece

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "*", "<", ">", "h")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)), (0, (2.5, 1, 1, 1, 1, 1)))
FILLS = ("full", "none", "left", "right", "bottom", "top")
Dash = str | tuple[float, tuple[float, ...]]


def _palette() -> list[str]:
    """Seaborn's colour-blind-safe colours; its yellow, too pale for a line on white, makes room for black."""
    colours = sns.color_palette("colorblind").as_hex()
    return [colours[i] for i in (0, 3, 2, 1, 4, 9, 5)] + ["#000000"] + [colours[i] for i in (7, 6)]


PALETTE = _palette()


@dataclass(frozen=True)
class Style:
    """`panel` is the panel of a faceted figure the mechanism belongs to; "" stands for every panel."""

    colour: str = "#555555"
    marker: str = ""
    dash: Dash = "-"
    fill: str = "full"
    panel: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of the legend, and the mechanisms it helps to read."""

    text: str
    style: Style
    mechanisms: frozenset[str]


@dataclass(frozen=True)
class Encoding:
    """`styles` by mechanism label, in reading order; `legend` explains them; `panels` splits crowded figures."""

    styles: dict[str, Style]
    legend: tuple[Entry, ...]
    panels: tuple[str, ...]


def encode(mechanisms: Mapping[str, Mapping[str, Factor]]) -> Encoding:
    """Styles for mechanisms, given as label -> the factors that the label names."""
    labels = sorted(mechanisms, key=natural)
    factors = _by_levels([mechanisms[name] for name in labels])
    if len(labels) <= len(PALETTE) or not factors:
        styles = {name: Style(_pick(PALETTE, i), _pick(MARKERS, i)) for i, name in enumerate(labels)}
        return Encoding(styles, tuple(Entry(name, styles[name], frozenset({name})) for name in labels), ("",))
    colour, *rest = factors
    panel = rest.pop() if len(rest) > 1 else None
    return _by_factor({name: mechanisms[name] for name in labels}, colour, panel)


def _by_factor(mechanisms: Mapping[str, Mapping[str, Factor]], colour: str, panel: str | None) -> Encoding:
    """Colours by the factor `colour`, fills and panels by `panel`, markers and dashes by all others."""
    hues, shapes, fills = {}, {}, {}
    for name, factors in mechanisms.items():
        others = [key for key in factors if key not in (colour, panel)]
        hues[name] = label(factors, [colour]) or name
        shapes[name] = label(factors, others) if colour in factors else ""
        fills[name] = label(factors, [panel]) if panel else ""
    # A mechanism without the colour's factor stands apart: it takes its colour from the end of the palette.
    apart = sorted({hues[name] for name, factors in mechanisms.items() if colour not in factors}, key=natural)
    hue_order = sorted(set(hues.values()) - set(apart), key=natural)
    hue_colours = {hue: _pick(PALETTE, i) for i, hue in enumerate(hue_order)}
    hue_colours |= {hue: _pick(PALETTE, 7 + i) for i, hue in enumerate(apart)}
    shape_order = sorted(set(shapes.values()) - {""}, key=natural)
    fill_order = sorted(set(fills.values()) - {""}, key=natural)

    def style(hue: str, shape: str, fill: str) -> Style:
        index = shape_order.index(shape) if shape else len(shape_order) + apart.index(hue) if hue in apart else 0
        own = _pick(FILLS, fill_order.index(fill) if fill else 0)
        return Style(hue_colours[hue], _pick(MARKERS, index), _pick(DASHES, index) if shape else "-", own, fill)

    styles = {name: style(hues[name], shapes[name], fills[name]) for name in mechanisms}
    legend = [_entry(hue, style(hue, "", "") if hue in apart else Style(hue_colours[hue]), hues) for hue in hue_colours]
    for index, shape in enumerate(shape_order):
        legend.append(_entry(shape, Style(marker=_pick(MARKERS, index), dash=_pick(DASHES, index)), shapes))
    for index, fill in enumerate(fill_order):
        legend.append(_entry(fill, Style(marker="o", dash="", fill=_pick(FILLS, index)), fills))
    return Encoding(styles, tuple(legend), tuple(fill_order) or ("",))


def _entry(text: str, style: Style, texts: Mapping[str, str]) -> Entry:
    return Entry(text, style, frozenset(name for name, its in texts.items() if its == text))


def _by_levels(mechanisms: Sequence[Mapping[str, Factor]]) -> list[str]:
    """The factors with two values or more: the one with most values first, numbers and then short ones last."""
    names = list(dict.fromkeys(name for factors in mechanisms for name in factors))
    levels = {name: {piece(name, each[name]) for each in mechanisms if name in each} for name in names}
    numeric = {name: all(not isinstance(each.get(name, 0), str) for each in mechanisms) for name in names}
    varying = [name for name in names if len(levels[name]) > 1]
    return sorted(varying, key=lambda name: (numeric[name], -len(levels[name])))


def _pick(items: Sequence[Any], index: int) -> Any:
    return items[index % len(items)]
