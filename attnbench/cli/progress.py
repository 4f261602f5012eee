"""One progress line for all jobs of a sweep."""

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tqdm import tqdm

from attnbench import record

POLL_S = 0.5
SHARE = 0.02  # of the time, at most, to look for records: a shared folder may be slow, and hold thousands of jobs


class Progress:
    """Watches for the records of jobs that run anywhere: in this process, in others, or on other machines.

    Args:
        paths: where each job will write its record.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.waiting = {path: stamp(path) for path in paths}
        self.failed = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.on_terminal = sys.stderr.isatty()
        self.bar = tqdm(
            total=len(paths),
            unit="job",
            dynamic_ncols=True,
            smoothing=0,
            mininterval=POLL_S if self.on_terminal else 60,
        )
        self.bar.set_postfix_str("0 failed")

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self.thread.join()
        self._look()
        self.bar.close()

    def _watch(self) -> None:
        pause_s = POLL_S
        while not self.stop.wait(pause_s):
            begun = time.perf_counter()
            self._look()
            pause_s = max(POLL_S, (time.perf_counter() - begun) / SHARE)

    def _look(self) -> None:
        """Counts the records that have been written since the start."""
        for path, before in list(self.waiting.items()):
            # A record of an earlier job in the same folder is moved away before the job writes its own.
            if stamp(path) not in (before, None):
                del self.waiting[path]
                found = record.find(path)
                self.failed += found is None or found.status != "finished"
                self.bar.set_postfix_str(f"{self.failed} failed", refresh=False)
                self.bar.update()
        if self.on_terminal:
            self.bar.refresh()


def stamp(path: Path) -> int | None:
    """When a file was last written; None if there is no such file."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
