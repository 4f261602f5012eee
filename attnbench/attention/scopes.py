"""Where a query may look: everywhere, or near a position that is aligned with it or predicted by it.

A scope is called with the queries `(B, H, T, D)` and what they may see, a `View`, and answers with a narrower view.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.errors import UserError


class View(NamedTuple):
    """Which of `size` keys each query may attend, said without a T × S matrix.

    Those of its sentence (the first of `lengths` `(B,)`; None: all are real); if `causal`, none after the query itself,
    of which `position` is the first one's place; and within `window` of `centre` `(B or 1, H or 1, T)`, if there is
    one. With a `sigma`, the weights are then multiplied by a Gaussian about the centre, so that a row sums to at most
    one.
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
        """How many keys, from the first on, the window aside, each query may attend: `(B or 1, 1, T or 1)`."""
        visible = torch.full((1, 1, 1), self.size, device=device)
        if self.lengths is not None:
            visible = self.lengths[:, None, None]
        if self.causal:
            visible = torch.minimum(visible, torch.arange(1, queries + 1, device=device) + self.position)
        return visible

    def mask(self, queries: int, device: torch.device) -> Tensor:
        """True where a query may attend, `(B or 1, H or 1, T or 1, S)`."""
        positions = torch.arange(self.size, device=device)
        return self.mask_at(positions, self.visible(queries, device), self.centre)

    def gain(self, device: torch.device) -> Tensor | None:
        """What multiplies the weights, `(B, H, T, S)`, or None."""
        return self.gain_at(torch.arange(self.size, device=device), self.centre)

    def bounds(self, visible: Tensor, centre: Tensor | None) -> tuple[Tensor, Tensor]:
        """The first and the last key position that queries may attend that see `visible` keys about a `centre`."""
        if centre is None:
            return torch.zeros_like(visible), visible - 1
        return (centre - self.window).clamp_min(0), torch.minimum(centre + self.window, visible - 1)

    def mask_at(self, positions: Tensor, visible: Tensor, centre: Tensor | None) -> Tensor:
        """Which key `positions` `(..., S)` queries may attend that see `visible` `(..., T)` keys about a `centre`."""
        first, last = self.bounds(visible, centre)
        return (positions >= first[..., None]) & (positions <= last[..., None])

    def gain_at(self, positions: Tensor, centre: Tensor | None) -> Tensor | None:
        """The Gaussian at key `positions` `(..., S)` about the `centre` `(..., T)` of each query, or None."""
        if self.sigma is None or centre is None:
            return None
        return torch.exp(-(positions - centre[..., None]).square() / (2 * self.sigma**2))


class Scope(nn.Module):
    """The base. `local` says that a view has a window; `reweights`, that it has a Gaussian.

    `window` is how far it reaches to either side, and `flops` are the floating-point operations it has for each pair.
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

    Queries beyond the last position that they may see look around that one.

    Args:
        window: D, positions to each side.
        pace: source positions to a target position, p = pace · t. Luong's is 1; the ratio of the lengths of source and
            target makes the window follow sentences whose translation is longer or shorter.
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

    The Gaussian, of σ = D / 2, multiplies the weights after the softmax. S is the number of positions
    that the query may see: the sentence's own length, or where attention is causal, those up to the query.

    Args:
        window: D, positions to each side.
    """

    local = True
    reweights = True
    flops = 5  # a difference, its square, a quotient, an exponential, and the product with the weight

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
        # In bf16 neighbouring positions beyond 256 would be the same number.
        precise = torch.promote_types(share.dtype, torch.float32)
        centre = view.visible(query.shape[-2], query.device) * share.to(precise)
        return view._replace(centre=centre, window=self.window, sigma=self.window / 2)


def _window(window: int) -> int:
    if window < 1:
        raise UserError(f"scope.window={window}: must be 1 or more positions to each side")
    return window
