"""Dropout (Srivastava et al. 2014) from cheap bits.

torch keeps a mask for the backward pass. Here the backward pass computes the bits again.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from attnbench.compiled.loops import drop, f
from attnbench.compiled.seeds import new_seed


def dropout(states: Tensor, probability: float) -> Tensor:
    """Each number is 0 with a probability, else divided by its complement."""
    return _Dropout.apply(states, probability, new_seed())


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
    drop(states.flatten().numpy(), result.flatten().numpy(), threshold, np.uint32(seed), f(1 / (1 - probability)))
    return result
