"""The quiet machine: while one job measures, the other jobs of this machine hold their breath.

Work is done under a shared lock that is let go for a moment now and then; a measurement takes the lock alone. Whoever
wants in passes a gate first, which a waiting measurement keeps shut: so it cannot starve. The locks are the
operating system's, on two files that all processes of a user share, and vanish with their holder.
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
except ImportError:  # Windows has none: jobs run one after another there, and parallel ones disturb each other.
    fcntl = None

SLICE_S = 0.2  # the longest that work holds the lock before it lets others in, unless one step takes longer


@contextmanager
def shared(folder: Path | None = None) -> Iterator[Callable[[], float]]:
    """Work that others may do at the same time.

    Yields:
        A function to call between steps. It lets a waiting measurement in, and answers the seconds it waited for it.
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
    """A measurement: nobody works meanwhile. It waits until all who do have taken a breath."""
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
