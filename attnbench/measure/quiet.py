"""The quiet room: while one job measures, the other jobs of this machine hold their breath.

Work is done under a shared lock that is let go for a moment now and then; a measurement takes the lock alone. Whoever
wants in passes a turnstile first, which a waiting measurement keeps shut: so it cannot starve. The locks are the
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
def working(folder: Path | None = None) -> Iterator[Callable[[], float]]:
    """Work that others may do at the same time.

    Yields:
        A function to call between steps. It lets a waiting measurement in, and answers the seconds it waited for it.
    """
    turnstile, room = _open(folder)
    with turnstile, room:
        _enter(turnstile, room)
        entered = time.monotonic()

        def breathe() -> float:
            nonlocal entered
            if (left := time.monotonic()) - entered < SLICE_S:
                return 0.0
            _unlock(room)
            _enter(turnstile, room)
            entered = time.monotonic()
            return entered - left

        yield breathe


@contextmanager
def alone(folder: Path | None = None) -> Iterator[None]:
    """A measurement: nobody works meanwhile. It waits until all who do have taken a breath."""
    turnstile, room = _open(folder)
    with turnstile, room:
        _lock(turnstile)
        _lock(room)
        yield


def _open(folder: Path | None) -> tuple[IO[str], IO[str]]:
    folder = folder or Path(tempfile.gettempdir()) / f"attnbench-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    return (folder / "turnstile.lock").open("w"), (folder / "room.lock").open("w")


def _enter(turnstile: IO[str], room: IO[str]) -> None:
    _lock(turnstile)
    _lock(room, shared=True)
    _unlock(turnstile)


def _lock(file: IO[str], *, shared: bool = False) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def _unlock(file: IO[str]) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
