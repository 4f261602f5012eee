"""Findings say what the statistics allow, and no more."""

import re
from dataclasses import replace
from itertools import chain

from attnbench.record import Quality, Record, StepCost
from attnbench.report.analysis import Analysis
from attnbench.report.findings import FIRST, findings
from attnbench.report.study.study import study
from tests.report import records
from tests.report.sections import sentences


def said(*jobs: Record, baseline: str | None = None) -> str:
    return " ".join(sentences(findings(Analysis(study(jobs, baseline=baseline)))))


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


def seeds(record: Record, qualities: list[Quality | None]) -> list[Record]:
    """The job with several seeds, each with its quality."""
    return [replace(record, seed=seed, quality=quality) for seed, quality in enumerate(qualities, 1)]


def test_a_hair_is_no_difference() -> None:
    best = [records.attention("dot", seed=seed) for seed in (1, 2, 3)]
    near = seeds(records.attention("general"), [worse(each.quality, every=60) for each in best])
    text = said(*best, *near)
    assert "by dot, of 2 mechanisms (not significantly worse: general)." in text
    assert re.search(r"dot is ahead of general by \+0\.\d \[−.*\] BLEU \(.* would decide\)", text)


def test_a_gulf_is_one() -> None:
    jobs = [make(seed=seed) for seed in (1, 2, 3) for make in (records.attention, records.no_attention)]
    text = said(*jobs)
    assert "by luong, of 2 mechanisms (all others are significantly worse)." in text
    assert "would decide" not in text
    assert "of one mechanism compared with luong, 1 is significantly worse (largest difference −" in text


def test_the_same_translations_differ_in_nothing() -> None:
    dot = [records.attention("dot", seed=seed) for seed in (1, 2, 3)]
    text = said(*dot, *seeds(records.attention("general"), [each.quality for each in dot]), baseline="dot")
    assert "none is significantly different" in text
    assert "would decide" not in text


def test_what_is_the_same_in_several_conditions_is_said_once() -> None:
    jobs = []
    for length in (16, 48):
        dot = [records.attention("dot", length=length, seed=seed) for seed in (1, 2)]
        jobs += [*dot, *seeds(records.attention("general", length=length), [each.quality for each in dot])]
    text = said(*jobs)
    assert text.count("none is significantly different") == 1
    assert "length 16, length 48: of one mechanism" in text


def test_nothing_is_said_of_one_mechanism_alone() -> None:
    text = said(records.attention("dot"))
    assert "highest BLEU" not in text
    assert "compared with" not in text


def up_to(record: Record, longest: int, stretch: int = 1) -> Record:
    """The record without longer lengths; all lengths are multiplied."""
    assert record.scaling
    points = [replace(each, length=stretch * each.length) for each in record.scaling.points if each.length <= longest]
    return replace(record, scaling=replace(record.scaling, points=points))


