"""The pairs of heat maps: attention and implicit attention, also of mechanisms without attention."""

import warnings
from dataclasses import replace

import numpy as np

from attnbench.record import Record
from attnbench.report.figures.alignment import MAX_MECHANISMS, figures, heat_maps, sentence
from attnbench.report.study.study import study
from tests.report import records


def drawn(*jobs: Record) -> str:
    chosen = sentence(study(jobs))
    assert chosen
    return heat_maps(chosen).svg


def test_each_mechanism_has_two_maps_and_one_without_attention_says_so() -> None:
    svg = drawn(records.attention("dot", heads=4), records.attention("additive"), records.no_attention())
    assert svg.count("<image ") == 6
    assert (svg.count("<!-- attention -->"), svg.count("<!-- implicit -->")) == (3, 3)
    assert svg.count("<!-- no attention -->") == 1


def test_there_are_maps_where_nothing_attends() -> None:
    svg = drawn(records.no_attention(context="initial"), records.no_attention(context="every_step"))
    assert svg.count("<!-- no attention -->") == 2
    assert svg.count("<!-- implicit -->") == 2


def test_what_is_drawn_is_the_mean_of_layers_and_heads_and_the_implicit_weights() -> None:
    record = records.attention("dot", heads=4)
    (alignment,) = record.alignments
    mean = np.mean(alignment.weights, axis=(0, 1)).tolist()
    assert drawn(replace(record, alignments=[replace(alignment, weights=[[mean]])])) == drawn(record)
    uniform = [[1 / len(row)] * len(row) for row in alignment.implicit]
    for changed in (replace(alignment, implicit=uniform), replace(alignment, weights=[[uniform]])):
        assert drawn(replace(record, alignments=[changed])) != drawn(record)


def test_no_more_mechanisms_than_there_is_room_for() -> None:
    chosen = sentence(study(records.sweep()))
    assert chosen
    assert len(chosen.alignments) == MAX_MECHANISMS


def test_the_words_say_what_is_shown() -> None:
    (figure,) = figures(study([records.attention("dot"), records.no_attention()]))
    assert "the mean of all layers and heads" in figure.caption
    assert "norm of the gradient" in figure.caption
    assert "Orange squares" in figure.caption
    assert "are shown" not in figure.caption
    assert all(name in figure.alt for name in ("luong", "none"))


def test_what_is_left_out_is_said() -> None:
    figure, glance = figures(study(records.sweep(lengths=(16,))))
    assert f"Of 25 mechanisms, {MAX_MECHANISMS} are shown" in figure.caption
    assert "The attention of all mechanisms" in glance.caption


def test_without_alignments_there_is_no_figure() -> None:
    assert list(figures(study([records.cost_only(records.attention())]))) == []


def test_tokens_without_a_glyph_become_numbers() -> None:
    record = records.attention()
    strange = replace(record.alignments[0], source=[*record.alignments[0].source[:-1], "\U0001f999"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (figure,) = figures(study([replace(record, alignments=[strange])]))
    assert "16 \U0001f999" in figure.caption
    assert "<!-- 16 -->" in figure.drawing.svg
