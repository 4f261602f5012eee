"""The inner loops of `energies`, compiled for the CPU.

Shapes: exponentials of the queries `(N, T, F)`, exponentials of the keys `(N, F, S)`, weights v `(H, F)`.
"""

from typing import Any

import numba
import numpy as np
import torch
from numba import njit, prange
from numba.core import config
from torch import Tensor

# These flags allow the compiler to reorder sums, so that it can vectorise them. They keep infinities: 1 / (1 + ∞) is 0.
_compile: Any = njit(parallel=True, fastmath={"reassoc", "contract", "arcp", "nsz"}, cache=True)


def scores(queries: Tensor, keys: Tensor, weights: Tensor) -> Tensor:
    """The sum of v (1 - 2 r) over the features, `(N, T, S)`."""
    result = queries.new_empty(*queries.shape[:2], keys.shape[2])
    use_threads_of_torch()
    _scores(queries.numpy(), keys.numpy(), weights.numpy(), result.numpy())
    return result


def gradients(queries: Tensor, keys: Tensor, score_gradients: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of a `(N, T, F)`, b `(N, F, S)` and v `(N, F)`, from the gradients of the scores `(N, T, S)`."""
    results = torch.empty_like(queries), torch.zeros_like(keys), queries.new_empty(len(queries), queries.shape[2])
    use_threads_of_torch()
    _gradients(*(tensor.numpy() for tensor in (queries, keys, score_gradients, weights, *results)))
    return results


def use_threads_of_torch() -> None:
    """Runs the loops with as many threads as the operators of torch."""
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, config.NUMBA_NUM_THREADS))  # pyright: ignore
    # When numba starts, it changes this number if both use the same threading library.
    torch.set_num_threads(threads)


@_compile
def _scores(queries: np.ndarray, keys: np.ndarray, weights: np.ndarray, result: np.ndarray) -> None:
    size, length, features = queries.shape
    heads = len(weights)
    number = queries.dtype.type  # the plain number 2 would turn float32 into float64
    one, two = number(1), number(2)
    for row in prange(size * length):
        n, t = row // length, row % length
        v = weights[n % heads]
        scores = result[n, t]
        scores[:] = v.sum()
        for d in range(features):
            a, weight = queries[n, t, d], two * v[d]
            for s in range(len(scores)):
                scores[s] -= weight / (one + a * keys[n, d, s])


@_compile
def _gradients(
    queries: np.ndarray,
    keys: np.ndarray,
    score_gradients: np.ndarray,
    weights: np.ndarray,
    query_gradients: np.ndarray,
    key_gradients: np.ndarray,
    weight_gradients: np.ndarray,
) -> None:
    size, length, features = queries.shape
    heads = len(weights)
    number = queries.dtype.type
    zero, one, two, four = number(0), number(1), number(2), number(4)
    # One iteration for each feature of each n, so that two iterations never write to the same place.
    for column in prange(size * features):
        n, d = column // features, column % features
        b, b_gradient, scale = keys[n, d], key_gradients[n, d], four * weights[n % heads, d]
        v_gradient = zero
        for t in range(length):
            a, incoming, a_gradient = queries[n, t, d], score_gradients[n, t], zero
            for s in range(len(b)):
                r = one / (one + a * b[s])
                p = incoming[s] * r
                h = p - p * r
                b_gradient[s] += h
                a_gradient += h
                v_gradient += incoming[s] - two * p
            query_gradients[n, t, d] = scale * a_gradient
        for s in range(len(b)):
            b_gradient[s] *= scale
        weight_gradients[n, d] = v_gradient
