"""The attention viewer with clicks: a reader sees what was recorded."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from attnbench.record import Alignment
from attnbench.report.document import Document, Section
from attnbench.report.pages.html import page as page_of
from attnbench.report.pages.viewer import viewer
from attnbench.report.study.study import study
from tests.marks import slow
from tests.report import records
from tests.report.pages.browsing import grave_findings, opened
from tests.report.pages.test_viewer import CHINESE, HALF, JOBS

SHOWN = HALF + 0.005  # how far two digits, of a byte, may be from a weight


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    block = viewer(study(JOBS))
    assert block
    path = tmp_path_factory.mktemp("viewer") / "index.html"
    path.write_text(page_of(Document("Attention", "2026-01-02", (Section("Viewer", (block,)),))), encoding="utf-8")
    return path


def _choose(page: Any, **wanted: str) -> None:
    for name, label in wanted.items():
        page.locator(f"select[name={name}]").select_option(label=label)


def _deep(page: Any, **wanted: str) -> Alignment:
    """Shows the run with two layers of four heads at length 48 and its second seed; returns what was recorded."""
    name = next(text for text in page.locator("select[name=mechanism] option").all_text_contents() if "dot" in text)
    _choose(page, mechanism=name, condition="length 48", seed="2", **wanted)
    record = next(
        job for job in JOBS if job.factors.get("heads") == 4 and job.seed == 2 and job.factors["length"] == 48
    )
    return record.alignments[0]


def _token(page: Any, side: str, index: int, panel: int = 0) -> Any:
    return page.locator(".panel").nth(panel).locator(f"[data-side={side}][data-index='{index}']")


def _numbers(page: Any, panel: int) -> list[float]:
    """The weights shown in a panel at the linked tokens, the strongest first."""
    texts = page.locator(".panel").nth(panel).locator("svg > g:last-child text").all_text_contents()
    return [float(text) for text in texts]


def _strongest(weights: np.ndarray) -> list[float]:
    return sorted((weight for weight in weights if weight >= 0.005), reverse=True)


def _assert_shown(shown: list[float], weights: np.ndarray) -> None:
    wanted = _strongest(weights)
    assert len(shown) >= len([weight for weight in wanted if weight > 0.01])
    np.testing.assert_allclose(shown[: len(wanted)], wanted[: len(shown)], atol=SHOWN)


def test_a_head_shows_its_own_numbers(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = _deep(page, layer="2", head="3")
        weights, implicit = np.array(recorded.weights)[1, 2], np.array(recorded.implicit)
        _token(page, "target", 4).hover()
        _assert_shown(_numbers(page, 0), weights[4])
        _assert_shown(_numbers(page, 1), implicit[4])
        reading = page.locator(".reading").inner_text()
        best = int(weights[4].argmax())
        found = re.search(r"Attention, layer 2, head 3: (\S+) (\d\.\d\d)", reading)
        assert found
        assert found[1] == recorded.source[best]
        assert float(found[2]) == pytest.approx(weights[4].max(), abs=SHOWN)
        assert f"Gold links: {recorded.source[2]} (3)" in reading
        page.mouse.move(0, 0)
        assert "Point at a token" in page.locator(".reading").inner_text()


def test_the_mean_of_heads_and_layers(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = np.array(_deep(page).weights)
        _token(page, "source", 7).hover()
        _assert_shown(_numbers(page, 0), recorded.mean((0, 1))[:, 7])
        _choose(page, layer="1")
        _token(page, "source", 7).hover()
        _assert_shown(_numbers(page, 0), recorded[0].mean(0)[:, 7])


def test_the_views_show_the_same(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = _deep(page, layer="1", head="1")
        assert page.locator(".panel rect[data-target]").count() >= 2 * len(recorded.source) * len(recorded.target)
        page.get_by_label("Lines").check()
        assert page.locator(".panel rect[data-target]").count() == 0
        assert page.locator(".panel path[data-target]:not(.gold-link)").count() > len(recorded.target)
        _token(page, "target", 4).hover()
        _assert_shown(_numbers(page, 0), np.array(recorded.weights)[0, 0, 4])
        faded = page.locator(".panel path[data-target='5']").first
        assert float(faded.get_attribute("opacity")) < 0.5


def test_gold_links_can_be_hidden(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = _deep(page)
        assert page.locator(".gold-link").count() == 2 * len(recorded.gold)
        page.get_by_label("Gold links").uncheck()
        assert page.locator(".gold-link").count() == 0


def test_a_run_without_attention_says_so(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        _choose(page, mechanism="none")
        assert page.locator(".panel h3").all_text_contents() == ["Implicit attention"]
        assert "no attention" in page.locator(".reading").inner_text()
        assert not page.locator("select[name=head]").is_visible()


def test_two_runs_side_by_side_in_one_sentence(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = np.array(_deep(page, layer="2", head="3").weights)
        other = next(text for text in page.locator("select[name=beside] option").all_text_contents() if "add" in text)
        _choose(page, beside=other)
        titles = page.locator(".panel h3").all_text_contents()
        assert titles[0].endswith(": attention, layer 2, head 3")
        assert titles[1].startswith(f"{other}: attention")
        job = next(job for job in JOBS if job.factors.get("score") == "additive" and job.factors["length"] == 48)
        _token(page, "target", 4).hover()
        _assert_shown(_numbers(page, 0), recorded[1, 2][4])
        _assert_shown(_numbers(page, 1), np.mean(job.alignments[0].weights, axis=(0, 1))[4])
        _choose(page, beside="none")
        assert page.locator(".panel h3").nth(1).text_content() == "none: implicit attention"


def test_it_starts_with_the_best_run(browser: Any, tmp_path: Path) -> None:
    found = study(JOBS)
    best = next(name for name in found.encoding.styles if "additive" in name)
    block = viewer(found, best, "length 48")
    assert block
    (path := tmp_path / "index.html").write_text(page_of(Document("A", "2026-01-02", (Section("V", (block,)),))))
    with opened(browser, path) as page:
        assert page.locator("select[name=mechanism]").input_value() == best
        assert page.locator("select[name=condition]").input_value() == "length 48"


def test_it_plays_through_the_words(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = _deep(page, layer="2", head="3")
        page.clock.install()
        page.get_by_role("button", name="Play").click()
        for index, word in enumerate(recorded.target[:3]):
            reading = page.locator(".reading").inner_text()
            assert f"{word} (target {index + 1}) looks at" in reading
            assert f"next word: {word}" in reading
            page.clock.run_for(1400)
        scores = re.search(r"Scores, up to a constant: \S+ (\S+) ·", page.locator(".reading").inner_text())
        assert scores
        strongest = np.max(np.array(recorded.weights)[1, 2, 3])
        assert float(scores[1].replace("−", "-")) == pytest.approx(np.log(strongest), abs=0.06)
        page.get_by_role("button", name="Stop").click()
        page.clock.run_for(5000)
        assert "(target 4)" in page.locator(".reading").inner_text()


def test_the_errors_of_a_translation_are_marked(browser: Any, tmp_path: Path) -> None:
    job = records.attention("dot")
    words = [*job.alignments[0].target]
    said = " ".join([*words[:2], "wrong", *words[3:-1], "more"])
    block = viewer(study([replace(job, alignments=[replace(job.alignments[0], translation=said)])]))
    assert block
    (path := tmp_path / "index.html").write_text(page_of(Document("A", "2026-01-02", (Section("V", (block,)),))))
    with opened(browser, path) as page:
        row = page.locator(".translations p")
        assert row.locator("mark").all_text_contents() == ["wrong", "more"]
        assert row.locator("del").all_text_contents() == [words[2], words[-1]]
        assert row.locator("span").all_text_contents() == [*words[:2], *words[3:-1]]


def test_any_script_is_text(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        _deep(page, sentence="2: 我 喜欢 🐈")
        assert page.locator(".panel [data-side=source] text").all_text_contents() == CHINESE.source
        assert not page.get_by_label("Gold links").is_visible()


def test_the_keyboard_alone(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        recorded = _deep(page)
        page.locator(".save").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        for key in ("ArrowDown", "ArrowDown", "Enter", "End"):
            page.keyboard.press(key)
        token = _token(page, "target", len(recorded.target) - 1)
        assert token.evaluate("element => element === document.activeElement")
        assert f"{recorded.target[-1]} (target {len(recorded.target)})" in page.locator(".reading").inner_text()
        assert _token(page, "target", 2).get_attribute("aria-selected") == "true"
        page.locator(".save").focus()
        assert f"{recorded.target[2]} (target 3)" in page.locator(".reading").inner_text()
        assert _token(page, "target", 2).get_attribute("aria-label").startswith("quickly, target 3: quickly 0.")


def test_a_link_brings_the_view_back(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        _deep(page, layer="2", head="4")
        page.get_by_label("Lines").check()
        page.get_by_label("Gold links").uncheck()
        _token(page, "source", 3).click()
        fragment = page.evaluate("location.hash")
        before = page.locator(".viewer").evaluate("each => each.querySelector('.stage').innerHTML")
    with opened(browser, file, fragment=fragment) as page:
        page.locator(".panel").first.wait_for()
        page.mouse.move(0, 0)
        assert page.locator(".viewer").evaluate("each => each.querySelector('.stage').innerHTML") == before
        assert page.locator("select[name=head]").input_value() == "4"
        page.evaluate("location.hash = '#attention-viewer?mechanism=none&sentence=99&head=7&pinned=t99'")
        page.get_by_text("no attention").wait_for()


def test_the_saved_file_stands_alone(browser: Any, file: Path) -> None:
    with opened(browser, file, color_scheme="dark") as page:
        recorded = _deep(page, sentence="1: " + " ".join(records.SOURCE))
        _token(page, "target", 4).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as SVG").click()
        assert download.value.suggested_filename.endswith("_sentence_1.svg")
        text = Path(download.value.path()).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert set(recorded.source) | set(recorded.target) <= set(texts)
    assert {"Attention (mean)", "Implicit attention"} <= set(texts)
    assert "var(" not in text


@pytest.mark.parametrize("scheme", [slow("light"), "dark"])
def test_axe_finds_nothing_grave(browser: Any, file: Path, scheme: str) -> None:
    with opened(browser, file, color_scheme=scheme) as page:
        page.locator(".panel").first.wait_for()
        assert grave_findings(page) == []
        page.get_by_label("Lines").check()
        _token(page, "target", 4).click()
        assert grave_findings(page) == []


def test_a_phone_scrolls_down_only(browser: Any, file: Path) -> None:
    with opened(browser, file, width=375) as page:
        page.locator(".panel").first.wait_for()
        for view in ("Heat map", "Lines"):
            page.get_by_label(view).check()
            assert page.evaluate("document.documentElement.scrollWidth") <= 375
