"""Gold alignments from a file in the Pharaoh format: a line a sentence pair, `0-0 1-2 3?2`.

`3-4` links source word 3 with target word 4 and is sure; `3?4` and `3p4` are the two ways in use to write that it is
possible. Words are what spaces set apart, counted from 0.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.task import Links, Pair

_LINK = re.compile(r"(\d+)([-?p])(\d+)")


def with_links(pairs: Sequence[Pair], lines: Sequence[str], path: Path) -> list[Pair]:
    """The pairs, each with the links of its line; of a blank line they are not known.

    Args:
        pairs: sentences, a line each in the files that they are from.
        lines: of the file of links.
        path: of that file, for messages.

    Raises:
        UserError: another number of lines, none with a link, what is no link, or a link to a word that is not there.
    """
    if len(lines) != len(pairs):
        raise UserError(f"{path}: it has {len(lines)} lines for {len(pairs)} sentence pairs; line i must match pair i")
    if not any(line.strip() for line in lines):
        raise UserError(f"{path}: there is not one link in it")
    return [
        replace(pair, **_links(line, pair, f"{path}, line {number}"))
        for number, (pair, line) in enumerate(zip(pairs, lines, strict=True), start=1)
    ]


def _links(line: str, pair: Pair, where: str) -> dict[str, Links]:
    sizes = len(pair.source.split()), len(pair.target.split())
    found = dict[tuple[int, int], bool]()
    for text in line.split():
        match = _LINK.fullmatch(text)
        if match is None:
            raise UserError(f"{where}: {text!r} is no link; write 3-4 for a sure one, 3?4 or 3p4 for a possible one")
        link = int(match[1]), int(match[3])
        for side, index, size in zip(("source", "target"), link, sizes, strict=True):
            if index >= size:
                raise UserError(
                    f"{where}: {text} names {side} word {index}, of {size}; words are what spaces set apart, from 0"
                )
        found[link] = found.get(link, False) or match[2] == "-"
    return {
        "links": tuple(sorted(link for link, sure in found.items() if sure)),
        "possible": tuple(sorted(link for link, sure in found.items() if not sure)),
    }
