"""Trackers: where a job's curves and results are mirrored. Only this file knows W&B."""

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from attnbench.errors import UserError
from attnbench.measure.scaling import growth
from attnbench.record import NAME, Alignment, HistoryPoint, Record, ScalingPoint, write

if TYPE_CHECKING:
    import wandb
    from PIL.Image import Image

FOLDER = "wandb"  # in a job's folder, W&B's own
CELL_INCHES = 0.28  # of a heat map
PARTS = ("training", "quality", "beyond", "step", "scaling", "alignment", "regression")  # of a record: its results
# W&B receives the record and nothing else; nothing is drawn on the terminal, nothing samples the machine meanwhile.
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


class Run(Protocol):
    """One job, as a tracker sees it."""

    def validation(self, point: HistoryPoint) -> None: ...

    def result(self, record: Record) -> None: ...


class Tracker(Protocol):
    """Makes a run for a job; leaving the context ends it, also after an error."""

    def __call__(
        self, *, name: str, group: str, folder: Path, config: dict[str, Any]
    ) -> AbstractContextManager[Run]: ...


class _Untracked:
    def validation(self, point: HistoryPoint) -> None:
        """Nowhere to go."""

    def result(self, record: Record) -> None:
        """Nowhere to go."""


@contextmanager
def untracked(*, name: str, group: str, folder: Path, config: dict[str, Any]) -> Iterator[Run]:
    """No tracker: the record is all there is."""
    yield _Untracked()


@dataclass(frozen=True)
class Wandb:
    """W&B: a run of its own for each job, in the job's folder; `wandb sync` uploads those of `offline` later.

    Raises:
        UserError: an unknown mode, or `online` without a login.
    """

    mode: Literal["offline", "online"]
    project: str
    entity: str | None

    def __post_init__(self) -> None:
        if self.mode not in ("offline", "online"):
            raise UserError(f"tracker.mode={self.mode}: must be offline or online; tracker=none does without W&B")
        if self.mode == "online":
            self._log_in()

    @contextmanager
    def __call__(self, *, name: str, group: str, folder: Path, config: dict[str, Any]) -> Iterator[Run]:
        """A run that is finished when the context is left, as failed if by an exception."""
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
        import wandb  # takes half a second: who tracks nothing does not wait for it

        settings = wandb.Settings(**SETTINGS)
        place = {"mode": self.mode, "project": self.project, "entity": self.entity}
        try:
            return wandb.init(**described, **place, reinit="create_new", settings=settings)
        except wandb.Error as error:
            raise UserError(
                f"tracker.mode={self.mode}: W&B cannot be reached: {error}; choose tracker.mode=offline"
            ) from error


class _WandbRun:
    """Curves over the updates; then the record itself and, from it, the summary, the cost curves and one alignment."""

    def __init__(self, run: "wandb.Run") -> None:
        self.run = run
        run.define_metric("update", hidden=True)
        for metric in ("train/*", "validation/*"):
            run.define_metric(metric, step_metric="update")

    def validation(self, point: HistoryPoint) -> None:
        self.run.log(
            {
                "update": point.update,
                "train/loss": point.train_loss,
                "validation/loss": point.validation_loss,
                "validation/bleu": point.validation_bleu,
            }
        )

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
    """All single numbers of a record's results, by their path: `quality/bleu`, `step/memory/optimiser_mib`."""
    found: dict[str, int | float] = {"duration_s": record.duration_s}
    for name in PARTS:
        found |= _numbers(name, getattr(record, name))
    points = record.scaling.points if record.scaling else ()
    exponents = {"scaling/time_exponent": growth(points, "ms"), "scaling/memory_exponent": growth(points, "peak_mib")}
    return found | {name: value for name, value in exponents.items() if value is not None}


def _numbers(path: str, part: Any) -> Iterator[tuple[str, int | float]]:
    for name, value in vars(part).items() if part else ():
        if dataclasses.is_dataclass(value):
            yield from _numbers(f"{path}/{name}", value)
        elif isinstance(value, int | float):
            yield f"{path}/{name}", value


def heat_map(alignment: Alignment) -> "Image":
    """Target tokens down, source tokens across, weights as darkness from 0 to 1.

    They are the mean of all layers and heads; of a model without attention, the implicit ones.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL.Image import fromarray

    source, target = alignment.source, alignment.target
    size = (1.5 + CELL_INCHES * len(source), 1.5 + CELL_INCHES * len(target))
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    weights = np.mean(alignment.weights, axis=(0, 1)) if alignment.weights else alignment.implicit
    axis.imshow(weights, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    # A token is no formula, whatever it holds.
    axis.set_xticks(range(len(source)), source, rotation=90, parse_math=False)
    axis.set_yticks(range(len(target)), target, parse_math=False)
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas.draw()
    return fromarray(np.asarray(canvas.buffer_rgba()).copy())


def _table(rows: Sequence[ScalingPoint]) -> "wandb.Table | None":
    import wandb

    if not rows:
        return None
    columns: list[int | str] = [field.name for field in dataclasses.fields(rows[0])]
    return wandb.Table(columns=columns, data=[list(dataclasses.astuple(row)) for row in rows])
