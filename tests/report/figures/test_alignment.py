"""The heat maps of the mechanisms that tell most, also of one without attention."""

import warnings
from dataclasses import replace

import numpy as np

from attnbench.record import Record
from attnbench.report.document import Figure
from attnbench.report.figures.alignment import SHOWN, figures, telling
from attnbench.report.study.shared_sentence import shared_sentence
from tests.report import records
from tests.report.sections import analysis


def drawn(*jobs: Record) -> Figure:
    (figure,) = figures(analysis([*jobs]))
    return figure


def test_a_map_for_each_and_one_without_attention_says_so() -> None:
    svg = drawn(records.attention("dot", heads=4), records.attention("additive"), records.no_attention()).drawing.svg
    assert svg.count("<image ") == 3
    assert svg.count("implicit weights: it has no attention -->") == 1


def test_what_is_drawn_is_the_mean_of_layers_and_heads_or_else_the_implicit_weights() -> None:
    record = records.attention("dot", heads=4)
    (alignment,) = record.alignments
    mean = np.mean(alignment.weights, axis=(0, 1)).tolist()
    same = replace(record, alignments=[replace(alignment, weights=[[mean]])])
    assert drawn(same).drawing.svg == drawn(record).drawing.svg
    uniform = [[1 / len(row)] * len(row) for row in alignment.implicit]
    other = replace(record, alignments=[replace(alignment, weights=[[uniform]])])
    assert drawn(other).drawing.svg != drawn(record).drawing.svg
    bare = records.no_attention()
    changed = replace(bare, alignments=[replace(bare.alignments[0], implicit=uniform)])
    assert drawn(changed).drawing.svg != drawn(bare).drawing.svg


def test_the_best_the_extremes_of_alignment_and_one_without_attention_tell_most() -> None:
    found = analysis(records.sweep(lengths=(16,)))
    shared = shared_sentence(found.study)
    assert shared
    chosen = telling(found, shared)
    assert 1 < len(chosen) <= SHOWN
    assert next(iter(chosen)) == next(iter(found.bleu[shared.condition]))
    roles = ", ".join(chosen.values())
    assert all(role in roles for role in ("highest BLEU", "lowest alignment error", "highest alignment error"))
    errors = found.aer[shared.condition]
    by_role = {role: name for name, roles in chosen.items() for role in roles.split(", ")}
    assert errors[by_role["lowest alignment error"]].value == min(each.value for each in errors.values())
    assert errors[by_role["highest alignment error"]].value == max(each.value for each in errors.values())


def test_the_words_say_what_is_shown() -> None:
    figure = drawn(records.attention("dot"), records.no_attention())
    assert "the mean of all layers and heads" in figure.caption
    assert "norm of the gradient" in figure.caption
    assert "Orange squares" in figure.caption
    assert "these tell most" not in figure.caption
    assert all(name in figure.alt for name in ("luong", "none"))


def test_what_is_left_out_is_said() -> None:
    assert "Of 25 mechanisms, these tell most" in drawn(*records.sweep(lengths=(16,))).caption


def test_without_alignments_there_is_no_figure() -> None:
    assert list(figures(analysis([records.cost_only(records.attention())]))) == []


def test_tokens_without_a_glyph_become_numbers() -> None:
    record = records.attention()
    strange = replace(record.alignments[0], source=[*record.alignments[0].source[:-1], "\U0001f999"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawn(replace(record, alignments=[strange]))
    assert "16 \U0001f999" in figure.caption
    assert "<!-- 16 -->" in figure.drawing.svg
