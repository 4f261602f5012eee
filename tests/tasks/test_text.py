"""Tests of words and of cells, with every kind of white space."""

import pytest

from attnbench.tasks.text import as_cell, words_of

INSIDE = {
    "no-break space": "\u00a0",
    "narrow no-break space": "\u202f",
    "ideographic space": "\u3000",
    "line separator": "\u2028",
    "next line": "\u0085",
    "vertical tab": "\v",
    "form feed": "\f",
    "tab": "\t",
    "carriage return": "\r",
    "file separator": "\x1c",
}


@pytest.mark.parametrize("white", INSIDE.values(), ids=INSIDE)
def test_only_a_space_sets_words_apart(white: str) -> None:
    assert words_of(f"a{white}b c") == [f"a{white}b", "c"]
    assert words_of(f"{white} a {white}") == [white, "a", white]


def test_several_spaces_are_one() -> None:
    assert words_of("  a  b ") == ["a", "b"]
    assert words_of(" ") == words_of("") == []


def test_a_cell_has_no_tab_and_no_line_end() -> None:
    text = "".join(f"{number}{white}" for number, white in enumerate(INSIDE.values()))
    assert as_cell(text) == "0\u00a01\u202f2\u30003 4 5 6 7 8 9 "
    assert len(as_cell("a\r\nb").splitlines()) == 1
