"""The interface of a kernel: its inputs, its result and its cost."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from attnbench.attention.scopes import Scope, View
from attnbench.attention.scores import Score
from attnbench.attention.selections import Draw, Selection


@dataclass(frozen=True)
class AttentionSpec:
    """The attention to compute: score, scope and selection, and whether the weights are requested.

    It holds no input tensors. It is enough to decide whether a kernel can compute this attention.
    """

    score: Score
    scope: Scope
    selection: Selection
    want_weights: bool = False


class Inputs(NamedTuple):
    """The inputs of a kernel.

    Query features are `(B, H, T, F)`, key features are `(B, H, S, F)`, values are `(B, H, S, Dv)`. `view` says which
    keys each query may attend to.
    """

    query_features: Tensor
    key_features: Tensor
    value: Tensor
    view: View


class Attended(NamedTuple):
    """The result of a kernel: the context `(B, H, T, Dv)`, and two optional parts.

    `weights` `(B, H, T, S)` are present if they were requested. `draw` is present if a draw needs a loss.
    """

    context: Tensor
    weights: Tensor | None = None
    draw: Draw | None = None


class InputSize(NamedTuple):
    """The size of the inputs: B sentences, H heads, T queries, S keys, F features, values of width Dv.

    `features_need_gradient` says whether a gradient flows back through the features.
    """

    batch: int
    heads: int
    queries: int
    keys: int
    features: int
    width: int
    features_need_gradient: bool

    @property
    def pairs(self) -> int:
        """The number of pairs of a query and a key, in all heads and sentences."""
        return self.batch * self.heads * self.queries * self.keys


class BackwardPasses(NamedTuple):
    """The work of the backward pass in each step, counted in forward passes of the same step.

    The gradients of two operands count as 2 forward passes. A step that is computed again counts as 1 more.
    """

    compare: int
    select: int
    mix: int

    def with_recomputation(self) -> "BackwardPasses":
        """The same passes, with each step computed again."""
        return BackwardPasses(self.compare + 1, self.select + 1, self.mix + 1)


class KernelCost(NamedTuple):
    """The cost of a kernel for inputs of a given size, over all heads and sentences.

    The kernel compares `pairs` of a query and a key, including pairs whose score is not used. Each pair takes
    `compare_flops` floating-point operations to compare, and `mix_flops` to mix its value into the context.
    `forward_moves` and `backward_moves` are how many numbers per pair the kernel reads from memory or writes to it.
    """

    pairs: int
    compare_flops: int
    mix_flops: int
    backward_passes: BackwardPasses
    forward_moves: int = 0
    backward_moves: int = 0


class Kernel(Protocol):
    """One way to compute the attention."""

    name: str

    def refusal(self, spec: AttentionSpec) -> str | None:
        """Why this kernel cannot compute the attention, or None if it can. The text must fit after "because"."""
        ...

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        """The cost of the forward pass and the backward pass on `device`, without a mask."""
        ...

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        """Computes the attention. The kernel must not refuse `spec`."""
        ...
