"""The part of the scores, and of their gradients, that `additive_loops` cannot compute: e²ᵃ or e²ᵇ would overflow.

For such a feature of a query, `additive_loops` gets e²ᵃ = 0, and computes tanh = -1 for every key. These loops add the
rest: tanh(a + b) + 1 = 2 u with u = 1 / (1 + e⁻²⁽ᵃ⁺ᵇ⁾). This takes an exponential for each pair.

The operands are the features of the queries `(N, T, F)`, those of the keys `(N, F, S)`, and `far` `(N, T, F)`: True for
the features of queries to compute. The weights v are `(H, F)`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import extending, njit, prange, types
from torch import Tensor

from attnbench.attention.kernels.additive_loops import use_threads_of_torch
from attnbench.compiled.loops import OPTIONS, exp

_compile: Any = njit(parallel=True, **OPTIONS)


def add_scores(operands: Sequence[Tensor], weights: Tensor, scores: Tensor) -> None:
    """Adds the sum of 2 v u over the far features to the scores `(N, T, S)`."""
    use_threads_of_torch()
    _add_scores(*(tensor.numpy() for tensor in (*operands, weights, scores)))


def add_gradients(
    operands: Sequence[Tensor], weights: Tensor, score_gradients: Tensor, gradients: Sequence[Tensor]
) -> None:
    """Adds to the gradients of a `(N, T, F)`, b `(N, F, S)` and v `(N, F)`, which lack those of the far features."""
    use_threads_of_torch()
    _add_gradients(*(tensor.numpy() for tensor in (*operands, weights, score_gradients, *gradients)))


def _exp(x: Any) -> Any:
    """e^x: in float32 the function of our own, which can be vectorised."""
    raise NotImplementedError  # numba compiles one of the functions below


@extending.overload(_exp)
def _exp_of_type(x: Any) -> Any:
    def vectorised(x: Any) -> Any:
        return exp(x)

    def of_the_library(x: Any) -> Any:
        return np.exp(x)

    return vectorised if x == types.float32 else of_the_library


@_compile
def _add_scores(
    queries: np.ndarray, keys: np.ndarray, far: np.ndarray, weights: np.ndarray, scores: np.ndarray
) -> None:
    size, length, features = queries.shape
    number = queries.dtype.type  # the plain number 2 would turn float32 into float64
    one, two = number(1), number(2)
    for row in prange(size * length):
        n, t = row // length, row % length
        result = scores[n, t]
        for d in range(features):
            if far[n, t, d]:
                a, b, factor = queries[n, t, d], keys[n, d], two * weights[n % len(weights), d]
                for s in range(len(b)):
                    result[s] += factor / (one + _exp(-two * (a + b[s])))


@_compile
def _add_gradients(
    queries: np.ndarray,
    keys: np.ndarray,
    far: np.ndarray,
    weights: np.ndarray,
    score_gradients: np.ndarray,
    query_gradients: np.ndarray,
    key_gradients: np.ndarray,
    weight_gradients: np.ndarray,
) -> None:
    size, length, features = queries.shape
    number = queries.dtype.type
    zero, one, two, four = number(0), number(1), number(2), number(4)
    # One iteration for each feature of each n, so that two iterations never write to the same place.
    for column in prange(size * features):
        n, d = column // features, column % features
        b, b_gradient, scale = keys[n, d], key_gradients[n, d], four * weights[n % len(weights), d]
        v_gradient, u = zero, np.empty_like(b)
        for t in range(length):
            if far[n, t, d]:
                a, incoming, a_gradient = queries[n, t, d], score_gradients[n, t], zero
                # A loop with sums calls no function: whether the call is inlined would decide the order of the sums.
                for s in range(len(b)):
                    u[s] = one / (one + _exp(-two * (a + b[s])))
                for s in range(len(b)):
                    p = incoming[s] * u[s]
                    h = scale * (p - p * u[s])
                    b_gradient[s] += h
                    a_gradient += h
                    v_gradient += two * p
                query_gradients[n, t, d] += a_gradient
        weight_gradients[n, d] += v_gradient
