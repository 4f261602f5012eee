"""The inner loops of `energies`, compiled for the CPU. Exponentials `(N, T, F)` and `(N, F, S)`, weights v `(H, F)`."""

from typing import Any

import numba
import numpy as np
import torch
from numba import njit, prange
from numba.core import config
from torch import Tensor

# Sums may be reordered, so that they run in vectors; infinities keep their meaning: 1 / (1 + ∞) is 0.
_compile: Any = njit(parallel=True, fastmath={"reassoc", "contract", "arcp", "nsz"}, cache=True)


def scores(queries: Tensor, keys: Tensor, weights: Tensor) -> Tensor:
    """Σ v (1 - 2 r) over the features, `(N, T, S)`."""
    found = queries.new_empty(*queries.shape[:2], keys.shape[2])
    _use_threads_of_torch()
    _scores(queries.numpy(), keys.numpy(), weights.numpy(), found.numpy())
    return found


def gradients(queries: Tensor, keys: Tensor, received: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """From the scores' gradients `(N, T, S)`: those of a `(N, T, F)`, b `(N, F, S)` and v `(N, F)`."""
    found = torch.empty_like(queries), torch.zeros_like(keys), queries.new_empty(len(queries), queries.shape[2])
    _use_threads_of_torch()
    _gradients(*(tensor.numpy() for tensor in (queries, keys, received, weights, *found)))
    return found


def _use_threads_of_torch() -> None:
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, config.NUMBA_NUM_THREADS))  # pyright: ignore
    torch.set_num_threads(threads)  # which numba changes as it starts, where both use the same library


@_compile
def _scores(queries: np.ndarray, keys: np.ndarray, weights: np.ndarray, found: np.ndarray) -> None:
    size, length, features = queries.shape
    heads = len(weights)
    number = queries.dtype.type  # a plain 2 would make it double precision
    one, two = number(1), number(2)
    for row in prange(size * length):
        n, t = row // length, row % length
        v = weights[n % heads]
        scores = found[n, t]
        scores[:] = v.sum()
        for d in range(features):
            a, weight = queries[n, t, d], two * v[d]
            for s in range(len(scores)):
                scores[s] -= weight / (one + a * keys[n, d, s])


@_compile
def _gradients(
    queries: np.ndarray,
    keys: np.ndarray,
    received: np.ndarray,
    weights: np.ndarray,
    for_queries: np.ndarray,
    for_keys: np.ndarray,
    for_weights: np.ndarray,
) -> None:
    size, length, features = queries.shape
    heads = len(weights)
    number = queries.dtype.type
    zero, one, two, four = number(0), number(1), number(2), number(4)
    # A column of features at a time: no two of them write to the same place.
    for column in prange(size * features):
        n, d = column // features, column % features
        b, for_b, scale = keys[n, d], for_keys[n, d], four * weights[n % heads, d]
        for_v = zero
        for t in range(length):
            a, given, for_a = queries[n, t, d], received[n, t], zero
            for s in range(len(b)):
                r = one / (one + a * b[s])
                p = given[s] * r
                h = p - p * r
                for_b[s] += h
                for_a += h
                for_v += given[s] - two * p
            for_queries[n, t, d] = scale * for_a
        for s in range(len(b)):
            for_b[s] *= scale
        for_weights[n, d] = for_v
