"""What a kernel is asked, and what it answers."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor

from attnbench.attention.scopes import Scope, View
from attnbench.attention.scores import Score
from attnbench.attention.selection import Draw, Selection


@dataclass(frozen=True)
class Problem:
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


class Kernel(Protocol):
    """One way to compute the attention."""

    name: str

    def refusal(self, problem: Problem) -> str | None:
        """Why this kernel cannot solve the problem, as the end of a sentence, or None if it can."""
        ...

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        """Solves a problem that it does not refuse."""
        ...
