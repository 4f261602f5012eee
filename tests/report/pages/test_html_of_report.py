"""The page of a whole report, with everything that a report can have in it."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

from tests.marks import slow
from tests.report.pages.browsing import grave_findings, opened
from tests.report.records import BROKEN, ERROR


def test_it_refers_to_nothing_but_the_files_beside_it(mixed: Path) -> None:
    text = (mixed / "index.html").read_text()
    links = set(re.findall(r"""(?:src|href)=["']([^"'#][^"']*)""", text)) | set(re.findall(r"url\(([^)#]+)", text))
    files = {link for link in links if not link.startswith("data:image/png;base64,")}
    assert files
    assert [link for link in sorted(files) if not (mixed / link).is_file()] == []
    assert "@import" not in text
    assert len(text) < 5_000_000


def test_it_escapes_and_tells(mixed: Path) -> None:
    text = (mixed / "index.html").read_text()
    assert "<h1>Attention &amp; cost</h1>" in text
    assert html.escape(ERROR, quote=False) in text
    assert ERROR not in text
    assert BROKEN in text
    assert "out of memory" in text


def test_every_figure_has_alt_text_and_a_number(mixed: Path) -> None:
    text = (mixed / "index.html").read_text()
    alts = re.findall(r'<svg role="img" aria-label="([^"]*)"', text)
    assert len(alts) == len(list((mixed / "figures").glob("*.svg"))) > 3
    assert all(len(alt) > 20 for alt in alts)
    assert all(f"<b>Figure {number}.</b>" in text for number in range(1, len(alts) + 1))


def test_no_raw_floats(mixed: Path) -> None:
    cells = re.findall(r'<td class="number"[^>]*>([^<]*)</td>', (mixed / "index.html").read_text())
    assert cells
    assert not [cell for cell in cells if re.search(r"\.\d{4}|e-\d|nan", cell)]


@pytest.mark.parametrize("scheme", [slow("light"), "dark"])
def test_everybody_can_use_it(browser: Any, mixed: Path, scheme: str) -> None:
    with opened(browser, mixed / "index.html", width=375, color_scheme=scheme) as page:
        page.locator(".panel").first.wait_for()
        for folded in page.locator("details").all():
            folded.evaluate("each => each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        assert grave_findings(page) == []
