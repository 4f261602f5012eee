"""The pairs of heat maps: attention and implicit attention, also of mechanisms without attention."""

from dataclasses import replace

import numpy as np
import records

from attnbench.record import Record
from attnbench.report.alignment import MOST, alt, caption, heat_maps, sentence
from attnbench.report.study import study


def drawn(*jobs: Record) -> str:
    chosen = sentence(study(jobs))
    assert chosen
    return heat_maps(chosen)


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
    assert len(chosen.alignments) == MOST


def test_the_words_say_what_is_shown() -> None:
    chosen = sentence(study([records.attention("dot"), records.no_attention()]))
    assert chosen
    assert "the mean of all layers and heads" in caption(chosen)
    assert "norm of the gradient" in caption(chosen)
    assert "Orange squares" in caption(chosen)
    assert all(name in alt(chosen) for name in chosen.alignments)
