"""The interface of a tracker, which mirrors the curves and results of a job. `untracked` mirrors nothing."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from attnbench.record import HistoryPoint, Record


class TrackedRun(Protocol):
    """One job, as a tracker sees it."""

    def validation(self, point: HistoryPoint) -> None: ...

    def result(self, record: Record) -> None: ...


class Tracker(Protocol):
    """Makes a run for a job. Leaving the context ends the run, also after an error."""

    def __call__(
        self, *, name: str, group: str, folder: Path, config: dict[str, Any]
    ) -> AbstractContextManager[TrackedRun]: ...


class _Untracked:
    def validation(self, point: HistoryPoint) -> None:
        """Nowhere to go."""

    def result(self, record: Record) -> None:
        """Nowhere to go."""


@contextmanager
def untracked(*, name: str, group: str, folder: Path, config: dict[str, Any]) -> Iterator[TrackedRun]:
    """No tracker: the job has only its record."""
    yield _Untracked()
