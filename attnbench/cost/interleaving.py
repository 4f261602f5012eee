"""Measures contenders in turns. If the machine gets slower or faster over time, this affects all contenders.

All contenders are measured at one length before the next length. First, each contender is prepared: it warms up, and
its peak memory is measured. Then the contenders are timed in rounds, each once in every round. A contender whose times
differ too much gets more rounds. Only one contender works at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import product
from typing import get_args

from attnbench.cost.measurement import Measurement, MeasurementPlan, Runner
from attnbench.cost.worker import Worker
from attnbench.record import Passes, Scaling, ScalingPoint

PASSES: tuple[Passes, ...] = get_args(Passes)
# The time limit of a request, in seconds: a first call may compile. 100 times the longest allowed call is added.
FIRST_CALL_S = 300.0


def worker(plan: MeasurementPlan) -> Worker:
    """Makes the process in which a contender is measured."""
    return Worker(plan.setup, FIRST_CALL_S + 100 * plan.grid.max_seconds)


def measure_interleaved(
    plans: Sequence[MeasurementPlan],
    *,
    runner: Callable[[MeasurementPlan], AbstractContextManager[Runner]] = worker,
    seen: Callable[[float], object] = lambda remaining_s: None,
) -> list[Scaling]:
    """Measures time and memory of each contender at each of its lengths: forward alone, and forward with backward.

    Args:
        plans: the contenders and their lengths.
        runner: makes the runner of a contender.
        seen: is called after each step. Its argument is the estimate of the remaining seconds.
    """
    points: list[list[ScalingPoint]] = [[] for _ in plans]
    groups = list(product(sorted({n for plan in plans for n in plan.grid.lengths}), PASSES))
    with ExitStack() as stack:
        runners = [stack.enter_context(runner(plan)) for plan in plans]

        def measurements(length: int, passes: Passes) -> dict[int, Measurement]:
            return {
                i: Measurement(
                    plan, runners[i], length, passes, [point for point in points[i] if point.passes == passes]
                )
                for i, plan in enumerate(plans)
                if length in plan.grid.lengths
            }

        for done, group in enumerate(groups, start=1):
            later_s = sum(later.remaining_s() for other in groups[done:] for later in measurements(*other).values())
            current = measurements(*group)
            _measure(list(current.values()), lambda remaining_s, later_s=later_s: seen(remaining_s + later_s))
            for i, measurement in current.items():
                points[i].append(measurement.point())
    return [_scaling(plan, plan_points) for plan, plan_points in zip(plans, points, strict=True)]


def _measure(measurements: Sequence[Measurement], seen: Callable[[float], object]) -> None:
    for measurement in measurements:
        measurement.prepare()
        seen(sum(other.remaining_s() for other in measurements))
    while waiting := [measurement for measurement in measurements if measurement.needs_timing()]:
        for measurement in waiting:
            measurement.time_once()
            seen(sum(other.remaining_s() for other in measurements))
    for measurement in measurements:
        measurement.runner.release()


def _scaling(plan: MeasurementPlan, points: list[ScalingPoint]) -> Scaling:
    return Scaling(
        kernel=plan.attention.chosen_kernel().name if plan.attention else None,
        batch_size=plan.setup.batch_size,
        heads=plan.setup.heads,
        head_dim=plan.setup.head_dim,
        points=points,
        peak=None,
        session=None,
        baseline=None,
        of=plan.of,
    )
