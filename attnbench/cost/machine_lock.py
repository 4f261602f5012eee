"""The machine lock: while one job measures, the other jobs of this machine wait.

Work (for example training) holds the lock in shared mode, and releases it for a moment between some of its steps. A
measurement holds the lock in exclusive mode. Both must first pass a second lock, the gate. A waiting measurement holds
the gate, so that no work can start before it: a measurement cannot starve. The locks are file locks of the operating
system, on two files that all processes of a user share. If a process ends, its locks are released.
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
except ImportError:  # Windows has no such locks. There, parallel jobs disturb each other's measurements
    fcntl = None

SLICE_S = 0.2  # between two steps, work releases the lock if it has held the lock for this long


@contextmanager
def shared(folder: Path | None = None) -> Iterator[Callable[[], float]]:
    """Holds the lock in shared mode, for work that may run at the same time as other work.

    Yields:
        A function to call between steps. If a measurement waits, the function lets it run first. It returns the seconds
        that the work waited.
    """
    gate, machine = _open(folder)
    with gate, machine:
        _enter(gate, machine)
        locked_s = time.monotonic()

        def pause() -> float:
            nonlocal locked_s
            if (unlocked_s := time.monotonic()) - locked_s < SLICE_S:
                return 0.0
            _unlock(machine)
            _enter(gate, machine)
            locked_s = time.monotonic()
            return locked_s - unlocked_s

        yield pause


@contextmanager
def exclusive(folder: Path | None = None) -> Iterator[None]:
    """Holds the lock in exclusive mode, for a measurement. It first waits until all work has paused."""
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
