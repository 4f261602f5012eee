"""Which sections there are, and what the tables say."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from attnbench.report.document import (
    Bullets,
    Column,
    Document,
    fixed,
    signed,
    significant,
)
from attnbench.report.statistics import Estimate
from attnbench.report.study.cost_ratios import Measured
from attnbench.report.study.study import study
from attnbench.report.tables import growth, setting
from attnbench.report.tables.cost import step
from attnbench.report.tables.published_figures import published
from attnbench.report.tables.quality import beyond, p_value, quality
from tests.report import records
from tests.report.sections import analysis, blocks, contents, notes, table, titles

CPU = Measured("cpu", "attention")
TRAINED = [
    "Summary",
    "Mechanisms",
    "Quality",
    "Quality by sentence length",
    "Alignments",
    "Cost of a training step",
    "Growth with the length",
    "Quality against cost",
    "Tuning and convergence",
    "Heads",
    "Running it again",
    "Environment",
]


@pytest.fixture(autouse=True, scope="module")
def no_drawing() -> Iterator[None]:
    """Figures are composed, but not drawn: these tests read tables and sentences."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attnbench.report.figures.plotting._saved", lambda figure, **options: b"<svg></svg>")
        yield


@pytest.fixture(scope="module")
def sweep() -> Document:
    return contents([*records.sweep(("dot", "additive"), (16,)), records.attention("general", heads=2)])


def test_all_sections_when_nothing_failed(sweep: Document) -> None:
    assert titles(sweep) == TRAINED
    assert "No job failed." in str(blocks(sweep, "Running it again"))


def test_all_failed() -> None:
    found = contents([records.failed(records.attention(score), "boom") for score in ("dot", "additive")])
    assert titles(found) == ["Summary", "Mechanisms", "Failures and gaps", "Running it again", "Environment"]
    assert [row[:2] for row in table(found, "failures").rows] == [("dot", "failed"), ("additive", "failed")]


def test_costs_alone() -> None:
    found = contents([records.cost_only(records.attention(score)) for score in ("dot", "additive")])
    assert titles(found) == ["Summary", "Mechanisms", "Growth with the length", "Running it again", "Environment"]
    assert str(table(found, "reproduction").rows[0][1]).startswith("python -m attnbench cost task=grammar ")


def test_a_single_record() -> None:
    found = contents([records.attention()])
    assert set(titles(found)) <= set(TRAINED)
    assert len(table(found, "quality").rows) == 1
    assert not {figure.name for figure in found.figures()} & {"bleu", "pareto"}  # nothing to compare


def test_what_was_not_read_is_told() -> None:
    found = contents([records.cost_only(records.attention())], ("runs/a/record.json: no",), outdated=2)
    assert table(found, "failures").rows == (("–", "unreadable", "–", "runs/a/record.json: no"),)
    assert "No job failed." not in str(blocks(found, "Running it again"))
    assert "2 records were left out" in str(blocks(found, "Failures and gaps")[-1])


def test_warnings_of_jobs_come_first() -> None:
    jobs = [replace(records.attention(seed=seed), warnings=["all", "one"] if seed == 1 else ["all"]) for seed in (1, 2)]
    [bullets] = (block for block in contents(jobs).sections[0].blocks if isinstance(block, Bullets))
    assert bullets.items[:2] == ("Warning (2 of 2 jobs): all", "Warning (1 of 2 jobs): one")
    many = [replace(records.attention(), warnings=[f"warning {i}" for i in range(setting.MAX_WARNINGS + 3)])]
    [bullets] = (block for block in contents(many).sections[0].blocks if isinstance(block, Bullets))
    assert "3 more warnings are in the records of the jobs" in bullets.items


def test_a_long_list_of_failures_is_cut_and_counted() -> None:
    found = contents([records.attention()], tuple(f"runs/{i}/record.json: no" for i in range(170)))
    assert len(table(found, "failures").rows) == setting.MAX_ROWS
    assert f"The first {setting.MAX_ROWS} of 170." in table(found, "failures").caption


