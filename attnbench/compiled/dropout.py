"""Dropout (Srivastava et al. 2014) from cheap bits: a hash of the place of a number decides whether it is kept.

torch draws a random number for each number, and keeps a mask for the backward pass. Here the backward pass computes
the hash again. The hash is the finaliser of MurmurHash3 (Appleby 2011), of the place and of a seed. torch's generator
draws the seed.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from attnbench.compiled.elementary import compile_loop, f

SPREAD, FIRST, SECOND = np.uint32(0x9E3779B9), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
SEEDS = 2**31


def dropout(states: Tensor, probability: float) -> Tensor:
    """Each number is 0 with a probability, else divided by its complement."""
    return _Dropout.apply(states, probability, int(torch.randint(SEEDS, ())))


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, states: Tensor, probability: float, seed: int) -> Tensor:
        context.probability, context.seed = probability, seed
        return _dropped(states, probability, seed)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        return _dropped(gradient, context.probability, context.seed), None, None


def _dropped(states: Tensor, probability: float, seed: int) -> Tensor:
    result, states = torch.empty_like(states, memory_format=torch.contiguous_format), states.contiguous()
    threshold = np.uint32(round(probability * (2**32 - 1)))
    _drop(states.flatten().numpy(), result.flatten().numpy(), threshold, np.uint32(seed), f(1 / (1 - probability)))
    return result


@compile_loop
def _drop(states: np.ndarray, result: np.ndarray, threshold: np.uint32, seed: np.uint32, scale: np.float32) -> None:
    for place in range(len(states)):
        h = np.uint32(np.uint32(place) * SPREAD) ^ seed
        h = np.uint32((h ^ (h >> np.uint32(16))) * FIRST)
        h = np.uint32((h ^ (h >> np.uint32(13))) * SECOND)
        h = h ^ (h >> np.uint32(16))
        result[place] = states[place] * scale if h >= threshold else f(0)
