"""Runs each contender in its own process. If a process dies, only the result of its contender at this length is lost.

The system kills a process if memory runs out. A faulty kernel may end its process by a signal, or may never return.
Each of these cases becomes a `MeasurementError`, and the next length gets a new process. All processes are forked from
a server that has imported the modules that they need, so that they start within milliseconds. A process works only on
a request, and sleeps otherwise.
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

# On Linux, if memory runs out, a process with a larger number (from -1000 to 1000) is killed earlier. The process that
# keeps the results must not be killed first.
WORKING_PRIORITY, WAITING_PRIORITY = 1000, 500
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # constants of glibc's malloc.h
# The profiler of PyTorch imports this module, which takes seconds. Each measurement of the peak uses the profiler.
PROFILER_IMPORTS = "torch._inductor"
JOIN_S = 10.0  # the longest wait for the end of a process that was killed or has closed its connection


class Worker:
    """Runs a `LocalRunner` in its own process. The process starts at the first request, and again after it has died.

    Args:
        setup: the contender.
        timeout_s: the process is killed if it does not answer within this time.
    """

    def __init__(self, setup: ContenderSetup, timeout_s: float) -> None:
        self.setup, self.timeout_s = setup, timeout_s
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
        """See `LocalRunner.release`. It does nothing if the process has died."""
        if self.connection is not None:
            with suppress(MeasurementError):
                self._ask("release")

    def end(self) -> None:
        """Kills the process, even during a call."""
        if self.connection is not None:
            self.process.kill()
            self.process.join(JOIN_S)
            self.connection.close()
            self.connection = None

    def _start(self) -> None:
        context = _context(self.setup)
        self.connection, worker_connection = context.Pipe()
        arguments = self.setup, worker_connection, torch.get_num_threads()
        self.process = context.Process(target=_serve, args=arguments, daemon=True)  # pyright: ignore
        with _default_start_method(context):
            self.process.start()
        worker_connection.close()

    def _ask(self, step: str, *arguments: Any) -> Any:
        assert self.connection is not None
        try:
            self.connection.send((step, arguments))
            if not self.connection.poll(self.timeout_s):
                self.end()
                raise MeasurementError("failed", f"no answer within {self.timeout_s:.0f} s")
            answer = self.connection.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if isinstance(answer, MeasurementError):
            raise answer
        return answer

    def _died(self) -> MeasurementError:
        """Returns the reason why the process died."""
        self.process.join(JOIN_S)
        code = self.process.exitcode
        self.end()
        if code == -getattr(signal, "SIGKILL", 9):
            return MeasurementError("out_of_memory", "killed by the system, probably because it was out of memory")
        if code is not None and code < 0:
            return MeasurementError("failed", f"the process was ended by {signal.Signals(-code).name}")
        return MeasurementError("failed", f"the process ended with exit status {code}")


def _context(setup: ContenderSetup) -> BaseContext:
    # On a Mac, PyTorch uses system libraries that do not work after a fork.
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, PROFILER_IMPORTS, setup.make.func.__module__])
    return context


@contextmanager
def _default_start_method(context: BaseContext) -> Iterator[None]:
    """Sets the default start method of processes in this context.

    A new process inherits the start method of its parent. In a worker of joblib, this is a method that the new process
    does not know.
    """
    previous = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(context.get_start_method(), force=True)
    try:
        yield
    finally:
        multiprocessing.set_start_method(previous, force=True)


def _serve(setup: ContenderSetup, connection: Connection, threads: int) -> None:
    """The main function of the process. It answers requests until it is killed or the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    if "fork" in multiprocessing.get_all_start_methods():
        # With fork, the semaphores of numba have no name. A killed process would leave named semaphores behind.
        multiprocessing.set_start_method("fork", force=True)
    _fix_allocator_thresholds()
    torch.set_num_threads(threads)
    gc.collect()
    gc.freeze()  # so that the garbage collection before each peak does not visit all imported objects
    runner = LocalRunner(setup)
    with suppress(EOFError, OSError):
        while True:
            _set_kill_priority(WAITING_PRIORITY)
            step, arguments = connection.recv()
            _set_kill_priority(WORKING_PRIORITY)
            try:
                answer = getattr(runner, step)(*arguments)
            except MeasurementError as error:
                answer = error
            connection.send(answer)


def _fix_allocator_thresholds() -> None:
    """Fixes two thresholds of glibc: which blocks it requests from the system, and when it gives memory back.

    By default, glibc adapts these thresholds to the blocks that are freed, up to the values used here. Then the time of
    a call could depend on earlier calls, by a factor of two.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 32 * MIB)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * MIB)


def _set_kill_priority(priority: int) -> None:
    """Sets how early the system kills this process if memory runs out: a larger number is earlier."""
    with suppress(OSError):
        Path(f"/proc/{os.getpid()}/oom_score_adj").write_text(str(priority))
