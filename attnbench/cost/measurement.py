"""One measurement: one contender at one length, in one kind of pass; its numbers, or why there are none."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnbench.attention import Attention
from attnbench.cost.operations import Operations, operations
from attnbench.cost.runner import PREPARATION, ContenderSetup, MeasurementError, Runner
from attnbench.cost.scaling import ScalingSettings, predicted
from attnbench.cost.timing import MIN_MS, spread, summary
from attnbench.record import CostStatus, Passes, ScalingPoint

log = logging.getLogger(__name__)

PERSISTENCE = 3  # at most this many times the repetitions, if the spread is too wide


@dataclass(frozen=True)
class MeasurementPlan:
    """A contender, and the lengths at which it is measured. `attention` is its layer, if it is our own."""

    setup: ContenderSetup
    grid: ScalingSettings
    attention: Attention | None = None


class Measurement:
    """A measurement that is made step by step, in turns with others.

    If a length failed, longer lengths are not tried: they get the same status.

    Args:
        entry: the contender.
        runner: runs it.
        length: number of queries, and of keys.
        passes: what a call does.
        before: the points of shorter lengths.
    """

    def __init__(
        self, entry: MeasurementPlan, runner: Runner, length: int, passes: Passes, before: Sequence[ScalingPoint]
    ) -> None:
        self.entry, self.runner, self.length = entry, runner, length
        self.passes: Passes = passes
        self.status: CostStatus = "measured"
        self.error: str | None = None
        self.peak: float | None = None
        self.samples: list[float] = []
        # The first quartile is used: slower calls show what else the machine did.
        self.predicted_ms = predicted({point.length: point.ms_q1 for point in before if point.ms_q1}, length)
        self.predicted_mib = predicted({point.length: point.peak_mib for point in before if point.peak_mib}, length)
        if before and before[-1].status not in ("measured", "over_budget"):
            self.status, self.error = before[-1].status, before[-1].error
        elif self.predicted_ms > entry.grid.max_seconds * 1000 or self.predicted_mib > entry.grid.max_mib:
            self.status = "over_budget"
        self.ms = self.predicted_ms

    def prepare(self) -> None:
        """Warms up, and finds the peak."""
        self._attempt(self._prepare)

    def needs_timing(self) -> bool:
        """Whether it needs another time: it has fewer than the repetitions, or it is noisy and has not been repeated
        enough.
        """
        if self.status != "measured":
            return False
        wanted = self.entry.grid.repetitions
        return len(self.samples) < (PERSISTENCE * wanted if self.noisy else wanted)

    def time_once(self) -> None:
        """Takes the time once."""
        self._attempt(lambda: self.samples.append(self.runner.time_once()))

    @property
    def noisy(self) -> bool:
        """Whether the quartiles are too far apart."""
        return len(self.samples) > 1 and spread(summary(self.samples)) > self.entry.grid.max_spread

    def left_s(self) -> float:
        """About how many seconds the remaining steps take, without repetitions for noise."""
        if self.status != "measured":
            return 0.0
        steps = max(0, self.entry.grid.repetitions - len(self.samples)) + (PREPARATION if self.peak is None else 0)
        return steps * max(self.ms, MIN_MS) / 1000

    def point(self) -> ScalingPoint:
        """The result."""
        measured, over_budget = self.status == "measured", self.status == "over_budget"
        timing, takes = summary(self.samples) if measured else None, self._operations()
        return ScalingPoint(
            length=self.length,
            passes=self.passes,
            status=self.status,
            ms=timing.median if timing else None,
            ms_q1=timing.q1 if timing else None,
            ms_q3=timing.q3 if timing else None,
            peak_mib=self.peak if measured else None,
            error=self.error,
            repetitions=timing.repetitions if timing else 0,
            noisy=measured and self.noisy,
            predicted_ms=self.predicted_ms if over_budget else None,
            predicted_mib=self.predicted_mib if over_budget else None,
            flops=takes.flops if takes else None,
            bytes=takes.bytes if takes else None,
        )

    def _operations(self) -> Operations | None:
        """The operations of a call; None for a contender that is not ours."""
        setup, attention = self.entry.setup, self.entry.attention
        if attention is None:
            return None
        shape = {"batch": setup.batch_size, "length": self.length, "head_dim": setup.head_dim}
        return operations(attention, **shape, dtype=setup.dtype, device=setup.device, passes=self.passes)

    def _prepare(self) -> None:
        self.peak, self.ms = self.runner.prepare(self.length, self.passes)

    def _attempt(self, step: Callable[[], None]) -> None:
        if self.status != "measured":
            return
        try:
            step()
        except MeasurementError as error:
            self.status, self.error = error.status, error.reason
            self.runner.release()
            if error.status == "failed":
                log.error("%s over %d positions failed: %s", self.passes, self.length, error.trace or error.reason)
