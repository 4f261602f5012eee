"""The floating-point operations of an attention, and the bytes that it must move, in closed form.

Conventions:

- A multiply-add is 2 operations (Golub and Van Loan, Matrix Computations). An addition, a maximum, a division, an
  exponential and a tanh are 1 operation each, although a device may take longer for some of them.
- All work for each pair of a query and a key counts: comparing, selecting, mixing. In the work for a single query or a
  single key, only the matrix products of feature maps and scopes count. Norms and scales do not count: they are fewer
  by a factor of n.
- A backward pass is 2 forward passes, one gradient for each of the two operands (Kaplan et al. 2020, section 2.1).
  Steps that no gradient reaches are subtracted. A step that is computed again adds 1 forward pass (Dao et al. 2022,
  section 3.1).
- All operations of the kernel count, useful or not. The dense kernel compares all pairs, however narrow the window is.
- Bytes are the minimum that the kernel moves. Forward, queries, keys and values are read once, and contexts are written
  once. Backward, these three and the gradient of the contexts are read, and three gradients are written.
- A matrix with an entry for each pair is read and written by each step that needs it (see `KernelCost`). If a kernel
  cuts the matrix into tiles, it does not count, because the tiles stay in the cache. Data that fits in the cache moves
  faster than data in memory.
- Parameters, features and masks do not count as bytes.
"""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from attnbench.attention import Attention
from attnbench.attention.kernels import AttentionSpec, InputSize, KernelCost
from attnbench.attention.scopes import View
from attnbench.record import Passes

T = TypeVar("T")


class Operations(NamedTuple):
    """The cost of one call.

    `products` is the part of `flops` in matrix products. Torch's own counter counts only this part.
    """

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
    """The cost of the attention alone, for `length` queries and `length` keys, without a mask.

    Args:
        layer: the attention, in the mode (training or evaluation) in which it will run.
        batch: the number of sentences.
        length: n, the number of queries and of keys.
        head_dim: D, the width of queries, keys and values.
        dtype: the type of all tensors.
        device: the device on which the layer will run.
        passes: the forward pass alone, or with the backward pass.
    """
    query, query_flops = _run_and_count(layer, head_dim, layer.score.query_features)
    key, key_flops = _run_and_count(layer, head_dim, layer.score.key_features)
    # `scope.forward`, not `scope`: to count in a module, torch loads its compiler, which takes seconds.
    _, scope_flops = _run_and_count(layer, head_dim, lambda query: layer.scope.forward(query, View(1)))
    features_need_gradient = query.requires_grad or key.requires_grad
    size = InputSize(batch, layer.heads, length, length, query.shape[-1], head_dim, features_need_gradient)
    spec = AttentionSpec(layer.score, layer.scope, layer.selection)
    cost = layer.chosen_kernel().cost(spec, size, device)
    backward, states = passes == "forward+backward", batch * length
    maps = states * (query_flops + key_flops) * (3 if backward and cost.backward_passes.compare else 1)
    maps += states * scope_flops * (3 if backward and cost.backward_passes.select else 1)
    compared, selected, mixed = pair_flops(spec, cost, backward=backward)
    moved = states * layer.heads * head_dim * (11 if backward else 4)
    moved += cost.pairs * (cost.forward_moves + backward * cost.backward_moves)
    products = maps + mixed + (compared if layer.score.factored else 0)
    return Operations(float(maps + compared + selected + mixed), float(moved * dtype.itemsize), float(products))


class PairFlops(NamedTuple):
    """The operations of the work for each pair of a query and a key."""

    compared: int
    selected: int
    mixed: int


def pair_flops(spec: AttentionSpec, cost: KernelCost, *, backward: bool) -> PairFlops:
    """The operations for all pairs of one call of a kernel; with `backward`, those of its backward pass too."""
    compare, select, mix = (1 + backward * step_passes for step_passes in cost.backward_passes)
    return PairFlops(
        cost.pairs * compare * cost.compare_flops,
        cost.pairs * select * (spec.selection.flops + spec.scope.flops),
        cost.pairs * mix * cost.mix_flops,
    )


def _run_and_count(layer: Attention, head_dim: int, function: Callable[[Tensor], T]) -> tuple[T, int]:
    """The result of a function for one state, and the operations of its matrix products in all heads."""
    reference = next(chain(layer.parameters(), layer.buffers()), torch.empty(()))
    state = torch.zeros(1, layer.heads, 1, head_dim, dtype=reference.dtype, device=reference.device, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        result = function(state)
    return result, counter.get_total_flops()
