"""The interface of a tracker, which mirrors the curves and results of a job. `untracked` mirrors nothing."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, SupportsFloat

from attnbench.record import Factor, HistoryPoint, Record
from attnbench.record.names import condition_name, mechanism_name


class RunDescription(NamedTuple):
    """What a tracker is told of a run when it starts.

    Args:
        name: of the run.
        group: the sweep that it belongs to.
        kind: "train", "trial", "cost" or "report".
        config: all settings, nested.
        factors: what names the job; empty for a report.
        seed: of the job; None for a report.
    """

    name: str
    group: str
    kind: str
    config: dict[str, Any]
    factors: Mapping[str, Factor]
    seed: int | None


def description(record: Record) -> RunDescription:
    """The description of a job, from its record before it has results."""
    kind = "trial" if record.trial else record.command
    return RunDescription(job_name(record), record.sweep, kind, record.config, record.factors, record.seed)


def job_name(record: Record) -> str:
    """The name of a job for a tracker: mechanism, condition and seed."""
    parts = (mechanism_name(record.factors), condition_name(record.factors), f"seed {record.seed}")
    return ", ".join(filter(None, parts))


class TrackedRun(Protocol):
    """One job, as a tracker sees it; or the report of a sweep."""

    def update(self, update: int, values: Mapping[str, SupportsFloat]) -> None:
        """An update of the training: its number, and the values by name."""

    def validation(self, point: HistoryPoint) -> None: ...

    def result(self, record: Record) -> None: ...

    def report(self, folder: Path) -> None:
        """The files of a report."""


class Tracker(Protocol):
    """Makes a run. Leaving the context ends the run, also after an error. Its files are in `folder`."""

    def __call__(self, told: RunDescription, folder: Path) -> AbstractContextManager[TrackedRun]: ...


class _Untracked:
    def update(self, update: int, values: Mapping[str, SupportsFloat]) -> None:
        """Nowhere to go."""

    def validation(self, point: HistoryPoint) -> None:
        """Nowhere to go."""

    def result(self, record: Record) -> None:
        """Nowhere to go."""

    def report(self, folder: Path) -> None:
        """Nowhere to go."""


@contextmanager
def untracked(told: RunDescription, folder: Path) -> Iterator[TrackedRun]:
    """No tracker: the job has only its record."""
    yield _Untracked()
