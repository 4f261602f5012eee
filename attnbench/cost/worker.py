"""A process for each contender, so that the end of a process loses only that contender at that length.

The system kills a process if memory runs out. A wrong kernel may end by a signal, or never return. Each of these
becomes a `MeasurementError`, and the next length gets a new process. All processes are forked, within milliseconds,
from a server that has imported what they need. A process works when it is asked, and sleeps otherwise.
"""

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from attnbench.cost.memory import MIB
from attnbench.cost.runner import ContenderSetup, FirstCall, LocalRunner, MeasurementError
from attnbench.record import Passes

# On Linux: which process to kill first if memory runs out, from -1000 to 1000. Never the one that keeps the results.
KILL_FIRST, KILL_SECOND = 1000, 500
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
PROFILER_IMPORTS = "torch._inductor"  # torch's profiler, and so each peak, imports it, which takes seconds
# About a millisecond, in the units of GNU's and LLVM's libraries.
SPIN_SETTINGS = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
GRACE_S = 10.0  # for a process to end, after it has closed its end of the connection


class Worker:
    """A `LocalRunner` in its own process. The process starts at the first request, and again if it has died.

    Args:
        setup: the contender.
        patience_s: the process is ended if it does not answer within this time.
    """

    def __init__(self, setup: ContenderSetup, patience_s: float) -> None:
        self.setup, self.patience_s = setup, patience_s
        self.connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def prepare(self, length: int, passes: Passes) -> FirstCall:
        """See `LocalRunner.prepare`."""
        if self.connection is None:
            self._start()
        return self._ask("prepare", length, passes)

    def time_once(self) -> float:
        """See `LocalRunner.time_once`."""
        return self._ask("time_once")

    def release(self) -> None:
        """See `LocalRunner.release`. A process that has died needs none."""
        if self.connection is not None:
            with suppress(MeasurementError):
                self._ask("release")

    def end(self) -> None:
        """Ends the process, whatever it does."""
        if self.connection is not None:
            self.process.kill()
            self.process.join(GRACE_S)
            self.connection.close()
            self.connection = None

    def _start(self) -> None:
        context = _context(self.setup)
        self.connection, theirs = context.Pipe()
        arguments = self.setup, theirs, torch.get_num_threads()
        self.process = context.Process(target=_serve, args=arguments, daemon=True)  # pyright: ignore
        with _default_start_method(context), _short_spinning():
            self.process.start()
        theirs.close()

    def _ask(self, step: str, *arguments: Any) -> Any:
        assert self.connection is not None
        try:
            self.connection.send((step, arguments))
            if not self.connection.poll(self.patience_s):
                self.end()
                raise MeasurementError("failed", f"no answer within {self.patience_s:.0f} s")
            answer = self.connection.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if isinstance(answer, MeasurementError):
            raise answer
        return answer

    def _died(self) -> MeasurementError:
        """The reason why the process died."""
        self.process.join(GRACE_S)
        code = self.process.exitcode
        self.end()
        if code == -getattr(signal, "SIGKILL", 9):
            return MeasurementError("out_of_memory", "killed by the system, most likely for memory")
        if code is not None and code < 0:
            return MeasurementError("failed", f"its process was ended by {signal.Signals(-code).name}")
        return MeasurementError("failed", f"its process ended by itself, with status {code}")


def _context(setup: ContenderSetup) -> BaseContext:
    # torch uses system libraries of a Mac that do not survive a fork.
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, PROFILER_IMPORTS, setup.make.func.__module__])
    return context


@contextmanager
def _default_start_method(context: BaseContext) -> Iterator[None]:
    """Sets the default way to start processes. A process inherits its parent's, and a worker of joblib has an unknown
    one.
    """
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(context.get_start_method(), force=True)
    try:
        yield
    finally:
        multiprocessing.set_start_method(before, force=True)


@contextmanager
def _short_spinning() -> Iterator[None]:
    """A context in which processes are started whose waiting threads soon sleep, unless the user has set this
    otherwise.

    OpenMP's threads wait awake for up to 20 ms, and would take cores from the next contender: on two cores, its calls
    took up to twice as long. They should not sleep at once either: threads that had to be woken for each operation made
    calls of 10 ms take 7 ms or 13 ms, unpredictably.
    """
    told = {name: value for name, value in SPIN_SETTINGS.items() if name not in os.environ}
    os.environ.update(told)
    try:
        yield
    finally:
        for name in told:
            del os.environ[name]


def _serve(setup: ContenderSetup, connection: Connection, threads: int) -> None:
    """The main function of the process: it answers requests until it is killed, or until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is handled by the parent
    if "fork" in multiprocessing.get_all_start_methods():
        # With fork, numba's semaphores have no name. A killed process would leave named ones behind.
        multiprocessing.set_start_method("fork", force=True)
    _settle_allocator()
    torch.set_num_threads(threads)
    gc.collect()
    gc.freeze()  # a garbage collection before each peak then need not visit everything that was imported
    trial = LocalRunner(setup)
    with suppress(EOFError, OSError):
        while True:
            _set_kill_priority(KILL_SECOND)
            step, arguments = connection.recv()
            _set_kill_priority(KILL_FIRST)
            try:
                answer = getattr(trial, step)(*arguments)
            except MeasurementError as error:
                answer = error
            connection.send(answer)


def _settle_allocator() -> None:
    """Fixes two thresholds of glibc: which blocks it requests from the system, and when it gives memory back.

    By default glibc adapts them to the blocks that are freed, up to these sizes. The time of a call could then depend
    on earlier calls, by a factor of two.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 32 * MIB)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * MIB)


def _set_kill_priority(place: int) -> None:
    """Tells the system how early to kill this process if memory runs out."""
    with suppress(OSError):
        Path(f"/proc/{os.getpid()}/oom_score_adj").write_text(str(place))