def test_quality_pools_seeds_ranks_and_compares() -> None:
    jobs = [records.attention(score, seed=seed) for seed in (1, 2, 3) for score in ("dot", "additive")]
    found = quality(analysis([*jobs, *(records.no_attention(seed=seed) for seed in (1, 2, 3))]))
    assert [column.title for column in found.columns][:5] == ["Mechanism", "BLEU", "Rank", "Δ BLEU", "p"]
    assert [(row[0], row[-1]) for row in found.rows] == [("additive", 3), ("dot", 3), ("none", 3)]
    values = [job.quality.bleu for job in jobs if job.quality and job.factors["score"] == "dot"]
    estimate, rank, *_ = found.rows[1][1:5]
    assert isinstance(estimate, Estimate)
    assert isinstance(rank, Estimate)
    assert estimate.value == pytest.approx(sum(values) / 3, abs=0.01)
    assert (rank.value, rank.high) == (2, 2)
    difference, p = found.rows[2][3:5]
    assert isinstance(difference, Estimate)
    assert isinstance(p, float)
    assert difference.low < found.rows[2][1].value - found.rows[0][1].value < difference.high  # pyright: ignore
    assert p < 0.05
    assert found.rows[0][3:5] == (None, None)  # the baseline itself


def test_one_seed_has_no_test_and_says_what_its_interval_leaves_out() -> None:
    found = quality(analysis([records.attention(), records.attention("general"), records.no_attention()]))
    assert "they leave out the noise of training" in found.caption
    assert not {column.title for column in found.columns} & {"Rank", "Δ BLEU", "p"}


def test_one_seed_among_several_says_so() -> None:
    jobs = [records.attention(score, seed=seed) for seed in (1, 2) for score in ("dot", "additive")]
    found = quality(analysis([*jobs, records.no_attention()]))
    assert "A mechanism with one seed is in no test." in found.caption
    assert next(row for row in found.rows if row[0] == "none")[2:5] == (None, None, None)


def test_a_sparse_grid_has_contrasts_instead_of_a_linear_model() -> None:
    """Five cells of twelve: three scores, and one of them with another scope and with more heads."""
    cells: list[dict[str, Any]] = [{}, {"score": "general"}, {"score": "additive"}]
    cells += [{"score": "additive"} | other for other in ({"scope": "local_m"}, {"heads": 4})]
    found = contents([records.attention(**cell, seed=seed) for cell in cells for seed in (1, 2, 3)])
    assert "effects" not in [table.name for table in found.tables()]
    rows = table(found, "contrasts").rows
    assert [row[:4] for row in rows] == [
        ("heads", "1", "4", "additive · global · heads 1"),
        ("scope", "global", "local_m", "additive · global · heads 1"),
        ("score", "additive", "dot", "additive · global · heads 1"),
        ("score", "additive", "general", "additive · global · heads 1"),
        ("score", "dot", "general", "dot · global · heads 1"),
    ]
    assert "has 12 cells, and 7 of them are missing" in table(found, "contrasts").caption
    whole = contents([records.attention(score, seed=seed) for score in ("dot", "additive") for seed in (1, 2, 3)])
    assert "contrasts" not in [table.name for table in whole.tables()]


def test_scaling_says_why_a_number_is_missing(sweep: Document) -> None:
    found = table(sweep, "ms_by_length_cpu")
    row = next(row for row in found.rows if row[0] == "additive · global · soft · heads 1")
    assert row[-1] == "OOM"
    assert isinstance(row[-2], float)


