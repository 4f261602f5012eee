"""Small multiples: which mechanisms share a panel of a crowded figure, and which are drawn if there are very many."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from attnbench.report.document import Drawing, Figure
from attnbench.report.study.study import Study, evenly_spaced
from attnbench.report.study.styles import Encoding

PANELS = 6  # in one figure
LINES = 8  # in one panel, in colour
BEHIND = 24  # in one panel, in grey
ROWS = 3  # conditions or quantities; a crowded figure shows one of them
REST = "others"


@dataclass(frozen=True)
class Panel:
    """One panel of one `row` (a condition or a quantity): `mechanisms` are in colour, those `behind` are grey."""

    row: str
    title: str
    mechanisms: tuple[str, ...]
    behind: tuple[str, ...] = ()


@dataclass(frozen=True)
class PanelLayout:
    """The panels of one figure.

    With few mechanisms there is a panel for each row. With many, all panels are of one row, each with a family in
    colour.
    """

    panels: tuple[Panel, ...]
    crowded: bool

    @property
    def mechanisms(self) -> list[str]:
        """The mechanisms that are in colour in any panel."""
        return list(dict.fromkeys(name for panel in self.panels for name in panel.mechanisms))


def panel_layouts(encoding: Encoding, rows: Sequence[str], shown: Sequence[str]) -> Iterator[PanelLayout]:
    """The figures that show the mechanisms `shown`, in the order of the legend, over `rows`."""
    if not shown:
        return
    families: dict[str, list[str]] = {}
    for name in shown:
        families.setdefault(encoding.members[name].family, []).append(name)
    if len(families) < 2:
        names = tuple(evenly_spaced(shown, LINES if families.keys() - {""} else len(shown)))
        yield PanelLayout(tuple(Panel(row, row, names) for row in evenly_spaced(rows, PANELS)), crowded=False)
        return
    large = sorted(families.keys() - {""}, key=lambda family: -len(families[family]))
    kept = large if len(families) <= PANELS else large[: PANELS - 1]
    groups = {family: families[family] for family in families if family in kept}
    rest = [name for family in families if family not in kept for name in families[family]]
    groups |= {REST: rest} if rest else {}
    behind = tuple(evenly_spaced(shown, BEHIND))
    for row in evenly_spaced(rows, ROWS):
        panels = (Panel(row, title, tuple(evenly_spaced(names, LINES)), behind) for title, names in groups.items())
        yield PanelLayout(tuple(panels), crowded=True)


def figures(
    name: str,
    caption: str,
    alt: str,
    study: Study,
    curves: Mapping[str, Collection[str]],
    draw: Callable[[PanelLayout], Drawing],
) -> Iterator[Figure]:
    """Draws all layouts of `curves`, which maps each row to its mechanisms: figures `name`, or `name_1`, `name_2`, …"""
    present = set().union(*curves.values())
    shown = [mechanism for mechanism in study.encoding.styles if mechanism in present]
    for number, plate in enumerate(panel_layouts(study.encoding, list(curves), shown), 1):
        one_of_several = plate.crowded and len(curves) > 1
        here = f" Here: {plate.panels[0].row}." if one_of_several else ""
        drawing = draw(plate)
        yield Figure(f"{name}_{number}" if one_of_several else name, caption + here + note(plate, shown), alt, drawing)


def note(plate: PanelLayout, shown: Sequence[str]) -> str:
    """For the caption: what is in colour, and what is left out."""
    count = len(plate.mechanisms)
    text = " Each panel has one family of mechanisms in colour and others behind it in grey." if plate.crowded else ""
    if count < len(shown):
        text += f" Of {len(shown):,} mechanisms, {count} are in colour, spread evenly over each family."
    return text


def name(plate: PanelLayout, panel: Panel, encoding: Encoding, mechanism: str) -> str:
    """The name of a mechanism in a panel. If the title of the panel is the family, the name leaves it out."""
    return encoding.members[mechanism].name if plate.crowded and panel.title != REST else mechanism
