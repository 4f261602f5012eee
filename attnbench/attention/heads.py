"""Heads: a state of width H · D is H slices of width D, and each slice is attended separately. Vaswani et al. 2017,
3.2.2.

There is no projection for the heads. The layers that make the states learn what each slice holds. The number of heads
therefore changes only the number of softmaxes; it adds no parameter, unless the score has parameters.
"""

from torch import Tensor

from attnbench.errors import UserError


def head_width(width: int, heads: int) -> int:
    """The width D of each of the `heads` slices of a state.

    Raises:
        UserError: `heads` is not a divisor of `width`.
    """
    if heads < 1 or width % heads:
        divisors = ", ".join(str(n) for n in range(1, width + 1) if width % n == 0)
        raise UserError(f"heads={heads}: must divide the width {width}; its divisors are {divisors}")
    return width // heads


def split_heads(states: Tensor, heads: int) -> Tensor:
    """`(B, T, H * D)` to `(B, H, T, D)`."""
    return states.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(states: Tensor) -> Tensor:
    """`(B, H, T, D)` to `(B, T, H * D)`."""
    return states.transpose(1, 2).flatten(2)
