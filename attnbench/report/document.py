"""The document that all renderers show. Numbers are rounded, and figures and tables are numbered, only here."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from attnbench.quality.sample_size import FEWEST_SENTENCES
from attnbench.report.statistics import Estimate

CellValue = str | int | float | Estimate | None


def fixed(digits: int) -> Callable[[float], str]:
    """Shows a number with `digits` decimals."""
    return lambda value: f"{value:,.{digits}f}".replace("inf", "∞")


def significant(value: float) -> str:
    """Shows a number with about three digits, whatever its size."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def signed(value: float) -> str:
    """Shows a difference with its sign."""
    return f"{value:+.1f}".replace("-", "−")


def interval(estimate: Estimate, show: Callable[[float], str]) -> str:
    """Shows an estimate with its bounds, if they are known."""
    if not estimate.known:
        return show(estimate.value)
    return f"{show(estimate.value)} [{show(estimate.low)}, {show(estimate.high)}]"


def interval_needs(estimates: Iterable[Estimate]) -> str:
    """For a caption: why an interval is missing; "" if each of these estimates has one."""
    if all(each.known for each in estimates):
        return ""
    return f" An interval needs at least {FEWEST_SENTENCES} sentences, and scores that are not the same for all seeds."


@dataclass(frozen=True)
class Column:
    """A column of a table. `show` rounds its numbers, and aligns them right; without it, the column is text. `wide` may
    wrap. With `bar`, a bar in the cell is as long as its number, where 0 is at the left.
    """

    title: str
    show: Callable[[float], str] | None = None
    wide: bool = False
    bar: bool = False

    def text(self, cell: CellValue) -> str:
        if cell is None:
            return "–"
        if isinstance(cell, str) or self.show is None:
            return str(cell)
        if isinstance(cell, Estimate):
            return interval(cell, self.show)
        return self.show(cell)


