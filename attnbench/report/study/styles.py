"""The style of a mechanism: the same colour and marker in every figure, given by its factors.

With few mechanisms, each has its own colour and marker. With many, one factor is the colour, which also makes the
families of crowded figures. Another is the fill of the marker. The others are its shape and the dashes of the line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import seaborn as sns

from attnbench.record import Factor
from attnbench.record.names import factor_text
from attnbench.report.study.naming import NOT_CONVERGED, label, natural_key

INK, PALE, GRID = "#222222", "#9a9a9a", "#e4e4e4"  # neutral colours: text, background lines, grid
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "*", "<", ">", "h")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)), (0, (2.5, 1, 1, 1, 1, 1)))
FILLS = ("full", "none", "left", "right", "bottom", "top")
ANY = "#555555"
Dash = str | tuple[float, tuple[float, ...]]


def _palette() -> list[str]:
    """Seaborn's colour-blind-safe colours. Dark grey and wine red replace its yellow, too pale for a line, and its
    grey.
    """
    colours = sns.color_palette("colorblind").as_hex()
    return [colours[i] for i in (0, 3, 2, 1, 4, 9, 5)] + [INK, "#882255", colours[6]]


PALETTE = _palette()


@dataclass(frozen=True)
class Style:
    """A style. Without a mechanism's colour, it explains a marker in the legend."""

    colour: str = ANY
    marker: str = ""
    dash: Dash = "-"
    fill: str = "full"


@dataclass(frozen=True)
class LegendEntry:
    """A line of the legend, and the mechanisms that it explains."""

    text: str
    style: Style
    mechanisms: frozenset[str]


@dataclass(frozen=True)
class FamilyMember:
    """The family of a mechanism, and its name within the family. A mechanism without a family has only a name."""

    family: str
    name: str


@dataclass(frozen=True)
class Encoding:
    """By mechanism, in reading order, its style and its family. `legend` explains the styles.

    With few mechanisms, there are no families.
    """

    styles: dict[str, Style]
    members: dict[str, FamilyMember]
    legend: tuple[LegendEntry, ...]


def encode(mechanisms: Mapping[str, Mapping[str, Factor]]) -> Encoding:
    """Styles for mechanisms, which are given as label -> the factors that the label names."""
    labels = sorted(mechanisms, key=natural_key)
    factors = _by_levels([mechanisms[name] for name in labels])
    if len(labels) <= len(PALETTE) or not factors:
        styles = {name: Style(_pick(PALETTE, i), _pick(MARKERS, i)) for i, name in enumerate(labels)}
        legend = tuple(LegendEntry(name, styles[name], frozenset({name})) for name in labels)
        return Encoding(styles, {name: FamilyMember("", name) for name in labels}, legend)
    colour, *rest = factors
    fill = rest.pop() if len(rest) > 1 else None
    return _by_factor({name: mechanisms[name] for name in labels}, colour, fill)


def _by_factor(mechanisms: Mapping[str, Mapping[str, Factor]], colour: str, fill: str | None) -> Encoding:
    """Colours and families by the factor `colour`, fills by `fill`, markers and dashes by all others."""
    hues, shapes, fills, members = {}, {}, {}, {}
    for name, factors in mechanisms.items():
        others = [key for key in factors if key not in (colour, fill)]
        hues[name] = label(factors, [colour]) or name
        shapes[name] = label(factors, others) if colour in factors else ""
        fills[name] = label(factors, [fill]) if fill else ""
        mark = f" {NOT_CONVERGED}" if name.endswith(NOT_CONVERGED) else ""
        within = label(factors, [key for key in factors if key != colour]) + mark
        members[name] = FamilyMember(hues[name], within or name) if colour in factors else FamilyMember("", name)
    # A mechanism without the factor of the colour takes a colour from the end of the palette.
    apart = sorted({hues[name] for name, factors in mechanisms.items() if colour not in factors}, key=natural_key)
    hue_order = sorted(set(hues.values()) - set(apart), key=natural_key)
    hue_colours = {hue: _pick(PALETTE, i) for i, hue in enumerate(hue_order)}
    hue_colours |= {hue: _pick(PALETTE, 7 + i) for i, hue in enumerate(apart)}
    shape_order = sorted(set(shapes.values()) - {""}, key=natural_key)
    fill_order = sorted(set(fills.values()) - {""}, key=natural_key)
    shape_places, fill_places = (
        {text: place for place, text in enumerate(order)} for order in (shape_order, fill_order)
    )
    apart_places = {hue: len(shape_order) + place for place, hue in enumerate(apart)}

    def style(hue: str, shape: str, fill: str) -> Style:
        place = shape_places[shape] if shape else apart_places.get(hue, 0)
        dash = _pick(DASHES, place) if shape else "-"
        return Style(hue_colours[hue], _pick(MARKERS, place), dash, _pick(FILLS, fill_places.get(fill, 0)))

    styles = {name: style(hues[name], shapes[name], fills[name]) for name in mechanisms}
    legend = [_entry(hue, style(hue, "", "") if hue in apart else Style(hue_colours[hue]), hues) for hue in hue_colours]
    for index, shape in enumerate(shape_order):
        legend.append(_entry(shape, Style(marker=_pick(MARKERS, index), dash=_pick(DASHES, index)), shapes))
    for index, text in enumerate(fill_order):
        legend.append(_entry(text, Style(marker="o", dash="", fill=_pick(FILLS, index)), fills))
    return Encoding(styles, members, tuple(legend))


def _entry(text: str, style: Style, texts: Mapping[str, str]) -> LegendEntry:
    return LegendEntry(text, style, frozenset(name for name, its in texts.items() if its == text))


def _by_levels(mechanisms: Sequence[Mapping[str, Factor]]) -> list[str]:
    """The factors with at least two values: those with words first, and the ones with most values first."""
    names = list(dict.fromkeys(name for factors in mechanisms for name in factors))
    levels = {name: {factor_text(name, each[name]) for each in mechanisms if name in each} for name in names}
    numeric = {name: all(not isinstance(each.get(name, 0), str) for each in mechanisms) for name in names}
    varying = [name for name in names if len(levels[name]) > 1]
    return sorted(varying, key=lambda name: (numeric[name], -len(levels[name])))


def _pick(items: Sequence[Any], index: int) -> Any:
    return items[index % len(items)]
