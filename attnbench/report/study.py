"""The tidy frames: records as tables with one observation a row, named by mechanism and condition."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import pandas as pd

from attnbench.record import HistoryPoint, LengthBin, Record, ScalingPoint, StepCost
from attnbench.report import mechanisms
from attnbench.report.costs import Ratio, baseline, ratios
from attnbench.report.frames import where
from attnbench.report.styles import Encoding, encode

Row = dict[str, Any]
KEY = ("job", "mechanism", "condition", "device", "seed", "attention")


@dataclass(frozen=True)
class Study:
    """Records with their names; `mechanism[i]` and `condition[i]` belong to `records[i]`."""

    records: tuple[Record, ...]
    mechanism: tuple[str, ...]
    condition: tuple[str, ...]
    encoding: Encoding

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """Jobs with quality: BLEU with its bounds, chrF, exact match, accuracy; if trained, parameters and train_s."""
        scores = ("bleu", "bleu_low", "bleu_high", "chrf", "exact_match", "token_accuracy", "sentences")

        def rows(record: Record) -> Iterable[Row]:
            if record.quality:
                training = record.training
                counts = {"parameters": training.parameters, "train_s": training.train_s} if training else {}
                yield {name: getattr(record.quality, name) for name in scores} | counts

        return self._frame(rows, (*scores, "parameters", "train_s"))

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Jobs whose training step was measured: the fields of `StepCost`."""
        return self._frame(lambda record: [asdict(record.step)] if record.step else [], _names(StepCost))

    @cached_property
    def by_length(self) -> pd.DataFrame:
        """Bins of source lengths: the fields of `LengthBin`."""
        return self._frame(
            lambda record: map(asdict, record.quality.by_length) if record.quality else [], _names(LengthBin)
        )

    @cached_property
    def history(self) -> pd.DataFrame:
        """Validations: the fields of `HistoryPoint`."""
        return self._frame(
            lambda record: map(asdict, record.training.history) if record.training else [], _names(HistoryPoint)
        )

    @cached_property
    def scaling(self) -> pd.DataFrame:
        """Measurements of the attention alone: the fields of `ScalingPoint`, and the ratios to the baseline if known.

        `baseline` is the mechanism of the baseline; `ms_ratio` and `peak_mib_ratio` are multiples of its numbers.
        """

        def rows(record: Record) -> Iterable[Row]:
            to, against = baseline(record, self.records), ratios(record, self.records)
            name = self.mechanism[self.records.index(to)] if to else None
            for point in record.scaling.points if record.scaling else ():
                ratio = against.get((point.length, point.passes), Ratio(None, None))
                found = {"baseline": name, "ms_ratio": ratio.ms, "peak_mib_ratio": ratio.peak_mib}
                yield asdict(point) | found

        return self._frame(rows, (*_names(ScalingPoint), "baseline", "ms_ratio", "peak_mib_ratio"))

    @cached_property
    def exponents(self) -> pd.DataFrame:
        """One row a job with scaling: `time_exponent`, `memory_exponent` (either may be missing) and its shapes."""
        names = ("kernel", "time_exponent", "memory_exponent", "batch_size", "heads", "head_dim")
        return self._frame(lambda r: [{name: getattr(r.scaling, name) for name in names}] if r.scaling else [], names)

    @cached_property
    def regressions(self) -> pd.DataFrame:
        """Jobs of kernel regression: their errors, the width of a Gaussian score, the parameters that were fitted."""
        names = ("test_error", "left_out_error", "sigma", "parameters")
        return self._frame(
            lambda r: [{name: getattr(r.regression, name) for name in names}] if r.regression else [], names
        )

    def shown(self, frame: pd.DataFrame) -> list[str]:
        """The mechanisms of a frame, in the order of the legend."""
        present = set(frame["mechanism"])
        return [name for name in self.encoding.styles if name in present]

    def by_mechanism(self, frame: pd.DataFrame, panel: str = "") -> list[tuple[str, pd.DataFrame]]:
        """Each mechanism with its rows, in the order of the legend; of a panel, only those that belong into it."""
        names = [name for name in self.shown(frame) if not panel or self.encoding.styles[name].panel in ("", panel)]
        return [(name, where(frame, mechanism=name)) for name in names]

    def _frame(self, rows: Callable[[Record], Iterable[Row]], columns: Sequence[str]) -> pd.DataFrame:
        """One line for each of the `rows` of each record, with the job it belongs to; empty with the same columns."""
        found: list[Row] = []
        for job, record in enumerate(self.records):
            key = dict(zip(KEY, self._key(job), strict=True))
            found += [key | row for row in rows(record)]
        return pd.DataFrame(found, columns=[*KEY, *columns])

    def _key(self, job: int) -> tuple[Any, ...]:
        record = self.records[job]
        names = (self.mechanism[job], self.condition[job], record.environment.device)
        return (job, *names, record.seed, "score" in record.factors)


def study(records: Sequence[Record]) -> Study:
    """Names the mechanism and the condition of every record, and gives every mechanism its looks."""
    factors = mechanisms.said(records)
    names = [mechanisms.label(each, each) for each in factors]
    encoding = encode(dict(zip(names, factors, strict=True)))
    return Study(tuple(records), tuple(names), tuple(mechanisms.conditions(records)), encoding)


def spread(items: Sequence[str], most: int) -> list[str]:
    """At most `most` items, evenly over the sequence, its ends included."""
    if len(items) <= most:
        return list(items)
    return [items[round(index * (len(items) - 1) / (most - 1))] for index in range(most)]


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
