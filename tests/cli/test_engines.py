"""Sweeps on Ray, submitit and a simulated slurm; a search by optuna."""

import importlib.util
import os
import signal
import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from attnbench import record
from tests.cli import fake_slurm
from tests.cli.command_line import TINY, records, run, stamps, start

NEEDS = {"ray": "ray", "submitit_local": "submitit", "submitit_slurm": "submitit", "joblib": "joblib"}
PACKAGES = {name: importlib.util.find_spec(name) is not None for name in {*NEEDS.values(), "optuna"}}
SWEEP = ["sweep", "task=kernel_regression", "sweep=s", "tracker=none", "device=cpu", "training.updates=2", "jobs=2"]
SCORES = ("dying", "failing", "preempted", "slow")

pytestmark = pytest.mark.engines
PARAMETERS = {
    name: pytest.param(name, marks=pytest.mark.skipif(not PACKAGES[package], reason=f"{package} is not installed"))
    for name, package in NEEDS.items()
}
launchers = pytest.mark.parametrize("launcher", PARAMETERS.values())
# What tests/cli/test_sweep.py and test_tuning.py test with joblib.
other_launchers = pytest.mark.parametrize("launcher", [PARAMETERS[name] for name in NEEDS if name != "joblib"])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a slurm, and with scores of one's own."""
    (tmp_path / "slurm").mkdir()
    fake_slurm.install(tmp_path / "bin")
    monkeypatch.setenv("FAKE_SLURM", str(tmp_path / "slurm"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "own" / "score").mkdir(parents=True)
    for name in SCORES:
        text = f"_target_: tests.cli.own_scores.{name.title()}\n_partial_: true\n"
        (tmp_path / "own" / "score" / f"{name}.yaml").write_text(text)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def arguments(folder: Path, launcher: str, *more: str) -> list[str]:
    return [*SWEEP, f"hydra.searchpath=['file://{folder.parent / 'own'}']", f"hydra/launcher={launcher}", *more]


@launchers
def test_jobs_that_fail_are_rows_and_what_is_finished_is_kept(launcher: str, folder: Path) -> None:
    command = arguments(folder, launcher, "score=average,failing,dying", "seed=1")
    ended = run(folder, *command)
    assert ended.status == 1, ended
    found = {one.factors["score"]: one for one in records(folder).values()}
    assert found["average"].status == "finished"
    assert found["failing"].error == "ValueError: it fails"
    assert str(found["dying"].error).startswith("its process died twice")
    assert "2 failed" in ended.err
    assert (folder / "reports" / "s" / "index.html").is_file()
    (folder / "alive").touch()
    again = run(folder, *command)
    assert "1 of them finished already" in again.out
    assert {one.factors["score"]: one.status for one in records(folder).values()} == {
        "average": "finished",
        "failing": "failed",
        "dying": "finished",
    }


@other_launchers
def test_an_interrupted_sweep_leaves_no_process_and_goes_on(launcher: str, folder: Path) -> None:
    command = arguments(folder, launcher, "score=slow", "seed=1,2,3,4,5,6", "grid=none")
    with start(folder, *command) as process:
        while not [*folder.glob(f"runs/**/{record.NAME}")] and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    kept = records(folder)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert 0 < len(kept) < 6
    assert f"{len(kept)} finished" in err
    assert not working_in(folder)
    before = stamps(list(kept))
    ended = run(folder, *command)
    assert ended.status == 0, ended
    assert stamps(list(kept)) == before
    assert len(records(folder)) == 6


def working_in(folder: Path) -> list[str]:
    """The processes that work in a folder, after a while in which they may end."""
    found: list[str] = []
    for _ in range(50):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == folder:
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:  # it has ended
                continue
        if not found:
            break
        time.sleep(0.2)
    return found


@pytest.mark.skipif(not PACKAGES["submitit"], reason="submitit is not installed")
def test_a_job_that_slurm_takes_off_a_machine_runs_again(folder: Path) -> None:
    limits = ["hydra.launcher.partition=small", "hydra.launcher.array_parallelism=3", "+hydra.launcher.gres=gpu:1"]
    ended = run(folder, *arguments(folder, "submitit_slurm", "score=preempted,average", "seed=1", *limits))
    assert ended.status == 0, ended
    assert [one.status for one in records(folder).values()] == ["finished", "finished"]
    assert (folder / "preempted").exists()
    [script] = [path.read_text() for path in (folder.parent / "slurm").glob("*.sh")]
    for line in ("--array=0-1%2", "--partition=small", "--gres=gpu:1", "--signal=USR2@120", "--job-name=attnbench"):
        assert f"#SBATCH {line}\n" in script


@other_launchers
def test_trials_run_before_jobs(launcher: str, folder: Path) -> None:
    tiny = [each for each in TINY if not each.startswith(("tune", "jobs"))]
    trials = ["tune=learning_rate", "tune.keys.training.learning_rate=[0.001,0.002]"]
    own = ["score=dot", "grid=none", "seed=1", "sweep=s", "jobs=2", f"hydra/launcher={launcher}"]
    ended = run(folder, "sweep", *own, *tiny, *trials)
    assert ended.status == 0, ended
    found = sorted(records(folder).values(), key=lambda one: one.started)
    assert [one.trial for one in found] == [True] * (len(found) - 1) + [False]
    assert len(found) > 2


@pytest.mark.skipif(not PACKAGES["optuna"], reason="optuna is not installed")
def test_optuna_searches(tmp_path: Path) -> None:
    search = ["hydra/sweeper=optuna", "hydra.sweeper.direction=maximize", "hydra.sweeper.n_trials=3"]
    tiny = [each for each in TINY if not each.startswith("hydra")]
    rate = "training.learning_rate=tag(log,interval(0.001,0.01))"
    ended = run(tmp_path, "-m", "train", *search, "hydra.sweeper.n_jobs=1", rate, "sweep=s", "trial=true", *tiny)
    assert ended.status == 0, ended
    best = OmegaConf.load(tmp_path / "runs" / "s" / "optimization_results.yaml")
    merits = [one.training.validation_bleu for one in records(tmp_path).values() if one.training]
    assert len(merits) == 3
    assert best.best_value == max(merit for merit in merits if merit is not None)
