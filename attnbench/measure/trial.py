"""One contender at one length: how long a call takes and what it holds, or why there is no number.

Nothing else calls a contender. Whatever one raises ends its trial, and is kept as a status.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attnbench.errors import in_one_line
from attnbench.measure.contenders import Contender
from attnbench.measure.memory import is_out_of_memory, peak_mib
from attnbench.measure.scaling import Lengths, predicted
from attnbench.measure.timing import calls_to_last, once_ms, summary
from attnbench.record import CostStatus, Passes, ScalingPoint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """A contender, and what is measured of it."""

    contender: Contender
    heads: int
    head_dim: int
    grid: Lengths
    device: torch.device
    dtype: torch.dtype = torch.float32
    seed: int = 0  # of queries, keys and values


class Trial:
    """One contender at one length, in one kind of pass.

    What a length could not, no longer one is asked for: it has the same status.

    Args:
        entry: the contender.
        length: queries, and as many keys.
        passes: what a call is.
        before: the points of shorter lengths.
    """

    def __init__(self, entry: Entry, length: int, passes: Passes, before: Sequence[ScalingPoint]) -> None:
        self.entry, self.length = entry, length
        self.passes: Passes = passes
        self.status: CostStatus
        self.status, self.error = _outlook(before, length, entry.grid)
        self.call: Callable[[], None] | None = None
        self.count = 1
        self.peak: float | None = None
        self.samples: list[float] = []

    def prepare(self) -> None:
        """Warms up, finds the peak, and how many calls the clock needs."""
        self._attempt(self._prepare)

    def turn(self) -> None:
        """Takes the time once."""
        self._attempt(lambda: self.samples.append(self._once_ms(self.count)))

    def point(self) -> ScalingPoint:
        """What was found."""
        if self.status != "measured":
            return ScalingPoint(self.length, self.passes, self.status, None, None, None, None, self.error)
        timing = summary(self.samples)
        numbers = timing.median, timing.q1, timing.q3, self.peak
        return ScalingPoint(self.length, self.passes, self.status, *numbers, None)

    def _prepare(self) -> None:
        self.call = _call(self.entry, self.length, self.passes)
        self._once_ms()
        self.peak = peak_mib(self.call, self.entry.device)
        self.count = calls_to_last(self._once_ms())

    def _once_ms(self, count: int = 1) -> float:
        assert self.call is not None
        return once_ms(self.call, self.entry.device, count)

    def _attempt(self, step: Callable[[], None]) -> None:
        if self.status != "measured":
            return
        try:
            step()
        except NotImplementedError as error:
            self.status, self.error, self.call = "unsupported", " ".join(str(error).split()), None
        except Exception as error:
            if not is_out_of_memory(error):
                log.exception("%s over %d positions failed", self.passes, self.length)
            self.status = "out_of_memory" if is_out_of_memory(error) else "failed"
            self.error, self.call = in_one_line(error), None


def _outlook(before: Sequence[ScalingPoint], length: int, grid: Lengths) -> tuple[CostStatus, str | None]:
    """The status that a longer length starts with, and why: "measured" until it turns out otherwise."""
    if before and before[-1].status != "measured":
        return before[-1].status, before[-1].error
    # The quicker calls tell what it takes; the slower ones, what else the machine did.
    seconds = predicted({point.length: point.ms_q1 / 1000 for point in before if point.ms_q1 is not None}, length)
    mib = predicted({point.length: point.peak_mib for point in before if point.peak_mib is not None}, length)
    return "over_budget" if seconds > grid.max_seconds or mib > grid.max_mib else "measured", None


def _call(entry: Entry, length: int, passes: Passes) -> Callable[[], None]:
    """What is measured, on random queries, keys and values; no gradient outlives it."""
    contender, generator = entry.contender, torch.Generator().manual_seed(entry.seed)
    parameters: list[nn.Parameter] = []
    if isinstance(contender, nn.Module):
        parameters = list(contender.to(entry.device, entry.dtype).train().parameters())
    shape = (entry.grid.batch_size, entry.heads, length, entry.head_dim)
    query, key, value, gradient = (
        torch.randn(shape, generator=generator).to(entry.device, entry.dtype) for _ in range(4)
    )

    def forward() -> None:
        with torch.no_grad():
            _attend(contender, query, key, value)

    def forward_and_backward() -> None:
        context = _attend(contender, query, key, value)
        if not context.requires_grad:
            raise NotImplementedError("its context has no gradient")
        context.backward(gradient)
        # Let go here, not before the next call: what that one frees first would be missing from its peak.
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
