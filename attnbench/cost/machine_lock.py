"""The machine lock: while one job measures, the other jobs of this machine wait.

Work (for example training) holds the lock in shared mode, and releases it for a moment between some of its steps. A
measurement holds the lock in exclusive mode. Both must first pass a second lock, the gate. A waiting measurement holds
the gate, so that no work can start before it: a measurement cannot starve. The locks are file locks of the operating
system, on two files that all processes of a user share. If a process ends, its locks are released.

The lock covers the jobs of one user on one machine, as far as they have one temporary folder. The jobs of another user,
and those in a container with a temporary folder of its own, do not wait. The files are named by the machine, so that no
machine waits for another, even if their temporary folder is on a file system that they share.

Without a folder that is safe, there is no lock: the jobs run, and a warning says that they may disturb measurements.
"""

import logging
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from tqdm import tqdm

from attnbench.cost.lock_holders import holders
from attnbench.private_folder import private_folder

try:
    import fcntl
except ImportError:  # Windows has no such locks. There, parallel jobs disturb each other's measurements
    fcntl = None

log = logging.getLogger(__name__)

SLICE_S = 0.2  # between two steps, work releases the lock if it has held the lock for this long
PATIENCE_S = 10.0  # who waits longer is told for what
BOOT = Path("/proc/sys/kernel/random/boot_id")  # on Linux: the same in all containers of a machine


class _Locks(NamedTuple):
    """The open files; None where there is no lock."""

    gate: IO[str] | None
    machine: IO[str] | None


@contextmanager
def shared(folder: Path | None = None) -> Iterator[Callable[[], float]]:
    """Holds the lock in shared mode, for work that may run at the same time as other work.

    Yields:
        A function to call between steps. If a measurement waits, the function lets it run first. It returns the seconds
        that the work waited.
    """
    with _opened(folder) as locks:
        _enter(locks)
        locked_s = time.monotonic()

        def pause() -> float:
            nonlocal locked_s
            if (unlocked_s := time.monotonic()) - locked_s < SLICE_S:
                return 0.0
            _unlock(locks.machine)
            _enter(locks)
            locked_s = time.monotonic()
            return locked_s - unlocked_s

        yield pause


@contextmanager
def exclusive(folder: Path | None = None) -> Iterator[None]:
    """Holds the lock in exclusive mode, for a measurement. It first waits until all work has paused."""
    with _opened(folder) as locks:
        _lock(locks.gate, locks)
        _lock(locks.machine, locks)
        yield


@contextmanager
def _opened(folder: Path | None) -> Iterator[_Locks]:
    if fcntl is None:
        yield _Locks(None, None)
        return
    with ExitStack() as stack:
        try:
            place = folder or private_folder()
            gate, machine = (
                stack.enter_context((place / f"{name}-{_machine()}.lock").open("a")) for name in ("gate", "machine")
            )
            fcntl.flock(gate, fcntl.LOCK_UN)  # an error where the file system has no locks
        except OSError as error:
            _say(f"no lock on this machine, so parallel jobs may disturb measurements ({error})", logging.WARNING)
            gate = machine = None
        yield _Locks(gate, machine)


@cache
def _machine() -> str:
    """The name of the machine. On Linux it is of its last start, which containers share, unlike the name of a host."""
    try:
        return BOOT.read_text(encoding="ascii").partition("-")[0]
    except OSError:
        return platform.node()


def _enter(locks: _Locks) -> None:
    _lock(locks.gate, locks)
    _lock(locks.machine, locks, shared=True)
    _unlock(locks.gate)


def _lock(file: IO[str] | None, locks: _Locks, *, shared: bool = False) -> None:
    if fcntl is None or file is None:
        return
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        with _telling(locks):
            fcntl.flock(file, mode)


def _unlock(file: IO[str] | None) -> None:
    if fcntl is not None and file is not None:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def _telling(locks: _Locks) -> Iterator[None]:
    """In this context, this process waits. After a while it says for whom, and again if that changes."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(PATIENCE_S):
            _say(_waiting(locks))

    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _waiting(locks: _Locks) -> str:
    """Whom this process waits for. A process that holds the gate may wait itself, for one that holds the machine."""
    found = {each for file in locks if file for each in holders(os.fstat(file.fileno()).st_ino)}
    first = sorted(found, key=lambda holder: (not holder.stopped, holder))
    return f"waits for {' and '.join(map(str, first)) or 'another process'}"


@cache  # each message once
def _say(message: str, level: int = logging.INFO) -> None:
    log.log(level, message)
    tqdm.write(f"attnbench: {message}", file=sys.stderr)
