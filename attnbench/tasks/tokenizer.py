"""Splits text into words and joins them again, for any language that writes spaces or Han characters.

It needs no table of languages.

    Der Hund läuft 3,5 km.     Der Hund läuft 3,5 km .
    a blue-green 'hat'         a blue-green '￭ hat ￭'
    我会说French。               我 会 说 French 。

Scores use sacreBLEU's tokeniser 13a (or `zh`). It must give the same tokens for `join(split(text))` and for `text`. 13a
separates most punctuation itself, so that a space beside this punctuation changes nothing. 13a does not separate
quotes, dashes and marks that are not ASCII. They get `JOINER` on the sides where the text has no space. The four HTML
entities that 13a knows are not split.
"""

import re
import string
import unicodedata
from collections.abc import Sequence

JOINER = "￭"
"""OpenNMT's tokeniser uses this mark for the same purpose. The mark does not occur in natural text."""

_SET_APART = re.escape("".join(sorted(set(string.punctuation) - set("'-"))))
_CJK = (
    "\u3000-\u30ff\u31f0-\u31ff"  # punctuation, hiragana, katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\uff01-\uff65"  # full-width forms
)
# `\w` does not match vowel signs, accents and the two zero-width joiners, but they belong to the word.
_MARKS = "\u200c\u200d" + "".join(chr(c) for c in range(0x300, 0x3000) if unicodedata.category(chr(c))[0] == "M")
_LETTER = rf"(?:[^\W_{_CJK}]|[{_MARKS}])"
_TOKEN = re.compile(
    rf"(?P<word>{_LETTER}+(?:(?:['’‑-]|(?<=\d)[.,](?=\d)){_LETTER}+)*)"
    rf"|(?P<single>&(?:amp|quot|lt|gt);|[{_SET_APART}{_CJK}])|(?P<mark>\S)"
)
_JOINT = re.compile(f" ?{JOINER} ?")
_CJK_GAP = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")


def split(text: str) -> list[str]:
    """Splits text into words, punctuation and single CJK characters. A word keeps the hyphens, apostrophes and
    decimal points inside it.
    """
    return [_joined(match) if match.lastgroup == "mark" else match.group() for match in _TOKEN.finditer(text)]


def join(tokens: Sequence[str]) -> str:
    """The inverse of `split`, except for spaces that sacreBLEU's tokenisers add or remove themselves."""
    return _CJK_GAP.sub("", _JOINT.sub("", " ".join(tokens)))


def _joined(mark: re.Match[str]) -> str:
    before, after = mark.string[: mark.start()][-1:], mark.string[mark.end() :][:1]
    return (JOINER if before.strip() else "") + mark.group() + (JOINER if after.strip() else "")
