"""Figures of single points and bars: BLEU, Pareto fronts, effects, heads, memory, the roofline."""

import re
from dataclasses import replace
from html import unescape

import pytest

from attnbench.record import DevicePeak
from attnbench.report import analysis
from attnbench.report.document import Figure
from attnbench.report.figures import (
    bleu,
    effects,
    heads,
    memory,
    pareto,
    roofline,
)
from attnbench.report.statistics import Estimate
from attnbench.report.study.study import Study, study
from tests.report import records
from tests.report.figures import estimates


def tips(figure: Figure) -> list[str]:
    return list(dict.fromkeys(unescape(text) for text in re.findall(r'data-tip="([^"]*)"', figure.drawing.svg)))


def place(cost: float, score: float) -> pareto.ParetoPoint:
    return pareto.ParetoPoint(Estimate(cost, cost, cost, 1), Estimate(score, score - 1, score + 1, 1))


@pytest.fixture(scope="module")
def few() -> Study:
    return study(records.classics())


def test_bleu_has_a_row_a_mechanism_with_its_interval(few: Study) -> None:
    (figure,) = bleu.by_mechanism(few, estimates.bleu(few), {}, "NOTE")
    assert figure.caption.endswith("best on top. NOTE")
    value = estimates.bleu(few)[""]["luong · dot"].value
    assert f"luong · dot: BLEU {value:.1f} [{value - 2:.1f}, {value + 2:.1f}]" in tips(figure)
    assert len(tips(figure)) == 5


def test_bleu_of_one_mechanism_compares_nothing() -> None:
    alone = study([records.attention()])
    assert list(bleu.by_mechanism(alone, estimates.bleu(alone), {}, "")) == []


def test_bleu_of_hundreds_shows_the_best_and_says_so() -> None:
    some = study([records.attention(f"score{i}") for i in range(100)])
    values = {"": {f"score{i}": Estimate(i, i - 1, i + 1, 1) for i in range(100)}}
    (figure,) = bleu.by_mechanism(some, values, {}, "")
    assert "Of 100 mechanisms: the 20 best, and 20 spread evenly over the others." in figure.caption
    said = [tip.partition(":")[0] for tip in tips(figure)]
    assert {f"score{i}" for i in range(80, 100)} < set(said)
    assert "score0" in said
    assert len(said) == bleu.MAX_MECHANISMS


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ({"a": (1, 10), "b": (2, 20), "c": (3, 15)}, ["a", "b"]),
        ({"a": (1, 20), "b": (2, 20)}, ["a"]),
        ({"a": (1, 10), "b": (1, 20)}, ["b"]),
        ({"a": (3, 30), "b": (2, 20), "c": (1, 10)}, ["c", "b", "a"]),
    ],
)
def test_on_the_front_is_what_none_beats(places: dict[str, tuple[float, float]], expected: list[str]) -> None:
    assert pareto.front({name: place(*at) for name, at in places.items()}) == expected


def test_pareto_tells_both_sides_of_every_mechanism(few: Study) -> None:
    (figure,) = pareto.fronts(few, estimates.bleu(few))
    assert len([tip for tip in tips(figure) if tip.endswith(" ms")]) == 5
    assert len([tip for tip in tips(figure) if tip.endswith(" MiB")]) == 5
    best = max(estimates.bleu(few)[""].items(), key=lambda item: item[1].value)[0]
    assert figure.drawing.svg.count(f"<!-- {best} -->") >= 2  # named beside its points, in both panels


def test_pareto_of_one_mechanism_compares_nothing() -> None:
    alone = study([records.attention()])
    assert list(pareto.fronts(alone, estimates.bleu(alone))) == []


def test_effects_tell_shares_and_means() -> None:
    jobs = [
        records.attention(score, "global", selection, seed=seed)
        for score in ("dot", "additive", "general")
        for selection in ("soft", "gumbel")
        for seed in (1, 2)
    ]
    found = analysis.Analysis(study(jobs)).effects
    assert found
    shares, means = effects.effects(found)
    assert (shares.name, means.name) == ("effects_shares", "effects_means")
    terms = {term.name: term.share for term in found.terms}
    assert any(tip.startswith(f"score: {100 * terms['score']:.1f} % of the variance, p = ") for tip in tips(shares))
    assert {tip.partition(":")[0] for tip in tips(means)} == {
        "score additive", "score dot", "score general", "selection gumbel", "selection soft",
    }  # fmt: skip


def test_heads_are_of_mechanisms_with_several(few: Study) -> None:
    assert list(heads.heads(few)) == []
    jobs = [records.attention("dot", heads=4), records.attention("dot", heads=4, seed=2), records.attention("additive")]
    (figure,) = heads.heads(study(jobs))
    assert len(tips(figure)) == 2 * 4  # alignment error and entropy, of the first seed
    assert all(tip.startswith("dot · heads 4, layer 1, head ") for tip in tips(figure))


def test_memory_is_split_and_its_parts_add_up(few: Study) -> None:
    (figure,) = memory.step_memory(few)
    steps = few.steps[few.steps["mechanism"] == "luong · dot"].iloc[0]
    parts = [tip for tip in tips(figure) if tip.startswith("luong · dot: ")]
    numbers = [float(re.findall(r"([\d.]+) MiB", part)[0]) for part in parts]
    assert len(parts) == len(memory.PARTS)
    assert sum(numbers) == pytest.approx(sum(steps[state] for state in memory.STATES), rel=0.01)


def test_roofline_tells_the_share_of_the_roof() -> None:
    job, other = records.attention("dot"), records.attention("additive")
    assert job.scaling
    points = [replace(point, flops=2e6, bytes=1e6, ms=2.0, ms_q1=1.0, ms_q3=4.0) for point in job.scaling.points]
    peak = DevicePeak(flops_per_s=100e9, bytes_per_s=5e9)
    known = replace(job, scaling=replace(job.scaling, points=points, peak=peak))
    (figure,) = roofline.roofline(study([known, replace(other, scaling=None)]), "cpu")
    # 2 FLOPs a byte are under the slope of 5 GB/s: at most 10 GFLOP/s; 2e6 in 2 ms are 1 GFLOP/s.
    assert "dot, n = 64: 1.00 GFLOP/s, 10.0 % of the roof" in tips(figure)
    assert "<!-- one copy: 5.00 GB/s -->" in figure.drawing.svg


def test_without_peaks_there_is_no_roofline() -> None:
    job = records.attention("dot")
    assert job.scaling
    assert list(roofline.roofline(study([replace(job, scaling=replace(job.scaling, peak=None))]), "cpu")) == []
