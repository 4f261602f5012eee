"""No text of a figure overlaps another one, or leaves the figure: read from the renderer's boxes."""

from itertools import combinations
from typing import Any
from unittest.mock import patch

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from attnbench.record import Record
from tests.marks import slow
from tests.report import records
from tests.report.sections import contents

SLACK = 1.5  # points: letters do not fill their boxes


def texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is drawn, with its box in points."""
    drawn: list[Text] = []
    draw = Text.draw

    def noted(text: Text, *arguments: Any, **options: Any) -> None:
        drawn.append(text)
        draw(text, *arguments, **options)

    renderer = FigureCanvasAgg(figure).get_renderer()
    with patch.object(Text, "draw", noted):
        figure.draw(renderer)
    scale = 72 / figure.dpi
    seen = [text for text in drawn if text.get_visible() and text.get_text().strip()]
    # Without the line from a name to its point.
    return [(text.get_text(), Bbox(Text.get_window_extent(text, renderer).get_points() * scale)) for text in seen]


def faults(figure: Figure) -> list[str]:
    width, height = 72 * figure.get_size_inches()
    boxes = texts(figure)
    outside = [
        f"{text!r} leaves the figure"
        for text, box in boxes
        if box.x0 < -SLACK or box.y0 < -SLACK or box.x1 > width + SLACK or box.y1 > height + SLACK
    ]
    overlaps = [
        f"{one!r} is over {other!r}"
        for (one, first), (other, second) in combinations(boxes, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > SLACK
        and min(first.y1, second.y1) - max(first.y0, second.y0) > SLACK
    ]
    return outside + overlaps


FEW = [records.no_attention(seed=seed) for seed in (1, 2)]
FEW += [records.attention(score, seed=seed) for score in ("dot", "additive", "general") for seed in (1, 2)]
DEFAULT = [("global", "soft", 1), ("global", "soft", 4), ("local_m", "soft", 1), ("global", "gumbel", 1)]
NINE = [*FEW[:2], *(records.attention(score, *rest) for score in ("dot", "additive") for rest in DEFAULT)]
SCORES = ("dot", "additive", "general", "cosine", "location")
MANY = records.sweep(SCORES)
MANY += [records.job(record.factors, seed=2) for record in MANY]


@pytest.mark.parametrize(
    "jobs", [NINE, slow(FEW), slow(records.sweep()), slow(MANY)], ids=["9 mechanisms", "4", "25", "41"]
)
def test_no_text_overlaps_another(jobs: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, list[str]] = {}
    seen: list[str] = []

    def saved(figure: Figure, **options: object) -> bytes:
        if options["format"] == "png":
            title = f"figure {len(seen) + 1}: {texts(figure)[-1][0]}"
            seen.append(title)
            if wrong := faults(figure):
                found[title] = wrong
        return b"<svg></svg>"

    monkeypatch.setattr("attnbench.report.figures.plotting._saved", saved)
    contents(jobs)
    assert found == {}
