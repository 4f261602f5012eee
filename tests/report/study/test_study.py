"""The frames hold what the records hold; the jobs of a mechanism come together by seed; words name a baseline."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from attnbench.errors import UserError
from attnbench.record import Quality, Record
from attnbench.report.study.study import study
from tests.report import records

CLASSICS = records.classics()


def session(jobs: list[Record], baseline: Record) -> list[Record]:
    """The jobs as contenders of one session."""
    scalings = [replace(each.scaling, session="a session", baseline=baseline.key) for each in jobs if each.scaling]
    return [replace(each, scaling=scaling) for each, scaling in zip(jobs, scalings, strict=True)]


def quality(one: Record) -> Quality:
    assert one.quality is not None
    return one.quality


def test_each_frame_holds_its_part_of_the_records() -> None:
    jobs = [records.no_attention(), records.attention("dot"), records.attention("additive", heads=4)]
    here = study([*jobs, records.failed(records.attention("general"), "no memory"), records.pooling()])
    assert list(here.jobs["bleu"]) == [quality(each).bleu for each in jobs]
    assert list(here.jobs["attention"]) == [False, True, True]
    assert list(here.beyond["bleu"]) == [each.beyond.bleu for each in jobs if each.beyond]
    assert list(here.steps["optimiser_mib"]) == [each.step.memory.optimiser_mib for each in jobs if each.step]
    assert len(here.history) == sum(len(each.training.history) for each in jobs if each.training)
    assert len(here.scaling) == sum(len(each.scaling.points) for each in jobs if each.scaling)
    assert list(here.shapes["kernel"]) == ["dense", "dense"]
    assert list(here.alignment["agreement"].isna()) == [True, False, False]
    assert len(here.heads) == 1 + 4
    assert list(here.regressions["job"]) == [4]
    for frame in (here.jobs, here.scaling, here.history, here.heads):
        assert {(here.mechanism[job], job) for job in frame["job"]} == set(
            zip(frame["mechanism"], frame["job"], strict=True)
        )


def test_a_study_of_nothing_measured_has_frames_all_the_same() -> None:
    here = study([records.failed(records.attention(), "no memory")])
    frames = (here.jobs, here.beyond, here.steps, here.history, here.scaling, here.shapes, here.alignment, here.heads)
    assert all(frame.empty and "mechanism" in frame for frame in frames)
    assert not here.baselines
    assert here.seeds(here.mechanism[0], here.condition[0]) is None


def test_by_mechanism_parts_a_frame_in_the_order_of_the_legend() -> None:
    here = study(records.sweep())
    parts = here.by_mechanism(here.scaling)
    assert (
        [name for name, _ in parts]
        == [name for name in here.encoding.styles if name != "none"]
        == here.shown(here.scaling)
    )
    assert all(set(rows["mechanism"]) == {name} for name, rows in parts)
    pd.testing.assert_frame_equal(pd.concat([rows for _, rows in parts]).sort_index(), here.scaling)


def test_ratios_are_to_the_baseline_of_the_same_session() -> None:
    dot, additive = records.attention("dot"), records.attention("additive")
    elsewhere = replace(dot, sweep="other", seed=2)
    here = study([*session([dot, additive], dot), elsewhere])
    times = here.scaling.loc[here.scaling["job"] == 1]
    for row in times.itertuples():
        (unit,) = (
            point.ms
            for point in (dot.scaling.points if dot.scaling else ())
            if (point.length, point.passes) == (row.length, row.passes)
        )
        assert math.isnan(row.ms_ratio) if math.isnan(row.ms) else row.ms_ratio == pytest.approx(row.ms / unit)
    assert set(times["baseline"]) == {"dot"}
    assert here.scaling.loc[here.scaling["job"] == 2, "ms_ratio"].isna().all()


def test_seeds_come_together_sentence_by_sentence() -> None:
    jobs = [records.attention("dot", seed=seed) for seed in (3, 1, 2)]
    again = replace(records.attention("dot", seed=1), key="another")
    elsewhere = replace(jobs[2], seed=4, quality=replace(quality(jobs[2]), test_set="another"))
    here = study([*jobs, again, elsewhere, records.attention("additive")])
    found = here.seeds("dot", "")
    assert found is not None
    assert found.seeds == (1, 2, 3)
    assert found.test_set == quality(jobs[0]).test_set
    by_seed = {each.seed: quality(each).bleu_statistics for each in jobs}
    assert found.statistics.tolist() == [by_seed[seed] for seed in (1, 2, 3)]
    assert found.lengths.tolist() == quality(jobs[0]).source_lengths
    assert here.seeds("dot", "", beyond=True) is not None
    assert here.seeds("none", "") is None


def chosen(jobs: list[Record], words: str | None = None) -> str | None:
    """The baseline of mechanisms of one model."""
    found = set(study(jobs, words).baselines.values())
    assert len(found) < 2
    return next(iter(found), None)


def test_the_baseline_is_the_usual_mechanism_with_attention_if_any_has_it() -> None:
    jobs = [
        records.attention(),
        records.attention(heads=4),
        records.attention("additive"),
        records.attention("general"),
    ]
    assert chosen([*jobs, records.no_attention()]) == "dot · heads 1"
    assert chosen([*jobs, records.no_attention()], "none") == "none"
    assert chosen([*jobs, records.attention("general", seed=2)]) == "general · heads 1"  # only that can be compared
    assert chosen([records.no_attention(context=context) for context in ("first_step", "every_step")]) is not None
    assert chosen(jobs) == "dot · heads 1"
    assert chosen([records.pooling("average", None), records.pooling(), records.pooling(learned=True)]) is not None
    assert chosen([replace(records.cost_only(records.attention()), scaling=None)]) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("luong+dot", "luong · dot"),
        ("dot", "luong · dot"),
        ("luong · general", "luong · general"),
        ("score=additive", "bahdanau · additive"),
        ("first_step", "none · first_step"),
        ("no-such", None),
        ("dot+bahdanau", None),
    ],
)
def test_words_name_a_baseline(words: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(UserError, match=rf"^baseline={words.replace('+', '.')}: no mechanism has .* dot"):
            chosen(CLASSICS, words)
    else:
        assert chosen(CLASSICS, words) == name


def test_of_several_that_go_by_the_words_the_usual_one_is_the_baseline() -> None:
    jobs = records.sweep(lengths=(16,))
    assert chosen(jobs, "dot+local_m+soft") == "dot · local_m · soft · heads 1"
    plain = [
        replace(each, overrides=[]) if each.factors.get("selection") == "soft" and each.factors["heads"] == 4 else each
        for each in jobs
    ]
    assert chosen(plain, "dot+local_m") == "dot · local_m · soft · heads 4"
    assert chosen([*jobs, records.attention("cosine")], "dot") == "dot · global · soft · heads 1"


def test_each_model_has_a_baseline_of_its_own() -> None:
    recurrent = [records.attention("dot", heads=heads) for heads in (1, 4)]
    jobs = [
        *recurrent,
        records.no_attention(),
        *(replace(each, factors=each.factors | {"model": "t"}) for each in recurrent),
    ]
    found = study(jobs).baselines
    assert {name.split()[0] + to.split()[0] for name, to in found.items()} == {"tt", "rnnrnn"}
    assert set(found.values()) == {"rnn · luong · heads 1", "t · heads 1"}
    assert set(study(jobs, "none").baselines.values()) == {
        "rnn · none · every_step"
    }  # the Transformer has no such mechanism


def test_where_nothing_is_compared_no_words_name_a_baseline() -> None:
    with pytest.raises(UserError, match=r"^baseline=dot: there are no results to compare"):
        chosen([records.cost_only(records.attention())], "dot")
