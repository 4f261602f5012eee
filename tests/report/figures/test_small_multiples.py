"""Small multiples are bounded for any number of mechanisms, and say what they leave out."""

from collections.abc import Sequence

import pytest

from attnbench.report.figures.small_multiples import (
    BEHIND,
    LINES,
    PANELS,
    REST,
    ROWS,
    PanelLayout,
    name,
    note,
    panel_layouts,
)
from attnbench.report.study.styles import Encoding, encode


def encoding(scores: int, scopes: int, heads: Sequence[int] = (1, 4)) -> Encoding:
    levels = [(f"score{i}", f"scope{j}", k) for i in range(scores) for j in range(scopes) for k in heads]
    return encode({f"{a} · {b} · heads {c}": {"score": a, "scope": b, "heads": c} for a, b, c in levels})


def drawn(looks: Encoding, rows: Sequence[str] = ("",)) -> list[PanelLayout]:
    return list(panel_layouts(looks, rows, list(looks.styles)))


def test_few_mechanisms_have_a_panel_a_row() -> None:
    looks = encoding(2, 2)
    (plate,) = drawn(looks, ["length 16", "length 48"])
    assert [panel.row for panel in plate.panels] == ["length 16", "length 48"]
    assert all(panel.mechanisms == tuple(looks.styles) and not panel.behind for panel in plate.panels)
    assert note(plate, list(looks.styles)) == ""


def test_many_have_a_figure_a_row_and_a_panel_a_family() -> None:
    looks = encoding(5, 3)
    found = drawn(looks, ["length 16", "length 48"])
    assert [{panel.row for panel in plate.panels} for plate in found] == [{"length 16"}, {"length 48"}]
    for plate in found:
        assert [panel.title for panel in plate.panels] == [f"score{i}" for i in range(5)]
        assert plate.mechanisms == list(looks.styles)
        assert "in grey" in note(plate, list(looks.styles))
        assert "Of " not in note(plate, list(looks.styles))


@pytest.mark.parametrize(("scores", "scopes"), [(40, 2), (3, 40), (30, 30)])
def test_figures_are_bounded_and_say_so(scores: int, scopes: int) -> None:
    looks = encoding(scores, scopes)
    found = drawn(looks, [f"length {i}" for i in range(20)])
    assert len(found) <= ROWS
    for plate in found:
        assert len(plate.panels) <= PANELS
        assert all(len(panel.mechanisms) <= LINES and len(panel.behind) <= BEHIND for panel in plate.panels)
        assert f"Of {len(looks.styles):,} mechanisms, {len(plate.mechanisms)} are" in note(plate, list(looks.styles))


def test_a_panel_that_says_the_family_leaves_it_out_of_names() -> None:
    looks = encoding(9, 2)
    (plate,) = drawn(looks)
    named, rest = plate.panels[0], plate.panels[-1]
    assert name(plate, named, looks, named.mechanisms[0]) == "scope0 · heads 1"
    assert rest.title == REST
    assert name(plate, rest, looks, rest.mechanisms[0]) == rest.mechanisms[0]


def test_nothing_shown_is_no_figure() -> None:
    assert list(panel_layouts(encoding(2, 2), [], [])) == []
