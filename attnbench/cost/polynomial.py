"""Polynomials a + b·n + c·n² of a length n, many at once. Coefficients are the last axis, (..., 3)."""

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

COEFFICIENTS = 3
Array = NDArray[np.float64]


def powers(lengths: ArrayLike) -> Array:
    """1, n and n², (...) -> (..., 3)."""
    return np.asarray(lengths, np.float64)[..., None] ** np.arange(COEFFICIENTS)


def relative_fit(values: Mapping[int, float]) -> tuple[Array, Array]:
    """Fits a polynomial with no coefficient below 0 to relative errors.

    It is fitted twice. The weights come from a smooth curve, and do not favour values that are small by chance.

    Args:
        values: by length, above 0.

    Returns:
        The coefficients, (3,), and the weighted terms, (lengths, 3): their least-squares target is value / curve.
    """
    terms, measured = powers(list(values)), np.array(list(values.values()))
    rough = terms @ nonnegative(terms / measured[:, None], np.ones_like(measured))
    weighted = terms / rough[:, None]
    return nonnegative(weighted, measured / rough), weighted


def nonnegative(design: Array, targets: Array) -> Array:
    """Least squares with no coefficient below 0.

    Some coefficients of the solution are 0, and the rest is free. With three coefficients there are only eight such
    choices. All are tried for all targets at once, and the best one without a negative coefficient is the solution.

    Args:
        design: shape (points, 3).
        targets: shape (..., points).

    Returns:
        Shape (..., 3).
    """
    scale = np.linalg.norm(design, axis=0)
    best, least = np.zeros((*targets.shape[:-1], COEFFICIENTS)), np.sum(targets**2, axis=-1)
    for free in product((0, 1), repeat=COEFFICIENTS):
        columns = design / scale * free
        found = targets @ np.linalg.pinv(columns, rcond=1e-12).T * free
        squares = np.sum((targets - found @ columns.T) ** 2, axis=-1)
        better = (squares < least) & np.all(found >= 0, axis=-1)
        best, least = np.where(better[..., None], found, best), np.where(better, squares, least)
    return best / scale


def largest_root(coefficients: Array, most: float) -> Array:
    """The largest root above 0 and not above `most`, (..., 3) -> (...); 0 if there is none."""
    a, b, c = np.moveaxis(coefficients, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # This form loses no digits, and also holds without a quadratic part.
        half = -(b + np.copysign(np.sqrt(b**2 - 4 * a * c), b)) / 2
        roots = np.stack([half / c, a / half])
    return np.max(np.where((roots > 0) & (roots <= most), roots, 0.0), axis=0)
