"""Where a query may look: everywhere, or near a position that is aligned with it or predicted by it.

A scope is called with the queries `(B, H, T, D)`, the source lengths `(B,)`, the source size S (padding included) and
the target position of the first query, and answers with a `View`.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.errors import UserError


class View(NamedTuple):
    """What a scope lets through; None means all of it.

    `mask` is True where a query may attend, `(B or 1, H or 1, T, S)`. `gain` `(B, H, T, S)` multiplies the weights
    after the softmax, so that a row sums to at most one.
    """

    mask: Tensor | None = None
    gain: Tensor | None = None


class Scope(nn.Module):
    """The base. `reweights` says that the view has a gain, which a kernel must be able to apply."""

    reweights = False

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim

    def forward(self, query: Tensor, lengths: Tensor, size: int, position: int) -> View:
        raise NotImplementedError


class Global(Scope):
    """Every position. What Bahdanau et al. 2015 and Vaswani et al. 2017 do."""

    def forward(self, query: Tensor, lengths: Tensor, size: int, position: int) -> View:
        return View()


class LocalM(Scope):
    """±`window` around the aligned position p = t, monotonic alignment. Luong et al. 2015, section 3.2.

    Queries beyond the source's end look around its last position.
    """

    def __init__(self, heads: int, head_dim: int, window: int = 10) -> None:
        super().__init__(heads, head_dim)
        self.window = _window(window)

    def forward(self, query: Tensor, lengths: Tensor, size: int, position: int) -> View:
        targets = torch.arange(position, position + query.shape[-2], device=query.device)
        aligned = torch.minimum(targets, lengths[:, None] - 1)
        distance = torch.arange(size, device=query.device) - aligned[..., None]
        return View(mask=(distance.abs() <= self.window)[:, None])


class LocalP(Scope):
    """±`window` around a predicted position p = S σ(vᵀ tanh(W q)), with a Gaussian of σ = window / 2 about p.

    Luong et al. 2015, eq. 9-10: the Gaussian multiplies the weights after the softmax. S is the sentence's own length.
    """

    reweights = True

    def __init__(self, heads: int, head_dim: int, window: int = 10) -> None:
        super().__init__(heads, head_dim)
        self.window = _window(window)
        self.weight = nn.Parameter(torch.empty(heads, head_dim, head_dim))
        self.v = nn.Parameter(torch.empty(heads, head_dim, 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.head_dim)
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.v, -bound, bound)

    def forward(self, query: Tensor, lengths: Tensor, size: int, position: int) -> View:
        share = torch.sigmoid(torch.tanh(query @ self.weight) @ self.v)
        # In bf16 neighbouring positions beyond 256 would be the same number.
        precise = torch.promote_types(share.dtype, torch.float32)
        centre = lengths.view(-1, 1, 1, 1) * share.to(precise)
        distance = torch.arange(size, device=query.device) - centre
        gain = torch.exp(-distance.square() / (2 * (self.window / 2) ** 2))
        return View(mask=distance.abs() <= self.window, gain=gain.to(query.dtype))


def _window(window: int) -> int:
    if window < 1:
        raise UserError(f"scope.window={window}: must be 1 or more positions to each side")
    return window
