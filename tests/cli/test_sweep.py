"""A sweep as a user sees it: planned, run, failed, run again, interrupted, continued."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from hydra.plugins.launcher import Launcher

from attnbench import record
from attnbench.record import Record
from tests.cli.command_line import TINY, here, records, stamps, start
from tests.marks import slow
from tests.training.small_model import timeless

# The table of `location` is too small for the sentences where it has 4 positions: that is seen when it runs.
HALF_FAILING = ["sweep", "score=location", "score.positions=4,64", "decoder=luong,bahdanau", "sweep=half", *TINY]
GRID = "score=dot,additive heads=1,4 length=16,64 device=cpu seed=1,2"


def planned(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[list[str]]:
    """The overrides of the jobs that a command line plans."""
    return announced(folder, monkeypatch, *arguments)[0]


def announced(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[list[list[str]], str]:
    """The overrides of the jobs that a command line plans, and what it prints before the first of them."""
    jobs: list[list[str]] = []

    class Recorder(Launcher):
        def setup(self, **kwargs: Any) -> None: ...

        def launch(self, job_overrides: Any, initial_job_idx: int) -> Any:
            jobs.extend(list(overrides) for overrides in job_overrides)
            raise SystemExit

    monkeypatch.setattr("hydra.core.plugins.Plugins.instantiate_launcher", lambda *args, **kwargs: Recorder())
    return jobs, here(folder, *arguments).out


def test_the_grid_of_the_command_line_is_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = planned(tmp_path, monkeypatch, "-m", "sweep", *GRID.split(), "tracker=none", "tune=none")
    assert len(jobs) == 16
    assert len({tuple(sorted(job)) for job in jobs}) == 16
    for axis in GRID.split():
        key, _, values = axis.partition("=")
        for value in values.split(","):
            assert sum(f"{key}={value}" in job for job in jobs) == 16 / len(values.split(","))


@pytest.mark.parametrize(
    ("arguments", "jobs", "seeds"),
    [
        ("", 15, "1 2 3 4 5"),
        ("seed=8", 3, "8"),
        ("seed=8,9", 6, "8 9"),
        ("score=dot,gaussian", 6, "1 2 3"),  # a grid of one's own
        ("score=dot,gaussian seed=8,9", 4, "8 9"),
    ],
)
def test_seeds_take_the_place_of_those_of_a_grid(
    arguments: str, jobs: int, seeds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = planned(tmp_path, monkeypatch, "sweep", "task=kernel_regression", "tracker=none", *arguments.split())
    assert len(found) == jobs
    assert {override for job in found for override in job if override.startswith("seed=")} == {
        f"seed={seed}" for seed in seeds.split()
    }


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            "task=copy seed=8",
            "runs/default: 11 jobs (default grid, 9 mechanisms × 2 lengths; grid=none: only what you name)",
        ),
        ("task=copy seed=1,2 grid=none", "runs/task: 2 jobs (no grid, 1 mechanism × 2 seeds)"),
        ("score=dot,additive", "runs/score: 6 jobs (your grid, 2 mechanisms × 3 seeds)"),
        ("grid=none", "runs/default: 3 jobs (no grid, 1 mechanism × 3 seeds)"),
    ],
)
def test_the_grid_is_announced_before_the_first_job(
    arguments: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, printed = announced(tmp_path, monkeypatch, "sweep", "tracker=none", *arguments.split())
    assert printed.splitlines()[0] == line


@pytest.mark.parametrize("start_of_line", [["sweep"], ["-m"], ["-m", "train"]])
def test_a_sweep_needs_no_flag_and_a_flag_no_sweep(
    start_of_line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = planned(tmp_path, monkeypatch, *start_of_line, "score=dot,additive", "tracker=none", "tune=none", "seed=1")
    assert [[override for override in job if override.startswith("score=")] for job in jobs] == [
        ["score=dot"],
        ["score=additive"],
    ]


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the half-failing sweep ran once; its output is in the file `out`."""
    folder = tmp_path_factory.mktemp("half")
    ended = here(folder, *HALF_FAILING)
    (folder / "out").write_text(f"{ended.status}\n{ended.out}")
    return folder


def split(found: dict[Path, Record]) -> tuple[list[Path], list[Path]]:
    """The finished records, and the others."""
    finished = [path for path, one in found.items() if one.status == "finished"]
    return finished, [path for path in found if path not in finished]


def test_a_failing_job_stops_no_other_and_is_named(half: Path) -> None:
    status, _, out = (half / "out").read_text().partition("\n")
    finished, failed = split(records(half))
    assert (status, len(finished), len(failed)) == ("1", 2, 2)
    rows = [line for line in out.splitlines() if "score.positions=4" in line or "positions" in line]
    assert rows, out
    for path, one in records(half).items():
        assert one.factors["score.positions"] == (64 if path in finished else 4)
        assert (one.error is None) == (path in finished)
    assert out.count("failed: ") == 2, out
    assert sum(line.rstrip().endswith("finished") for line in out.splitlines()) == 2, out


