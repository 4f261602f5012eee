"""Many small least-squares problems and roots at once, against solutions one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from attnbench.cost.polynomial import largest_root, nonnegative, powers

LENGTHS = np.array([64, 128, 256, 1024, 4096, 16384])


@given(st.lists(st.floats(-2, 3), min_size=6, max_size=6))
def test_least_squares_agree_with_scipy(targets: list[float]) -> None:
    design = powers(LENGTHS) / powers(LENGTHS).sum(1, keepdims=True)
    found = nonnegative(design, np.array([targets, np.ones(6)]))
    expected, distance = nnls(design, np.array(targets))
    assert np.all(found >= 0)
    assert np.linalg.norm(design @ found[0] - targets) == pytest.approx(distance, abs=1e-9)
    assert found[0] == pytest.approx(expected, rel=1e-6, abs=1e-6 * max(expected.max(), 1))


def test_exact_curves_are_found_again() -> None:
    curves = np.array([[3.0, 0.2, 1e-5], [0.0, 0.2, 0.0], [5.0, 0.0, 1e-7]])
    values = curves @ powers(LENGTHS).T
    for curve, value in zip(curves, values, strict=True):
        assert nonnegative(powers(LENGTHS) / value[:, None], np.ones(6)) == pytest.approx(curve, rel=1e-8, abs=1e-12)


@given(st.lists(st.integers(-20, 20), min_size=3, max_size=3))
def test_largest_root_agrees_with_numpy(coefficients: list[int]) -> None:
    roots = np.roots(coefficients[::-1])
    real = [root.real for root in roots if abs(root.imag) < 1e-6 and 0 < root.real <= 10]
    assert largest_root(np.array(coefficients, float), 10.0) == pytest.approx(max(real, default=0), abs=1e-5)
