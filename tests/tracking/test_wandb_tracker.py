"""W&B, read from the files that it leaves; and no tracker."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from attnbench import record
from attnbench.errors import UserError
from attnbench.record import (
    Alignment,
    AlignmentQuality,
    HistoryPoint,
    Quality,
    Record,
    Scaling,
    ScalingPoint,
    StepCost,
    StepMemory,
)
from attnbench.tracking.tracker import RunDescription, description, job_name, untracked
from attnbench.tracking.wandb_run import scalars
from attnbench.tracking.wandb_tracker import Wandb
from tests.tracking.run_files import Kept, kept

OFFLINE = Wandb(mode="offline", project="tests", entity=None)
HISTORY = [HistoryPoint(10, 1.5, 4.0, 3.5, 2.25), HistoryPoint(20, 3.0, 3.0, 2.5, 4.5)]
POINTS = [
    ScalingPoint(16, "forward+backward", "measured", 1.5, 1.0, 2.0, 0.5, None, 5, False, None, None, 64.0, 8.0),
    ScalingPoint(32, "forward+backward", "measured", 6.0, 5.0, 7.0, 1.0, None, 5, True, None, None, 256.0, 16.0),
    ScalingPoint(64, "forward", "over_budget", None, None, None, None, None, 0, False, 24.0, 2.0, 1024.0, 32.0),
]
QUALITY = Quality("a set", 1, [3], [[2, 3, 2, 1, 0, 0, 2, 1, 0, 0]], 4.5, 2.0, 7.0, "", 12.0, "", 0.25, 0.5, 2.5, [])
STEP = StepCost(7.5, 7.0, 8.0, 5, 4, 6, 6, 3200.0, 9.5, StepMemory(1.0, 1.0, 2.0, 5.5, 2.5, 400.0), None)
LINKS = AlignmentQuality(1, "task", [[2, 3, 1, 1]], [[2, 3, 2, 2]], 0.5, 0.75, 0.8, [])
WEIGHTS = [[[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], [[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]]
ALIGNMENT = Alignment(["$a$", "\\frac", "狗"], ["x", "y"], WEIGHTS, WEIGHTS[0][0], [])
RECORD = Record(
    version=record.VERSION,
    key="0" * 16,
    command="train",
    sweep="a sweep",
    status="finished",
    error=None,
    factors={"task": "grammar", "length": 8, "model": "rnn", "score": "dot", "heads": 2},
    overrides=["score=dot"],
    seed=1,
    config={"seed": 1, "model": {"width": 16}},
    environment=record.Environment("3", {}, None, "", "", 1, 1, 1.0, "cpu", ""),
    started="2026-01-01T00:00:00+00:00",
    duration_s=3.5,
    evaluation_s=10.0,
    training=record.Training(100, 20, 1.0, 1000, 3.0, 20, 9, HISTORY),
    quality=QUALITY,
    beyond=None,
    step=STEP,
    scaling=Scaling("dense", 1, 2, 8, POINTS, None, None, None),
    alignment=LINKS,
    alignments=[ALIGNMENT],
    regression=None,
)


def told(name: str, group: str = "g", seed: int | None = None, kind: str = "train") -> RunDescription:
    return RunDescription(name, group, kind, RECORD.config, RECORD.factors, seed)


def track(folder: Path, seed: int, group: str = "a sweep") -> None:
    folder.mkdir()
    with OFFLINE(told(f"job {seed}", group, seed), folder) as run:
        for point in HISTORY:
            run.validation(replace(point, validation_bleu=(point.validation_bleu or 0.0) + seed))
        run.result(replace(RECORD, seed=seed, duration_s=float(seed)))


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    """Five jobs in one process, and one between them that fails after its first validation."""
    folder = tmp_path_factory.mktemp("jobs")
    for seed in range(5):
        track(folder / str(seed), seed)
        if seed == 2:
            (folder / "failed").mkdir()
            with (
                pytest.raises(ZeroDivisionError),
                OFFLINE(told("failed", "a sweep"), folder / "failed") as run,
            ):
                run.validation(HISTORY[0])
                raise ZeroDivisionError
    return [kept(folder / name) for name in ("0", "1", "2", "3", "4", "failed")]


def test_each_job_is_a_run_of_its_own(jobs: list[Kept]) -> None:
    assert len({job.run.run_id for job in jobs}) == len(jobs)
    assert {job.run.run_group for job in jobs} == {"a sweep"}
    assert [job.run.display_name for job in jobs] == [*(f"job {seed}" for seed in range(5)), "failed"]
    assert [job.config.get("seed") for job in jobs] == [0, 1, 2, 3, 4, None]


def test_a_run_ends_as_its_job_does(jobs: list[Kept]) -> None:
    assert [job.exit_code for job in jobs] == [0, 0, 0, 0, 0, 1]
    assert [row["validation/bleu"] for row in jobs[-1].history] == [HISTORY[0].validation_bleu]


def test_the_curves_are_those_of_the_record(jobs: list[Kept]) -> None:
    for seed, job in enumerate(jobs[:5]):
        rows = [row for row in job.history if "update" in row]
        assert [row["update"] for row in rows] == [10, 20]
        assert [row["train/mean_loss"] for row in rows] == [4.0, 3.0]
        assert [row["validation/loss"] for row in rows] == [3.5, 2.5]
        assert [row["validation/bleu"] for row in rows] == [2.25 + seed, 4.5 + seed]
        assert job.axes.items() >= {"train/*": "update", "validation/*": "update"}.items()


def test_the_summary_holds_every_number_of_the_record(jobs: list[Kept]) -> None:
    numbers = scalars(replace(RECORD, duration_s=3.0))
    some = {"quality/bleu": 4.5, "step/memory/optimiser_mib": 2.0, "alignment/agreement": 0.8, "scaling/heads": 2}
    assert numbers.items() >= some.items()
    assert jobs[3].summary.items() >= numbers.items()
    assert numbers["alignment/aer"] == pytest.approx(0.6)  # 1 - (1 + 1) / (2 + 3), from LINKS
    assert jobs[3].config["config"] == RECORD.config


def test_runs_can_be_grouped_by_every_factor(jobs: list[Kept]) -> None:
    found = jobs[3]
    assert found.config.items() >= {**RECORD.factors, "seed": 3}.items()
    assert found.config["mechanism"] == "rnn · dot · heads 2"
    assert found.config["condition"] == "grammar · length 8"
    assert found.run.job_type == "train"
    assert set(found.run.tags) == {"grammar", "rnn", "dot"}


def test_the_name_of_a_job_says_mechanism_condition_and_seed() -> None:
    assert job_name(RECORD) == "rnn · dot · heads 2, grammar · length 8, seed 1"
    assert description(replace(RECORD, trial=True)).kind == "trial"


def test_updates_are_curves_and_the_best_validation_is_in_the_summary(tmp_path: Path) -> None:
    with OFFLINE(told("job"), tmp_path) as run:
        run.update(10, {"loss": 4.5, "learning_rate": 1e-3, "gradient_norm": 2.0, "tokens_per_s": 800.0})
        run.validation(HISTORY[0])
        run.update(20, {"loss": 3.5, "learning_rate": 1e-3, "gradient_norm": 1.0, "tokens_per_s": 900.0})
        run.validation(replace(HISTORY[1], validation_bleu=1.0))
    found = kept(tmp_path)
    rows = {row["update"]: row for row in found.history}
    assert [rows[update]["train/loss"] for update in (10, 20)] == [4.5, 3.5]
    assert [rows[update]["train/gradient_norm"] for update in (10, 20)] == [2.0, 1.0]
    assert rows[10]["validation/bleu"] == HISTORY[0].validation_bleu  # in the same row
    best = {metric.name: metric.summary for metric in found.metrics if metric.HasField("summary")}
    assert best["validation/bleu"].max
    assert best["validation/loss"].min


def test_an_exponent_goes_along_with_its_lengths() -> None:
    assert RECORD.scaling
    points = [replace(POINTS[0], length=n, ms=n**2 / 100, peak_mib=2.0) for n in (16, 32, 64, 128)]
    numbers = scalars(replace(RECORD, scaling=replace(RECORD.scaling, points=points)))
    assert numbers["scaling/time_exponent/value"] == pytest.approx(2.0)
    assert [numbers[f"scaling/time_exponent/{end}"] for end in ("shortest", "longest")] == [16, 128]
    assert not [name for name in numbers if name.startswith("scaling/memory_exponent")]  # not reached


def test_the_record_goes_along_as_a_file(jobs: list[Kept]) -> None:
    for seed, job in enumerate(jobs[:5]):
        assert job.uploads == {record.NAME: "NOW"}
        assert record.read(job.folder / "files" / record.NAME) == replace(RECORD, seed=seed, duration_s=float(seed))
    assert jobs[-1].uploads == {}


def test_nothing_is_written_elsewhere_or_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    track(tmp_path / "job", 1)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["job"]


def test_an_unknown_mode_is_told() -> None:
    with pytest.raises(UserError, match=r"^tracker\.mode=ofline: must be offline or online; .*tracker=none"):
        Wandb(mode="ofline", project="tests", entity=None)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("project", "entity", "message"),
    [
        (
            "a/b",
            None,
            r"tracker\.project=a/b: must have at most 128 characters.*say tracker\.entity=a tracker\.project=b",
        ),
        ("a?", None, r"tracker\.project=a\?: must have .* none of / \\ # \? % :$"),
        ("x" * 129, None, r"tracker\.project=x+: must have at most 128 characters"),
        (None, "a/b", r"tracker\.entity=a/b: must be the name of a team or of a user, without a slash"),
    ],
)
def test_names_that_wandb_does_not_take(project: str | None, entity: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Wandb(mode="offline", project=project, entity=entity)


def test_a_long_name_keeps_its_start_and_its_end(tmp_path: Path) -> None:
    name = f"score=dot+{'x' * 200}/seed=3"
    with OFFLINE(told(name, "狗" * 200), tmp_path):
        pass
    run = kept(tmp_path).run
    assert len(run.display_name) <= 128
    assert run.display_name.startswith("score=dot+x")
    assert run.display_name.endswith("x/seed=3")
    assert len(run.run_group) <= 128


def test_an_interrupted_job_goes_on_with_its_run(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        OFFLINE(told("job"), tmp_path) as run,
    ):
        run.validation(HISTORY[0])
        raise KeyboardInterrupt
    [first] = tmp_path.glob("wandb/offline-run-*")
    with OFFLINE(told("job"), tmp_path) as run:
        for point in HISTORY:
            run.validation(point)
    found = kept(tmp_path)  # there is one
    assert first.name.endswith(found.run.run_id)
    assert [row["update"] for row in found.history] == [10, 20]
    assert found.exit_code == 0


def test_a_failure_of_the_tracker_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with OFFLINE(told("job"), tmp_path) as run:
        run.run.log = run.run.finish = None  # pyright: ignore[reportAttributeAccessIssue]
        run.validation(HISTORY[0])
        run.result(RECORD)
    ours = {record.getMessage() for record in caplog.records if record.name.startswith("attnbench")}
    assert ours == {"the tracker failed; the record is whole"}


def test_online_needs_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(UserError, match=r"^tracker\.mode=online: .*`wandb login`.*tracker\.mode=offline"):
        Wandb(mode="online", project="tests", entity=None)


def test_no_tracker_keeps_nothing(tmp_path: Path) -> None:
    with untracked(told("job"), tmp_path) as run:
        run.validation(HISTORY[0])
        run.result(RECORD)
    assert not [*tmp_path.iterdir()]


def test_no_tracker_means_no_import(tmp_path: Path) -> None:
    job = ["cost", "score=dot", "tracker=none", "device=cpu", "cost.lengths=[16,32]", "cost.repetitions=1"]
    code = """if True:
        import sys
        from attnbench.cli.main import main
        try:
            main(sys.argv[1:])
        finally:
            print('wandb' in sys.modules, 'torch' in sys.modules)
    """
    arguments = [sys.executable, "-c", code, *job]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["False True"], done.stderr