def test_costs_are_told_as_multiples_of_the_baseline() -> None:
    dot, additive, alone = (records.cost_only(records.attention(score)) for score in ("dot", "additive", "general"))
    assert dot.scaling
    assert additive.scaling
    shared = [
        replace(one, scaling=replace(one.scaling, session="s", baseline=dot.key))
        for one in (dot, additive)
        if one.scaling
    ]
    rows = table(contents([*shared, alone]), "ratios_cpu").rows
    # At 4096 the additive one ran out of memory on its way back.
    points = {(point.length, point.passes): point for point in dot.scaling.points}
    slower = {(point.length, point.passes): point for point in additive.scaling.points}
    times = [slower[at].ms / points[at].ms for at in ((2048, "forward"), (2048, "forward+backward"))]  # pyright: ignore
    memory = slower[2048, "forward+backward"].peak_mib / points[2048, "forward+backward"].peak_mib  # pyright: ignore
    assert rows == (
        ("additive", "dot", 2048, *map(pytest.approx, times), pytest.approx(memory)),
        ("dot", "dot", 4096, 1.0, 1.0, 1.0),
    )


def test_without_a_session_there_are_no_multiples(sweep: Document) -> None:
    assert "ratios_cpu" not in {found.name for found in sweep.tables()}


def test_growth_pools_trained_lengths() -> None:
    found = growth.exponents(analysis([records.attention("dot", length=length) for length in (16, 48)]), CPU)
    assert [len(each.rows) for each in found] == [1, 1]


def test_growth_finds_the_exponents_and_where_linear_overtakes_quadratic() -> None:
    jobs = [records.cost_only(records.attention(scope=scope)) for scope in ("global", "local_m")]
    found = contents(jobs)
    rows = {row[0]: row[5:8] for row in table(found, "exponents_cpu").rows}
    for name, power, told in (("global", 2, ("256–4,096", "n²")), ("local_m", 1, ("512–4,096", "n"))):
        slope, *rest = rows[name]
        assert isinstance(slope, Estimate)
        assert slope.value == pytest.approx(power, abs=0.05)
        assert tuple(rest) == told
    memory = {row[0]: row[3] for row in table(found, "memory_exponents_cpu").rows}
    assert memory == {"global": "n", "local_m": "n"}  # of the bytes moved, not of the peak
    ((ahead, behind, length),) = table(found, "efficiency_lengths_cpu").rows
    assert (ahead, behind) == ("local_m", "global")
    assert isinstance(length, Estimate)
    assert 60 < length.value < 150  # 1e-3 n = 1e-5 n²


def test_an_exponent_that_is_not_reached_says_by_which_length() -> None:
    dot = records.cost_only(records.attention())
    assert dot.scaling
    short = [point for point in dot.scaling.points if point.length <= 256]
    (row,) = table(contents([replace(dot, scaling=replace(dot.scaling, points=short))]), "exponents_cpu").rows
    assert row[5:] == ("not reached by n = 256", "n²")


def test_effects_name_the_missing_cells() -> None:
    jobs = [
        replace(job, training=None, step=None, scaling=None, alignment=None, alignments=[])
        for job in records.sweep(("dot", "additive"), (16,))
        if "score" in job.factors
    ]
    kept = [job for job in jobs if (job.factors["score"], job.factors["heads"]) != ("additive", 4)]
    assert "missing" not in str(notes(contents([replace(job, seed=seed) for job in jobs for seed in (1, 2)])))
    found = contents([replace(job, seed=seed) for job in kept for seed in (1, 2)])
    assert "missing" in str(notes(found))
    assert "additive/4" in str(notes(found))
    assert {"score", "heads", "not explained"} <= {row[0] for row in table(found, "effects").rows}


def test_the_alignment_error_rate_is_that_of_the_counts(sweep: Document) -> None:
    record = records.attention("dot")
    assert record.alignment
    found, sure, sure_right, right = (sum(column) for column in zip(*record.alignment.links, strict=True))
    row = next(row for row in table(sweep, "alignment").rows if row[0] == "dot · global · soft · heads 1")
    assert isinstance(row[1], Estimate)
    assert row[1].value == pytest.approx(1 - (sure_right + right) / (found + sure))
    assert row[2] == pytest.approx(right / found)


MULTI30K = {
    "_target_": "attnbench.tasks.corpora.multi30k.multi30k",
    "pair": "de-en",
    "version": "tok",
    "test": "test_2016_flickr",
    "lowercase": True,
}