@pytest.mark.usefixtures("no_report")
def test_what_is_finished_is_skipped_and_what_failed_is_redone(half: Path) -> None:
    finished, failed = split(records(half))
    before = stamps(finished), stamps(failed)
    ended = here(half, *HALF_FAILING)
    assert ended.status == 1
    assert stamps(finished) == before[0]
    assert all(now > then for now, then in zip(stamps(failed), before[1], strict=True))
    assert "2 of them finished already" in ended.out


@pytest.mark.usefixtures("no_report")
def test_the_key_is_the_config_and_not_the_folder(half: Path) -> None:
    finished, _ = split(records(half))
    moved = [path.parent.rename(path.parent.parent / f"{path.parent.name}-moved") for path in finished]
    try:
        ended = here(half, *HALF_FAILING)
        assert "2 of them finished already" in ended.out
        assert not any(path.exists() for path in finished)
    finally:
        for path, old in zip(moved, finished, strict=True):
            path.rename(old.parent)


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
def test_forced_the_same_seed_gives_the_same_to_the_last_digit(half: Path) -> None:
    before = records(half)
    finished, _ = split(before)
    costs = [*half.glob("runs/half/costs/*.json")]
    measured = stamps(costs)
    here(half, *HALF_FAILING, "force=true")
    assert all(now > then for now, then in zip(stamps(costs), measured, strict=True))
    after = records(half)
    for path in finished:
        old, new = before[path], after[path]
        assert new.started >= old.started
        assert new.duration_s != old.duration_s
        assert old.quality == new.quality
        assert old.alignments == new.alignments
        assert old.training is not None
        assert new.training is not None
        assert timeless(old.training.history) == timeless(new.training.history)


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("jobs", [slow(1), 2])
def test_an_interrupted_sweep_goes_on(jobs: int, tmp_path: Path) -> None:
    command = ["sweep", "score=dot", "grid=none", "seed=1,2,3,4", "sweep=cut", *TINY, f"jobs={jobs}"]
    with start(tmp_path, *command) as process:
        while not [*tmp_path.glob(f"runs/**/{record.NAME}")] and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    kept = records(tmp_path)
    assert process.returncode == 130, err
    assert 0 < len(kept) < 4
    assert {one.status for one in kept.values()} == {"finished"}
    assert "Traceback" not in err
    assert f"{len(kept)} finished" in err
    assert "python -m attnbench sweep " in err.splitlines()[-1]
    before = stamps(list(kept))
    ended = here(tmp_path, *command)
    assert ended.status == 0, ended
    assert stamps(list(kept)) == before
    assert not [*tmp_path.glob("runs/**/.*.part")]
    assert_one_cost_and_the_digits_of_a_job_alone(tmp_path, jobs)


def assert_one_cost_and_the_digits_of_a_job_alone(folder: Path, jobs: int) -> None:
    """Jobs of a sweep share what they cost. At once they have one thread each, and the digits of a job alone."""
    found = list(records(folder).values())
    assert [one.seed for one in found] == [1, 2, 3, 4]
    assert {one.status for one in found} == {"finished"}
    assert jobs == 1 or {one.environment.threads for one in found} == {1}
    first, *_, last = found
    assert first.step is not None
    assert (first.step, first.scaling) == (last.step, last.scaling)
    assert len([*folder.glob("runs/cut/costs/*.json")]) == 2
    assert here(folder, "train", "score=dot", "seed=4", "sweep=alone", *TINY).status == 0
    [alone] = records(folder / "runs" / "alone").values()
    assert alone.quality == last.quality
    assert alone.training is not None
    assert last.training is not None
    assert timeless(alone.training.history) == timeless(last.training.history)


@pytest.mark.parametrize("jobs", ["0", "many", "1.5"])
def test_jobs_at_once_are_a_number(jobs: str, tmp_path: Path) -> None:
    ended = here(tmp_path, "sweep", *TINY, f"jobs={jobs}", "grid=none")
    assert ended.status == 2
    assert f"jobs={jobs}: must be auto, or a whole number of 1 or more" in ended.err


@pytest.mark.slow
def test_the_report_is_handed_to_the_tracker(tmp_path: Path) -> None:
    overrides = [word for word in TINY if word != "tracker=none"]
    here(tmp_path, "sweep", *overrides, "grid=none", "tracker.mode=offline", "seed=1")
    (run,) = (tmp_path / "reports").glob("*/wandb/offline-run-*")
    assert {path.name for path in (run / "files" / "media").iterdir()} >= {"html", "table"}
