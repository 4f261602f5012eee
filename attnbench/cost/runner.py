"""A contender in its own process: the time of a call, and the memory that it holds.

Only this module calls a contender. Any error of a contender becomes a `MeasurementError`, which says what kind of
result it is.
"""

import ctypes
import gc
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from attnbench.cost.contenders import Contender
from attnbench.cost.memory import is_out_of_memory, peak_mib
from attnbench.cost.timing import calls_to_last, once_ms
from attnbench.errors import UserError, in_one_line
from attnbench.record import CostStatus, Passes

PREPARATION = 3  # calls before those that are timed


class MeasurementError(Exception):
    """There is no number: the status, the reason, and the traceback if it is worth a look."""

    def __init__(self, status: CostStatus, reason: str, trace: str | None = None) -> None:
        super().__init__(status, reason, trace)
        self.status: CostStatus = status
        self.reason, self.trace = reason, trace


class FirstCall(NamedTuple):
    """What is known before the first timed call."""

    peak_mib: float
    ms: float  # of one call, roughly


@dataclass(frozen=True)
class ContenderSetup:
    """What a process needs to run a contender. It can be pickled.

    Args:
        make: makes the contender; a function of a module with its arguments.
        batch_size: B of queries, keys and values `(B, H, n, D)`.
        heads: H.
        head_dim: D.
        device: of all tensors.
        dtype: of all tensors and parameters.
        seed: of queries, keys, values and parameters.
    """

    make: partial[Contender]
    batch_size: int
    heads: int
    head_dim: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    seed: int = 0


class Runner(Protocol):
    """What runs a contender: a `LocalRunner`, or a `Worker` that has one in its process."""

    def prepare(self, length: int, passes: Passes, /) -> FirstCall: ...
    def time_once(self) -> float: ...
    def release(self) -> None: ...


class LocalRunner:
    """One contender, at one length after another. Each length is prepared, timed as often as needed, and released.

    Every method but `release` may raise MeasurementError.
    """

    def __init__(self, setup: ContenderSetup) -> None:
        self.setup = setup
        self.contender: Contender | None = None
        self.call: Callable[[], None] = _nothing
        self.count = 1

    def prepare(self, length: int, passes: Passes) -> FirstCall:
        """Makes queries, keys and values of a length, warms up, finds the peak, and how many calls the clock needs."""
        with _as_trial_error():
            if self.contender is None:
                torch.manual_seed(self.setup.seed)
                self.contender = self.setup.make()
            self.call = _call(self.setup, self.contender, length, passes)
            once_ms(self.call, self.setup.device)
            peak = peak_mib(self.call, self.setup.device)
            ms = once_ms(self.call, self.setup.device)
            self.count = calls_to_last(ms)
            return FirstCall(peak, ms)

    def time_once(self) -> float:
        """Milliseconds for a call, once more.

        What has waited for its turn is woken up first, if that would show: threads that sleep, or a GPU that others
        have used. On a GPU, each contender gives its memory back afterwards.
        """
        device = self.setup.device
        with _as_trial_error():
            if self.count > 1 or device.type == "cuda":
                self.call()
            ms = once_ms(self.call, device, self.count)
            if device.type == "cuda":
                torch.cuda.empty_cache()
            return ms

    def release(self) -> None:
        """Gives back the memory of the present length."""
        self.call = _nothing
        gc.collect()
        if self.setup.device.type == "cuda":
            torch.cuda.empty_cache()
        elif sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
            libc.malloc_trim(0)


@contextmanager
def _as_trial_error() -> Iterator[None]:
    try:
        yield
    except (NotImplementedError, UserError) as error:  # UserError: for example, a table of positions is too short
        raise MeasurementError("unsupported", " ".join(str(error).split())) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise MeasurementError("out_of_memory", in_one_line(error)) from None
        raise MeasurementError("failed", in_one_line(error), traceback.format_exc()) from None


def _nothing() -> None:
    """The call at no length."""


def _call(setup: ContenderSetup, contender: Contender, length: int, passes: Passes) -> Callable[[], None]:
    """The call that is measured, on random queries, keys and values. No gradient outlives it."""
    generator = torch.Generator().manual_seed(setup.seed)
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
            raise NotImplementedError("its context has no gradient")
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
        raise ValueError(f"its context is {tuple(context.shape)}; queries, keys and values are {tuple(query.shape)}")
    return context
