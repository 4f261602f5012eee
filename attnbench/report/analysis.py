"""The statistics of a study. Each is computed once, and every table, figure and finding reads it here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from attnbench.cost.exponent import CLOSED_FORM
from attnbench.quality.error_rate import error_rate
from attnbench.report.statistics import (
    Comparison,
    Contest,
    Effects,
    Estimate,
    Exponent,
    Growth,
    HeldOut,
    Scores,
    compare,
    contest,
    effects,
    estimate,
    exponent,
    fit,
    held_out,
    holm,
    length_bins,
    ranks,
)
from attnbench.report.study.cost_ratios import QUANTITIES
from attnbench.report.study.factors import by_factors, by_job
from attnbench.report.study.frames import along, conditions, groups, where
from attnbench.report.study.study import SeedStatistics, Study, evenly_spaced

LEVEL = 0.05  # of significance, after Holm's correction over a table
BINS, BINS_BEYOND = 4, 2  # of source length: for the test set, and for sentences beyond the training length
MOST_BINNED = 100  # mechanisms

AllScores = dict[str, dict[str, Scores]]  # by condition and mechanism
Estimates = dict[str, dict[str, Estimate]]


class TestedComparison(NamedTuple):
    """A comparison with the baseline, and its p-value after Holm's correction over all comparisons of the report."""

    comparison: Comparison
    adjusted_p: float

    @property
    def significant(self) -> bool:
        return self.adjusted_p < LEVEL


class BleuBin(NamedTuple):
    """BLEU of the sentences whose source has `low` to `high` tokens."""

    low: int
    high: int
    bleu: Estimate


class Response(NamedTuple):
    """What the factors act on. `name` is for files. If `logarithmic`, the logarithm was modelled, as for times."""

    name: str
    title: str  # with its unit
    logarithmic: bool
    effects: Effects


@dataclass(frozen=True)
class CostCurve:
    """One cost of one mechanism against the length.

    `values` are medians over its jobs. `work` is what the asymptote is of: operations, or bytes for memory.
    """

    values: dict[int, float]
    work: dict[int, float]

    @cached_property
    def exponent(self) -> Exponent | None:
        return exponent(self.values)

    @cached_property
    def growth(self) -> Growth | None:
        return fit(self.values)

    @cached_property
    def held_out(self) -> HeldOut | None:
        """How well the longest value is predicted from the others."""
        return held_out(self.values)


