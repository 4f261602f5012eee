"""Files to sentence pairs: two line-aligned files, or one table; plain or gzip."""

import gzip
import logging
import zlib
from collections.abc import Sequence
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.task import Pair

log = logging.getLogger(__name__)

_GZIP = b"\x1f\x8b"


def read_aligned(source: Path, target: Path) -> list[Pair]:
    """Line i of `source` with line i of `target`.

    Raises `UserError` if a file cannot be read or is not UTF-8, if the numbers of lines differ, or if there is no pair.
    """
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise UserError(f"{source} has {len(sources)} lines and {target} has {len(targets)}; line i must match line i")
    return _pairs(list(zip(sources, targets, strict=True)), f"{source}, {target}")


def read_table(path: Path, columns: Sequence[int]) -> list[Pair]:
    """Two of the tab-separated `columns` (source, target; counted from 0) of every line but the blank ones.

    Raises `UserError` if the file cannot be read or is not UTF-8, if a line is too short, or if there is no pair.
    """
    return table(read_lines(path), columns, str(path))


def table(lines: Sequence[str], columns: Sequence[int], name: str) -> list[Pair]:
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
    return _pairs(rows, name)


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


def _pairs(rows: Sequence[tuple[str, str]], name: str) -> list[Pair]:
    stripped = [(source.strip(), target.strip()) for source, target in rows]
    pairs = [Pair(source, target) for source, target in stripped if source and target]
    half = sum(bool(source) != bool(target) for source, target in stripped)
    if half:
        log.warning("%s: %d pairs with an empty side are left out", name, half)
    if not pairs:
        raise UserError(f"{name}: there is not one sentence pair")
    return pairs
