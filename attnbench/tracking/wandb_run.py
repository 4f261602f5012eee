"""What a W&B run shows of a job: its curves, its record, and from it the summary, the cost curves and one alignment."""

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnbench.cost.exponent import by_length, exponent
from attnbench.record import NAME, HistoryPoint, Record, ScalingPoint, write
from attnbench.tracking.heat_map import heat_map

if TYPE_CHECKING:
    import wandb

log = logging.getLogger(__name__)

PARTS = ("training", "quality", "beyond", "step", "scaling", "alignment", "regression")  # of a record: its results


@contextmanager
def harmless() -> Iterator[None]:
    """In this context, an error of the tracker is a warning. A job does not fail because its tracker does."""
    try:
        yield
    except Exception:
        log.exception("the tracker failed; the record is whole")


class WandbRun:
    """One job, as W&B sees it."""

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
        # A job that goes on after an interruption tells its earlier validations again. W&B ignores a step that it has.
        with harmless():
            self.run.log({name: value for name, value in values.items() if value is not None}, step=point.update)

    def result(self, record: Record) -> None:
        with harmless():
            self._result(record)

    def _result(self, record: Record) -> None:
        import wandb

        path = Path(self.run.dir) / NAME
        write(record, path)
        self.run.save(str(path), base_path=self.run.dir, policy="now")
        self.run.config.update({"factors": record.factors}, allow_val_change=True)
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
