"""What a kernel is asked, and what it answers."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from attnbench.attention.scopes import Scope, View
from attnbench.attention.scores import Score
from attnbench.attention.selections import Draw, Selection


@dataclass(frozen=True)
class AttentionSpec:
    """What is to be computed, before any tensor is there: enough to say whether a kernel can."""

    score: Score
    scope: Scope
    selection: Selection
    want_weights: bool = False


class Inputs(NamedTuple):
    """What a kernel computes on: features from the score, `(B, H, T, F)` and `(B, H, S, F)`; values `(B, H, S, Dv)`;
    and which keys each query may attend."""

    query_features: Tensor
    key_features: Tensor
    value: Tensor
    view: View


class Attended(NamedTuple):
    """The context `(B, H, T, Dv)`; the weights `(B, H, T, S)` where they were wanted; a draw where one needs a loss."""

    context: Tensor
    weights: Tensor | None = None
    draw: Draw | None = None


class InputSize(NamedTuple):
    """Of inputs: B sentences, H heads, T queries, S keys, F features, values of width Dv.

    `learns` says whether a gradient flows back through the features.
    """

    batch: int
    heads: int
    queries: int
    keys: int
    features: int
    width: int
    learns: bool

    @property
    def pairs(self) -> int:
        """Of a query and a key, in all heads and sentences."""
        return self.batch * self.heads * self.queries * self.keys


class BackwardPasses(NamedTuple):
    """What a backward pass does, counted in forward passes of the same kind: a gradient by each of two operands is two
    of them, and what is computed again is one more."""

    compare: int
    select: int
    mix: int

    def again(self) -> "BackwardPasses":
        """With everything computed again."""
        return BackwardPasses(self.compare + 1, self.select + 1, self.mix + 1)


class KernelCost(NamedTuple):
    """What a kernel does to solve a problem of some size, over all heads and sentences.

    `pairs` of a query and a key are compared, those of no use included, at `compare` floating-point operations each,
    and as many values mixed at `mix` each. `forward_moves` and `backward_moves` are the numbers that it reads from
    memory and writes to it for each pair.
    """

    pairs: int
    compare: int
    mix: int
    rounds: BackwardPasses
    forward_moves: int = 0
    backward_moves: int = 0


class Kernel(Protocol):
    """One way to compute the attention."""

    name: str

    def refusal(self, spec: AttentionSpec) -> str | None:
        """Why this kernel cannot solve the problem, as the end of a sentence, or None if it can."""
        ...

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        """What it does to solve such a problem there, without a mask, forward and backward."""
        ...

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        """Solves a problem that it does not refuse."""
        ...
