"""The tracker that mirrors a job to W&B."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attnbench.cost.exponent import by_length, exponent
from attnbench.errors import UserError
from attnbench.record import NAME, HistoryPoint, Record, ScalingPoint, write
from attnbench.tracking.heat_map import heat_map
from attnbench.tracking.tracker import TrackedRun

if TYPE_CHECKING:
    import wandb

FOLDER = "wandb"  # W&B's folder in the folder of a job
PARTS = ("training", "quality", "beyond", "step", "scaling", "alignment", "regression")  # of a record: its results
# W&B receives the record and nothing else. It prints nothing, and does not sample the machine during the job.
SETTINGS = {
    "console": "off",
    "silent": True,
    "symlink": False,
    "disable_code": True,
    "disable_git": True,
    "x_disable_meta": True,
    "x_disable_machine_info": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


@dataclass(frozen=True)
class Wandb:
    """W&B: each job is a run, in the job's folder. `wandb sync` uploads `offline` runs later.

    Raises:
        UserError: an unknown mode, or `online` without a login.
    """

    mode: Literal["offline", "online"]
    project: str
    entity: str | None

    def __post_init__(self) -> None:
        if self.mode not in ("offline", "online"):
            raise UserError(f"tracker.mode={self.mode}: must be offline or online; tracker=none does not use W&B")
        if self.mode == "online":
            self._log_in()

    @contextmanager
    def __call__(self, *, name: str, group: str, folder: Path, config: dict[str, Any]) -> Iterator[TrackedRun]:
        """A run that is finished when the context is left; it is marked as failed after an exception."""
        run = self._start(name=name, group=group, dir=str(folder.absolute()), config=config)
        exit_code = 1
        try:
            yield _WandbRun(run)
            exit_code = 0
        finally:
            run.finish(exit_code=exit_code)

    def _log_in(self) -> None:
        import wandb

        wandb.setup(settings=wandb.Settings(silent=True))
        try:
            wandb.login(force=True)
        except wandb.Error as error:
            raise UserError(
                f"tracker.mode=online: {error}; run `wandb login` once, or choose tracker.mode=offline"
            ) from error

    def _start(self, **described: Any) -> "wandb.Run":
        import wandb  # imported here, because it takes half a second

        settings = wandb.Settings(**SETTINGS)
        place = {"mode": self.mode, "project": self.project, "entity": self.entity}
        try:
            return wandb.init(**described, **place, reinit="create_new", settings=settings)
        except wandb.Error as error:
            raise UserError(
                f"tracker.mode={self.mode}: W&B cannot be reached: {error}; choose tracker.mode=offline"
            ) from error


class _WandbRun:
    """Curves over the updates; then the record, and from it the summary, the cost curves and one alignment."""

    def __init__(self, run: "wandb.Run") -> None:
        self.run = run
        run.define_metric("update", hidden=True)
        for metric in ("train/*", "validation/*"):
            run.define_metric(metric, step_metric="update")

    def validation(self, point: HistoryPoint) -> None:
        values = {
            "update": point.update,
            "train/loss": point.train_loss,
            "validation/loss": point.validation_loss,
            "validation/bleu": point.validation_bleu,
        }
        self.run.log({name: value for name, value in values.items() if value is not None})

    def result(self, record: Record) -> None:
        import wandb

        path = Path(self.run.dir) / NAME
        write(record, path)
        self.run.save(str(path), base_path=self.run.dir, policy="now")
        self.run.config.update({"factors": record.factors})
        media = {
            "scaling/points": _table(record.scaling.points if record.scaling else ()),
            "alignment": wandb.Image(heat_map(record.alignments[0])) if record.alignments else None,
        }
        self.run.log({name: value for name, value in media.items() if value is not None})
        self.run.summary.update(scalars(record))


def scalars(record: Record) -> dict[str, int | float]:
    """All single numbers of a record's results, by path: `quality/bleu`, `step/memory/optimiser_mib`."""
    found: dict[str, int | float] = {"duration_s": record.duration_s}
    for name in PARTS:
        found |= _numbers(name, getattr(record, name))
    points = record.scaling.points if record.scaling else ()
    time, memory = (exponent(by_length(points, "forward+backward", field)) for field in ("ms", "peak_mib"))
    return found | dict(_numbers("scaling/time_exponent", time)) | dict(_numbers("scaling/memory_exponent", memory))


def _numbers(path: str, part: Any) -> Iterator[tuple[str, int | float]]:
    for name, value in vars(part).items() if part else ():
        if dataclasses.is_dataclass(value):
            yield from _numbers(f"{path}/{name}", value)
        elif isinstance(value, int | float):
            yield f"{path}/{name}", value


def _table(rows: Sequence[ScalingPoint]) -> "wandb.Table | None":
    import wandb

    if not rows:
        return None
    columns: list[int | str] = [field.name for field in dataclasses.fields(rows[0])]
    return wandb.Table(columns=columns, data=[list(dataclasses.astuple(row)) for row in rows])