@dataclass(frozen=True)
class Table:
    """A table. `name` is the stem of its CSV file. A `collapsed` table is folded away, if the medium can do that."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[CellValue, ...], ...]
    collapsed: bool = False


def without_empty(table: Table) -> Table:
    """The table without its empty columns."""
    kept = [i for i in range(len(table.columns)) if any(row[i] not in (None, "") for row in table.rows)]
    columns = tuple(table.columns[i] for i in kept)
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    return replace(table, columns=columns, rows=rows)


@dataclass(frozen=True)
class Drawing:
    """One figure, drawn once and saved twice."""

    svg: str
    png: bytes


@dataclass(frozen=True)
class Figure:
    """A figure. `name` is the stem of its files. `alt` describes it for those who cannot see it."""

    name: str
    caption: str
    alt: str
    drawing: Drawing


@dataclass(frozen=True)
class Viewer:
    """The attention viewer: the weights of each run for each sentence. A medium that cannot show it leaves it out.

    `data` is JSON.
    """

    name: str
    caption: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Card:
    """What a mechanism is.

    Args:
        name: as all figures and tables call it.
        plain: in words.
        parts: its choices, each with its formula and its source: ("score=dot", "q · k", "Luong et al. 2015").
        words: by which it can be chosen: the words of its name, and its factors, such as "heads=4".
        sign: its line and its marker in figures, as SVG.
        picture: its weights in one sentence, as SVG; "" if it has none.
    """

    name: str
    plain: str
    parts: tuple[tuple[str, str, str], ...]
    words: tuple[str, ...]
    sign: str
    picture: str

    @property
    def anchor(self) -> str:
        return "m-" + re.sub(r"\W+", "-", self.name).strip("-")


@dataclass(frozen=True)
class Cards:
    """The mechanisms of a report, and its conditions. Every mention of a name leads to its card."""

    caption: str
    items: tuple[Card, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Lead:
    """The sentence that answers the question of the report."""

    text: str


@dataclass(frozen=True)
class KeyNumber:
    """A number that is read at a glance, such as "+34 BLEU", "gained by attention", and where it comes from."""

    value: str
    label: str
    detail: str


@dataclass(frozen=True)
class KeyNumbers:
    """A few numbers side by side."""

    items: tuple[KeyNumber, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """Text that is shown as it is."""

    text: str


Block = Table | Figure | Viewer | Cards | Lead | KeyNumbers | Paragraph | Bullets | Code


@dataclass(frozen=True)
class Section:
    """A section with its blocks."""

    title: str
    blocks: tuple[Block, ...]
    claim: str = ""  # what its results amount to
    appendix: bool = False


@dataclass(frozen=True)
class Document:
    """The whole report."""

    title: str
    date: str
    sections: tuple[Section, ...]

    def tables(self) -> list[Table]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]

    def figures(self) -> list[Figure]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]

    def plain(self) -> dict[str, Any]:
        """The document for a renderer: strings, lists and dicts. Every number is rounded, and every block is numbered.

        Collapsed tables have their own numbers, A1, A2, …: in print they are in an appendix.
        """
        open_tables, collapsed = ([t for t in self.tables() if t.collapsed is folded] for folded in (False, True))
        kinds = {"Table ": open_tables, "Table A": collapsed, "Figure ": self.figures()}
        labels = {id(block): f"{kind}{n}" for kind, blocks in kinds.items() for n, block in enumerate(blocks, 1)}
        sections = [
            {
                "title": section.title,
                "claim": section.claim,
                "appendix": section.appendix,
                "anchor": section.title.lower().replace(" ", "-"),
                "blocks": [_plain(block, labels.get(id(block), "")) for block in section.blocks],
            }
            for section in self.sections
        ]
        return {"title": self.title, "date": self.date, "sections": sections}


def _plain(block: Block, label: str) -> dict[str, Any]:
    match block:
        case Table():
            head = [{"title": c.title, "number": c.show is not None, "wide": c.wide} for c in block.columns]
            body = [[c.text(cell) for c, cell in zip(block.columns, row, strict=True)] for row in block.rows]
            keys = [[_key(cell) for cell in row] for row in block.rows]
            bars = _bars(block.columns, keys)
            table = {"kind": "table", "name": block.name, "label": label, "caption": block.caption, "columns": head}
            return table | {"rows": body, "keys": keys, "bars": bars, "collapsed": block.collapsed}
        case Figure():
            figure = {"kind": "figure", "name": block.name, "label": label, "caption": block.caption}
            return figure | {"alt": block.alt, "svg": block.drawing.svg}
        case Viewer():
            return {"kind": "viewer", "name": block.name, "caption": block.caption, "data": block.data}
        case Cards():
            items = [asdict(each) | {"anchor": each.anchor} for each in block.items]
            return {"kind": "cards", "caption": block.caption, "items": items, "conditions": list(block.conditions)}
        case Bullets():
            return {"kind": "bullets", "items": list(block.items)}
        case Lead():
            return {"kind": "lead", "text": block.text}
        case KeyNumbers():
            items = [{"value": each.value, "label": each.label, "detail": each.detail} for each in block.items]
            return {"kind": "numbers", "items": items}
        case Paragraph():
            return {"kind": "paragraph", "text": block.text}
        case Code():
            return {"kind": "code", "text": block.text}


def _bars(columns: Sequence[Column], keys: Sequence[Sequence[Any]]) -> list[list[float | None]]:
    """The length of the bar in each cell, as a percentage of the longest of its column; None without a bar."""
    longest = [max((row[i] or 0 for row in keys), default=0) if column.bar else 0 for i, column in enumerate(columns)]
    return [
        [round(100 * key / most, 1) if most and key else None for key, most in zip(row, longest, strict=True)]
        for row in keys
    ]


def _key(cell: CellValue) -> str | int | float | None:
    """The value by which a table is sorted. More digits would be a tenth of the page."""
    value = cell.value if isinstance(cell, Estimate) else cell
    return float(f"{value:.9g}") if isinstance(value, float) else value
