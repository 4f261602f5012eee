"""Defines which keys a query may attend to: all keys, or only the keys near one position.

This position is aligned with the query (`LocalM`) or predicted from it (`LocalP`). A scope takes the queries
`(B, H, T, D)` and a `View` of the keys, and returns a narrower view.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.errors import UserError


class View(NamedTuple):
    """Describes which of `size` keys each query may attend to. It needs no T × S matrix.

    - `lengths` `(B,)`: in each sentence, a query attends only to the first `lengths` keys. None: all keys are real.
    - `causal`: a query does not attend to keys after its own position. `position` is the position of the first query.
    - `centre` `(B or 1, H or 1, T)`: a query attends only to keys at a distance of at most `window` from its centre.
      None: there is no window.
    - `sigma`: the weights are multiplied by a Gaussian around the centre, after the softmax. A row then sums to at most
      1. None: there is no Gaussian.
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
        """Whether every query may attend to every key."""
        return self.lengths is None and not self.causal and self.centre is None

    def visible(self, queries: int, device: torch.device) -> Tensor:
        """The number of visible keys of each query, `(B or 1, 1, T or 1)`. They are the first keys of the sentence.

        The window is not applied.
        """
        visible = torch.full((1, 1, 1), self.size, device=device)
        if self.lengths is not None:
            visible = self.lengths[:, None, None]
        if self.causal:
            visible = torch.minimum(visible, torch.arange(1, queries + 1, device=device) + self.position)
        return visible

    def mask(self, queries: int, device: torch.device) -> Tensor:
        """The mask `(B or 1, H or 1, T or 1, S)`. It is True where a query may attend to a key."""
        positions = torch.arange(self.size, device=device)
        return self.mask_at(positions, self.visible(queries, device), self.centre)

    def log_gain(self, device: torch.device) -> Tensor | None:
        """The logarithms of the Gaussian factors of the weights, `(B, H, T, S)`, or None if there is no Gaussian."""
        return self.log_gain_at(torch.arange(self.size, device=device), self.centre)

    def bounds(self, visible: Tensor, centre: Tensor | None) -> tuple[Tensor, Tensor]:
        """The first and the last key position that each query may attend to.

        Args:
            visible: the number of visible keys of each query, without the window.
            centre: the centre of each window. None: there is no window.
        """
        if centre is None:
            return torch.zeros_like(visible), visible - 1
        return (centre - self.window).clamp_min(0), torch.minimum(centre + self.window, visible - 1)

    def mask_at(self, positions: Tensor, visible: Tensor, centre: Tensor | None) -> Tensor:
        """The mask at the key `positions` `(..., S)`. The arguments `visible` and `centre` are `(..., T)`."""
        first, last = self.bounds(visible, centre)
        return (positions >= first[..., None]) & (positions <= last[..., None])

    def log_gain_at(self, positions: Tensor, centre: Tensor | None) -> Tensor | None:
        """The logarithm of the Gaussian around each `centre` `(..., T)` at the key `positions` `(..., S)`, or None."""
        if self.sigma is None or centre is None:
            return None
        return -(positions - centre[..., None]).square() / (2 * self.sigma**2)


class Scope(nn.Module):
    """The base of all scopes.

    `local`: whether the scope sets a window. `reweights`: whether it sets a Gaussian. `window`: the number of positions
    on each side of the centre. `flops`: the floating-point operations of the scope for each pair of a query and a key.
    """

    local = False
    reweights = False
    window: int = 0
    flops: int = 0

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim

    def forward(self, query: Tensor, view: View) -> View:
        """Returns the part of `view` that the queries `(B, H, T, D)` may attend to."""
        raise NotImplementedError


class Global(Scope):
    """Every position. Bahdanau et al. 2015, section 3.1; Vaswani et al. 2017, section 3.2."""

    def forward(self, query: Tensor, view: View) -> View:
        return view


class LocalM(Scope):
    """±D around the aligned position p = t: monotonic alignment. Luong et al. 2015, section 3.2.

    If p is after the last visible position, the centre of the window is that last position.

    Args:
        window: D, the number of positions on each side of p.
        pace: the number of source positions for each target position, p = pace · t. It is 1 in Luong et al. 2015. If
            translations are longer or shorter than their sources, set it to source length / target length. The window
            then follows the source.
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
    """±D around a predicted position p = S σ(vᵀ tanh(W q)), and a Gaussian around p. Luong et al. 2015, eq. 9-10.

    The Gaussian has σ = D / 2. It multiplies the weights after the softmax. S is the number of visible positions. It is
    the length of the sentence. In causal attention, S counts only the positions up to the position of the query.

    Args:
        window: D, the number of positions on each side of p.
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
        fraction = torch.sigmoid(torch.tanh(query @ self.weight) @ self.v).squeeze(-1)
        # The centre needs at least float32. In bf16, neighbouring positions above 256 would be the same number.
        precise_dtype = torch.promote_types(fraction.dtype, torch.float32)
        centre = view.visible(query.shape[-2], query.device) * fraction.to(precise_dtype)
        return view._replace(centre=centre, window=self.window, sigma=self.window / 2)


def _window(window: int) -> int:
    if window < 1:
        raise UserError(f"scope.window={window}: must be 1 or more positions on each side")
    return window
