"""A process for each contender, so that what ends the process ends no more than that contender at that length.

The system kills a process when memory runs out; a kernel that is wrong dies by a signal, or never returns. Here that is
a `MeasurementError`, and the next length, if one is asked for, finds a new process. All are forked, within milliseconds, from
a server that has imported what they need. They work when asked and sleep otherwise.
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

# On Linux: which process to kill first when memory runs out, from -1000 to 1000. Never the one that keeps the results.
FIRST, SECOND = 1000, 500
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
PROFILED = "torch._inductor"  # which takes seconds, and torch's profiler, hence each peak, imports
WAITING = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}  # about a millisecond, as GNU's and LLVM's have it
GRACE_S = 10.0  # for a process to be gone, once it has closed its end


class Worker:
    """A `LocalRunner` in a process of its own, started when first asked for something, and again if it has died.

    Args:
        setup: the contender.
        patience_s: without an answer, after which the process is ended.
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
        """See `LocalRunner.release`; what has died needs none."""
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
        with _default(context), _resting():
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
        """What the process died of."""
        self.process.join(GRACE_S)
        code = self.process.exitcode
        self.end()
        if code == -getattr(signal, "SIGKILL", 9):
            return MeasurementError("out_of_memory", "killed by the system, most likely for memory")
        if code is not None and code < 0:
            return MeasurementError("failed", f"its process was ended by {signal.Signals(-code).name}")
        return MeasurementError("failed", f"its process ended by itself, with status {code}")


def _context(setup: ContenderSetup) -> BaseContext:
    # The system libraries of a Mac, which torch uses, do not survive a fork.
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, PROFILED, setup.make.func.__module__])
    return context


@contextmanager
def _default(context: BaseContext) -> Iterator[None]:
    """A process is told its parent's default way of starting others, and in a worker of joblib knows no such way."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(context.get_start_method(), force=True)
    try:
        yield
    finally:
        multiprocessing.set_start_method(before, force=True)


@contextmanager
def _resting() -> Iterator[None]:
    """Has the threads of the processes that are started soon sleep when they wait, unless the user has said otherwise.

    OpenMP's wait awake for up to 20 ms, and would take their cores from the contender that is next: on two cores that
    made its calls up to twice as long. Not at once either: threads that must be woken for each operation made calls of
    10 ms take now 7, now 13.
    """
    told = {name: value for name, value in WAITING.items() if name not in os.environ}
    os.environ.update(told)
    try:
        yield
    finally:
        for name in told:
            del os.environ[name]


def _serve(setup: ContenderSetup, connection: Connection, threads: int) -> None:
    """The process: does what it is asked, until it is killed or whoever asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for whoever asks
    if "fork" in multiprocessing.get_all_start_methods():
        # So made, numba's semaphores have no name, which a process that is killed would leave behind.
        multiprocessing.set_start_method("fork", force=True)
    _settle_allocator()
    torch.set_num_threads(threads)
    gc.collect()
    gc.freeze()  # each peak is preceded by a garbage collection: it need not go through all that was imported
    trial = LocalRunner(setup)
    with suppress(EOFError, OSError):
        while True:
            _offer(SECOND)
            step, arguments = connection.recv()
            _offer(FIRST)
            try:
                answer = getattr(trial, step)(*arguments)
            except MeasurementError as error:
                answer = error
            connection.send(answer)


def _settle_allocator() -> None:
    """Fixes what glibc would find in the course of time: which blocks it asks the system for, and when it gives back.

    It starts with small blocks and learns from those it frees, up to these sizes. What a call takes could depend on
    the calls before, by a factor of two.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 32 * MIB)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * MIB)


def _offer(place: int) -> None:
    """This process to the system, if memory runs out."""
    with suppress(OSError):
        Path(f"/proc/{os.getpid()}/oom_score_adj").write_text(str(place))
