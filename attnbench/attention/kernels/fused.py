"""The fused kernel: a score's feature maps, then `F.scaled_dot_product_attention` on them."""

from typing import Self

from torch import Tensor
from torch.nn import functional as F

from attnbench.attention.kernels.kernel import Attended, Inputs, Problem
from attnbench.errors import UserError

MULTIPLE = 8  # of which a width must be, for the library's kernels to take it on every device


class Fused:
    """Every score that is a dot product of feature maps, softly selected; the T × S matrix is left to the library."""

    name = "fused"

    def refusal(self, problem: Problem) -> str | None:
        if not problem.score.factored:
            return f"{type(problem.score).__name__} is not a dot product of feature maps"
        if problem.scope.local:
            return f"{type(problem.scope).__name__} shows each query keys of its own"
        if not problem.selection.soft:
            return f"{type(problem.selection).__name__} needs the scores themselves"
        if problem.want_weights:
            return "the weights are wanted, and it never holds them"
        return None

    def choose(self, problem: Problem) -> Self:
        if reason := self.refusal(problem):
            raise UserError(f"kernel={self.name}: cannot do this, for {reason}; kernel=dense or kernel=auto can")
        return self

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        query_features, key_features, value, view = inputs
        # Where features and values differ in width, or the width is odd, the library falls back to the T × S matrix.
        width = -(-max(query_features.shape[-1], value.shape[-1]) // MULTIPLE) * MULTIPLE
        query, key, padded = (_widened(states, width) for states in (query_features, key_features, value))
        mask = view.mask(query.shape[-2], query.device)
        # A row with nothing to attend has no softmax: let it attend everything, then drop what it found.
        empty = ~mask.any(-1, keepdim=True)
        context = F.scaled_dot_product_attention(query, key, padded, attn_mask=mask | empty, scale=1.0)
        return Attended(context[..., : value.shape[-1]].masked_fill(empty, 0.0))


def _widened(states: Tensor, width: int) -> Tensor:
    """`states` with zeros behind, which add nothing to a dot product."""
    missing = width - states.shape[-1]
    return F.pad(states, (0, missing)) if missing else states
