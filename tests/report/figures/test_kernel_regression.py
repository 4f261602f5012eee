"""Kernel regression in the report: its table, its figures, its findings, and nothing in other reports."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean

from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.document import Document, Table
from attnbench.report.figures.kernel_regression import MAX_POOLINGS, examples
from attnbench.report.findings import findings
from attnbench.report.sections import build_document
from attnbench.report.statistics import Estimate, over_seeds
from attnbench.report.study.study import study
from tests.report import records
from tests.report.sections import sentences


def poolings(seeds: Sequence[int] = (1, 2, 3)) -> list[Record]:
    """The mean, a wide Gaussian, a learned one."""
    kinds = [("average", None, False), ("gaussian", 1.0, False), ("gaussian", 0.3, True)]
    return [
        records.pooling(score, sigma, learned=learned, seed=seed) for score, sigma, learned in kinds for seed in seeds
    ]


def error(record: Record) -> float:
    assert record.regression
    return record.regression.test_error


def contents(jobs: list[Record]) -> Document:
    return build_document(Analysis(study(jobs)), title="T", command="C", broken=[])


def errors(jobs: list[Record]) -> Table:
    return next(table for table in contents(jobs).tables() if table.name == "pooling_errors")


def test_regression_alone_has_no_panel_of_translation() -> None:
    found = contents(poolings())
    titles = [section.title for section in found.sections]
    assert titles == ["Summary", "Mechanisms", "Kernel regression", "Running it again", "Environment"]
    assert [figure.name for figure in found.figures()] == ["pooling_curves", "pooling_weights"]
    assert "BLEU" not in str([section.blocks for section in found.sections[:2]])


def test_translation_alone_has_no_panel_of_regression() -> None:
    assert "Kernel regression" not in [section.title for section in contents(records.classics()).sections]


def test_beside_translation_both_are_there() -> None:
    found = contents([*poolings(), records.attention()])
    names = {block.name for block in (*found.tables(), *found.figures())}
    assert {"pooling_errors", "pooling_curves", "pooling_weights", "quality", "alignments"} <= names


def test_a_row_a_pooling_best_first_with_an_interval_over_seeds() -> None:
    jobs = poolings()
    table = errors(jobs)
    assert [column.title for column in table.columns][:2] == ["Pooling", "Test error"]
    assert [row[0] for row in table.rows] == ["gaussian · score.learned true", "gaussian", "average"]
    for row, mine in zip(table.rows, (jobs[6:], jobs[3:6], jobs[:3]), strict=True):
        assert row[1] == over_seeds([error(job) for job in mine])
        assert row[-1] == 3
    assert [row[3] for row in table.rows] == [0.3, 1.0, None]
    assert "Student's t over seeds" in table.caption


def test_the_same_seed_twice_is_one_seed() -> None:
    first = records.pooling(seed=1)
    assert first.regression
    again = replace(first, regression=replace(first.regression, test_error=first.regression.test_error + 1))
    (row,) = errors([first, again]).rows
    assert row[1] == mean([error(first), error(again)])


def test_one_seed_has_no_interval_and_is_no_finding() -> None:
    jobs = poolings(seeds=(1,))
    assert not any(isinstance(cell, Estimate) for row in errors(jobs).rows for cell in row)
    assert "Student" not in errors(jobs).caption
    assert sentences(findings(Analysis(study(jobs)))) == []


def test_findings_say_no_more_than_the_intervals() -> None:
    apart = [
        replace(job, regression=replace(job.regression, test_error=level + job.seed / 100))
        for level, kind in enumerate(("average", "gaussian"))
        for job in (records.pooling(kind, None, seed=seed) for seed in (1, 2, 3))
        if job.regression
    ]
    (sentence,) = sentences(findings(Analysis(study(apart))))
    assert sentence.startswith("The lowest test error: 0.020 [")
    assert sentence.endswith("by average, of 2 poolings (its interval over seeds is below all others).")
    near = [replace(job, regression=records.pooling("average", None, seed=job.seed).regression) for job in apart]
    (sentence,) = sentences(findings(Analysis(study(near))))
    assert sentence.endswith("not separable from it, because the intervals over seeds overlap: gaussian).")


def test_the_first_seed_is_drawn_and_no_more_poolings_than_fit() -> None:
    jobs = poolings(seeds=(3, 2))
    assert [each.test_error for each in examples(study(jobs)).values()] == [error(jobs[i]) for i in (5, 3, 1)]
    many = [records.pooling("gaussian", 0.1 * (i + 1)) for i in range(20)]
    named = [replace(job, factors=job.factors | {"score.sigma": i}) for i, job in enumerate(many)]
    assert len(examples(study(named))) == MAX_POOLINGS
    assert len(contents(named).figures()) == 2
