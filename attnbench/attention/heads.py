"""Splits states into heads. Vaswani et al. 2017, section 3.2.2.

A state of width H · D consists of H slices of width D. The attention is computed separately for each slice.

The heads have no projections of their own. The layers that compute the states learn what each slice contains.
Therefore the number of heads changes only the number of softmaxes. It changes the number of parameters only if the
score or the scope has parameters.
"""

from torch import Tensor

from attnbench.errors import UserError


def head_width(width: int, heads: int) -> int:
    """The head_dim D: the width of each of the `heads` slices of a state.

    Raises:
        UserError: `heads` is not a divisor of `width`.
    """
    if heads < 1 or width % heads:
        divisors = ", ".join(str(n) for n in range(1, width + 1) if width % n == 0)
        raise UserError(f"heads={heads}: must divide the width {width}; its divisors are {divisors}")
    return width // heads


def split_heads(states: Tensor, heads: int) -> Tensor:
    """Splits states `(B, T, H * D)` into heads `(B, H, T, D)`."""
    return states.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(states: Tensor) -> Tensor:
    """Merges heads `(B, H, T, D)` into states `(B, T, H * D)`."""
    return states.transpose(1, 2).flatten(2)
