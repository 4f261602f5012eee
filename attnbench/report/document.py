"""The document: what both renderers show. Numbers are rounded, and figures and tables numbered, here and only here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from attnbench.report.statistics import Estimate

CellValue = str | int | float | Estimate | None


def fixed(digits: int) -> Callable[[float], str]:
    """Shows a number with `digits` decimals."""
    return lambda value: f"{value:,.{digits}f}"


def significant(value: float) -> str:
    """Shows a number with about three digits, whatever its size."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def interval(estimate: Estimate, show: Callable[[float], str]) -> str:
    """Shows an estimate with its bounds."""
    return f"{show(estimate.value)} [{show(estimate.low)}, {show(estimate.high)}]"


@dataclass(frozen=True)
class Column:
    """`show` rounds its numbers, which stand right-aligned; without it the column is text. `wide` text may wrap."""

    title: str
    show: Callable[[float], str] | None = None
    wide: bool = False

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
    """`name` is the stem of its CSV file. A `collapsed` table is folded away where the medium can."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[CellValue, ...], ...]
    collapsed: bool = False


def without_empty(table: Table) -> Table:
    """Without the columns in which no row has anything to say."""
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
    """`name` is the stem of its files; `alt` says what it shows to those who cannot see it."""

    name: str
    caption: str
    alt: str
    drawing: Drawing


@dataclass(frozen=True)
class Viewer:
    """Where each run looks in each sentence, to be explored; a medium that cannot shows nothing. `data` is JSON."""

    name: str
    caption: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    text: str


Block = Table | Figure | Viewer | Paragraph | Bullets | Code


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    title: str
    date: str
    sections: tuple[Section, ...]

    def tables(self) -> list[Table]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]

    def figures(self) -> list[Figure]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]

    def plain(self) -> dict[str, Any]:
        """The document as a renderer wants it: strings, lists and dicts; every number shown, every block numbered.

        Collapsed tables are numbered by themselves, A1, A2, ...: where nothing folds, they may stand in an appendix.
        """
        open_tables, collapsed = ([t for t in self.tables() if t.collapsed is folded] for folded in (False, True))
        kinds = {"Table ": open_tables, "Table A": collapsed, "Figure ": self.figures()}
        labels = {id(block): f"{kind}{n}" for kind, blocks in kinds.items() for n, block in enumerate(blocks, 1)}
        sections = [
            {
                "title": section.title,
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
            table = {"kind": "table", "name": block.name, "label": label, "caption": block.caption, "columns": head}
            return table | {"rows": body, "keys": keys, "collapsed": block.collapsed}
        case Figure():
            figure = {"kind": "figure", "name": block.name, "label": label, "caption": block.caption}
            return figure | {"alt": block.alt, "svg": block.drawing.svg}
        case Viewer():
            return {"kind": "viewer", "name": block.name, "caption": block.caption, "data": block.data}
        case Bullets():
            return {"kind": "bullets", "items": list(block.items)}
        case Paragraph():
            return {"kind": "paragraph", "text": block.text}
        case Code():
            return {"kind": "code", "text": block.text}


def _key(cell: CellValue) -> str | int | float | None:
    """What a table is sorted by."""
    return cell.value if isinstance(cell, Estimate) else cell