def test_growth_is_told_apart_only_where_intervals_are() -> None:
    quadratic, linear = (records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m"))
    text = said(quadratic, linear)
    assert "The time of the attention alone on cpu, forward and backward, grows least for local_m" in text
    assert "for n = 512 to 4,096, and most for global" in text
    assert "of the 2 of 2 mechanisms whose exponent is reached; the intervals do not overlap" in text
    same = replace(records.cost_only(records.attention("general")), scaling=quadratic.scaling)
    assert "grows least" not in said(quadratic, same)


def test_growth_is_told_only_of_exponents_that_are_reached_over_comparable_lengths() -> None:
    quadratic, linear = (records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m"))
    assert "grows least" in said(quadratic, linear)
    assert "grows least" not in said(quadratic, up_to(linear, 512))  # not reached
    assert "grows least" not in said(quadratic, up_to(linear, 4096, stretch=64))  # from 32,768 on


def test_the_growth_of_one_mechanism_has_its_lengths() -> None:
    text = said(records.cost_only(records.attention()))
    assert "grows as nᵉ with e = 1.99" in text
    assert "for n = 256 to 4,096." in text


def test_the_efficiency_length_is_told_with_its_interval() -> None:
    jobs = [records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m")]
    assert "The efficiency length of local_m is n = " in said(*jobs)


def test_a_fall_beyond_the_trained_length_needs_intervals_apart() -> None:
    here = records.attention("dot")
    assert "BLEU falls for 0 of 1 mechanisms" in said(replace(here, beyond=here.quality))


def test_with_one_seed_nothing_is_compared() -> None:
    jobs = [records.attention("dot"), records.attention("general"), records.no_attention()]
    text = said(*jobs)
    assert "With one seed, the report does not rank mechanisms" in text
    for word in ("highest", "lowest", "compared with", "significant", "the variance of BLEU"):
        assert word not in text
    assert "With one seed" not in said(*jobs, *(replace(each, seed=2) for each in jobs))
    assert "With one seed" not in said(jobs[0])


def test_a_mechanism_with_one_seed_is_in_no_test() -> None:
    jobs = [records.attention(score, seed=seed) for score in ("dot", "general") for seed in (1, 2)]
    text = said(*jobs, records.attention("additive"))
    assert ", of 2 mechanisms (" in text
    assert "of one mechanism compared with" in text


def first(record: Record, sentences: int) -> Record:
    """The record with the first sentences of its test set."""
    assert record.quality
    lengths, rows = (each[:sentences] for each in (record.quality.source_lengths, record.quality.bleu_statistics))
    quality = replace(record.quality, sentences=sentences, source_lengths=lengths, bleu_statistics=rows)
    return replace(record, quality=quality, beyond=None)


def test_nothing_is_said_of_a_small_test_set() -> None:
    jobs = [first(records.attention(score, seed=seed), 19) for score in ("dot", "general") for seed in (1, 2, 3)]
    text = said(*jobs)
    assert "The test set is too small to compare mechanisms: this needs at least 20 sentences." in text
    for word in ("highest BLEU", "compared with", "variance of BLEU"):
        assert word not in text


def test_seeds_that_agree_are_no_evidence() -> None:
    jobs = [records.attention(score) for score in ("dot", "general")]
    text = said(*(replace(job, seed=seed) for job in jobs for seed in (1, 2, 3)))
    assert "each has the same BLEU for all of its seeds" in text
    assert "highest BLEU" not in text


def measured_once(step: StepCost | None) -> StepCost:
    assert step
    return replace(step, step_ms_q1=step.step_ms, step_ms_q3=step.step_ms, repetitions=1)


def test_one_repetition_of_a_step_tells_nothing_apart() -> None:
    jobs = [records.attention("dot"), records.attention("additive")]
    assert "differ by more than its repetitions (p < 0.05): " in said(*jobs)
    assert "The times of a training step" not in said(*(replace(job, step=measured_once(job.step)) for job in jobs))


def test_a_pooling_with_one_seed_is_not_below_another() -> None:
    several = [records.pooling("gaussian", seed=seed) for seed in (1, 2, 3)]
    assert "poolings" not in said(*several, records.pooling("average", None))
    assert ", of 2 poolings with an interval " in said(
        *several, records.pooling("average", None), *(records.pooling("dot", 0.3, seed=seed) for seed in (1, 2))
    )


def test_what_did_not_take_off_is_not_called_worse() -> None:
    def with_bleu(record: Record, share: float) -> Record:
        """The record with only a share of its right words."""
        assert record.quality
        rows = [
            [n, m, *(int(share * count) for count in counts[:4]), *counts[4:]]
            for n, m, *counts in record.quality.bleu_statistics
        ]
        return replace(record, quality=replace(record.quality, bleu_statistics=rows))

    jobs = [records.attention("dot", seed=seed) for seed in (1, 2, 3)]
    lost = [with_bleu(records.attention("general", seed=seed), 0.05 + seed / 1000) for seed in (1, 2, 3)]
    text = said(*jobs, *lost)
    assert "did not take off, with less than 0.1 of the highest BLEU: general." in text
    assert "significantly worse (largest" not in text
    assert "did not take off" not in said(*jobs)


def test_many_conditions_are_one_sentence() -> None:
    jobs = [records.attention(length=length) for length in range(16, 26)]
    [told] = [each for each in findings(Analysis(study(jobs))).first if "longer than every training sentence" in each]
    assert "training sentence, length 16: BLEU falls for" in told
    assert told.endswith("; and 6 more like this, for other conditions.")


def test_the_first_screen_has_few_findings_and_no_other_section_repeats_them() -> None:
    jobs = [record for seed in (1, 2, 3) for record in (*records.classics(), records.attention(heads=4))]
    found = findings(Analysis(study([replace(each, seed=1 + i % 3) for i, each in enumerate(jobs)])))
    assert len(found.first) <= FIRST
    assert not {*found.first} & {*chain.from_iterable(found.later.values())}
