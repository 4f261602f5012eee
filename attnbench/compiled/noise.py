"""Gumbel noise from cheap bits."""

import numpy as np
import torch
from torch import Tensor

from attnbench.compiled.loops import fill_uniform
from attnbench.compiled.seeds import new_seed


def gumbel_noise(like: Tensor) -> Tensor:
    """-log(-log u), with u uniform between 0 and 1, in the shape of `like`. Gumbel 1954."""
    uniform = torch.empty_like(like, memory_format=torch.contiguous_format)
    fill_uniform(uniform.flatten().numpy(), np.uint32(new_seed()))
    return uniform.log_().neg_().log_().neg_()
