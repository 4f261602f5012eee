"""Which keys a query may attend: all, or those near a position that is aligned or predicted.

A scope gets the queries `(B, H, T, D)` and a `View` of the keys, and returns a narrower view.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.errors import UserError


class View(NamedTuple):
    """Which of `size` keys each query may attend, without a T × S matrix.

    - A query attends only keys of its sentence: the first of `lengths` `(B,)`. None: all keys are real.
    - If `causal`, a query attends no key after its own position. `position` is the position of the first query.
    - If there is a `centre` `(B or 1, H or 1, T)`, a query attends only keys within `window` of it.
    - With a `sigma`, the weights are then multiplied by a Gaussian around the centre. A row then sums to at most one.
    """

    size: int
    lengths: Tensor | None = None
    causal: bool = False
    position: int = 0
    centre: Tensor | None = None
    window: int = 0
    sigma: float | None = None

    @property
    def everything(self) -> bool:
        """Whether each query may attend each key."""
        return self.lengths is None and not self.causal and self.centre is None

    def visible(self, queries: int, device: torch.device) -> Tensor:
        """How many keys, counted from the first, each query may attend, without the window: `(B or 1, 1, T or 1)`."""
        visible = torch.full((1, 1, 1), self.size, device=device)
        if self.lengths is not None:
            visible = self.lengths[:, None, None]
        if self.causal:
            visible = torch.minimum(visible, torch.arange(1, queries + 1, device=device) + self.position)
        return visible

    def mask(self, queries: int, device: torch.device) -> Tensor:
        """True where a query may attend a key: `(B or 1, H or 1, T or 1, S)`."""
        positions = torch.arange(self.size, device=device)
        return self.mask_at(positions, self.visible(queries, device), self.centre)

    def gain(self, device: torch.device) -> Tensor | None:
        """The factor of the weights, `(B, H, T, S)`; None: there is no factor."""
        return self.gain_at(torch.arange(self.size, device=device), self.centre)

    def bounds(self, visible: Tensor, centre: Tensor | None) -> tuple[Tensor, Tensor]:
        """The first and the last key position that a query may attend.

        Args:
            visible: how many keys each query may attend, without the window.
            centre: of the window; None: there is no window.
        """
        if centre is None:
            return torch.zeros_like(visible), visible - 1
        return (centre - self.window).clamp_min(0), torch.minimum(centre + self.window, visible - 1)

    def mask_at(self, positions: Tensor, visible: Tensor, centre: Tensor | None) -> Tensor:
        """The mask at key `positions` `(..., S)`, for queries that see `visible` `(..., T)` keys around a `centre`."""
        first, last = self.bounds(visible, centre)
        return (positions >= first[..., None]) & (positions <= last[..., None])

    def gain_at(self, positions: Tensor, centre: Tensor | None) -> Tensor | None:
        """The Gaussian at the key `positions` `(..., S)` around the `centre` `(..., T)` of each query; None: there is
        none.
        """
        if self.sigma is None or centre is None:
            return None
        return torch.exp(-(positions - centre[..., None]).square() / (2 * self.sigma**2))


class Scope(nn.Module):
    """The base of all scopes.

    `local`: whether the scope sets a window. `reweights`: whether it sets a Gaussian. `window`: how many positions the
    window reaches to each side. `flops`: floating-point operations of the scope for each pair of a query and a key.
    """

    local = False
    reweights = False
    window: int = 0
    flops: int = 0

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim

    def forward(self, query: Tensor, view: View) -> View:
        raise NotImplementedError


class Global(Scope):
    """Every position. Bahdanau et al. 2015, section 3.1; Vaswani et al. 2017, section 3.2."""

    def forward(self, query: Tensor, view: View) -> View:
        return view


class LocalM(Scope):
    """±D around the aligned position p = t, monotonic alignment. Luong et al. 2015, section 3.2.

    A query beyond the last visible position looks around that last position.

    Args:
        window: D, positions to each side.
        pace: source positions for each target position, p = pace · t. Luong's is 1. If the translation is longer or
            shorter than the source, the ratio of the lengths lets the window follow it.
    """

    local = True

    def __init__(self, heads: int, head_dim: int, window: int = 10, pace: float = 1.0) -> None:
        super().__init__(heads, head_dim)
        self.window = _window(window)
        if not pace > 0:
            raise UserError(f"scope.pace={pace}: must be greater than 0")
        self.pace = pace

    def forward(self, query: Tensor, view: View) -> View:
        targets = torch.arange(view.position, view.position + query.shape[-2], device=query.device)
        aligned = targets if self.pace == 1 else (self.pace * targets).round().long()
        centre = torch.minimum(aligned, view.visible(query.shape[-2], query.device) - 1)
        return view._replace(centre=centre, window=self.window)


class LocalP(Scope):
    """±D around a predicted position p = S σ(vᵀ tanh(W q)), and a Gaussian about p. Luong et al. 2015, eq. 9-10.

    The Gaussian has σ = D / 2, and multiplies the weights after the softmax. S is the number of positions that the
    query may see: the length of the sentence, or, in causal attention, the positions up to the query.

    Args:
        window: D, positions to each side.
    """

    local = True
    reweights = True
    flops = 5  # difference, square, quotient, exponential, product with the weight

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

    def forward(self, query: Tensor, view: View) -> View:
        share = torch.sigmoid(torch.tanh(query @ self.weight) @ self.v).squeeze(-1)
        # In bf16, neighbouring positions beyond 256 are the same number.
        precise = torch.promote_types(share.dtype, torch.float32)
        centre = view.visible(query.shape[-2], query.device) * share.to(precise)
        return view._replace(centre=centre, window=self.window, sigma=self.window / 2)


def _window(window: int) -> int:
    if window < 1:
        raise UserError(f"scope.window={window}: must be 1 or more positions to each side")
    return window
