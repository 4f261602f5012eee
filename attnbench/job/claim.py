"""The folder of a job holds one job, and one process works in it at a time."""

import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from attnbench.files import DRAFT
from attnbench.record import EARLIER, NAME

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

LOCK = "job.lock"


@contextmanager
def claimed(folder: Path, sweep: Path, key: str) -> Iterator[None]:
    """In this context, a folder is that of the job with `key`, and no other process runs a job in it.

    If the folder has the record of another job, all of it is moved to `sweep/earlier/<key of that job>`. The other job
    has the same overrides: a corpus, the defaults of the configs or your own code were different then. If this job is
    among the earlier ones, it is moved back.

    Args:
        folder: of the job.
        sweep: the folder of its sweep.
        key: of the job.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as lock:
        _wait(lock, folder)
        for draft in folder.glob(f".*{DRAFT}"):  # of a process that was killed
            draft.unlink()
        there = _key(folder / NAME)
        if there and there != key:
            _move(folder, sweep / EARLIER / there)
            _move(sweep / EARLIER / key, folder)
        yield


def _wait(lock: IO[str], folder: Path) -> None:
    """Waits until no other process has the lock. It is released when its process ends, however it ends."""
    if fcntl is None:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        print(f"{folder}: {lock.read() or 'another process'} runs this job already; waiting for it", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:
        return  # a file system without locks
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {socket.gethostname()}")
    lock.flush()


def _key(path: Path) -> str | None:
    """The key of the job whose record is at `path`, whatever its version; None if there is no record."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        found: Any = msgspec.json.decode(content)["key"]
        return found if isinstance(found, str) and found.isalnum() else _hash(content)
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
        return _hash(content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _move(source: Path, destination: Path) -> None:
    """Moves what is in a folder, if it exists, to another folder. The record is last: with it, the rest is there."""
    if not source.is_dir():
        return
    destination.mkdir(parents=True, exist_ok=True)
    entries = [each for each in source.iterdir() if each.name != LOCK]
    for entry in sorted(entries, key=lambda each: each.name == NAME):
        target = destination / entry.name
        if target.is_dir():
            _move(entry, target)
        else:
            entry.rename(target)
