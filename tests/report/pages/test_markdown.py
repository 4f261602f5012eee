"""The report as Markdown, as GitHub reads it."""

import re
from html import escape

from attnbench.report.pages.markdown import markdown
from attnbench.report.pages.print_limits import EXPLORED, PRINTED
from tests.report.pages.papers import HOSTILE, document, table


def test_figures_are_links_to_pictures_with_numbered_captions() -> None:
    text = markdown(document())
    assert "![A dot plot.](figures/bleu.png)\n\n**Figure 1.** BLEU by mechanism." in text


def test_a_table_has_as_many_pipes_in_every_row() -> None:
    lines = [line for line in markdown(document()).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 3
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}
    assert lines[1] == "| --- | ---: | ---: | --- |"
    assert lines[2].startswith("| m0 | 70.0 \\[68.0, 72.2\\] | – |")


def test_no_text_is_markup() -> None:
    text = markdown(document())
    assert HOSTILE not in text
    assert re.sub(r"\\([^a-z\s])", r"\1", text).count(HOSTILE) == 6  # paragraph, bullet, caption, three cells
    assert "# A \\& B" in text


def test_code_stays_as_it_is_behind_a_longer_fence() -> None:
    assert "\n````\na ``` b\n$ c\n````\n" in markdown(document())


def test_what_is_explored_is_left_to_the_page() -> None:
    assert EXPLORED in markdown(document())


def test_a_collapsed_table_is_folded() -> None:
    text = markdown(document(table(collapsed=True)))
    assert f"<summary><b>Table A1.</b> The caption: {escape(HOSTILE)}</summary>\n\n|" in text
    assert text.index("<details>") < text.index("| m0 ") < text.index("</details>")


def test_of_a_long_table_the_rest_is_in_its_file() -> None:
    text = markdown(document(table(PRINTED + 50)))
    assert text.count("\n| m") == PRINTED
    assert f"The other 50 of {PRINTED + 50} rows are in tables/quality.csv." in text
