"""Positions: how a model whose layers see a set, not a sequence, gets the order of the tokens.

Each is made for states of width W. It adds the code of their positions to states `(B, T, W)`; the first has the number
`position`.
"""

import torch
from torch import Tensor, nn

from attnbench.attention.bounds import Bound
from attnbench.errors import UserError

SLOWEST = 10_000  # the longest wavelength of a sinusoid, as a multiple of 2π


class Sinusoidal(nn.Module):
    """sin and cos of the position in turn, at wavelengths from 2π to 10,000 · 2π. Vaswani et al. 2017, 3.5."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, states: Tensor, position: int = 0) -> Tensor:
        precise = torch.promote_types(states.dtype, torch.float32)
        places = torch.arange(position, position + states.shape[1], device=states.device, dtype=precise)
        pairs = torch.arange(0, self.width, 2, device=states.device, dtype=precise)
        angles = places[:, None] * SLOWEST ** (-pairs / self.width)
        code = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, : self.width]
        return states + code.to(states.dtype)


class Learned(nn.Module):
    """A learned vector for each position. Gehring et al. 2017, section 3.1.

    Args:
        width: of the states.
        longest: how many positions the table has.
    """

    def __init__(self, width: int, longest: int = 1024) -> None:
        super().__init__()
        if longest < 1:
            raise UserError(f"positions.longest={longest}: must be 1 or more")
        self.table = nn.Parameter(torch.empty(longest, width))
        self.reset_parameters()

    @property
    def bound(self) -> Bound:
        return Bound("positions.longest", self.table.shape[0])

    def reset_parameters(self) -> None:
        # The same scale as the sinusoids, whose mean square is a half.
        nn.init.normal_(self.table, std=0.5**0.5)

    def forward(self, states: Tensor, position: int = 0) -> Tensor:
        self.bound.check(end := position + states.shape[1])
        return states + self.table[position:end]


class Unordered(nn.Module):
    """No positions: only causal attention, and scopes and scores by position, then know the order."""

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(self, states: Tensor, position: int = 0) -> Tensor:
        return states
