"""Runs a contender, and measures the time and the peak memory of a call.

Only this module calls a contender. It turns each error of a contender into a `MeasurementError`. This error has the
status of the result.
"""

import ctypes
import gc
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from attnbench.cost.contenders import Contender
from attnbench.cost.memory import is_out_of_memory, peak_mib
from attnbench.cost.timing import calls_to_last, once_ms
from attnbench.errors import UserError, in_one_line
from attnbench.generator_seed import generator_seed
from attnbench.record import CostStatus, Passes

PREPARATION_CALLS = 3  # before the timed calls


class MeasurementError(Exception):
    """A measurement without numbers: the status, the reason, and the traceback if the contender failed."""

    def __init__(self, status: CostStatus, reason: str, trace: str | None = None) -> None:
        super().__init__(status, reason, trace)
        self.status: CostStatus = status
        self.reason, self.trace = reason, trace


class FirstCall(NamedTuple):
    """The result of the preparation, before the first timed call."""

    peak_mib: float
    ms: float  # of one call, approximately


@dataclass(frozen=True)
class ContenderSetup:
    """Everything that a process needs to run a contender. It can be pickled.

    Args:
        make: makes the contender. It is a module-level function with its arguments. What follows is of the data.
        batch_size: B of queries, keys and values `(B, H, n, D)`.
        heads: H.
        head_dim: D.
        device: of all tensors.
        dtype: of all tensors and parameters.
        seed: of queries, keys, values and parameters.
    """

    make: "partial[Contender | Workload]"
    batch_size: int
    heads: int
    head_dim: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    seed: int = 0


@runtime_checkable
class Workload(Protocol):
    """A contender that is no attention alone: it makes its own call for a length, and its own data."""

    def call(self, setup: ContenderSetup, length: int, passes: Passes, /) -> Callable[[], None]: ...


class Runner(Protocol):
    """Runs a contender: a `LocalRunner`, or a `Worker`, which has a `LocalRunner` in its own process."""

    def prepare(self, length: int, passes: Passes, /) -> FirstCall: ...
    def time_once(self) -> float: ...
    def release(self) -> None: ...


class LocalRunner:
    """Runs one contender at one length after another. Each length is prepared, timed as often as needed, and released.

    All methods except `release` may raise MeasurementError.
    """

    def __init__(self, setup: ContenderSetup) -> None:
        self.setup = setup
        self.contender: Contender | Workload | None = None
        self.call: Callable[[], None] = _do_nothing
        self.count = 1

    def prepare(self, length: int, passes: Passes) -> FirstCall:
        """Makes queries, keys and values of a length, warms up, and measures the peak memory.

        It also finds how many calls `time_once` makes in a row, so that they are long enough for the clock.
        """
        with _as_measurement_error():
            if self.contender is None:
                torch.manual_seed(generator_seed(self.setup.seed))
                self.contender = self.setup.make()
            self.call = _call(self.setup, self.contender, length, passes)
            once_ms(self.call, self.setup.device)
            peak = peak_mib(self.call, self.setup.device)
            ms = once_ms(self.call, self.setup.device)
            self.count = calls_to_last(ms)
            return FirstCall(peak, ms)

    def time_once(self) -> float:
        """Times the call once more, and returns its milliseconds.

        If the call is short or runs on a GPU, a warm-up call comes first: the threads may sleep, or other contenders
        may have used the GPU. On a GPU, the contender releases its cached memory afterwards.
        """
        device = self.setup.device
        with _as_measurement_error():
            if self.count > 1 or device.type == "cuda":
                self.call()
            ms = once_ms(self.call, device, self.count)
            if device.type == "cuda":
                torch.cuda.empty_cache()
            return ms

    def release(self) -> None:
        """Releases the memory of the current length."""
        self.call = _do_nothing
        gc.collect()
        if self.setup.device.type == "cuda":
            torch.cuda.empty_cache()
        elif sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
            libc.malloc_trim(0)


@contextmanager
def _as_measurement_error() -> Iterator[None]:
    try:
        yield
    except (NotImplementedError, UserError) as error:  # a UserError, for example if a table of positions is too short
        raise MeasurementError("unsupported", " ".join(str(error).split())) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise MeasurementError("out_of_memory", in_one_line(error)) from None
        raise MeasurementError("failed", in_one_line(error), traceback.format_exc()) from None


def _do_nothing() -> None:
    """Does nothing. It is the call while no length is prepared."""


def _call(setup: ContenderSetup, contender: Contender | Workload, length: int, passes: Passes) -> Callable[[], None]:
    """Returns the call to measure, on random queries, keys and values. It frees its gradients at its end."""
    if isinstance(contender, Workload):
        return contender.call(setup, length, passes)
    generator = torch.Generator().manual_seed(generator_seed(setup.seed))
    parameters: list[nn.Parameter] = []
    if isinstance(contender, nn.Module):
        parameters = list(contender.to(setup.device, setup.dtype).train().parameters())
    shape = (setup.batch_size, setup.heads, length, setup.head_dim)
    query, key, value, gradient = (
        torch.randn(shape, generator=generator).to(setup.device, setup.dtype) for _ in range(4)
    )

    def forward() -> None:
        with torch.no_grad():
            _attend(contender, query, key, value)

    def forward_and_backward() -> None:
        context = _attend(contender, query, key, value)
        if not context.requires_grad:
            raise NotImplementedError("the context has no gradient")
        context.backward(gradient)
        # The gradients are freed here, not before the next call. If the next call freed them, they would be missing
        # from its peak.
        for leaf in leaves:
            leaf.grad = None

    if passes == "forward":
        return forward
    leaves = [query.requires_grad_(), key.requires_grad_(), value.requires_grad_(), *parameters]
    return forward_and_backward


def _attend(contender: Contender, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    context = contender(query, key, value)
    if context.shape != query.shape:
        raise ValueError(f"the context has shape {tuple(context.shape)}; the queries have {tuple(query.shape)}")
    return context
