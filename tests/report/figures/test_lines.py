"""Figures of lines: growth, learning curves, BLEU by length."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from attnbench.report.competition import BleuBin
from attnbench.report.document import Figure
from attnbench.report.figures import growth, lengths, training
from attnbench.report.statistics import Estimate
from attnbench.report.study.cost_ratios import Measured
from attnbench.report.study.frames import numbers, where
from attnbench.report.study.study import Study, study
from tests.report import records
from tests.report.figures import estimates

CPU = Measured("cpu", "attention")


def tips(figure: Figure) -> list[str]:
    return [unescape(text) for text in re.findall(r'data-tip="([^"]*)"', figure.drawing.svg)]


@pytest.fixture(scope="module")
def few() -> Study:
    return study(records.classics())


@pytest.fixture(scope="module")
def many() -> Study:
    return study(records.sweep(lengths=(16, 48)))


def test_growth_has_a_panel_a_quantity_and_tells_every_measurement(few: Study) -> None:
    (figure,) = growth.growth(few, CPU)
    assert figure.name == "scaling_cpu"
    assert len([tip for tip in tips(figure) if tip.endswith(" ms")]) == len(numbers(few.scaling, "ms"))
    (time,) = numbers(where(few.scaling, mechanism="luong · dot", length=64, passes="forward"), "ms")
    assert f"luong · dot: n = 64: {time:.3f} ms" in tips(figure)
    for text in ("forward (ms)", "forward + backward (ms)", "peak memory (MiB)", "n²", "length n"):
        assert f"<!-- {text} -->" in figure.drawing.svg


def test_growth_of_many_is_a_figure_a_quantity_with_a_panel_a_score(many: Study) -> None:
    found = list(growth.growth(many, CPU))
    assert [figure.name for figure in found] == ["scaling_cpu_1", "scaling_cpu_2", "scaling_cpu_3"]
    assert "Here: forward (ms)." in found[0].caption
    for score in ("additive", "dot", "general"):
        assert f"<!-- {score} -->" in found[0].drawing.svg


def test_a_line_that_was_cut_ends_in_a_mark() -> None:
    cut = study([records.attention("additive"), records.attention("dot")])
    whole = study([records.attention("dot"), records.attention("general")])
    assert "A cross ends a line where" in next(growth.growth(cut, CPU)).caption
    assert "A cross ends a line where" not in next(growth.growth(whole, CPU)).caption
    ends = {name: points[-1] for name, points in growth._curves(cut, CPU, growth.QUANTITIES["attention"][1]).items()}
    assert {name: (point.x, point.cut) for name, point in ends.items()} == {
        "additive": (2048, True),
        "dot": (4096, False),
    }


def test_nothing_measured_is_no_figure(few: Study) -> None:
    assert list(growth.growth(few, Measured("cuda", "attention"))) == []


def test_learning_curves_of_several_seeds_say_that_they_are_means() -> None:
    jobs = [records.attention(score, seed=seed) for score in ("dot", "additive") for seed in (1, 2)]
    (one,) = training.learning_curves(study(jobs[::2]))
    (several,) = training.learning_curves(study(jobs))
    assert "means over the jobs" not in one.caption
    assert "means over the jobs" in several.caption
    last = [job.training.history[0].validation_bleu or 0.0 for job in jobs[:2] if job.training]
    assert f"dot: BLEU {sum(last) / 2:.1f} after 100 updates" in tips(several)


def test_bins_are_drawn_in_order_and_what_was_not_trained_on_is_marked(few: Study) -> None:
    (figure,) = lengths.by_length(few, estimates.bins(few))
    assert "<!-- not trained on -->" in figure.drawing.svg
    assert "Shaded:" in figure.caption
    bleu = estimates.bleu(few)[""]["luong · dot"].value
    assert f"luong · dot: 5–8 tokens, BLEU {bleu:.1f} [{bleu - 3:.1f}, {bleu + 3:.1f}]" in tips(figure)


def test_every_bin_is_inside_of_its_panel() -> None:
    """All panels share an axis, also those with longer sentences."""
    jobs = study([records.attention(score, length=length) for score in ("dot", "additive") for length in (16, 48)])
    bins = {
        condition: {
            name: [BleuBin(low, 2 * low, Estimate(9, 8, 10, 2)) for low in lows] for name in ("dot", "additive")
        }
        for condition, lows in (("length 16", (4, 8, 16)), ("length 48", (12, 24, 48)))
    }
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attnbench.report.figures.plotting.settle", lambda figure: seen.append(figure))
        list(lengths.by_length(jobs, bins))
    assert {axis.get_xlim()[0] < 6 < 72 < axis.get_xlim()[1] for axis in seen[0].axes} == {True}


def test_nothing_beyond_what_was_trained_on_is_no_mark(few: Study) -> None:
    (figure,) = lengths.by_length(few, estimates.bins(few, (4, 8, 12, 16)))
    assert "not trained on" not in figure.drawing.svg
    assert "Shaded" not in figure.caption


def test_a_mechanism_looks_the_same_in_every_figure(few: Study) -> None:
    marker = re.compile(r'data-tip="luong · dot: [^"]*">\s*(?:<defs>\s*<path id="\w+" d="([^"]*)"[^>]*>\s*</defs>\s*)?')
    figures = [
        *growth.growth(few, CPU),
        *training.learning_curves(few),
        *lengths.by_length(few, estimates.bins(few)),
    ]
    shapes = set()
    for figure in figures:
        found = marker.search(figure.drawing.svg)
        assert found
        shapes.add(re.sub(r"\s+", " ", found[1] or ""))
        assert few.encoding.styles["luong · dot"].colour in figure.drawing.svg[found.end() : found.end() + 300]
    assert len(shapes) == 1


@pytest.mark.slow
def test_figures_of_hundreds_stay_small() -> None:
    jobs = [records.attention(f"score{i}", f"scope{j}") for i in range(15) for j in range(20)]
    small = [replace(job, alignments=[], step=None, quality=None) for job in jobs]
    found = [*growth.growth(study(small), CPU)]
    assert len(found) == 3
    assert all(len(figure.drawing.svg) < 500_000 for figure in found)
    assert all("Of 300 mechanisms, " in figure.caption for figure in found)
