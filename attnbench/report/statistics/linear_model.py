"""Least squares on factors and their products, in sum-to-zero contrasts, also if cells of the grid are empty."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from attnbench.report.statistics.bleu import Array
from attnbench.report.statistics.estimate import ANYWHERE, CONFIDENCE, Estimate
from attnbench.report.statistics.observations import Observations

Factors = tuple[str, ...]  # of a term: one for a main effect, two for an interaction
MEAN: Factors = ()
SINGULAR = 1e-9  # relative; smaller singular values are rounding
ROUNDING = 1e-12  # of a sum of squares; less is rounding


@dataclass(frozen=True)
class Squares:
    """A sum of squares with its degrees of freedom."""

    sum: float
    degrees: int


class LinearModel:
    """The response of `observations`, explained by any set of main effects and two-way interactions of factors."""

    def __init__(self, observations: Observations) -> None:
        self._of = observations
        self._jobs = len(observations.response)
        blocks = {MEAN: np.ones((self._jobs, 1))} | {(name,): self._coded(name) for name in observations.order}
        for one, other in combinations(observations.order, 2):
            products = blocks[one,][:, :, None] * blocks[other,][:, None, :]
            blocks[one, other] = products.reshape(self._jobs, -1)
        # The triangle of the QR decomposition has the same sums of squares in fewer rows.
        triangle = np.linalg.qr(np.hstack([*blocks.values(), observations.response[:, None]]), mode="r")
        *designs, response = np.split(triangle, np.cumsum([block.shape[1] for block in blocks.values()]), axis=1)
        self._blocks: dict[Factors, Array] = dict(zip(blocks, designs, strict=True))
        self._response: Array = response[:, 0]
        self._errors: dict[frozenset[Factors], Squares] = {}

    def error(self, terms: Iterable[Factors]) -> Squares:
        """What the mean and these terms leave unexplained."""
        key = frozenset(terms)
        if key not in self._errors:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SingularMatrixWarning)  # empty cells cause it
                fitted = OLS(self._response, self._design([MEAN, *key])).fit()
            self._errors[key] = Squares(float(fitted.ssr), self._jobs - round(fitted.nobs - fitted.df_resid))
        return self._errors[key]

    def explained(self, term: Factors, terms: Iterable[Factors]) -> Squares:
        """What a term explains beyond all terms of a model that do not contain it: its squares of type II."""
        others = [each for each in terms if not set(term) <= set(each)]
        without, within = self.error(others), self.error([*others, term])
        return Squares(max(without.sum - within.sum, 0.0), without.degrees - within.degrees)

    def marginal_mean(self, factors: Sequence[str], factor: str, level: str, error: Squares) -> Estimate | None:
        """The mean at a level of a factor, with equal weight for all levels of all other factors.

        Args:
            factors: their main effects are the model.
            factor: one of them.
            level: of it. The `seeds` of the estimate are the jobs that have it.
            error: gives the noise of a job.

        Returns:
            None if these jobs cannot tell, if there are no degrees of freedom for the error, or if the mean is outside
            of what was seen. Without an interval if the error is only rounding.
        """
        terms: list[Factors] = [MEAN, *((name,) for name in factors)]
        design = self._design(terms)
        inverse = np.linalg.pinv(design, rcond=SINGULAR)
        code = contrasts(len(self._of.order[factor]))[self._of.order[factor].index(level)]
        # Contrasts sum to 0, so that 0 stands for the mean over the levels of another factor.
        parts = {each: np.zeros(self._blocks[each].shape[1]) for each in terms}
        weights = np.hstack([*(parts | {MEAN: np.ones(1), (factor,): code}).values()])
        if not error.degrees or not np.allclose(weights @ inverse @ design, weights, atol=1e-6):
            return None
        of_jobs = weights @ inverse
        value, jobs = float(of_jobs @ self._response), self._of.count(factor, level)
        slack = ROUNDING**0.5 * float(np.ptp(self._of.response))
        if not self._of.response.min() - slack <= value <= self._of.response.max() + slack:
            return None
        if error.sum <= ROUNDING * float(self._response @ self._response):
            return Estimate(value, *ANYWHERE, jobs)
        variance = float(of_jobs @ of_jobs) * error.sum / error.degrees
        reach = float(stats.t.isf((1 - CONFIDENCE) / 2, error.degrees)) * variance**0.5
        return Estimate(value, value - reach, value + reach, jobs)

    def _design(self, terms: Iterable[Factors]) -> Array:
        return np.hstack([self._blocks[each] for each in terms])

    def _coded(self, factor: str) -> Array:
        order = self._of.order[factor]
        place = {level: index for index, level in enumerate(order)}
        return contrasts(len(order))[[place[level] for level in self._of.levels[factor]]]


def contrasts(levels: int) -> Array:
    """Sum-to-zero contrasts, (levels, levels - 1): a row for each level. The last is the negative sum of the others."""
    return np.vstack([np.eye(levels - 1), -np.ones(levels - 1)])
