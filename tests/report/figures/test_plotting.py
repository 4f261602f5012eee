"""Drawings: the same in SVG and PNG, the same every time, with text on hover."""

import io
import re
from html import unescape

import pytest
from matplotlib.figure import Figure
from PIL import Image

from attnbench.report.figures.plotting import (
    DPI,
    drawn,
    legend,
    panels,
    plain_log_axis,
    short,
    tip,
)
from attnbench.report.study.study import study
from tests.report.records import attention

HOSTILE = 'a "b" & <c> · $d_e$'


@drawn
def hostile() -> Figure:
    figure, ((axis,),) = panels([""], [""], 2.0)
    tip(axis.errorbar([1], [2], yerr=[1], marker="o"), HOSTILE)
    axis.set_title(HOSTILE)
    return figure


def test_both_forms_have_one_size() -> None:
    drawing = hostile()
    width, height = (float(side) for side in re.findall(r'(?:width|height)="([\d.]+)pt"', drawing.svg)[:2])
    image = Image.open(io.BytesIO(drawing.png))
    assert image.size == pytest.approx((width / 72 * DPI, height / 72 * DPI), abs=1)
    assert image.size[0] > 200 * 4


def test_a_figure_is_composed_once() -> None:
    calls = []

    @drawn
    def counted() -> Figure:
        calls.append(1)
        return panels([""], [""], 1.0)[0]

    assert counted().png
    assert calls == [1]


def test_what_is_said_on_hover_is_an_attribute_of_a_group() -> None:
    said = re.findall(r'<g data-tip="([^"]*)"', hostile().svg)
    assert said  # of the dot and of its whiskers
    assert {unescape(text) for text in said} == {HOSTILE}
    assert "<c>" not in hostile().svg.replace("<!--", "")


def test_the_same_twice() -> None:
    assert hostile() == hostile()


def test_nothing_is_cut_off_at_the_sides() -> None:
    @drawn
    def wide() -> Figure:
        figure, ((axis,),) = panels([""], [""], 1.0)
        axis.set_yticks([0, 1], ["a very long name of a mechanism, truly", "b"])
        return figure

    image = Image.open(io.BytesIO(wide().png)).convert("L")
    edges = [image.getpixel((x, y)) for y in range(image.height) for x in (0, 1, image.width - 1)]
    assert set(edges) == {255}


def test_logarithmic_axes_write_their_numbers_out() -> None:
    _, ((axis,),) = panels([""], [""], 1.0)
    plain_log_axis(axis, "y")
    shown = axis.yaxis.get_major_formatter()
    assert [shown(value, 0) for value in (0.001, 1.0, 10_000.0)] == ["0.001", "1", "10,000"]


def test_a_legend_that_would_be_longer_than_the_figure_explains_the_colours_alone() -> None:
    scores = [f"s{i}" for i in range(7)]
    scopes = [f"scope{i}" for i in range(30)]
    encoding = study([attention(score, scope) for score in scores for scope in scopes]).encoding
    figure, _ = panels([""], [""], 1.0)
    legend(figure, encoding, list(encoding.styles))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) in (len(scores), len(scopes))
    assert len(encoding.legend) > len(texts)


def test_long_names_lose_their_groups_and_then_their_middle() -> None:
    name = "local_m · heads 4 · key_value.size 256 · training.dropout 0.1"
    assert short(name, 70) == name
    assert short(name, 50) == "local_m · heads 4 · size 256 · dropout 0.1"
    assert short(name, 20) == "local_m…ropout 0.1"
