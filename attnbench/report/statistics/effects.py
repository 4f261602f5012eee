"""How much each factor explains, alone and in pairs: analysis of variance."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
from scipy import stats

from attnbench.report.statistics.comparison import holm
from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.grid import GridCell, grid
from attnbench.report.statistics.linear_model import ROUNDING, Factors, LinearModel, Squares
from attnbench.report.statistics.observations import observations


@dataclass(frozen=True)
class Term:
    """A main effect (one factor) or a two-way interaction (two factors)."""

    factors: Factors
    degrees: int  # of freedom that the jobs can separate
    share: float  # its sum of squares, of type II, over the total
    f: float | None  # None, like the two below, if there is no residual, or no two jobs have equal factors
    p: float | None
    adjusted_p: float | None  # by Holm, over the terms

    @property
    def name(self) -> str:
        return " × ".join(self.factors)


@dataclass(frozen=True)
class MarginalMean:
    """The mean at a level from main effects alone, with equal weight for all levels of all other factors."""

    factor: str
    level: str
    jobs: int
    mean: Estimate | None  # None if these jobs cannot tell


@dataclass(frozen=True)
class Effects:
    """Shares of the total sum of squares around the mean. With `residual_share` and `overlap_share` they sum to one.

    The sum of squares of a term is of type II: what it explains beyond all terms that do not contain it. In a balanced
    grid, that is everything that it explains. In an unbalanced grid, several terms could explain the same part. That
    part is `overlap_share`, and belongs to none of them. Below 0, it says that terms mask one another.
    """

    response: str
    jobs: int
    terms: tuple[Term, ...]  # empty if nothing can be said; `notes` say why
    residual_degrees: int
    residual_share: float
    overlap_share: float
    pooled: bool  # the interactions are the residual
    means: tuple[MarginalMean, ...]
    cells: int  # of the full grid: all levels of all factors crossed
    missing_cells: int
    missing: tuple[GridCell, ...]  # pairs of levels that never meet, then single cells in which all pairs meet
    notes: tuple[str, ...]  # sentences: what was left out, and why

    @property
    def told(self) -> bool:
        """Whether the jobs can tell: each term is tested, and at least half of the full grid is there."""
        tested = bool(self.terms) and all(term.p is not None for term in self.terms)
        return tested and 2 * self.missing_cells <= self.cells


def effects(frame: pd.DataFrame, response: str, factors: Sequence[str]) -> Effects:
    """Fits a linear model with main effects and two-way interactions.

    Args:
        frame: a row for each job. Jobs with equal factors, such as those of other seeds, are replicates. Without any
            replicates, terms are not tested.
        response: a column of numbers.
        factors: columns, the more important first. If two cannot be separated, the first is kept.
    """
    seen = observations(frame, response, factors)
    model, notes = LinearModel(seen), [*seen.notes]
    names = _distinct(model, list(seen.order), notes)
    if not names or (total := model.error([])).sum <= ROUNDING * float(seen.response @ seen.response):
        notes.append(f"Nothing to explain: {f'{response} does not vary' if names else 'no factor varies'}.")
        return Effects(response, len(seen.response), (), 0, 0.0, 0.0, False, (), 1, 0, (), tuple(notes))
    chosen = _estimable(model, names, notes)
    replicated = bool(frame.loc[frame[response].notna(), list(factors)].duplicated().any())
    terms, error = _terms(model, chosen, total, notes, replicated=replicated), model.error(chosen)
    overlap = 1 - error.sum / total.sum - sum(term.share for term in terms)
    cells = grid(seen.levels, {name: seen.order[name] for name in names})
    means = [
        MarginalMean(name, level, seen.count(name, level), model.marginal_mean(names, name, level, error))
        for name in names
        for level in seen.order[name]
    ]
    return Effects(
        response=response,
        jobs=len(seen.response),
        terms=terms,
        residual_degrees=error.degrees,
        residual_share=error.sum / total.sum,
        overlap_share=0.0 if abs(overlap) < ROUNDING**0.5 else overlap,
        pooled=len(names) > 1 and len(chosen) == len(names),
        means=tuple(means),
        cells=cells.cells,
        missing_cells=cells.missing_cells,
        missing=cells.missing,
        notes=tuple(notes),
    )


def _distinct(model: LinearModel, factors: list[str], notes: list[str]) -> list[str]:
    """The factors without those whose levels follow from earlier factors."""
    kept: list[str] = []
    for name in factors:
        before = [(each,) for each in kept]
        if model.error([*before, (name,)]).degrees < model.error(before).degrees:
            kept.append(name)
        else:
            notes.append(f"{name} is left out: these jobs cannot separate it from {', '.join(kept)}.")
    return kept


def _estimable(model: LinearModel, names: list[str], notes: list[str]) -> list[Factors]:
    """Main effects; and interactions, if there is a residual beside them."""
    mains: list[Factors] = [(name,) for name in names]
    both = [*mains, *combinations(names, 2)]
    if len(names) == 1 or model.error(both).degrees:
        return both
    notes.append("The interactions are the residual: these jobs cannot separate them from noise.")
    return mains


def _terms(
    model: LinearModel, chosen: list[Factors], total: Squares, notes: list[str], *, replicated: bool
) -> tuple[Term, ...]:
    """The terms of the model that the jobs can separate."""
    error = model.error(chosen)
    found = {each: model.explained(each, chosen) for each in chosen}
    told = {each: squares for each, squares in found.items() if squares.degrees}
    if len(told) < len(found):
        untold = (" × ".join(each) for each in found if each not in told)
        notes.append(f"These jobs cannot separate from other terms: {', '.join(untold)}.")
    residual = error.degrees and error.sum > ROUNDING * total.sum
    if not residual or not replicated:
        missing = "no two values have the same factors" if residual else "there is no residual"
        notes.append(f"No term is tested: {missing}.")
        return tuple(Term(each, own.degrees, own.sum / total.sum, None, None, None) for each, own in told.items())
    ratios = [own.sum / own.degrees / (error.sum / error.degrees) for own in told.values()]
    p_values = [float(stats.f.sf(f, own.degrees, error.degrees)) for f, own in zip(ratios, told.values(), strict=True)]
    tests = zip(told.items(), ratios, p_values, holm(p_values), strict=True)
    return tuple(Term(each, own.degrees, own.sum / total.sum, *test) for (each, own), *test in tests)
