"""What a W&B run shows of a job: its curves, its record, and from it the summary, the cost curves and one alignment."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

from attnbench.cost.exponent import by_length, exponent
from attnbench.quality.error_rate import rates
from attnbench.record import NAME, Alignment, HistoryPoint, Record, ScalingPoint, write
from attnbench.tracking.heat_map import heat_map
from attnbench.tracking.wandb_report import log_report

if TYPE_CHECKING:
    import wandb

log = logging.getLogger(__name__)

BEST = {"validation/bleu": "max", "validation/loss": "min"}  # of a curve, in the summary of the run
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
        for metric, best in BEST.items():
            run.define_metric(metric, step_metric="update", summary=best)

    def update(self, update: int, values: Mapping[str, SupportsFloat]) -> None:
        with harmless():
            told = {f"train/{name}": float(value) for name, value in values.items()}
            self.run.log({"update": update, **told}, step=update)

    def validation(self, point: HistoryPoint) -> None:
        values = {
            "update": point.update,
            "train/mean_loss": point.train_loss,
            "validation/loss": point.validation_loss,
            "validation/bleu": point.validation_bleu,
        }
        # A job that goes on after an interruption tells its earlier validations again. W&B ignores a step that it has.
        with harmless():
            self.run.log({name: value for name, value in values.items() if value is not None}, step=point.update)

    def result(self, record: Record) -> None:
        with harmless():
            self._result(record)

    def report(self, folder: Path) -> None:
        """Logs the page, the figures and the table of quality of a report."""
        with harmless():
            log_report(self.run, folder)

    def _result(self, record: Record) -> None:
        import wandb

        path = Path(self.run.dir) / NAME
        write(record, path)
        self.run.save(str(path), base_path=self.run.dir, policy="now")
        media = {
            "scaling/points": _points(record.scaling.points if record.scaling else ()),
            "alignments": [wandb.Image(heat_map(each), caption=_caption(each)) for each in record.alignments] or None,
            "translations": _translations(record),
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
    if record.alignment and (aer := rates(record.alignment.links).aer) is not None:
        found["alignment/aer"] = aer
    return found | dict(_numbers("scaling/time_exponent", time)) | dict(_numbers("scaling/memory_exponent", memory))


def _numbers(path: str, part: Any) -> Iterator[tuple[str, int | float]]:
    for name, value in vars(part).items() if part else ():
        if dataclasses.is_dataclass(value):
            yield from _numbers(f"{path}/{name}", value)
        elif isinstance(value, int | float):
            yield f"{path}/{name}", value


def _caption(alignment: Alignment) -> str:
    """What an image shows: the sentence, whose weights, and what the model makes of it."""
    kind = "attention, mean of layers and heads" if alignment.weights else "implicit weights"
    gold = "; orange: gold links" if alignment.gold else ""
    said = f"; the model translates: {alignment.translation}" if alignment.translation else ""
    return f"{' '.join(alignment.source)} → {' '.join(alignment.target)} ({kind}{gold}){said}"


def _translations(record: Record) -> "wandb.Table | None":
    import wandb

    samples = record.quality.samples if record.quality else ()
    if not samples:
        return None
    columns: list[int | str] = ["source", "reference", "translation"]
    return wandb.Table(columns=columns, data=[[each.source, each.reference, each.hypothesis] for each in samples])


def _points(rows: Sequence[ScalingPoint]) -> "wandb.Table | None":
    import wandb

    if not rows:
        return None
    columns: list[int | str] = [field.name for field in dataclasses.fields(rows[0])]
    return wandb.Table(columns=columns, data=[list(dataclasses.astuple(row)) for row in rows])
