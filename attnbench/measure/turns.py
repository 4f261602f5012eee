"""Contenders measured in turns: at each length, all of them, so that a machine that drifts drifts for all.

At a length each is prepared: warmed up, and its peak found. Then they are timed, each once a round.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import get_args

from attnbench.measure.contenders import Layer
from attnbench.measure.scaling import exponent
from attnbench.measure.trial import Entry, Trial
from attnbench.record import Passes, Scaling, ScalingPoint

PASSES: tuple[Passes, ...] = get_args(Passes)
PREPARATION = 3  # calls before those that are timed
EVEN = 400  # the length at which an attention's fixed cost is about that of its n² part: for the progress only


def measure_in_turns(
    entries: Sequence[Entry], *, seen: Callable[[float], object] = lambda units: None
) -> list[Scaling]:
    """Time and memory of each contender, forward alone and forward with backward, at each of its lengths.

    Args:
        entries: those that take turns.
        seen: told how much of `work(entries)` is done, whenever some is.
    """
    with _little_garbage():
        found = _points(entries, seen)
    return [_scaling(entry, points) for entry, points in zip(entries, found, strict=True)]


def work(entries: Sequence[Entry]) -> float:
    """All there is to do, in units that take about the same time."""
    return sum(
        (PREPARATION + entry.grid.repetitions) * _units(length, passes)
        for entry in entries
        for length, passes in product(entry.grid.lengths, PASSES)
    )


def _points(entries: Sequence[Entry], seen: Callable[[float], object]) -> list[list[ScalingPoint]]:
    points: list[list[ScalingPoint]] = [[] for _ in entries]
    for length, passes in product(sorted({n for entry in entries for n in entry.grid.lengths}), PASSES):
        trials = {
            i: Trial(entry, length, passes, [point for point in points[i] if point.passes == passes])
            for i, entry in enumerate(entries)
            if length in entry.grid.lengths
        }
        units = _units(length, passes)
        for trial in trials.values():
            trial.prepare()
            seen(PREPARATION * units)
        for turn in range(max(entry.grid.repetitions for entry in entries)):
            for trial in trials.values():
                if turn < trial.entry.grid.repetitions:
                    trial.turn()
                    seen(units)
        for i, trial in trials.items():
            points[i].append(trial.point())
    return points


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Each peak is preceded by a garbage collection: it need not go through all that is there already."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _scaling(entry: Entry, points: list[ScalingPoint]) -> Scaling:
    measured = [point for point in points if point.passes == "forward+backward" and point.status == "measured"]
    return Scaling(
        kernel=entry.contender.attention.chosen_kernel().name if isinstance(entry.contender, Layer) else None,
        batch_size=entry.grid.batch_size,
        heads=entry.heads,
        head_dim=entry.head_dim,
        points=points,
        time_exponent=exponent({point.length: point.ms for point in measured if point.ms is not None}),
        memory_exponent=exponent({point.length: point.peak_mib for point in measured if point.peak_mib is not None}),
        session=None,
        baseline=None,
    )


def _units(length: int, passes: Passes) -> float:
    return (1 + (length / EVEN) ** 2) * (1 if passes == "forward" else 3)
