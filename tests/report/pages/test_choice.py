"""The cards of mechanisms, the links that lead to them, and the choice of what is shown."""

from pathlib import Path
from typing import Any

from attnbench.report.document import Card
from attnbench.report.pages.names import cell_linker, prose_linker
from tests.report.pages.browsing import opened

NAMES = {"dot": "a", "dot · heads 4": "b", "general": "c"}
CHOICE = "What all tables and figures show"


def test_a_cell_is_a_link_only_if_it_is_a_name() -> None:
    link = cell_linker(NAMES)
    assert link("dot · heads 4") == '<a href="#b">dot · heads 4</a>'
    assert link("<dot>") == "&lt;dot&gt;"


def test_in_a_sentence_the_longest_name_is_the_link() -> None:
    text = prose_linker(NAMES)(
        "dot · heads 4 is ahead of dot, and <general>; score=dot, scaled.dot, dots, dot · heads 16"
    )
    assert text.count("<a ") == 3
    assert '<a href="#b">dot · heads 4</a> is ahead of <a href="#a">dot</a>' in text
    assert '&lt;<a href="#c">general</a>&gt;; score=dot, scaled.dot, dots, dot · heads 16' in text


def test_anchors_are_made_of_words() -> None:
    assert Card("dot · heads 4 †", "", (), (), "", "").anchor == "m-dot-heads-4"


def _shown(page: Any, column: int, table: str = "quality") -> set[str]:
    cells = page.locator(f"#table-{table} ~ .scroll").first.locator(f"tbody tr:visible > :nth-child({column})")
    return set(cells.all_text_contents())


def test_words_choose_mechanisms_everywhere(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html") as page:
        form = page.get_by_role("form", name=CHOICE)
        everything = _shown(page, 1)
        assert len(everything) == 3
        form.get_by_role("searchbox").fill("score=dot")
        assert len(_shown(page, 1)) == 1
        assert _shown(page, 1) < everything
        assert page.locator(".cards li:visible").count() == 1
        pale = page.locator(".sheet .away")
        assert pale.count() > 0
        (name,) = _shown(page, 1)
        said = [
            pale.nth(i).get_attribute("data-of") or pale.nth(i).get_attribute("data-tip") for i in range(pale.count())
        ]
        assert not any(text == name or text.startswith(f"{name}:") for text in said)
        assert form.locator("output").text_content() == "1 of 4 mechanisms are shown, in all tables and figures."
        form.get_by_role("searchbox").fill("nonsense")
        assert form.locator("output").text_content() == "No mechanism has these words."
        form.get_by_role("searchbox").fill("")
        assert _shown(page, 1) == everything
        assert pale.count() == 0


def test_whole_words_are_meant_but_what_is_typed_may_be_their_beginning(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html") as page:
        box = page.get_by_role("form", name=CHOICE).get_by_role("searchbox")
        box.fill("ot")
        assert page.locator(".cards li:visible").count() == 0
        box.fill("addi")
        assert page.locator(".cards li:visible").count() == 1


def test_a_condition_is_chosen_everywhere(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html") as page:
        assert _shown(page, 2) == {"length 16", "length 48"}
        page.get_by_role("form", name=CHOICE).get_by_role("combobox").select_option("length 48")
        assert _shown(page, 2) == {"length 48"}
        panels = page.locator("#figure-bleu [data-panel]")
        pale = [panels.nth(i).get_attribute("data-panel") for i in range(2) if panels.nth(i).get_attribute("class")]
        assert pale == ["length 16"]


def test_a_name_leads_to_its_card(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html") as page:
        link = page.locator("#table-quality ~ .scroll").first.locator('a[href^="#m-"]').first
        name = link.text_content()
        link.click()
        target = page.locator(".cards li:target")
        assert target.get_attribute("data-name") == name
        page.evaluate("history.replaceState(null, '', '#')")
        page.locator("#figure-bleu [data-of]:not([data-tip])").first.dispatch_event("click")
        page.locator(".cards li:target").wait_for()


def test_a_wide_table_shows_its_first_columns_and_all_on_request(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html") as page:
        heads = page.locator("#table-quality ~ .scroll").first.locator("thead th:visible")
        assert heads.count() == 6
        assert heads.first.text_content() == "Mechanism"
        page.get_by_role("button", name="Show all").first.click()
        assert heads.count() > 6


def test_what_comes_after_quality_against_cost_is_folded_and_a_link_unfolds_it(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html") as page:
        folded = page.locator("#environment > details")
        assert folded.get_attribute("open") is None
        page.get_by_role("link", name="Environment").click()
        page.locator("#environment > details[open]").wait_for()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0


def test_on_a_phone_a_row_is_a_card_with_the_names_of_its_numbers(browser: Any, mixed: Path) -> None:
    with opened(browser, mixed / "index.html", width=390) as page:
        cell = page.locator("#table-quality ~ .scroll").first.locator("tbody tr:visible > :nth-child(3)").first
        said = cell.evaluate("each => getComputedStyle(each, '::before').content")
        assert said == '"BLEU: "'
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
