"""Files to sentence pairs: two line-aligned files, or one table; plain or gzip; with gold links, if there are any."""

import gzip
import logging
import zlib
from collections.abc import Sequence
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.corpora.pharaoh import with_links
from attnbench.tasks.task import Pair

log = logging.getLogger(__name__)

_GZIP = b"\x1f\x8b"


def read_aligned(source: Path, target: Path, links: Path | None = None) -> list[Pair]:
    """Line i of `source` with line i of `target`, and of `links` where there is such a file.

    Raises `UserError` if a file cannot be read or is not UTF-8, if the numbers of lines differ, if there is no pair, or
    for links that do not fit.
    """
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise UserError(f"{source} has {len(sources)} lines and {target} has {len(targets)}; line i must match line i")
    return _pairs(list(zip(sources, targets, strict=True)), f"{source}, {target}", links)


def read_table(path: Path, columns: Sequence[int], links: Path | None = None) -> list[Pair]:
    """Two of the tab-separated `columns` (source, target; counted from 0) of every line but the blank ones.

    Line i of the file `links`, if there is one, is that of line i. Raises `UserError` if a file cannot be read or is
    not UTF-8, if a line is too short, if there is no pair, or for links that do not fit.
    """
    return table(read_lines(path), columns, str(path), links)


def table(lines: Sequence[str], columns: Sequence[int], name: str, links: Path | None = None) -> list[Pair]:
    """As `read_table`, of lines that were read already; `name` is what messages call them."""
    source, target = columns
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if max(columns) < len(cells):
            rows.append((cells[source], cells[target]))
        elif line.strip():
            raise UserError(
                f"{name}, line {number}: columns {source} and {target} (from 0) are wanted, "
                f"and it has {len(cells)}, tab-separated"
            )
        else:
            rows.append(("", ""))
    return _pairs(rows, name, links)


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, decompressed if it is gzip by its content. Raises `UserError` if it is unreadable."""
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path}: cannot be read ({reason})") from error
    return decode_lines(content, str(path))


def decode_lines(content: bytes, name: str) -> list[str]:
    """The lines of UTF-8 text; `name` is what messages call it. Raises `UserError` if it is not UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}, line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
    # Not splitlines(): it would also cut at characters that may stand inside a sentence.
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _pairs(rows: Sequence[tuple[str, str]], name: str, links: Path | None) -> list[Pair]:
    stripped = [Pair(source.strip(), target.strip()) for source, target in rows]
    if links is not None:
        stripped = with_links(stripped, read_lines(links), links)
    pairs = [pair for pair in stripped if pair.source and pair.target]
    half = sum(bool(pair.source) != bool(pair.target) for pair in stripped)
    if half:
        log.warning("%s: %d pairs with an empty side are left out", name, half)
    if not pairs:
        raise UserError(f"{name}: there is not one sentence pair")
    return pairs
