"""Reads sentence pairs from two line-aligned files or from one table, with optional gold links."""

import logging
from collections.abc import Sequence
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.corpora.lines import read_lines
from attnbench.tasks.corpora.pharaoh import with_links
from attnbench.tasks.task import Pair

log = logging.getLogger(__name__)


def read_aligned(source: Path, target: Path, links: Path | None = None) -> list[Pair]:
    """Pairs line i of `source` with line i of `target`. If there is a file `links`, its line i belongs to this pair.

    Raises:
        UserError: a file cannot be read as text, the numbers of lines differ, there is no pair, or the links
            do not fit.
    """
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise UserError(f"{source} has {len(sources)} lines and {target} has {len(targets)}; line i must match line i")
    return _pairs(list(zip(sources, targets, strict=True)), f"{source}, {target}", links)


def read_table(path: Path, columns: Sequence[int], links: Path | None = None) -> list[Pair]:
    """Reads two tab-separated `columns` (source, target; counted from 0) from every line that is not blank.

    Line i of the file `links`, if there is one, belongs to line i.

    Raises:
        UserError: a file cannot be read as text, a line is too short, there is no pair, or the links do not
            fit.
    """
    return table(read_lines(path), columns, str(path), links)


def table(lines: Sequence[str], columns: Sequence[int], name: str, links: Path | None = None) -> list[Pair]:
    """Does the same as `read_table`, for lines that were already read. `name` is for messages."""
    source, target = columns
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if max(columns) < len(cells):
            rows.append((cells[source], cells[target]))
        elif line.strip():
            raise UserError(
                f"{name}, line {number}: columns {source} and {target} (counted from 0) are needed, "
                f"but the line has {len(cells)} columns, separated by tabs"
            )
        else:
            rows.append(("", ""))
    return _pairs(rows, name, links)


def _pairs(rows: Sequence[tuple[str, str]], name: str, links: Path | None) -> list[Pair]:
    # Other white space at an end may be a word, to which links may refer.
    stripped = [Pair(source.strip(" "), target.strip(" ")) for source, target in rows]
    if links is not None:
        stripped = with_links(stripped, read_lines(links), links)
    pairs = [pair for pair in stripped if not (_is_blank(pair.source) or _is_blank(pair.target))]
    half_empty = sum(_is_blank(pair.source) != _is_blank(pair.target) for pair in stripped)
    if half_empty:
        log.warning("%s: %d pairs with an empty side are left out", name, half_empty)
    if not pairs:
        raise UserError(f"{name}: there is no sentence pair at all")
    return pairs


def _is_blank(text: str) -> bool:
    return not text.strip()
