"""The tidy frames: records as tables with one observation in each row, named by mechanism and condition."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from attnbench import record as stored
from attnbench.errors import UserError
from attnbench.record import (
    Alignment,
    AlignmentQuality,
    HeadAlignment,
    HistoryPoint,
    Quality,
    Record,
    ScalingPoint,
    StepCost,
    StepMemory,
)
from attnbench.report.study import naming
from attnbench.report.study.baseline import choose_baselines
from attnbench.report.study.compact_record import CompactRecord, LinkCounts, SentenceStatistics, compact
from attnbench.report.study.cost_ratios import Ratio, ratios
from attnbench.report.study.styles import Encoding, encode
from attnbench.report.study.tuning import Tuning, tunings

KEY = ("job", "mechanism", "condition", "device", "seed", "attention")
SCORES = ("bleu", "bleu_low", "bleu_high", "chrf", "exact_match", "token_accuracy", "loss", "sentences", "test_set")
TRAINED = ("parameters", "train_s")
SHAPE = ("kernel", "batch_size", "heads", "head_dim")
Rows = Iterable[tuple[Any, ...]]
T = TypeVar("T")


@dataclass(frozen=True)
class SeedStatistics:
    """Jobs that differ only in their seed, by sentence.

    Args:
        test_set: hash of the sentences that all of them translated.
        seeds: in rising order, `S` of them.
        lengths: tokens of each source, `(N,)`.
        statistics: sacreBLEU's statistics of each translation, `(S, N, 10)`; see `attnbench.record.Quality`.
    """

    test_set: str
    seeds: tuple[int, ...]
    lengths: np.ndarray
    statistics: np.ndarray


@dataclass(frozen=True)
class Study:
    """Records with their names: `mechanism[i]` and `condition[i]` belong to `entries[i]`, which is job `i` in every
    frame.

    Trials are no jobs: they are in `tunings` alone. `baselines` has for each mechanism with results the one with which
    it is compared.
    """

    entries: tuple[CompactRecord, ...]
    mechanism: tuple[str, ...]
    condition: tuple[str, ...]
    encoding: Encoding
    baselines: dict[str, str]
    tunings: tuple[Tuning, ...]

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """The records, without their large parts. Those are in `sentences`, `links` and `alignments`."""
        return tuple(each.record for each in self.entries)

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """Jobs with quality: BLEU with its bounds, chrF, exact match, accuracy; parameters and train_s, if trained."""
        return self._scores(lambda record: record.quality)

    @cached_property
    def beyond(self) -> pd.DataFrame:
        """The columns of `jobs`, for sentences longer than every training sentence."""
        return self._scores(lambda record: record.beyond)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Jobs whose training step was measured: the fields of `StepCost`, with those of its memory."""
        names = [name for name in _names(StepCost) if name != "memory"]
        pick = attrgetter(*names, *(f"memory.{name}" for name in _names(StepMemory)))
        return self._frame((*names, *_names(StepMemory)), lambda record: [pick(record.step)] if record.step else ())

    @cached_property
    def history(self) -> pd.DataFrame:
        """Validations: the fields of `HistoryPoint`."""
        pick = attrgetter(*_names(HistoryPoint))
        return self._frame(
            _names(HistoryPoint), lambda record: map(pick, record.training.history) if record.training else ()
        )

    @cached_property
    def scaling(self) -> pd.DataFrame:
        """Measurements against the length: what they are of, `kernel`, the fields of `ScalingPoint`, and ratios.

        `baseline` is the mechanism of the baseline. `ms_ratio` and `peak_mib_ratio` are ratios to its numbers.
        """
        pick = attrgetter(*_names(ScalingPoint))
        job = {(r.key, r.scaling.session): i for i, r in reversed([*enumerate(self.records)]) if r.scaling}

        def rows(record: Record) -> Rows:
            if record.scaling is None:
                return
            to = job.get((record.scaling.baseline or "", record.scaling.session))
            name = None if to is None else self.mechanism[to]
            against = {} if to is None else ratios(record, [self.records[to]])
            for point in record.scaling.points:
                ratio = against.get((point.length, point.passes), Ratio(None, None))
                yield (record.scaling.of, record.scaling.kernel, *pick(point), name, *ratio)

        return self._frame(("of", "kernel", *_names(ScalingPoint), "baseline", "ms_ratio", "peak_mib_ratio"), rows)

    @cached_property
    def shapes(self) -> pd.DataFrame:
        """One row for each job with scaling: what it is of, its kernel, batch, heads and their size, session, and the
        peak of the device.
        """
        shape = attrgetter(*SHAPE)

        def rows(record: Record) -> Rows:
            if record.scaling:
                peak = record.scaling.peak
                best = (peak.flops_per_s, peak.bytes_per_s) if peak else (None, None)
                yield (record.scaling.of, *shape(record.scaling), record.scaling.session, *best)

        return self._frame(("of", *SHAPE, "session", "peak_flops_per_s", "peak_bytes_per_s"), rows)

    @cached_property
    def alignment(self) -> pd.DataFrame:
        """Jobs with alignments: the single values of `AlignmentQuality`."""
        names = [name for name in _names(AlignmentQuality) if name not in ("links", "implicit_links", "heads")]
        pick = attrgetter(*names)
        return self._frame(names, lambda record: [pick(record.alignment)] if record.alignment else ())

    @cached_property
    def heads(self) -> pd.DataFrame:
        """One row for each layer and head: the fields of `HeadAlignment`."""
        pick = attrgetter(*_names(HeadAlignment))
        return self._frame(
            _names(HeadAlignment), lambda record: map(pick, record.alignment.heads) if record.alignment else ()
        )

    @cached_property
    def regressions(self) -> pd.DataFrame:
        """Jobs of kernel regression: their errors, the width of a Gaussian score, the number of fitted parameters."""
        names = ("test_error", "left_out_error", "sigma", "parameters")
        pick = attrgetter(*names)
        return self._frame(names, lambda record: [pick(record.regression)] if record.regression else ())

    def sentences(self, job: int, *, beyond: bool = False) -> SentenceStatistics | None:
        """The quality of a job by sentence; with `beyond`, for sentences longer than every training sentence."""
        found = self.entries[job].beyond if beyond else self.entries[job].quality
        if found is None:
            return None
        lengths, statistics = (part.astype(np.int32) for part in (found.lengths, found.statistics))
        return replace(found, lengths=lengths, statistics=statistics)

    def links(self, job: int) -> LinkCounts | None:
        """How the links of a job compare with the gold links, by sentence; None without gold links."""
        found = self.entries[job].links
        return found and LinkCounts(found.explicit.astype(np.int32), found.implicit.astype(np.int32))

    def sources(self, job: int) -> tuple[tuple[str, ...], ...]:
        """The source tokens of each of a job's alignments."""
        return self.entries[job].sources

    def alignments(self, job: int) -> list[Alignment]:
        """The alignments of a job, read from its file; empty if the file no longer exists."""
        path = self.entries[job].path
        if path is None:
            return self.records[job].alignments
        return stored.alignments(path)

    def seeds(self, mechanism: str, condition: str, *, beyond: bool = False) -> SeedStatistics | None:
        """The first job of each seed that has quality, on the test set that most seeds share; None if there is none."""
        by_seed: dict[int, SentenceStatistics] = {}
        for job in self._places.get((mechanism, condition), ()):
            if found := self.sentences(job, beyond=beyond):
                by_seed.setdefault(self.records[job].seed, found)
        if not by_seed:
            return None
        test_set, _ = Counter(found.test_set for found in by_seed.values()).most_common(1)[0]
        shared = {seed: found for seed, found in sorted(by_seed.items()) if found.test_set == test_set}
        lengths = next(iter(shared.values())).lengths
        return SeedStatistics(
            test_set, tuple(shared), lengths, np.stack([found.statistics for found in shared.values()])
        )

    def shown(self, frame: pd.DataFrame) -> list[str]:
        """The mechanisms of a frame, in the order of the legend."""
        present = set(frame["mechanism"])
        return [name for name in self.encoding.styles if name in present]

    def by_mechanism(self, frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
        """Each mechanism with its rows, in the order of the legend."""
        rows = dict(iter(frame.groupby("mechanism", sort=False)))
        return [(name, rows[name]) for name in self.encoding.styles if name in rows]

    @cached_property
    def _places(self) -> dict[tuple[str, str], list[int]]:
        """Jobs by mechanism and condition."""
        found: dict[tuple[str, str], list[int]] = {}
        for job, place in enumerate(zip(self.mechanism, self.condition, strict=True)):
            found.setdefault(place, []).append(job)
        return found

    @cached_property
    def _keys(self) -> pd.DataFrame:
        """For each job, the columns with which all frames begin."""
        devices = [record.environment.device for record in self.records]
        seeds, attention = [r.seed for r in self.records], ["score" in r.factors for r in self.records]
        columns = (range(len(self.records)), self.mechanism, self.condition, devices, seeds, attention)
        return pd.DataFrame(dict(zip(KEY, columns, strict=True)))

    def _scores(self, quality: Callable[[Record], Quality | None]) -> pd.DataFrame:
        pick, trained = attrgetter(*SCORES), attrgetter(*TRAINED)

        def rows(record: Record) -> Rows:
            if found := quality(record):
                yield pick(found) + (trained(record.training) if record.training else (None,) * len(TRAINED))

        return self._frame((*SCORES, *TRAINED), rows)

    def _frame(self, columns: Sequence[str], rows: Callable[[Record], Rows]) -> pd.DataFrame:
        """One row for each of the `rows` of each record, with its job. An empty frame has the same columns."""
        found: list[tuple[Any, ...]] = []
        jobs: list[int] = []
        for job, record in enumerate(self.records):
            found += rows(record)
            jobs += [job] * (len(found) - len(jobs))
        own = pd.DataFrame.from_records(found, columns=list(columns))
        return pd.concat([self._keys.iloc[jobs].reset_index(drop=True), own], axis=1)


def study(jobs: Sequence[Record | CompactRecord], baseline: str | None = None) -> Study:
    """Names the mechanism and the condition of every record, and gives every mechanism its style.

    Args:
        jobs: records, whole or compact, with those of trials.
        baseline: words that name the mechanism with which others are compared. None: the usual attention of each model.

    Raises:
        UserError: no mechanism has the words of the baseline, or there are only trials.
    """
    entries = tuple(compact(each) if isinstance(each, Record) else each for each in jobs)
    records = [each.record for each in entries]
    factors = naming.telling_factors(records)
    plain, places = [naming.label(each, each) for each in factors], naming.conditions(records)
    names = naming.marked(plain, records)
    own = [index for index, record in enumerate(records) if not record.trial]
    trials = [index for index, record in enumerate(records) if record.trial]
    if not own:
        raise UserError("only trials of a tuning: run the sweep to its end, then its report")
    by_place = {(names[index], places[index]): records[index] for index in own}
    tuned = tunings([records[index] for index in trials], [(names[i], places[i]) for i in trials], by_place)
    chosen = choose_baselines(baseline, [records[index] for index in own], [plain[index] for index in own])
    shown = dict(zip(plain, names, strict=True))
    return Study(
        entries=tuple(entries[index] for index in own),
        mechanism=tuple(names[index] for index in own),
        condition=tuple(places[index] for index in own),
        encoding=encode(dict(zip(names, factors, strict=True))),
        baselines={shown[name]: shown[to] for name, to in chosen.items()},
        tunings=tuple(tuned),
    )


def evenly_spaced(items: Sequence[T], most: int) -> list[T]:
    """At most `most` items, spread evenly over the sequence, with its ends."""
    if len(items) <= most:
        return list(items)
    return [items[round(index * (len(items) - 1) / (most - 1))] for index in range(most)]


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
