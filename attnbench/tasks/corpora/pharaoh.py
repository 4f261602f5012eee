"""Gold alignments from a file in the Pharaoh format: one line for each sentence pair, `0-0 1-2 3?2`.

`3-4` is a sure link between source word 3 and target word 4. `3?4` and `3p4` are the two common ways to write a
possible link. Words are those of `words_of`, counted from 0.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attnbench.errors import UserError
from attnbench.tasks.task import Links, Pair
from attnbench.tasks.text import words_of

_LINK = re.compile(r"(\d+)([-?p])(\d+)")


def with_links(pairs: Sequence[Pair], lines: Sequence[str], path: Path) -> list[Pair]:
    """The pairs, each with the links of its line. A blank line means that the links are not known.

    Args:
        pairs: one sentence pair for each line of the corpus files.
        lines: the lines of the file of links.
        path: the path of this file, for messages.

    Raises:
        UserError: the number of lines is not the number of pairs, there is no link at all, a text is not a link, or a
            link names a word that the sentence does not have.
    """
    if len(lines) != len(pairs):
        raise UserError(f"{path}: it has {len(lines)} lines for {len(pairs)} sentence pairs; line i must match pair i")
    if not any(line.strip() for line in lines):
        raise UserError(f"{path}: there is no link at all")
    return [
        replace(pair, **_links(line, pair, f"{path}, line {number}"))
        for number, (pair, line) in enumerate(zip(pairs, lines, strict=True), start=1)
    ]


def _links(line: str, pair: Pair, place: str) -> dict[str, Links]:
    sizes = len(words_of(pair.source)), len(words_of(pair.target))
    is_sure = dict[tuple[int, int], bool]()
    for text in line.split():
        match = _LINK.fullmatch(text)
        if match is None:
            raise UserError(f"{place}: {text!r} is not a link; write 3-4 for a sure one, 3?4 or 3p4 for a possible one")
        link = int(match[1]), int(match[3])
        for side, index, size in zip(("source", "target"), link, sizes, strict=True):
            if index >= size:
                raise UserError(
                    f"{place}: {text} names {side} word {index}, but the {side} has {size} words; words are "
                    "separated by spaces and counted from 0"
                )
        is_sure[link] = is_sure.get(link, False) or match[2] == "-"
    return {
        "links": tuple(sorted(link for link, sure in is_sure.items() if sure)),
        "possible": tuple(sorted(link for link, sure in is_sure.items() if not sure)),
    }
