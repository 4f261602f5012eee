"""Contenders as a user writes them."""

from collections.abc import Callable

import torch
from torch import Tensor

Contender = Callable[[Tensor, Tensor, Tensor], Tensor]


def linear(heads: int, head_dim: int) -> Contender:
    """Attention without a softmax."""
    return lambda query, key, value: query @ (key.mT @ value) / key.shape[2]


def forward_only(heads: int, head_dim: int) -> Contender:
    return lambda query, key, value: torch.from_numpy(value.detach().numpy() + 1)


def short(heads: int, head_dim: int, longest: int) -> Contender:
    """Fails beyond `longest`."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if query.shape[2] > longest:
            raise IndexError(f"more than {longest}")
        return query + key + value

    return attend
