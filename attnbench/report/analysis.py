"""The statistics of a study. Each is computed once, and every table, figure and finding reads it here."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from attnbench.cost.exponent import CLOSED_FORM
from attnbench.report import competition
from attnbench.report.competition import AllScores, BleuBin, Estimates
from attnbench.report.contrasts import Contrast, contrasts, effects_on_bleu
from attnbench.report.statistics import (
    Comparison,
    Contest,
    Effects,
    Exponent,
    Growth,
    HeldOut,
    Pair,
    compare,
    exponent,
    fit,
    held_out,
    holm,
    pairs,
    ranks,
)
from attnbench.report.study.cost_ratios import QUANTITIES, Measured
from attnbench.report.study.frames import along, groups, where
from attnbench.report.study.study import Study, evenly_spaced

LEVEL = 0.05  # of significance, after Holm's correction over a table
BINS, BINS_BEYOND = 4, 2  # of source length: for the test set, and for sentences beyond the training length
STALLED = 0.1  # share of the highest BLEU of a condition
MOST_PAIRED = 12  # mechanisms of a condition: 66 pairs
MOST_BINNED = 72  # mechanisms: a figure shows no more, in colour and in grey


class TestedComparison(NamedTuple):
    """A comparison with the baseline, and its p-value after Holm's correction over all comparisons of the report."""

    comparison: Comparison
    adjusted_p: float

    @property
    def significant(self) -> bool:
        return self.adjusted_p < LEVEL


class TestedPair(NamedTuple):
    """Two mechanisms, and the p-value of their difference after Holm's correction over all pairs of the report."""

    pair: Pair
    adjusted_p: float

    @property
    def significant(self) -> bool:
        return self.adjusted_p < LEVEL


