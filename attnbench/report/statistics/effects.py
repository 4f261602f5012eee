"""How much of what was measured each factor explains, alone and in pairs: analysis of variance."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
from scipy import stats

from attnbench.report.statistics.comparison import holm
from attnbench.report.statistics.estimate import Estimate
from attnbench.report.statistics.grid import GridCell, grid
from attnbench.report.statistics.linear_model import Factors, LinearModel, Squares
from attnbench.report.statistics.observations import observations

ROUNDING = 1e-12  # of the total sum of squares


@dataclass(frozen=True)
class Term:
    """A main effect (one factor) or a two-way interaction (two)."""

    factors: Factors
    degrees: int  # of freedom that the jobs can tell
    share: float  # its sum of squares, of type II, over the total
    f: float | None  # None, like the two below, where nothing is left as error
    p: float | None
    adjusted_p: float | None  # by Holm, over the terms

    @property
    def name(self) -> str:
        return " × ".join(self.factors)


@dataclass(frozen=True)
class MarginalMean:
    """The mean at a level by main effects alone, as if all levels of all other factors were met equally often."""

    factor: str
    level: str
    jobs: int
    mean: Estimate | None  # None where these jobs cannot tell


@dataclass(frozen=True)
class Effects:
    """Shares are of the total sum of squares about the mean; with `residual_share` and `overlap_share` they are one.

    A term's sum of squares is of type II: what it explains beyond all terms that do not contain it. In a balanced
    grid that is all it explains. In another, what several terms could claim alike is given to none of them and is
    `overlap_share`; below nought it says that terms mask one another.
    """

    response: str
    jobs: int
    terms: tuple[Term, ...]  # none where nothing can be told; `notes` say why
    residual_degrees: int
    residual_share: float
    overlap_share: float
    pooled: bool  # nothing but the interactions was left as error
    means: tuple[MarginalMean, ...]
    cells: int  # of the full grid: all levels of all factors crossed
    missing_cells: int
    missing: tuple[GridCell, ...]  # pairs of levels that never meet, then single cells in which all pairs do
    notes: tuple[str, ...]  # sentences: what was left out and why


def effects(frame: pd.DataFrame, response: str, factors: Sequence[str]) -> Effects:
    """Fits a linear model of main effects and two-way interactions.

    Args:
        frame: a row a job. Jobs with equal factors, as of other seeds, are replicates.
        response: a column of numbers; costs as logarithms, as what a factor does to them is to multiply.
        factors: columns, the more important first: of two that cannot be told apart the first is kept.
    """
    seen = observations(frame, response, factors)
    model, notes = LinearModel(seen), [*seen.notes]
    names = _distinct(model, list(seen.order), notes)
    if not names or (total := model.error([])).sum <= ROUNDING * float(seen.response @ seen.response):
        notes.append(f"Nothing to explain: {f'{response} does not vary' if names else 'no factor varies'}.")
        return Effects(response, len(seen.response), (), 0, 0.0, 0.0, False, (), 1, 0, (), tuple(notes))
    chosen = _estimable(model, names, notes)
    terms, error = _terms(model, chosen, total, notes), model.error(chosen)
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
    """The factors without those whose levels follow from the factors before."""
    kept: list[str] = []
    for name in factors:
        before = [(each,) for each in kept]
        if model.error([*before, (name,)]).degrees < model.error(before).degrees:
            kept.append(name)
        else:
            notes.append(f"{name} is left out: it cannot be told from {', '.join(kept)} in these jobs.")
    return kept


def _estimable(model: LinearModel, names: list[str], notes: list[str]) -> list[Factors]:
    """Main effects, and interactions if anything besides is left as error."""
    mains: list[Factors] = [(name,) for name in names]
    both = [*mains, *combinations(names, 2)]
    if len(names) == 1 or model.error(both).degrees:
        return both
    notes.append("Nothing but the interactions is left as error, so that they are not told from noise.")
    return mains


def _terms(model: LinearModel, chosen: list[Factors], total: Squares, notes: list[str]) -> tuple[Term, ...]:
    """Those of the model that the jobs can tell."""
    error = model.error(chosen)
    found = {each: model.explained(each, chosen) for each in chosen}
    told = {each: squares for each, squares in found.items() if squares.degrees}
    if len(told) < len(found):
        untold = (" × ".join(each) for each in found if each not in told)
        notes.append(f"Not told from other terms in these jobs: {', '.join(untold)}.")
    if not error.degrees or error.sum <= ROUNDING * total.sum:
        notes.append("Nothing is left as error: no term is tested.")
        return tuple(Term(each, own.degrees, own.sum / total.sum, None, None, None) for each, own in told.items())
    ratios = [own.sum / own.degrees / (error.sum / error.degrees) for own in told.values()]
    p_values = [float(stats.f.sf(f, own.degrees, error.degrees)) for f, own in zip(ratios, told.values(), strict=True)]
    tests = zip(told.items(), ratios, p_values, holm(p_values), strict=True)
    return tuple(Term(each, own.degrees, own.sum / total.sum, *test) for (each, own), *test in tests)
