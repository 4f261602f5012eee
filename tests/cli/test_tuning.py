"""Tuning: the same trials for each cell, chosen on validation, then fresh seeds at what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from attnbench.cli.plan import Plan, PlannedJob
from attnbench.cli.tuning import tune
from attnbench.errors import UserError
from attnbench.record import Record
from tests.cli.command_line import TINY, here, records
from tests.report.records import attention

RATE = "training.learning_rate"
VALUES = [0.001, 0.002, 0.004]


Keys = Mapping[str, Any]  # tuned, with the values to try


def split(overrides: Sequence[str]) -> dict[str, str]:
    """The value of each key."""
    return {key: value for key, _, value in (override.partition("=") for override in overrides)}


def job(overrides: list[str], keys: Keys, trials: Mapping[str, Any] | None = None, widen: bool = True) -> PlannedJob:
    values = split(overrides)
    tune = {"keys": dict(keys), "trials": trials or {}, "seed": 1000, "widen": widen}
    cfg = DictConfig({"procedure": "translation", "tune": tune, "seed": int(values.get("seed", 1))})
    return PlannedJob(overrides, " ".join(sorted(overrides)), cfg, Path(), Path(), None, lambda: cfg)


class Sweep:
    """A plan whose trials have the BLEU that `bleu` gives for their values; None is a trial that fails."""

    def __init__(
        self,
        keys: Mapping[str, Sequence[Any]],
        bleu: Any,
        cells: Sequence[list[str]] = (["score=dot"],),
        widen: bool = True,
    ) -> None:
        self.bleu, self.trials, self.said = bleu, list[list[PlannedJob]](), list[str]()
        jobs = [job([*cell, f"seed={seed}"], keys, widen=widen) for cell in cells for seed in (1, 2)]
        self.plan = Plan(jobs, "", lambda overrides: job(overrides, keys))
        self.jobs = tune(self.plan, self.run, self.said.append)

    def run(self, jobs: Sequence[PlannedJob], what: str) -> dict[str, Record]:
        self.trials.append(list(jobs))
        return {each.key: self.record(each) for each in jobs}

    def record(self, trial: PlannedJob) -> Record:
        values = split(trial.overrides)
        bleu, done = self.bleu(values), attention()
        assert done.training
        if bleu is None:
            return replace(done, status="failed", training=None)
        return replace(done, training=replace(done.training, validation_bleu=bleu, validation_loss=1.0))

    def chosen(self, key: str = RATE) -> list[str]:
        return [
            value for each in self.jobs for name, _, value in (o.partition("=") for o in each.overrides) if name == key
        ]


def peak_at(best: float) -> Any:
    return lambda values: 50 - abs(float(values[RATE]) - best) * 1000


def test_a_range_that_is_not_to_be_widened_stays() -> None:
    sweep = Sweep({RATE: VALUES}, peak_at(0.009), widen=False)
    assert len(sweep.trials) == 1
    assert sweep.chosen() == ["0.004", "0.004"]
    assert sweep.said == ["score=dot: the best training.learning_rate is still the last of its range"]


def test_each_cell_gets_the_same_trials_and_its_own_choice() -> None:
    best = {"dot": 0.002, "general": 0.0021}
    found = Sweep(
        {RATE: VALUES}, lambda values: peak_at(best[values["score"]])(values), [["score=dot"], ["score=general"]]
    )
    [trials] = found.trials
    assert [each.overrides for each in trials] == [
        [f"score={score}", f"{RATE}={value}", "trial=true", "seed=1000"] for score in best for value in VALUES
    ]
    assert [each.overrides for each in found.jobs] == [
        [f"score={score}", f"{RATE}=0.002", f"seed={seed}"] for score in best for seed in (1, 2)
    ]
    assert found.said == []


def test_trials_may_have_overrides_of_their_own() -> None:
    made, own = (
        job(["score=dot", "seed=1"], {RATE: VALUES}, {"training": {"epochs": 2, "updates": None}}),
        list[list[str]](),
    )
    plan = Plan([made], "", lambda overrides: own.append(overrides) or job(overrides, {}))
    tune(plan, lambda jobs, what: {}, lambda line: None)
    assert own[0] == [
        *("score=dot", f"{RATE}=0.001", "training.epochs=2", "training.updates=null", "trial=true", "seed=1000")
    ]


@pytest.mark.parametrize(
    ("best", "further", "chosen", "said"),
    [
        (0.0005, "0.0005", "0.0005", True),
        (0.001, "0.0005", "0.001", False),
        (0.009, "0.008", "0.008", True),
        (0.004, "0.008", "0.004", False),
    ],
)
def test_a_best_value_at_the_edge_widens_the_range_once(best: float, further: str, chosen: str, said: bool) -> None:
    found = Sweep({RATE: VALUES}, peak_at(best))
    _, [more] = found.trials
    assert f"{RATE}={further}" in more.overrides
    assert found.chosen() == [chosen] * 2
    assert found.said == ([f"score=dot: the best {RATE} is still the last of its range"] if said else [])


def test_every_combination_of_several_keys_is_tried_and_words_have_no_edge() -> None:
    keys = {"training": {"clip": [1, 2]}, "positions": ["none", "learned"]}
    found = Sweep(keys, lambda values: float(values["training.clip"]) + (values["positions"] == "learned"))
    assert len(found.trials[0]) == 4
    assert [each.overrides[1:3] for each in found.trials[1]] == [["training.clip=4", "positions=learned"]]
    assert found.chosen("training.clip") == ["4", "4"]
    assert found.chosen("positions") == ["learned", "learned"]


def test_a_trial_that_fails_is_not_chosen() -> None:
    found = Sweep({RATE: VALUES}, lambda values: None if values[RATE] == "0.004" else float(values[RATE]))
    assert found.chosen() == ["0.002", "0.002"]


def test_a_cell_without_a_finished_trial_keeps_its_config() -> None:
    found = Sweep({RATE: VALUES}, lambda values: None)
    assert found.jobs == found.plan.jobs
    assert found.said == ["score=dot: no trial finished; it is trained with the values of its config"]


def test_what_is_given_is_not_tuned() -> None:
    found = Sweep({RATE: VALUES}, peak_at(0.002), [["score=dot", f"{RATE}=0.5"]])
    assert found.trials == []
    assert found.jobs == found.plan.jobs


def test_a_seed_is_for_trials_or_for_jobs() -> None:
    plan = Plan([job(["seed=1000"], {RATE: VALUES})], "", lambda overrides: job(overrides, {}))
    with pytest.raises(UserError, match=r"tune.seed=1000: a seed of the jobs; the trials need another one"):
        tune(plan, lambda jobs, what: {}, print)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, no_report_in_module: None) -> Path:
    """A tuned sweep, run twice; its outputs are in the files `1` and `2`."""
    folder = tmp_path_factory.mktemp("tuned")
    tiny = [each for each in TINY if each != "tune=none"]
    command = ["sweep", "score=dot", "grid=none", "seed=1,2", *tiny, "sweep=tuned", "learning_rates=[1e-3,2e-3,9e-3]"]
    for run in ("1", "2"):
        ended = here(folder, *command)
        (folder / run).write_text(f"{ended.status}\n{ended.out}")
    return folder


def test_trials_are_records_and_never_see_the_test_set(folder: Path) -> None:
    found = records(folder)
    trials = {path: one for path, one in found.items() if one.trial}
    assert len(trials) in (3, 4)  # 4 if the best was at an edge
    for path, one in trials.items():
        assert one.status == "finished"
        assert one.seed == 1000
        assert one.quality is one.beyond is one.alignment is one.step is None
        assert not (path.parent / "translations.tsv").exists()
        assert one.training is not None
        assert one.training.validation_bleu is not None
        assert RATE not in one.factors


def test_jobs_are_trained_at_the_best_trial(folder: Path) -> None:
    found = list(records(folder).values())
    trials = [(one.training, one.tuned) for one in found if one.trial and one.training]
    _, best = max(trials, key=lambda trial: (trial[0].validation_bleu or 0, -(trial[0].validation_loss or 0)))
    jobs = [one for one in found if not one.trial]
    assert [one.seed for one in jobs] == [1, 2]
    assert all(one.tuned == best for one in jobs)
    assert all(one.quality for one in jobs)
    assert all(one.config["training"]["learning_rate"] == best[RATE] for one in jobs)


def test_a_second_run_finds_all_of_it_finished(folder: Path) -> None:
    first, second = (folder / "1").read_text(), (folder / "2").read_text()
    assert first.startswith("0\n")
    assert "trials of training.learning_rate=0.001,0.002,0.009: 3\n" in first
    assert "trials of training.learning_rate=0.001,0.002,0.009: 3, 3 of them finished already\n" in second
    assert "jobs: 2, 2 of them finished already\n" in second


def test_the_command_of_a_record_runs_the_same_job(folder: Path) -> None:
    [one, *_] = [one for one in records(folder).values() if not one.trial]
    assert (
        here(folder, "train", *(each for each in one.overrides if not each.startswith("sweep=")), "sweep=again").status
        == 0
    )
    [again] = [each for each in records(folder).values() if each.sweep == "again"]
    assert again.key == one.key