class Gain(NamedTuple):
    """What a mechanism gains on the best one of its model without attention. The p-value is corrected by Holm over all
    gains of a condition.
    """

    name: str
    rival: str
    model: str
    comparison: Comparison
    adjusted_p: float


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
        return competition.estimates(self._scores, self.contests)

    @cached_property
    def beyond(self) -> Estimates:
        """BLEU on sentences longer than every training sentence."""
        return competition.estimates(self._scores_beyond, self._contests_beyond)

    @cached_property
    def stalled(self) -> dict[str, list[str]]:
        """By condition, the mechanisms whose trainings did not take off: with a BLEU below `STALLED` of the highest.

        Those without attention are left out: a low BLEU of theirs is what they can do.
        """
        places = zip(self.study.records, self.study.mechanism, strict=True)
        attending = {name for record, name in places if "score" in record.factors}
        found: dict[str, list[str]] = {}
        for condition, mine in self.bleu.items():
            least = STALLED * max((each.value for each in mine.values()), default=0.0)
            found[condition] = [name for name, each in mine.items() if name in attending and each.value < least]
        return found

    @cached_property
    def contests(self) -> dict[str, Contest]:
        """By condition, the mechanisms that can be compared in BLEU: those with several seeds, if there are two."""
        return competition.contests(self._scores)

    @cached_property
    def comparisons(self) -> dict[str, dict[str, TestedComparison]]:
        """Each mechanism against its baseline, if both are in a contest."""
        baselines = self.study.baselines
        found: dict[str, dict[str, Comparison]] = {}
        for condition, one in self.contests.items():
            against = {baseline: compare(one, baseline) for baseline in dict.fromkeys(baselines.values())}
            found[condition] = {
                name: against[to][name] for name, to in baselines.items() if name in against.get(to, ())
            }
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
    def pairs(self) -> dict[str, list[TestedPair]]:
        """By condition, each pair of the `MOST_PAIRED` best mechanisms of a contest."""
        best = {condition: [*ranked][:MOST_PAIRED] for condition, ranked in self.ranks.items()}
        found = {condition: pairs(one, best[condition]) for condition, one in self.contests.items()}
        adjusted = iter(holm([pair.p for mine in found.values() for pair in mine]))
        return {condition: [TestedPair(pair, next(adjusted)) for pair in mine] for condition, mine in found.items()}

    @cached_property
    def gains(self) -> dict[str, list[Gain]]:
        """By condition, what each mechanism with attention gains on the best one of its model without it."""
        named = {name: record.factors for record, name in zip(self.study.records, self.study.mechanism, strict=True)}
        found: dict[str, list[Gain]] = {}
        for condition, contest in self.contests.items():
            ranked = [name for name in self.bleu[condition] if name in contest.names]
            models = {name: str(named[name].get("model")) for name in ranked}
            bare = {models[name]: name for name in reversed(ranked) if "score" not in named[name]}
            against = {rival: compare(contest, rival) for rival in bare.values()}
            mine = [(name, bare[models[name]]) for name in ranked if "score" in named[name] and models[name] in bare]
            comparisons = [against[rival][name] for name, rival in mine]
            adjusted = holm([one.p for one in comparisons])
            found[condition] = [
                Gain(name, rival, models[name], one, p)
                for (name, rival), one, p in zip(mine, comparisons, adjusted, strict=True)
            ]
        return found

    @cached_property
    def ranks(self) -> Estimates:
        """The ranks in BLEU that a mechanism of a contest may have."""
        return {condition: ranks(one) for condition, one in self.contests.items()}

    @cached_property
    def ranks_beyond(self) -> Estimates:
        """The same on sentences longer than every training sentence."""
        return {condition: ranks(one) for condition, one in self._contests_beyond.items()}

    @cached_property
    def bins(self) -> dict[str, dict[str, list[BleuBin]]]:
        """BLEU by the length of the source, in bins of about equally many sentences, up to the longest tested.

        For at most `MOST_BINNED` mechanisms, the same in all conditions, spread evenly from the best to the worst.
        """
        ranked = dict.fromkeys(name for mine in self.bleu.values() for name in mine)
        chosen = set(evenly_spaced([*ranked], MOST_BINNED))
        found: dict[str, dict[str, list[BleuBin]]] = {}
        for condition, mine in self.bleu.items():
            for name in (name for name in mine if name in chosen):
                near, far = (self.study.seeds(name, condition, beyond=beyond) for beyond in (False, True))
                bins = competition.bleu_bins(near, BINS) if near else []
                bins += competition.bleu_bins(far, BINS_BEYOND) if far else []
                found.setdefault(condition, {})[name] = bins
        return found

    @cached_property
    def aer(self) -> Estimates:
        """Alignment error rate of the explicit weights, 0 to 1, the lowest first."""
        return competition.lowest_first(competition.estimates(self._explicit, self._contests_aer))

    @cached_property
    def implicit_aer(self) -> Estimates:
        """Alignment error rate of the implicit weights, 0 to 1, the lowest first."""
        implicit = competition.alignment_errors(self.study, "implicit")
        return competition.lowest_first(competition.estimates(implicit, competition.contests(implicit)))

    @cached_property
    def ranks_aer(self) -> Estimates:
        """The same in the alignment error rate of the explicit weights; the lowest is the best."""
        return {condition: ranks(one, lowest=True) for condition, one in self._contests_aer.items()}

    @cached_property
    def effects(self) -> Effects | None:
        """What each factor explains of BLEU, by a linear model; None if no factor varies."""
        return effects_on_bleu(self.study, self.contests)

    @cached_property
    def contrasts(self) -> list[Contrast]:
        """Pairs of mechanisms that differ in one factor."""
        return contrasts(self.study, self.contests)

    @cached_property
    def curves(self) -> dict[tuple[Measured, str], dict[str, CostCurve]]:
        """By what was measured and by name of a quantity, the cost of each mechanism against the length."""
        found: dict[tuple[Measured, str], dict[str, CostCurve]] = {}
        scaling = self.study.scaling
        for measured in sorted({Measured(*place) for place in zip(scaling["device"], scaling["of"], strict=True)}):
            here = where(scaling, **measured._asdict())
            for quantity in QUANTITIES[measured.of]:
                points = where(here, passes=quantity.passes)
                values, work = (_by_length(points, each) for each in (quantity.field, CLOSED_FORM[quantity.field]))
                found[measured, quantity.name] = {
                    name: CostCurve(values[name], work.get(name, {}))
                    for name in self.study.encoding.styles
                    if name in values
                }
        return found

    def sessions(self, measured: Measured) -> list[dict[str, dict[int, float]]]:
        """Each cost session: by mechanism and length, the time of forward and backward in ms."""
        shapes = where(self.study.shapes, **measured._asdict())
        points = where(self.study.scaling, **measured._asdict(), passes="forward+backward")
        found = []
        for _, jobs in groups(shapes, "session"):
            found.append(_by_length(pd.DataFrame(points.loc[points["job"].isin(jobs["job"])]), "ms"))
        return found

    @cached_property
    def _scores(self) -> AllScores:
        return competition.bleu_scores(self.study, beyond=False)

    @cached_property
    def _scores_beyond(self) -> AllScores:
        return competition.bleu_scores(self.study, beyond=True)

    @cached_property
    def _contests_beyond(self) -> dict[str, Contest]:
        return competition.contests(self._scores_beyond)

    @cached_property
    def _explicit(self) -> AllScores:
        return competition.alignment_errors(self.study, "explicit")

    @cached_property
    def _contests_aer(self) -> dict[str, Contest]:
        return competition.contests(self._explicit)


def _by_length(points: pd.DataFrame, field: str) -> dict[str, dict[int, float]]:
    """By mechanism and length, the median of a column."""
    found = along(points, "length", [field])
    return {name: {length: at[field] for length, at in mine.items()} for name, mine in found.items()}
