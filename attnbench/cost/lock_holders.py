"""Which processes hold a file lock, and whether they are stopped. Linux tells it; other systems do not."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LOCKS = Path("/proc/locks")


class Holder(NamedTuple):
    """A process that holds a lock. It is alone if it measures."""

    process: int
    alone: bool
    stopped: bool

    def __str__(self) -> str:
        if self.stopped:
            return f"process {self.process}, which is stopped: kill -CONT {self.process} lets it go on"
        return f"process {self.process}, which {'measures' if self.alone else 'trains'}"


def holders(inode: int) -> list[Holder]:
    """The other processes that hold a lock on the file with this inode; an empty list where the system does not say."""
    found = {process: alone for process, alone in _locks(inode) if process != os.getpid()}
    return [Holder(process, alone, _is_stopped(process)) for process, alone in sorted(found.items())]


def _locks(inode: int) -> Iterator[tuple[int, bool]]:
    """For each lock on a file: the process, and whether it holds the lock alone."""
    try:
        lines = LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:  # 1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF. A lock that is waited for has -> before FLOCK
        if found := re.match(rf"\d+: FLOCK +\w+ +(READ|WRITE) +(\d+) +\w+:\w+:{inode} ", line):
            yield int(found[2]), found[1] == "WRITE"


def _is_stopped(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(re.search(r"^State:\s+[Tt]\b", status, re.MULTILINE))
