"""Gumbel noise from cheap bits."""

import numpy as np
import torch
from torch import Tensor

from attnbench.compiled.bits import bits, new_seed
from attnbench.compiled.elementary import HALF, compile_loop, f

STEP = f(2**-24)  # between two uniform numbers, so that float32 holds each exactly


def gumbel_noise(like: Tensor) -> Tensor:
    """-log(-log u), with u uniform between 0 and 1, in the shape of `like`. Gumbel 1954."""
    uniform = torch.empty_like(like, memory_format=torch.contiguous_format)
    _fill(uniform.flatten().numpy(), np.uint32(new_seed()))
    return uniform.log_().neg_().log_().neg_()


@compile_loop
def _fill(uniform: np.ndarray, seed: np.uint32) -> None:
    for place in range(len(uniform)):
        uniform[place] = (np.float32(bits(place, seed) >> np.uint32(8)) + HALF) * STEP
