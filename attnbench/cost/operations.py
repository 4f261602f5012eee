"""How many floating-point operations an attention takes, and how many bytes it must move, in closed form.

Conventions:

- A multiply-add is 2 operations (Golub and Van Loan, Matrix Computations); an addition, a maximum, a division, an
  exponential and a tanh are 1 each, though a device may take longer over some.
- All that is done for each pair of a query and a key counts: comparing, selecting, mixing. Of what is done once for a
  query or a key, the matrix products of feature maps and scopes do; norms and scales are fewer by a factor of n.
- A backward pass is 2 forward passes, a gradient for either operand (Kaplan et al. 2020, section 2.1), less what no
  gradient comes to, and 1 more of what is computed again (Dao et al. 2022, section 3.1).
- Operations are those that a kernel does, of use or not: the dense one compares all pairs, however narrow the window.
- Bytes are the fewest that it moves. Queries, keys and values are read and contexts written once; backward, those
  three and the contexts' gradient are read, their three gradients written. A matrix with an entry for each pair is read
  and written by each step that needs it (see `Load`) unless a kernel cuts it into tiles, which stay near the processor.
  Parameters, features and masks do not count. What fits a cache moves faster than memory allows.
"""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from attnbench.attention import Attention
from attnbench.attention.kernels import AttentionSpec, InputSize
from attnbench.attention.scopes import View
from attnbench.record import Passes

T = TypeVar("T")


class Operations(NamedTuple):
    """Of one call. `products` is the part of `flops` in matrix products, all that torch's own counter counts."""

    flops: float
    bytes: float
    products: float


def operations(
    layer: Attention,
    *,
    batch: int,
    length: int,
    head_dim: int,
    dtype: torch.dtype,
    device: torch.device,
    passes: Passes,
) -> Operations:
    """What the attention alone takes over `length` queries and as many keys, without a mask.

    Args:
        layer: in the mode in which it is to run.
        batch: sentences.
        length: n.
        head_dim: D, the width of queries, keys and values.
        dtype: of all tensors.
        device: that it is to run on.
        passes: forward alone, or with the backward pass.
    """
    query, query_flops = _tried(layer, head_dim, layer.score.query_features)
    key, key_flops = _tried(layer, head_dim, layer.score.key_features)
    # Not as a module, which the counter would hook into: for that torch loads its compiler, which takes seconds.
    _, scope_flops = _tried(layer, head_dim, lambda query: layer.scope.forward(query, View(1)))
    learns = query.requires_grad or key.requires_grad
    size = InputSize(batch, layer.heads, length, length, query.shape[-1], head_dim, learns)
    cost = layer.chosen_kernel().cost(AttentionSpec(layer.score, layer.scope, layer.selection), size, device)
    backward, states = passes == "forward+backward", batch * length
    compare, select, mix = (1 + backward * rounds for rounds in cost.rounds)
    maps = states * (query_flops + key_flops) * (3 if backward and cost.rounds.compare else 1)
    maps += states * scope_flops * (3 if backward and cost.rounds.select else 1)
    compared = cost.pairs * compare * cost.compare
    selected = cost.pairs * select * (layer.selection.flops + layer.scope.flops)
    mixed = cost.pairs * mix * cost.mix
    moved = states * layer.heads * head_dim * (11 if backward else 4)
    moved += cost.pairs * (cost.forward_moves + backward * cost.backward_moves)
    products = maps + mixed + (compared if layer.score.factored else 0)
    return Operations(float(maps + compared + selected + mixed), float(moved * dtype.itemsize), float(products))


def _tried(layer: Attention, head_dim: int, function: Callable[[Tensor], T]) -> tuple[T, int]:
    """What a function makes of a state, and the operations of its matrix products, in all heads."""
    like = next(chain(layer.parameters(), layer.buffers()), torch.empty(()))
    state = torch.zeros(1, layer.heads, 1, head_dim, dtype=like.dtype, device=like.device, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        result = function(state)
    return result, counter.get_total_flops()
