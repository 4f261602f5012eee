"""Which sections there are, and what tables and findings say."""

from dataclasses import replace

import pytest
import records

from attnbench.record import Quality, Record
from attnbench.report import scaling, tables
from attnbench.report.contents import document
from attnbench.report.document import Column, Document, Table, fixed, significant
from attnbench.report.findings import findings
from attnbench.report.statistics import Estimate
from attnbench.report.study import study

ALL = [
    "What was run",
    "Findings",
    "BLEU by mechanism",
    "Time and memory against length",
    "BLEU against cost",
    "BLEU by sentence length",
    "Learning curves",
    "Alignments",
    "Sample translations",
    "Running it again",
]


def contents(jobs: list[Record], broken: list[str] | None = None) -> Document:
    return document(study(jobs), title="T", command="C", broken=broken or [])


def titles(found: Document) -> list[str]:
    return [section.title for section in found.sections]


def table(found: Document, name: str) -> Table:
    return next(table for table in found.tables() if table.name == name)


@pytest.fixture(scope="module")
def classics() -> Document:
    return contents(records.classics())


def test_all_sections_when_nothing_failed(classics: Document) -> None:
    assert titles(classics) == ALL
    assert "No job failed." in str(classics.sections[0].blocks[0])


def test_all_failed() -> None:
    found = contents([records.failed(records.attention(score), "boom") for score in ("dot", "additive")])
    assert titles(found) == ["What was run", "Failures", "Running it again"]
    assert [row[:2] for row in table(found, "failures").rows] == [("dot", "failed"), ("additive", "failed")]


def test_costs_alone() -> None:
    jobs = [records.cost_only(records.attention(score)) for score in ("dot", "additive")]
    found = contents(jobs)
    assert titles(found) == ["What was run", "Findings", "Time and memory against length", "Running it again"]
    assert str(table(found, "reproduction").rows[0][1]).startswith("python -m attnbench cost task=grammar ")


def test_a_single_record() -> None:
    found = contents([records.attention()])
    assert titles(found) == ALL
    assert len(table(found, "quality").rows) == 1
    assert not {figure.name for figure in found.figures()} & {"bleu", "bleu_against_cost"}  # nothing to compare


def test_a_broken_file_is_listed() -> None:
    found = contents([records.cost_only(records.attention())], ["runs/a/record.json: no"])
    assert table(found, "failures").rows == (("–", "unreadable", "–", "runs/a/record.json: no"),)
    assert "No job failed." not in str(found.sections[0].blocks[0])


def test_quality_pools_seeds_and_ranks() -> None:
    jobs = [records.attention(score, seed=seed) for seed in (1, 2, 3) for score in ("dot", "additive")]
    found = tables.quality(study(jobs))
    assert [column.title for column in found.columns][:2] == ["Mechanism", "BLEU"]  # one condition: not worth a column
    assert [(row[0], row[-1]) for row in found.rows] == [("additive", 3), ("dot", 3)]
    values = [job.quality.bleu for job in jobs if job.quality and job.factors["score"] == "dot"]
    estimate = found.rows[1][1]
    assert isinstance(estimate, Estimate)
    assert estimate.value == pytest.approx(sum(values) / 3)


def test_scaling_says_why_a_number_is_missing(classics: Document) -> None:
    found = table(classics, "ms_by_length_cpu")
    row = next(row for row in found.rows if row[0] == "bahdanau · additive")
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


def test_without_a_session_there_are_no_multiples(classics: Document) -> None:
    assert "ratios_cpu" not in {found.name for found in classics.tables()}


def test_scaling_pools_trained_lengths() -> None:
    found = scaling.exponents(study([records.attention("dot", length=length) for length in (16, 48)]), "cpu")
    assert len(found.rows) == 1


def test_grid_tells_the_varied_from_the_constant() -> None:
    rows = tables.grid(study(records.sweep())).rows
    assert ("heads", "varied", "1, 4") in rows
    assert ("task", "constant", "grammar") in rows


def test_findings_claim_nothing_that_intervals_do_not_support() -> None:
    best = records.attention("dot")
    assert best.quality
    near = replace(best.quality, bleu=best.quality.bleu - 1, bleu_low=best.quality.bleu - 3)
    far = replace(best.quality, bleu=5.0, bleu_low=4.0, bleu_high=6.0)
    overlapping = " ".join(findings(study([best, replace(records.attention("general"), quality=near)])))
    separate = " ".join(findings(study([best, replace(records.attention("general"), quality=far)])))
    assert "not separable from it, as intervals overlap: general." in overlapping
    assert "not separable" not in separate
    assert "lies above all others" in separate


def test_the_gain_of_attention() -> None:
    without = replace(
        records.no_attention(), quality=replace(quality(records.no_attention()), bleu=40.0, bleu_high=41.0)
    )
    attending = replace(records.attention(), quality=replace(quality(records.attention()), bleu=60.0, bleu_low=59.0))
    assert any(
        "differ by 20.0 BLEU in favour of attention." in sentence for sentence in findings(study([without, attending]))
    )


def quality(record: Record) -> Quality:
    assert record.quality
    return record.quality


def test_numbers_are_rounded() -> None:
    assert [significant(value) for value in (1234.5, 45.678, 3.14159, 0.012345)] == ["1,234", "45.7", "3.14", "0.012"]
    assert Column("x", fixed(1)).text(Estimate(1.23, 0.98, 2.0, 1)) == "1.2 [1.0, 2.0]"
    assert Column("x", fixed(1)).text(None) == "–"
