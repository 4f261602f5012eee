"""The statistics of a study. Each is computed once, and every table, figure and finding reads it here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from attnbench.cost.exponent import CLOSED_FORM
from attnbench.quality.error_rate import error_rate
from attnbench.report.statistics import (
    Comparison,
    Effects,
    Estimate,
    Exponent,
    Growth,
    HeldOut,
    Scores,
    compare,
    effects,
    estimate_bleu,
    estimate_ratio,
    exponent,
    fit,
    held_out,
    holm,
    length_bins,
    pairs,
)
from attnbench.report.study.cost_ratios import QUANTITIES
from attnbench.report.study.frames import along, conditions, groups, where
from attnbench.report.study.study import SeedStatistics, Study, evenly_spaced

LEVEL = 0.05  # of significance, after Holm's correction over a table
BINS, BINS_BEYOND = 4, 2  # of source length: for the test set, and for sentences beyond the training length
MOST_BINNED = 100  # mechanisms

ByMechanism = dict[str, dict[str, Any]]  # condition -> mechanism -> result
Found = TypeVar("Found")


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
    def bleu(self) -> dict[str, dict[str, Estimate]]:
        """BLEU on the test set, with its interval."""
        found = {
            condition: {name: estimate_bleu(scores) for name, scores in mine.items()}
            for condition, mine in self._scores.items()
        }
        return {place: dict(sorted(mine.items(), key=lambda each: -each[1].value)) for place, mine in found.items()}

    @cached_property
    def beyond(self) -> dict[str, dict[str, Estimate]]:
        """BLEU on sentences longer than every training sentence."""
        return self._by_mechanism(lambda seeds: estimate_bleu(_scored(seeds)), beyond=True)

    @cached_property
    def comparisons(self) -> dict[str, dict[str, TestedComparison]]:
        """Each mechanism against the baseline of the study, if both were tested on the same sentences."""
        baseline = self.study.baseline
        found = self._against({condition: baseline for condition in self.bleu if baseline}, compare)
        tested: dict[str, dict[str, TestedComparison]] = {}
        adjusted = holm([one.p for one in found.values()])
        for ((condition, name), one), p in zip(found.items(), adjusted, strict=True):
            tested.setdefault(condition, {})[name] = TestedComparison(one, p)
        return tested

    @cached_property
    def below_best(self) -> dict[str, dict[str, float]]:
        """By condition, p of no difference to the mechanism with the highest BLEU, corrected by Holm over all."""
        found = self._against({condition: next(iter(mine)) for condition, mine in self.bleu.items()}, pairs)
        adjusted: dict[str, dict[str, float]] = {}
        for (condition, name), p in zip(found, holm([one.p for one in found.values()]), strict=True):
            adjusted.setdefault(condition, {})[name] = p
        return adjusted

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
    def aer(self) -> dict[str, dict[str, Estimate]]:
        """Alignment error rate of the explicit weights, 0 to 1, the lowest first."""
        return self._aer("explicit")

    @cached_property
    def implicit_aer(self) -> dict[str, dict[str, Estimate]]:
        """Alignment error rate of the implicit weights, 0 to 1, the lowest first."""
        return self._aer("implicit")

    @cached_property
    def responses(self) -> list[Response]:
        """What each factor does to BLEU and to the time of a training step; in a study of costs, to that of a call."""
        frame, titles = self._factors()
        factors = [name for name in frame.columns if name not in titles]
        found = []
        for name, title in titles.items():
            known = pd.DataFrame(frame.loc[frame[name].notna()])
            varied = [factor for factor in factors if len(groups(known, factor)) > 1]
            if varied and (result := effects(known, name, varied)) and result.residual_degrees:
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

    def _by_mechanism(self, judge: Callable[[SeedStatistics], Any], *, beyond: bool = False) -> ByMechanism:
        frame = self.study.beyond if beyond else self.study.jobs
        found: ByMechanism = {}
        for condition in conditions(frame):
            for name in self.study.shown(where(frame, condition=condition)):
                if seeds := self.study.seeds(name, condition, beyond=beyond):
                    found.setdefault(condition, {})[name] = judge(seeds)
        return found

    @cached_property
    def _scores(self) -> dict[str, dict[str, Scores]]:
        return self._by_mechanism(_scored)

    def _against(
        self, baselines: Mapping[str, str], compared: Callable[[Scores, Scores], Found | None]
    ) -> dict[tuple[str, str], Found]:
        """By condition and mechanism, the comparison of all others with the mechanism that the condition names."""
        found: dict[tuple[str, str], Found] = {}
        for condition, baseline in baselines.items():
            here = self._scores[condition]
            for name in self.bleu[condition] if baseline in here else ():
                if name != baseline and (comparison := compared(here[name], here[baseline])):
                    found[condition, name] = comparison
        return found

    def _aer(self, kind: str) -> dict[str, dict[str, Estimate]]:
        counts: dict[str, dict[str, list[Any]]] = {}
        for job, (name, condition) in enumerate(zip(self.study.mechanism, self.study.condition, strict=True)):
            if (links := self.study.links(job)) and len(rows := getattr(links, kind)):
                counts.setdefault(condition, {}).setdefault(name, []).append(rows)
        found = {}
        for condition, mine in counts.items():
            rates = {name: _ratio(rows) for name, rows in mine.items()}
            found[condition] = dict(sorted(rates.items(), key=lambda each: each[1].value))
        return found

    def _factors(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """One row for each job: its factors, as text, and the responses; and the titles of the responses."""
        records = self.study.records
        frame = pd.DataFrame([{k: str(v) for k, v in record.factors.items()} for record in records], dtype=object)
        steps = [np.log(record.step.step_ms) if record.step else None for record in records]
        if not self.study.jobs.empty:
            frame["bleu"] = [record.quality.bleu if record.quality else None for record in records]
            frame["step"] = steps
            return frame, {"bleu": "BLEU", "step": "time of a training step (ms)"}
        length, values = _longest_common(self.study)
        frame["call"] = [values.get(job) for job in range(len(records))]
        return frame, {"call": f"time of forward and backward at n = {length:,} (ms)"}


def _by_length(points: pd.DataFrame, field: str) -> dict[str, dict[int, float]]:
    """By mechanism and length, the median of a column."""
    found = along(points, "length", [field])
    return {name: {length: at[field] for length, at in mine.items()} for name, mine in found.items()}


def _scored(seeds: SeedStatistics) -> Scores:
    return Scores(seeds.seeds, seeds.statistics, seeds.test_set)


def _bins(seeds: SeedStatistics, count: int) -> list[BleuBin]:
    classes = length_bins(seeds.lengths.tolist(), count)
    scores = [Scores(seeds.seeds, seeds.statistics[:, each.rows]) for each in classes]
    return [BleuBin(each.low, each.high, estimate_bleu(one)) for each, one in zip(classes, scores, strict=True)]


def _ratio(counts: list[Any]) -> Estimate:
    """AER from rows of counts, an array for each job. Seeds with other sentences are left out."""
    same = [rows for rows in counts if len(rows) == len(counts[0])]
    return estimate_ratio(np.stack(same), error_rate)


def _longest_common(study: Study) -> tuple[int, dict[int, float]]:
    """The longest length at which most jobs were measured, and by job the logarithm of its time there."""
    points = where(study.scaling, passes="forward+backward", status="measured")
    if points.empty:
        return 0, {}
    at = max((rows for _, rows in reversed(groups(points, "length"))), key=lambda rows: len(set(rows["job"])))
    return int(at["length"].iloc[0]), {int(job): float(np.log(ms)) for job, ms in zip(at["job"], at["ms"], strict=True)}
