"""The cost against the length: its quantities, the signs for missing numbers, and the ratios to a baseline."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from attnbench.record import Passes, Record, ScalingPoint, Subject
from attnbench.report.statistics.repetitions import FEWEST


class Quantity(NamedTuple):
    """A field of the points of one kind of pass. `name` is that of its tables."""

    name: str
    title: str
    passes: Passes
    field: Literal["ms", "peak_mib"]


QUANTITIES: dict[Subject, tuple[Quantity, Quantity, Quantity]] = {
    "attention": (
        Quantity("forward_ms", "forward (ms)", "forward", "ms"),
        Quantity("ms", "forward + backward (ms)", "forward+backward", "ms"),
        Quantity("peak_mib", "peak memory (MiB)", "forward+backward", "peak_mib"),
    ),
    "model": (
        Quantity("forward_ms", "decoding a sentence (ms)", "forward", "ms"),
        Quantity("ms", "training step (ms)", "forward+backward", "ms"),
        Quantity("peak_mib", "peak of a step (MiB)", "forward+backward", "peak_mib"),
    ),
}


class Measured(NamedTuple):
    """What a cost is of: the attention alone or a whole model, on a device."""

    device: str
    of: Subject

    @property
    def name(self) -> str:
        """The end of the names of its tables and figures."""
        return self.device if self.of == "attention" else f"model_{self.device}"

    @property
    def title(self) -> str:
        return f"{'the attention alone' if self.of == 'attention' else 'the whole model'} on {self.device}"

    @property
    def both(self) -> str:
        """The same, of forward and backward together."""
        return f"{self.title}, forward and backward" if self.of == "attention" else f"a training step of {self.title}"


# The sign for a missing number, by status.
SIGNS = {"out_of_memory": "OOM", "over_budget": ">", "unsupported": "no", "failed": "failed"}
NOISY = "~"  # after a number whose quartiles stayed too far apart after all repetitions
LEGEND = "OOM: out of memory; >: over the budget; no: not supported."


class Ratio(NamedTuple):
    """Ratios of median times and of peaks; None if either is missing."""

    ms: float | None
    peak_mib: float | None


def few_repetitions(repetitions: Iterable[int]) -> str:
    """A sentence on measured times that were repeated too seldom to be called noisy or not; "" if there are none.

    Args:
        repetitions: of each time that was measured.
    """
    few = sum(count < FEWEST for count in repetitions)
    if not few:
        return ""
    times = "One time is" if few == 1 else f"{few:,} times are"
    return f"{times} of fewer than {FEWEST} repetitions: the noise is not known."


def baseline(record: Record, records: Sequence[Record]) -> Record | None:
    """The record to which the ratios of `record` are, of the same session and kind; None if it is not in `records`."""
    if record.scaling is None or record.scaling.baseline is None:
        return None
    wanted = record.scaling.baseline, record.scaling.session, record.scaling.of
    found = ((other, other.scaling) for other in records if other.scaling)
    return next((other for other, its in found if (other.key, its.session, its.of) == wanted), None)


def ratios(record: Record, records: Sequence[Record]) -> dict[tuple[int, Passes], Ratio]:
    """By length and passes, the ratios of a record's points to those of its baseline among `records`."""
    mine, reference = _points(record), _points(baseline(record, records))
    return {at: _ratio(point, reference[at]) for at, point in mine.items() if at in reference}


def _points(record: Record | None) -> dict[tuple[int, Passes], ScalingPoint]:
    if record is None or record.scaling is None:
        return {}
    return {(point.length, point.passes): point for point in record.scaling.points}


def _ratio(point: ScalingPoint, reference: ScalingPoint) -> Ratio:
    return Ratio(_quotient(point.ms, reference.ms), _quotient(point.peak_mib, reference.peak_mib))


def _quotient(value: float | None, unit: float | None) -> float | None:
    return value / unit if value is not None and unit else None
