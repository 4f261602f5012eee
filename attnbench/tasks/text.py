"""What a word is in a text, and what a sentence is in a cell of a table."""

import re

_ENDS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]")


def words_of(text: str) -> list[str]:
    """The words of a text, as spaces set them apart. Links count these words, and tokenised text consists of them.

    A space is U+0020 only. Other white space (a no-break space, an ideographic space, a tab) is part of a word, as it
    is for the tools that make alignments.
    """
    return [word for word in text.split(" ") if word]


def as_cell(text: str) -> str:
    """The text as it is written to a line or to a cell of a table: one space for each tab, line end and other control
    character that is white space.
    """
    return _ENDS.sub(" ", text)
