"""Jobs whose process dies, and jobs on machines that share no folder with this one."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from attnbench import record
from attnbench.cli.engines.engine import Keep, RemoteJob, Work
from tests.cli.command_line import Ended, here, records, stamps

pytestmark = pytest.mark.usefixtures("no_report")

SWEEP = ["sweep", "task=kernel_regression", "score=average,gaussian", "sweep=s", "tracker=none", "device=cpu"]
SMALL = ["training.updates=2", "seed=1", "jobs=1"]


class Elsewhere:
    """An engine whose jobs work in a folder of their own.

    Args:
        folder: where they work.
        deaths: how often the process of each job dies, by its number, before the job ends.
    """

    def __init__(self, folder: Path, deaths: dict[int, int] | None = None) -> None:
        self.folder, self.deaths, self.given = folder, deaths or {}, list[list[str]]()

    def __call__(self, jobs: Sequence[RemoteJob], keep: Keep) -> None:
        for place, job in enumerate(jobs):
            self.given.append([*job.overrides])
            number = int("score=gaussian" in job.overrides)
            if self.deaths.get(number, 0):
                self.deaths[number] -= 1
                keep(place, RuntimeError("killed by SIGKILL"))
            else:
                with contextlib.chdir(self.folder):
                    found = replace(job, shared=replace(job.shared, folder="/nowhere"))()
                keep(place, found)


class OnEngine(Launcher):
    """A launcher of ours, with an engine for tests."""

    at_once = 1

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.work = Work(hydra_context, config, task_function)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        return self.work.run(self.engine, job_overrides, initial_job_idx)


class Broken(OnEngine):
    """Like joblib: when a process dies, the launch ends, and the jobs after it do not begin."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        returned = []
        for overrides in job_overrides:
            (Path("runs/s") / _folder(overrides) / "seed=1").mkdir(parents=True, exist_ok=True)
            (Path("runs/s") / _folder(overrides) / "seed=1" / "config.yaml").write_text("begun\n")
            returned += self.work.run(self.engine, [overrides], initial_job_idx)
            if returned[-1].status is JobStatus.FAILED:
                raise RuntimeError("a worker was killed: SIGKILL(-9)")
        return returned


def _folder(overrides: Sequence[str]) -> str:
    score = next(each for each in overrides if each.startswith("score="))
    return f"device=cpu+{score}+task=kernel_regression+training.updates=2"


def run_with(launcher: OnEngine, folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ended:
    def instantiate(*_: Any, **parts: Any) -> Launcher:
        launcher.setup(**parts)
        return launcher

    monkeypatch.setattr("hydra.core.plugins.Plugins.instantiate_launcher", instantiate)
    folder.mkdir(exist_ok=True)
    return here(folder, *SWEEP, *SMALL, *arguments)


def test_records_come_back_from_a_machine_without_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (other := tmp_path / "other").mkdir()
    ended = run_with(OnEngine(Elsewhere(other)), tmp_path / "mine", monkeypatch)
    assert ended.status == 0, ended
    mine, theirs = records(tmp_path / "mine"), records(other)
    assert [one.status for one in mine.values()] == ["finished", "finished"]
    assert [*mine.values()] == [*theirs.values()]
    assert [path.relative_to(tmp_path / "mine") for path in mine] == [path.relative_to(other) for path in theirs]
    before = stamps(list(mine))
    again = run_with(OnEngine(engine := Elsewhere(other)), tmp_path / "mine", monkeypatch)
    assert "2 of them finished already" in again.out
    assert stamps(list(mine)) == before
    assert not engine.given


@pytest.mark.parametrize("kind", [OnEngine, Broken])
def test_a_job_whose_process_died_runs_once_more(
    kind: type[OnEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Elsewhere(tmp_path, {0: 1})
    ended = run_with(kind(engine), tmp_path, monkeypatch)
    assert ended.status == 0, ended
    assert [one.status for one in records(tmp_path).values()] == ["finished", "finished"]
    assert len(engine.given) == 3


@pytest.mark.parametrize("kind", [OnEngine, Broken])
def test_a_job_whose_process_dies_twice_is_a_failure_and_stops_no_other(
    kind: type[OnEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Elsewhere(tmp_path, {0: 9})
    ended = run_with(kind(engine), tmp_path, monkeypatch)
    assert ended.status == 1, ended
    assert {one.factors["score"]: one.error for one in records(tmp_path).values()} == {
        "average": "its process died twice: SIGKILL",
        "gaussian": None,
    }
    assert "failed: its process died twice: SIGKILL" in ended.out
    assert len(engine.given) == 3


def test_a_result_outlives_a_forced_run_whose_process_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_with(OnEngine(Elsewhere(tmp_path)), tmp_path, monkeypatch).status == 0
    before = records(tmp_path)
    ended = run_with(OnEngine(Elsewhere(tmp_path, {0: 9, 1: 9})), tmp_path, monkeypatch, "force=true")
    assert ended.status == 1
    assert records(tmp_path) == before
    assert ended.out.count("no record") == 2


def test_a_launcher_that_stops_before_any_job_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopping(OnEngine):
        def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
            raise ConnectionError("nobody there")

    ended = run_with(Stopping(None), tmp_path, monkeypatch)
    assert ended.status == 1
    assert "the launcher stopped: ConnectionError: nobody there" in ended.err
    assert not [*tmp_path.glob(f"runs/**/{record.NAME}")]