@pytest.mark.parametrize("other", [{"pair": "de-fr"}, {"version": "raw"}, {"lowercase": False}, {"test": "mscoco"}])
def test_published_figures_need_the_same_data(other: dict[str, Any]) -> None:
    here = records.attention()
    there = replace(here, config={"task": MULTI30K | {"segmentation": {"size": 1}}})
    assert [figure.bleu for figure in published([there])] == [28.30, 20.61, 13.76, 34.14, 36.52]
    assert not list(published([here]))
    assert not list(published([replace(there, config={"task": MULTI30K | other})]))


def test_ours_stand_beside_the_published(sweep: Document) -> None:
    there = [replace(record, config={"task": MULTI30K}) for record in records.sweep()[:2]]
    rows = table(contents(there), "published").rows
    assert "published" not in [table.name for table in sweep.tables()]
    assert [row[-1] for row in rows].count("this report") == 2
    bleu = [row[1].value if isinstance(row[1], Estimate) else float(row[1] or 0) for row in rows]
    assert bleu == sorted(bleu, reverse=True)


def test_grid_tells_the_varied_from_the_constant() -> None:
    rows = setting.grid(study(records.sweep())).rows
    assert ("heads", "varied", "1, 4") in rows
    assert ("task", "constant", "grammar") in rows


def test_numbers_are_rounded() -> None:
    assert [significant(value) for value in (1234.5, 45.678, 3.14159, 0.012345)] == ["1,234", "45.7", "3.14", "0.012"]
    assert Column("x", fixed(1)).text(Estimate(1.23, 0.98, 2.0, 1)) == "1.2 [1.0, 2.0]"
    assert Column("x", fixed(1)).text(None) == "–"
    assert [signed(value) for value in (-1.26, 0.31)] == ["−1.3", "+0.3"]
    assert [p_value(value) for value in (0.0001, 0.0312, 0.5)] == ["<0.001 *", "0.031 *", "0.500"]


def test_every_figure_and_table_has_a_number_of_its_own(sweep: Document) -> None:
    blocks = [block for section in sweep.plain()["sections"] for block in section["blocks"] if "label" in block]
    labels = [block["label"] for block in blocks]
    assert len(labels) == len(set(labels)) == len(sweep.tables()) + len(sweep.figures())
    assert {block["label"].split()[0].lower() == block["kind"] for block in blocks} == {True}


def test_one_test_sentence_has_no_interval() -> None:
    job = records.attention()
    assert job.quality
    rows = {"source_lengths": job.quality.source_lengths[:1], "bleu_statistics": job.quality.bleu_statistics[:1]}
    found = quality(analysis([replace(job, quality=replace(job.quality, sentences=1, **rows))]))
    assert "on the test set (1 sentence)" in found.caption
    assert "An interval needs at least 20 sentences" in found.caption
    shown = found.columns[1].text(found.rows[0][1])
    assert "[" not in shown


def test_quartiles_of_one_repetition_are_not_shown() -> None:
    job = records.attention()
    assert job.step
    found = step(study([replace(job, step=replace(job.step, repetitions=1))]))
    assert "Quartiles need at least 3 repetitions." in found.caption
    assert "[" not in found.columns[1].text(found.rows[0][1])
    assert "Quartiles need" not in step(study([job])).caption


def test_what_is_kept_of_no_bleu_is_not_told() -> None:
    job = records.attention()
    assert job.quality
    (kept,) = beyond(analysis([job]))
    assert kept.columns[-1].title == "Kept (%)"
    rows = [[*row[:2], 0, 0, 0, 0, *row[6:]] for row in job.quality.bleu_statistics]
    (untold,) = beyond(analysis([replace(job, quality=replace(job.quality, bleu_statistics=rows))]))
    assert untold.columns[-1].title == "BLEU beyond"


def test_heads_are_counted_from_one_as_in_the_viewer(sweep: Document) -> None:
    found = table(sweep, "heads")
    place = [column.title for column in found.columns].index("Head")
    assert {row[place] for row in found.rows if row[place - 2] == "dot · global · soft · heads 4"} == {1, 2, 3, 4}
