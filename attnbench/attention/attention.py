"""score × scope × selection, computed by a kernel: the attention layer that every model uses."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.attention.heads import head_width, merge_heads, split_heads
from attnbench.attention.kernels import Attended, Auto, Inputs, Kernel, Problem
from attnbench.attention.scopes import Scope
from attnbench.attention.scores import Score
from attnbench.attention.selection import Selection


class Memory(NamedTuple):
    """What is attended, made once a source sentence: `(B, H, S, ·)`, the mask `(B, 1, 1, S)`, the lengths `(B,)`."""

    key_features: Tensor
    value: Tensor
    mask: Tensor
    lengths: Tensor


class Attention(nn.Module):
    """weights = selection(score(query, key) within scope), context = weights @ value; keys and values are the states.

    Args:
        width: of the query states and of the attended states, H · D.
        score: makes the score from `(heads, head_dim)`.
        scope: makes the scope from `(heads, head_dim)`.
        selection: soft or hard.
        kernel: computes it.
        heads: H, a divisor of `width`.

    Raises:
        UserError: `heads` does not divide `width`, or the kernel cannot do this score, scope and selection.
    """

    def __init__(
        self,
        width: int,
        *,
        score: Callable[[int, int], Score],
        scope: Callable[[int, int], Scope],
        selection: Callable[[], Selection],
        kernel: Kernel,
        heads: int = 1,
    ) -> None:
        super().__init__()
        head_dim = head_width(width, heads)
        self.heads = heads
        self.score = score(heads, head_dim)
        self.scope = scope(heads, head_dim)
        self.selection = selection()
        self.kernel = kernel
        self.chosen_kernel()

    def chosen_kernel(self, *, want_weights: bool = False) -> Kernel:
        """The kernel that runs; weights on request come from the one that holds them, whatever else was asked for."""
        if want_weights:
            return Auto().choose(self._problem(want_weights=True))
        return self.kernel.choose(self._problem(want_weights=False))

    def remember(self, states: Tensor, lengths: Tensor) -> Memory:
        """Prepares states `(B, S, W)`, of which the first `lengths` `(B,)` are real, for being attended."""
        heads = split_heads(states, self.heads)
        mask = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
        return Memory(self.score.key_features(heads), heads, mask[:, None, None], lengths)

    def forward(self, query: Tensor, memory: Memory, *, position: int = 0, want_weights: bool = False) -> Attended:
        """Attends from each query state.

        Args:
            query: `(B, T, W)`.
            memory: from `remember`.
            position: the target position of the first query, which local scopes align to.
            want_weights: also return the weights `(B, H, T, S)`.

        Returns:
            The context as `(B, T, W)`, the weights if wanted, the draw if the selection drew.
        """
        heads = split_heads(query, self.heads)
        view = self.scope(heads, memory.lengths, memory.mask.shape[-1], position)
        mask = memory.mask if view.mask is None else memory.mask & view.mask
        problem = self._problem(want_weights=want_weights)
        kernel = self.chosen_kernel(want_weights=want_weights)
        inputs = Inputs(self.score.query_features(heads), memory.key_features, memory.value, mask, view.gain)
        attended = kernel(problem, inputs)
        return attended._replace(context=merge_heads(attended.context))

    def _problem(self, *, want_weights: bool) -> Problem:
        return Problem(self.score, self.scope, self.selection, want_weights)
