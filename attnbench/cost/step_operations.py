"""The floating-point operations of a training step of a whole model. The conventions are those of
`attnbench.cost.operations`.

- Outside attention, the matrix products count. They are those of the textbook form, by torch's own formulas.
- In attention, all work for each pair of a query and a key counts, in closed form: also the tanh of an additive score,
  and the exponential of a softmax. It is the work of the kernel that runs, with padding and with recomputation.
- The update of the parameters does not count: it has no product.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from attnbench.attention import Attention
from attnbench.attention.kernels import Attended, AttentionSpec, BackwardPasses, Inputs, InputSize, Kernel, KernelCost
from attnbench.attention.kernels.dense import dense_backward_passes
from attnbench.attention.selections import Draw, Reinforce
from attnbench.cost.operations import pair_flops


def step_flops(model: nn.Module, step: Callable[[], object], device: torch.device) -> int:
    """The operations of `step`.

    Args:
        model: on the CPU, in training. It is used up: it gets into float64, in which torch computes no network in one
            piece, and we compute nothing by hand. Its attention is not computed, only counted.
        step: a forward and a backward pass of the model.
        device: where the step would run. It decides how a kernel works.
    """
    counters = []
    for layer in model.double().modules():
        if isinstance(layer, Attention):
            layer.kernel = _PairCounter(layer.chosen_kernel(), device)
            counters.append(layer.kernel)
    with _Products() as products:
        step()
    return products.flops + sum(counter.flops for counter in counters)


class _Products(TorchDispatchMode):
    """Adds up the operations of all matrix products that run in this context."""

    flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func.overloadpacket):
            self.flops += count(*args, **(kwargs or {}), out_val=result)
        return result


class _PairCounter:
    """Stands in for a kernel: it adds up the operations for all pairs of a query and a key, and computes none of them.

    The context that it returns has no meaning. It depends on all inputs, so that gradients flow where they would flow.
    """

    name = "counter"

    def __init__(self, kernel: Kernel, device: torch.device) -> None:
        self.kernel, self.device, self.flops = kernel, device, 0

    def refusal(self, spec: AttentionSpec) -> str | None:
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        """The cost of the kernel. If it draws, the loss of the draws brings a gradient to the scores."""
        cost = self.kernel.cost(spec, size, device)
        if not isinstance(spec.selection, Reinforce):
            return cost
        drawn = dense_backward_passes(spec, size, drawn=True)
        return cost._replace(backward_passes=BackwardPasses(*map(max, cost.backward_passes, drawn)))

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        query, key, value, view = inputs
        learns = query.requires_grad or key.requires_grad
        batch, heads, queries, features = query.shape
        size = InputSize(batch, heads, queries, key.shape[-2], features, value.shape[-1], learns)
        self.flops += sum(pair_flops(spec, self.cost(spec, size, self.device), backward=True))
        # Sums have no product, so that nothing here is counted twice.
        reached = query.sum(-1) + key.sum((-2, -1))[..., None]
        if view.centre is not None:
            reached = reached + view.centre
        context = value.mean(-2, keepdim=True) + reached[..., None]
        draw = Draw(reached, reached, spec.selection) if isinstance(spec.selection, Reinforce) else None
        return Attended(context, draw=draw)
