"""Findings say what the statistics allow, and no more."""

from dataclasses import replace

from attnbench.record import Quality, Record
from attnbench.report.analysis import Analysis
from attnbench.report.findings import findings
from attnbench.report.study.study import study
from tests.report import records


def said(*jobs: Record, baseline: str | None = None) -> str:
    return " ".join(findings(Analysis(study(jobs, baseline=baseline))))


def with_quality(record: Record, other: Record) -> Record:
    assert other.quality
    return replace(record, quality=other.quality)


def worse(quality: Quality | None, every: int) -> Quality:
    """One right word less in every n-th sentence."""
    assert quality
    rows = [
        [length, reference, max(0, right - (i % every == 0)), *rest]
        for i, (length, reference, right, *rest) in enumerate(quality.bleu_statistics)
    ]
    return replace(quality, bleu_statistics=rows)


def test_a_hair_is_no_difference() -> None:
    best = records.attention("dot")
    near = replace(records.attention("general"), quality=worse(best.quality, every=60))
    assert "not significantly lower: general." in said(best, near)


def test_a_gulf_is_one() -> None:
    text = said(records.attention("dot"), records.no_attention())
    assert "significantly above all others" in text
    assert "of one mechanism compared with none, 1 is significantly better in BLEU" in text


def test_the_same_translations_differ_in_nothing() -> None:
    dot = records.attention("dot")
    text = said(dot, with_quality(records.attention("general"), dot), baseline="dot")
    assert "none is significantly different in BLEU" in text


def test_nothing_is_said_of_one_mechanism_alone() -> None:
    text = said(records.attention("dot"))
    assert "highest BLEU" not in text
    assert "compared with" not in text


def test_growth_is_told_apart_only_where_intervals_are() -> None:
    quadratic, linear = (records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m"))
    assert "the intervals do not overlap" in said(quadratic, linear)
    same = replace(records.cost_only(records.attention("general")), scaling=quadratic.scaling)
    assert "the intervals do not overlap" not in said(quadratic, same)


def test_the_overtaking_is_told_with_its_interval() -> None:
    jobs = [records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m")]
    assert "global is the fastest at the shortest length and local_m at the longest" in said(*jobs)


def test_a_fall_beyond_the_trained_length_needs_intervals_apart() -> None:
    here = records.attention("dot")
    assert "BLEU falls for 0 of 1 mechanisms" in said(replace(here, beyond=here.quality))


def test_one_seed_says_what_its_tests_leave_out() -> None:
    one = [records.attention("dot"), records.no_attention()]
    assert "With one seed" in said(*one)
    assert "With one seed" not in said(*one, records.attention("dot", seed=2), records.no_attention(seed=2))
