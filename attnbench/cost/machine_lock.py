"""The machine lock: while one job measures, the other jobs of this machine wait.

Work holds a shared lock, and releases it for a moment now and then. A measurement takes the lock exclusively. Everyone
passes a gate first. A waiting measurement keeps the gate closed, so that it cannot starve. The locks belong to the
operating system, on two files that all processes of a user share. They disappear with their process.
"""

import getpass
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows has no such locks: parallel jobs disturb each other there
    fcntl = None

SLICE_S = 0.2  # the longest time that work holds the lock without letting others in, unless one step takes longer


@contextmanager
def shared(folder: Path | None = None) -> Iterator[Callable[[], float]]:
    """Holds the lock for work that others may do at the same time.

    Yields:
        A function to call between steps. It lets a waiting measurement in, and returns the seconds that it waited.
    """
    gate, machine = _open(folder)
    with gate, machine:
        _enter(gate, machine)
        entered = time.monotonic()

        def pause() -> float:
            nonlocal entered
            if (left := time.monotonic()) - entered < SLICE_S:
                return 0.0
            _unlock(machine)
            _enter(gate, machine)
            entered = time.monotonic()
            return entered - left

        yield pause


@contextmanager
def exclusive(folder: Path | None = None) -> Iterator[None]:
    """Holds the lock for a measurement, during which nobody works. It waits until all work has paused."""
    gate, machine = _open(folder)
    with gate, machine:
        _lock(gate)
        _lock(machine)
        yield


def _open(folder: Path | None) -> tuple[IO[str], IO[str]]:
    folder = folder or Path(tempfile.gettempdir()) / f"attnbench-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    return (folder / "gate.lock").open("w"), (folder / "machine.lock").open("w")


def _enter(gate: IO[str], machine: IO[str]) -> None:
    _lock(gate)
    _lock(machine, shared=True)
    _unlock(gate)


def _lock(file: IO[str], *, shared: bool = False) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def _unlock(file: IO[str]) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
