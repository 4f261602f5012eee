"""Trackers: where a job's curves and results are mirrored. Only this file knows W&B."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from attnbench.errors import UserError
from attnbench.record import Alignment, HistoryPoint, Record


class Run(Protocol):
    """One job, as a tracker sees it."""

    def validation(self, point: HistoryPoint) -> None: ...

    def result(self, record: Record) -> None: ...


class Tracker(Protocol):
    """Makes a run for a job; leaving the context ends it, also after an error."""

    def __call__(self, *, name: str, group: str, folder: Path, config: dict[str, Any]) -> Any: ...


class _Untracked:
    def validation(self, point: HistoryPoint) -> None:
        """Nowhere to go."""

    def result(self, record: Record) -> None:
        """Nowhere to go."""


@contextmanager
def untracked(*, name: str, group: str, folder: Path, config: dict[str, Any]) -> Iterator[Run]:
    """No tracker: the record is all there is."""
    yield _Untracked()
