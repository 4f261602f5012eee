"""The page: one file that sorts, filters and explains, accessible to everybody."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Sheet

from attnbench.report.document import (
    Bullets,
    Code,
    Column,
    Document,
    Figure,
    Paragraph,
    Section,
    Table,
    fixed,
)
from attnbench.report.figures.plotting import drawn, panels, tip
from attnbench.report.pages.html import inline, page
from attnbench.report.pages.print_limits import ON_PAGE
from attnbench.report.statistics import Estimate
from tests.marks import slow
from tests.report.pages.browsing import grave_findings, opened

COLUMNS = (Column("Mechanism"), Column("BLEU", fixed(1)), Column("Time (ms)", fixed(0)), Column("Command", wide=True))
# Rounded, times 3 and 4 look alike; the missing one has no place in any order.
TIMES = (30.2, 4.4, 4.1, None, 100.0)


@drawn
def _dots() -> Sheet:
    figure, axes = panels([""], ["a", "b"], 2.0)
    for axis in axes[0]:
        for index in range(3):
            dot = axis.errorbar(index, index, xerr=0.2, marker="o", color="#0173b2")
            tip(dot, f'“dot” & "co" <{index}>: {index}.5')
    return figure


def _estimate(value: float) -> Estimate:
    return Estimate(value, value - 1, value + 1, 1)


def _document(rows: int = 40) -> Document:
    short = tuple(
        (f"dot · heads {index}", _estimate(50.0 + index % 3), time, f"seed={index}") for index, time in enumerate(TIMES)
    )
    names = ["additive" if index % 4 == 0 else "dot" for index in range(rows)]
    long = tuple(
        (f"{names[index]} · heads {index}", _estimate(index / 7), index / 3, "x <y> " * 9) for index in range(rows)
    )
    drawing = _dots()
    first = Section(
        "Findings & all",
        (
            Bullets(("Nothing < everything.",)),
            Figure("first", "Some dots.", 'Six dots, "all" blue.', drawing),
            Figure("second", "The same dots.", "Six dots again.", drawing),
            Table("short", "A short table.", COLUMNS, short),
        ),
    )
    long_table = Table("long", "A long table.", COLUMNS, long)
    again = Table("again", "Each command.", COLUMNS[::3], tuple(row[::3] for row in short), collapsed=True)
    return Document("Attention", "2026-01-02", (first, Section("More", (Paragraph("P"), Code("C"), long_table, again))))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(page(_document()), encoding="utf-8")
    return path


def _column(page: Any, table: str, column: int) -> list[str]:
    cells = page.locator(f"#table-{table} ~ .scroll").first.locator(f"tbody tr:visible > :nth-child({column})")
    return cells.all_text_contents()


def test_no_two_ids_clash_and_all_that_is_referred_to_is_there(file: Path) -> None:
    text = file.read_text()
    ids = re.findall(r'\sid="([^"]*)"', text)
    assert len(ids) == len(set(ids)) > 20
    referred = re.findall(r'href="#([^"]*)"', text) + re.findall(r"url\(#([^)]*)\)", text)
    assert set(referred) <= set(ids)


def test_a_drawing_keeps_its_styles_to_itself() -> None:
    text = inline(_dots().svg, "name", 'six "dots"')
    assert text.startswith('<svg role="img" aria-label="six &#34;dots&#34;"')
    assert "<style" not in text
    assert not re.search(r"#([0-9a-f]{2})\1\1\b", text)
    assert "#0173b2" in text


def test_headings_sort_by_what_was_measured(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        head = page.locator("th", has_text="Time").first
        asked = _column(page, "short", 3)
        page.get_by_role("button", name="Time (ms)").first.click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert _column(page, "short", 1) == [f"dot · heads {index}" for index in (2, 1, 0, 4, 3)]
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert _column(page, "short", 3) == ["100", "30", "4", "4", "–"]
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") is None
        assert _column(page, "short", 3) == asked


def test_text_sorts_naturally(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        heading = page.get_by_role("region", name="Table 2").get_by_role("button", name="Mechanism")
        heading.click()
        heading.click()
        assert _column(page, "long", 1)[:2] == ["dot · heads 39", "dot · heads 38"]


def test_a_longer_table_is_filtered_and_the_rows_counted(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        box = page.get_by_role("searchbox", name="Filter the rows of Table 2")
        assert page.get_by_role("searchbox").count() == 1
        box.fill("ADD")
        count = page.locator("output")
        assert count.text_content() == "10 of 40 rows"
        assert count.get_attribute("aria-live") == "polite"
        assert len(_column(page, "long", 1)) == 10
        box.fill("38 dot")
        assert "dot · heads 38" in _column(page, "long", 1)
        assert not any("additive" in name for name in _column(page, "long", 1))
        box.fill("")
        assert count.text_content() == "40 rows"


def test_tips_answer_pointer_and_keyboard(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        tip_box = page.locator(".tip")
        page.locator("#figure-second [data-tip*='<1>'] use").last.hover()
        assert tip_box.text_content() == '“dot” & "co" <1>: 1.5'
        page.mouse.move(0, 0)
        assert not tip_box.is_visible()
        page.locator("#figure-second .sheet").focus()
        page.keyboard.press("ArrowRight")
        assert tip_box.text_content() == '“dot” & "co" <0>: 0.5'
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")  # the next panel
        assert tip_box.text_content() == '“dot” & "co" <0>: 0.5'
        page.keyboard.press("End")
        assert tip_box.text_content() == '“dot” & "co" <2>: 2.5'
        page.keyboard.press("Escape")
        assert not tip_box.is_visible()


def test_light_and_dark(browser: Any, file: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('#figure-first [style*=--grey-22]')).fill"
    with opened(browser, file, color_scheme="dark") as page:
        assert page.evaluate(ground) == "rgb(22, 24, 28)"
        dark = page.evaluate(ink)
        page.get_by_role("button", name="Show in light colours").click()
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        assert page.evaluate(ink) != dark
        page.get_by_role("button", name="Show in dark colours").click()
        assert page.evaluate(ink) == dark
        page.emulate_media(media="print")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_files_and_places_have_links(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        for name, link in (("Figure 1 as PNG", "figures/first.png"), ("Table 2 as TEX", "tables/long.tex")):
            assert page.get_by_role("link", name=name).get_attribute("href") == link
        page.evaluate("location.hash = '#table-again'")
        page.locator("details[open]").wait_for()
        page.get_by_role("link", name="More").first.click()
        page.locator(".contents a[aria-current]", has_text="More").wait_for()


def test_it_reads_without_scripts(browser: Any, file: Path) -> None:
    with opened(browser, file, java_script_enabled=False) as page:
        assert page.get_by_role("cell", name="100", exact=True).is_visible()
        assert page.get_by_role("img", name='Six dots, "all" blue.').is_visible()
        assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1400, "light"), slow(375, "light"), slow(1400, "dark")])
def test_axe_finds_nothing_grave(browser: Any, file: Path, scheme: str, width: int) -> None:
    with opened(browser, file, color_scheme=scheme, width=width) as page:
        page.locator("details").evaluate("each => each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert grave_findings(page) == []


def test_of_a_very_long_table_the_rest_is_in_its_file() -> None:
    text = page(_document(ON_PAGE + 7))
    assert text.count("x &lt;y&gt;") == 9 * ON_PAGE
    assert f"The other 7 of {ON_PAGE + 7:,} rows are in tables/long.csv." in text
    assert "The other" not in page(_document())
