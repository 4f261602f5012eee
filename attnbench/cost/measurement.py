"""One measurement: one contender, one length, one kind of pass. The result has numbers, or why there are none."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnbench.attention import Attention
from attnbench.cost.operations import Operations, operations
from attnbench.cost.runner import PREPARATION_CALLS, ContenderSetup, MeasurementError, Runner
from attnbench.cost.scaling import ScalingSettings, predicted
from attnbench.cost.timing import MIN_MS, spread, summary
from attnbench.record import CostStatus, Passes, ScalingPoint, Subject

log = logging.getLogger(__name__)

MAX_NOISE_FACTOR = 3  # if the spread is too wide, at most this many times the repetitions are made


@dataclass(frozen=True)
class MeasurementPlan:
    """A contender and its lengths. `attention` is the attention layer if the contender is our own; otherwise None.

    `of` says what the contender is: an attention alone, or a whole model.
    """

    setup: ContenderSetup
    grid: ScalingSettings
    attention: Attention | None = None
    of: Subject = "attention"


class Measurement:
    """A measurement in steps, so that several measurements can take turns.

    If a length failed, longer lengths are not tried: they get the same status.

    Args:
        plan: the contender.
        runner: runs the contender.
        length: number of queries, and of keys.
        passes: the passes of a call: forward alone, or forward and backward.
        shorter: the results at the shorter lengths.
    """

    def __init__(
        self, plan: MeasurementPlan, runner: Runner, length: int, passes: Passes, shorter: Sequence[ScalingPoint]
    ) -> None:
        self.plan, self.runner, self.length = plan, runner, length
        self.passes: Passes = passes
        self.status: CostStatus = "measured"
        self.error: str | None = None
        self.peak: float | None = None
        self.samples: list[float] = []
        # The prediction uses the first quartile, because slower calls include other work of the machine.
        self.predicted_ms = predicted({point.length: point.ms_q1 for point in shorter if point.ms_q1}, length)
        self.predicted_mib = predicted({point.length: point.peak_mib for point in shorter if point.peak_mib}, length)
        if shorter and shorter[-1].status not in ("measured", "over_budget"):
            self.status, self.error = shorter[-1].status, shorter[-1].error
        elif self.predicted_ms > plan.grid.max_seconds * 1000 or self.predicted_mib > plan.grid.max_mib:
            self.status = "over_budget"
        self.ms = self.predicted_ms

    def prepare(self) -> None:
        """Warms up, and measures the peak memory."""
        self._attempt(self._prepare)

    def needs_timing(self) -> bool:
        """Whether another repetition is needed.

        A measurement needs `repetitions` of them. A noisy one needs more, up to `MAX_NOISE_FACTOR` times as many.
        """
        if self.status != "measured":
            return False
        wanted = self.plan.grid.repetitions
        return len(self.samples) < (MAX_NOISE_FACTOR * wanted if self.noisy else wanted)

    def time_once(self) -> None:
        """Times the contender once."""
        self._attempt(lambda: self.samples.append(self.runner.time_once()))

    @property
    def noisy(self) -> bool:
        """Whether the distance between the quartiles is too large."""
        return len(self.samples) > 1 and spread(summary(self.samples)) > self.plan.grid.max_spread

    def remaining_s(self) -> float:
        """Estimates the seconds of the remaining steps, without additional repetitions for noise."""
        if self.status != "measured":
            return 0.0
        steps = max(0, self.plan.grid.repetitions - len(self.samples)) + (PREPARATION_CALLS if self.peak is None else 0)
        return steps * max(self.ms, MIN_MS) / 1000

    def point(self) -> ScalingPoint:
        """Returns the result."""
        measured, over_budget = self.status == "measured", self.status == "over_budget"
        timing, cost = summary(self.samples) if measured else None, self._operations()
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
            flops=cost.flops if cost else None,
            bytes=cost.bytes if cost else None,
        )

    def _operations(self) -> Operations | None:
        """Returns the operations of a call; None if the contender is not our own."""
        setup, attention = self.plan.setup, self.plan.attention
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
                log.error("%s at length %d failed: %s", self.passes, self.length, error.reason)
                log.info("%s", error.trace)
