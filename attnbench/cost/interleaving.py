"""Contenders measured in turns: all of them at each length, so that a machine that drifts drifts for all.

At a length, each contender is prepared: warm-up and peak. Then each is timed once in every round. Those whose times are
far apart get more rounds. Only one contender works at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import product
from typing import get_args

from attnbench.cost.measurement import Measurement, MeasurementPlan, Runner
from attnbench.cost.worker import Worker
from attnbench.record import Passes, Scaling, ScalingPoint

PASSES: tuple[Passes, ...] = get_args(Passes)
PATIENCE_S = 300.0  # for a first call, which may compile; a hundred of the longest calls are added


def worker(entry: MeasurementPlan) -> Worker:
    """The process in which a contender is measured."""
    return Worker(entry.setup, PATIENCE_S + 100 * entry.grid.max_seconds)


def measure_interleaved(
    entries: Sequence[MeasurementPlan],
    *,
    runner: Callable[[MeasurementPlan], AbstractContextManager[Runner]] = worker,
    seen: Callable[[float], object] = lambda left_s: None,
) -> list[Scaling]:
    """Time and memory of each contender, forward alone and forward with backward, at each of its lengths.

    Args:
        entries: the contenders and their lengths.
        runner: makes what runs a contender.
        seen: is called after each step with the seconds that are left, as far as they are known.
    """
    points: list[list[ScalingPoint]] = [[] for _ in entries]
    groups = list(product(sorted({n for entry in entries for n in entry.grid.lengths}), PASSES))
    with ExitStack() as stack:
        runners = [stack.enter_context(runner(entry)) for entry in entries]

        def cells(length: int, passes: Passes) -> dict[int, Measurement]:
            return {
                i: Measurement(
                    entry, runners[i], length, passes, [point for point in points[i] if point.passes == passes]
                )
                for i, entry in enumerate(entries)
                if length in entry.grid.lengths
            }

        for done, group in enumerate(groups, start=1):
            later_s = sum(cell.left_s() for other in groups[done:] for cell in cells(*other).values())
            now = cells(*group)
            _measure(list(now.values()), lambda left_s, later_s=later_s: seen(left_s + later_s))
            for i, cell in now.items():
                points[i].append(cell.point())
    return [_scaling(entry, found) for entry, found in zip(entries, points, strict=True)]


def _measure(cells: Sequence[Measurement], seen: Callable[[float], object]) -> None:
    for cell in cells:
        cell.prepare()
        seen(sum(each.left_s() for each in cells))
    while waiting := [cell for cell in cells if cell.needs_timing()]:
        for cell in waiting:
            cell.time_once()
            seen(sum(each.left_s() for each in cells))
    for cell in cells:
        cell.runner.release()


def _scaling(entry: MeasurementPlan, points: list[ScalingPoint]) -> Scaling:
    return Scaling(
        kernel=entry.attention.chosen_kernel().name if entry.attention else None,
        batch_size=entry.setup.batch_size,
        heads=entry.setup.heads,
        head_dim=entry.setup.head_dim,
        points=points,
        peak=None,
        session=None,
        baseline=None,
    )