@dataclass(frozen=True)
class Analysis:
    """Everything that is inferred from a study. Results by condition and mechanism have the best BLEU first."""

    study: Study

    @cached_property
    def bleu(self) -> Estimates:
        """BLEU on the test set, with its interval."""
        return _estimates(self._scores, self.contests)

    @cached_property
    def beyond(self) -> Estimates:
        """BLEU on sentences longer than every training sentence."""
        return _estimates(self._scores_beyond, _contests(self._scores_beyond))

    @cached_property
    def contests(self) -> dict[str, Contest]:
        """By condition, the mechanisms that can be compared in BLEU: those with several seeds, if there are two."""
        return _contests(self._scores)

    @cached_property
    def comparisons(self) -> dict[str, dict[str, TestedComparison]]:
        """Each mechanism against the baseline of the study, if both are in a contest."""
        baseline = self.study.baseline or ""
        found = {condition: compare(one, baseline) for condition, one in self.contests.items()}
        adjusted = iter(holm([one.p for mine in found.values() for one in mine.values()]))
        tested = {
            condition: {name: TestedComparison(one, next(adjusted)) for name, one in mine.items()}
            for condition, mine in found.items()
        }
        return {
            condition: {name: mine[name] for name in self.bleu[condition] if name in mine}
            for condition, mine in tested.items()
            if mine
        }

    @cached_property
    def ranks(self) -> Estimates:
        """The ranks in BLEU that a mechanism of a contest may have."""
        return {condition: ranks(one) for condition, one in self.contests.items()}

    @cached_property
    def ranks_beyond(self) -> Estimates:
        """The same on sentences longer than every training sentence."""
        return {condition: ranks(one) for condition, one in _contests(self._scores_beyond).items()}

    @cached_property
    def bins(self) -> dict[str, dict[str, list[BleuBin]]]:
        """BLEU by the length of the source, in bins of about equally many sentences, up to the longest tested.

        For at most a hundred mechanisms, spread evenly from the best to the worst: a figure shows no more.
        """
        found: dict[str, dict[str, list[BleuBin]]] = {}
        for condition, mine in self.bleu.items():
            for name in evenly_spaced(list(mine), MOST_BINNED):
                near, far = (self.study.seeds(name, condition, beyond=beyond) for beyond in (False, True))
                bins = [*(_bins(near, BINS) if near else ()), *(_bins(far, BINS_BEYOND) if far else ())]
                found.setdefault(condition, {})[name] = bins
        return found

    @cached_property
    def aer(self) -> Estimates:
        """Alignment error rate of the explicit weights, 0 to 1, the lowest first."""
        return _lowest_first(_estimates(self._explicit, _contests(self._explicit)))

    @cached_property
    def implicit_aer(self) -> Estimates:
        """Alignment error rate of the implicit weights, 0 to 1, the lowest first."""
        implicit = self._errors("implicit")
        return _lowest_first(_estimates(implicit, _contests(implicit)))

    @cached_property
    def ranks_aer(self) -> Estimates:
        """The same in the alignment error rate of the explicit weights; the lowest is the best."""
        return {condition: ranks(one, lowest=True) for condition, one in _contests(self._explicit).items()}

    @cached_property
    def responses(self) -> list[Response]:
        """What each factor does to BLEU and to the time of a training step; in a study of costs, to that of a call."""
        found = []
        for name, title, frame in self._observed():
            varied = [factor for factor in frame.columns if factor != name and len(groups(frame, factor)) > 1]
            if varied and (result := effects(frame, name, varied)) and result.residual_degrees:
                found.append(Response(name, title, name != "bleu", result))
        return found

    @cached_property
    def curves(self) -> dict[tuple[str, str], dict[str, CostCurve]]:
        """By device and name of a quantity, the cost of each mechanism against the length."""
        found: dict[tuple[str, str], dict[str, CostCurve]] = {}
        for device, here in groups(self.study.scaling, "device"):
            for quantity in QUANTITIES:
                points = where(here, passes=quantity.passes)
                values, work = (_by_length(points, each) for each in (quantity.field, CLOSED_FORM[quantity.field]))
                found[str(device), quantity.name] = {
                    name: CostCurve(values[name], work.get(name, {}))
                    for name in self.study.encoding.styles
                    if name in values
                }
        return found

    def sessions(self, device: str) -> list[dict[str, dict[int, float]]]:
        """Each cost session on a device: by mechanism and length, the time of forward and backward in ms."""
        shapes = where(self.study.shapes, device=device)
        points = where(self.study.scaling, device=device, passes="forward+backward")
        found = []
        for _, jobs in groups(shapes, "session"):
            found.append(_by_length(pd.DataFrame(points.loc[points["job"].isin(jobs["job"])]), "ms"))
        return found

    @cached_property
    def _scores(self) -> AllScores:
        return self._all_scores(beyond=False)

    @cached_property
    def _scores_beyond(self) -> AllScores:
        return self._all_scores(beyond=True)

    @cached_property
    def _explicit(self) -> AllScores:
        return self._errors("explicit")

    def _all_scores(self, *, beyond: bool) -> AllScores:
        frame = self.study.beyond if beyond else self.study.jobs
        found: AllScores = {}
        for condition in conditions(frame):
            for name in self.study.shown(where(frame, condition=condition)):
                if seeds := self.study.seeds(name, condition, beyond=beyond):
                    scores = Scores(seeds.seeds, seeds.statistics, seeds.test_set)
                    found.setdefault(condition, {})[name] = scores
        return found

    def _errors(self, kind: str) -> AllScores:
        """Alignment error rates: the first job of each seed. Seeds with other sentences are left out."""
        counts: dict[tuple[str, str], dict[int, Any]] = {}
        for job, place in enumerate(zip(self.study.condition, self.study.mechanism, strict=True)):
            if (links := self.study.links(job)) and len(rows := getattr(links, kind)):
                counts.setdefault(place, {}).setdefault(self.study.records[job].seed, rows)
        found: AllScores = {}
        for (condition, name), by_seed in counts.items():
            sentences = len(next(iter(by_seed.values())))
            same = {seed: rows for seed, rows in by_seed.items() if len(rows) == sentences}
            scores = Scores(tuple(same), np.stack([*same.values()]), str(sentences), error_rate, 1.0)
            found.setdefault(condition, {})[name] = scores
        return found

    def _observed(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """The name and the title of each response, and a frame with the response and its factors."""
        records = self.study.records
        if self.study.jobs.empty:
            length, values = _longest_common(self.study)
            yield "call", f"time of forward and backward at n = {length:,} (ms)", by_factors(self.study, "call", values)
            return
        bleu = {job: record.quality.bleu for job, record in enumerate(records) if record.quality}
        if self.contests:
            bleu = {job: value for job, value in bleu.items() if self._competes(job)}
        yield "bleu", "BLEU", by_job(self.study, "bleu", bleu)
        steps = {job: float(np.log(record.step.step_ms)) for job, record in enumerate(records) if record.step}
        yield "step", "time of a training step (ms)", by_factors(self.study, "step", steps)

    def _competes(self, job: int) -> bool:
        contest_ = self.contests.get(self.study.condition[job])
        return contest_ is not None and self.study.mechanism[job] in contest_.names


def _by_length(points: pd.DataFrame, field: str) -> dict[str, dict[int, float]]:
    """By mechanism and length, the median of a column."""
    found = along(points, "length", [field])
    return {name: {length: at[field] for length, at in mine.items()} for name, mine in found.items()}


def _contests(scores: AllScores) -> dict[str, Contest]:
    found = {condition: contest(mine) for condition, mine in scores.items()}
    return {condition: one for condition, one in found.items() if one}


def _estimates(scores: AllScores, contests: Mapping[str, Contest]) -> Estimates:
    """The highest first. The interval of a mechanism in a contest has the variance that the contest shares."""
    found: Estimates = {}
    for condition, mine in scores.items():
        shared = contests[condition].estimates() if condition in contests else {}
        each = {name: shared.get(name) or estimate(one) for name, one in mine.items()}
        found[condition] = dict(sorted(each.items(), key=lambda item: -item[1].value))
    return found


def _lowest_first(found: Estimates) -> Estimates:
    return {condition: dict(sorted(mine.items(), key=lambda item: item[1].value)) for condition, mine in found.items()}


def _bins(seeds: SeedStatistics, count: int) -> list[BleuBin]:
    classes = length_bins(seeds.lengths.tolist(), count)
    scores = [Scores(seeds.seeds, seeds.statistics[:, each.rows]) for each in classes]
    return [BleuBin(each.low, each.high, estimate(one)) for each, one in zip(classes, scores, strict=True)]


def _longest_common(study: Study) -> tuple[int, dict[int, float]]:
    """The longest length at which most jobs were measured, and by job the logarithm of its time there."""
    points = where(study.scaling, passes="forward+backward", status="measured")
    if points.empty:
        return 0, {}
    at = max((rows for _, rows in reversed(groups(points, "length"))), key=lambda rows: len(set(rows["job"])))
    return int(at["length"].iloc[0]), {int(job): float(np.log(ms)) for job, ms in zip(at["job"], at["ms"], strict=True)}
