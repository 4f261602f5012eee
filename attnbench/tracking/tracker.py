"""What a tracker is: where a job's curves and results are mirrored. `untracked` mirrors them nowhere."""

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
    """Makes a run for a job; leaving the context ends it, also after an error."""

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
    """No tracker: the record is all there is."""
    yield _Untracked()
