"""Trials apart from jobs: what each mechanism was tuned over, and what has not converged."""

from dataclasses import replace

import pytest

from attnbench.errors import UserError
from attnbench.record import Record
from attnbench.report.analysis import Analysis
from attnbench.report.figures import tuning as figures
from attnbench.report.findings import findings
from attnbench.report.sections import build_document
from attnbench.report.study.study import study
from attnbench.report.study.tuning import Trial, Tuning
from attnbench.report.tables import tuning as tables
from tests.report import records
from tests.report.sections import sentences

KEY = "training.learning_rate"


def trial(score: str, rate: float, bleu: float | None, length: int = 16) -> Record:
    job = records.attention(score, length=length, seed=1000)
    assert job.training
    training = None if bleu is None else replace(job.training, validation_bleu=bleu, validation_loss=1.0)
    status = "finished" if training else "failed"
    return replace(
        job,
        key=f"{score} {rate} {length}",
        trial=True,
        tuned={KEY: rate},
        training=training,
        quality=None,
        status=status,
    )


def tuned(score: str, rate: float, seed: int = 1, *, converged: bool = True) -> Record:
    job = records.attention(score, seed=seed)
    assert job.training
    return replace(job, tuned={KEY: rate}, training=replace(job.training, converged=converged))


def jobs() -> list[Record]:
    trials = [trial("dot", rate, bleu) for rate, bleu in ((0.001, 10.0), (0.002, 30.0), (0.004, 20.0))]
    trials += [trial("additive", rate, bleu) for rate, bleu in ((0.001, 15.0), (0.002, 20.0), (0.004, None))]
    return [
        *trials,
        *(tuned("dot", 0.002, seed) for seed in (1, 2, 3)),
        *(tuned("additive", 0.001, s) for s in (1, 2, 3)),
    ]


def test_trials_are_no_jobs_and_belong_to_their_mechanism() -> None:
    found = study(jobs())
    assert len(found.records) == 6
    dot, additive = sorted(found.tunings, key=lambda each: each.mechanism, reverse=True)
    assert (dot.mechanism, additive.mechanism) == ("dot", "additive")
    assert dot.chosen == {KEY: 0.002}
    assert dot.curve(KEY) == {0.001: 10.0, 0.002: 30.0, 0.004: 20.0}
    assert additive.curve(KEY) == {0.001: 15.0, 0.002: 20.0}
    assert additive.trials[2] == Trial({KEY: 0.004}, None, converged=False)
    assert not dot.at_edge(KEY)
    assert additive.at_edge(KEY)


def test_zero_is_a_value_that_may_be_at_the_edge() -> None:
    trials = tuple(Trial({"dropout": rate}, 1.0 - rate, converged=True) for rate in (0.0, 0.1))
    assert Tuning("dot", "", trials, {"dropout": 0.0}).at_edge("dropout")


def test_only_trials_make_no_report() -> None:
    with pytest.raises(UserError, match="only trials of a tuning: run the sweep to its end"):
        study(jobs()[:3])


def test_what_has_not_converged_is_marked_in_every_table_and_figure() -> None:
    given = [*jobs()[:-1], tuned("additive", 0.001, 3, converged=False)]
    analysis = Analysis(study(given))
    assert set(analysis.study.mechanism) == {"dot", "additive †"}
    document = build_document(analysis, title="t", command="c")
    quality = next(table for table in document.tables() if table.name == "quality")
    assert {row[0] for row in quality.rows} == {"dot", "additive †"}
    assert quality.caption.endswith("†: has not converged.")
    bleu = next(figure for figure in document.figures() if figure.name == "bleu")
    assert "additive †" in bleu.drawing.svg
    assert bleu.caption.endswith("†: has not converged.")
    assert "1 of 6 trainings did not converge" in findings(analysis).first[0]
    assert not any("†" in sentence for sentence in sentences(findings(Analysis(study(jobs())))))


def test_a_value_at_the_edge_is_said() -> None:
    [sentence] = [each for each in sentences(findings(Analysis(study(jobs())))) if "last that was tried" in each]
    assert sentence == (
        "The best learning rate is the last that was tried, so that a better one may lie beyond it: additive."
    )


def test_the_table_has_the_trials_and_what_was_chosen() -> None:
    [table] = tables.trainings(study(jobs()))
    assert [column.title for column in table.columns][:6] == [
        *("Mechanism", "Trials", "Trial BLEU, lowest", "highest", "Chosen learning rate", "Updates")
    ]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["dot"] == (3, 10.0, 30.0, "0.002", 1000, "3 of 3")
    assert rows["additive"] == (3, 15.0, 20.0, "0.001 *", 1000, "3 of 3")


def test_the_figures_show_each_trial_and_the_best_of_several() -> None:
    [sensitivity] = figures.sensitivity(study(jobs()))
    assert sensitivity.name == "tuning_training_learning_rate"
    assert "dot: learning rate 0.002, validation BLEU 30.0" in sensitivity.drawing.svg
    [best] = figures.by_trials(study(jobs()))
    # The best of two draws from 10, 20, 30: (10 + 3 · 20 + 5 · 30) / 9.
    assert "dot: 2 trials, validation BLEU 24.4" in best.drawing.svg


def test_without_tuning_there_is_no_figure_of_it() -> None:
    found = study([records.attention(seed=seed) for seed in (1, 2)])
    assert list(figures.sensitivity(found)) == list(figures.by_trials(found)) == []
    [table] = tables.trainings(found)
    assert [column.title for column in table.columns] == ["Mechanism", "Updates", "Converged"]


def test_trials_that_are_equally_good_have_no_best_one() -> None:
    trials = tuple(Trial({KEY: rate}, 0.0, converged=True) for rate in (0.001, 0.002))
    assert not Tuning("dot", "", trials, {KEY: 0.002}).at_edge(KEY)
