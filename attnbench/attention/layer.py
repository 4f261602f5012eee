"""The attention layer that every model uses: score × scope × selection, computed by a kernel."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.attention.heads import head_width, merge_heads, split_heads
from attnbench.attention.kernels import (
    Attended,
    AttentionSpec,
    AutoKernel,
    Inputs,
    Kernel,
    choose,
)
from attnbench.attention.key_value import KeyValue
from attnbench.attention.scopes import Scope, View
from attnbench.attention.scores import Score
from attnbench.attention.selections import Selection


class Memory(NamedTuple):
    """The keys and values that the queries attend to.

    Key features and values are `(B, H, S, ·)`. In each sentence, the first `lengths` `(B,)` positions are real; the
    rest is padding. If `lengths` is None, all S positions are real.
    """

    key_features: Tensor
    value: Tensor
    lengths: Tensor | None

    @property
    def size(self) -> int:
        """The number of positions S, including padding."""
        return self.value.shape[-2]

    def rows(self, index: Tensor) -> "Memory":
        """Selects the sentences `index` `(N,)` of the batch, in this order. An index may occur several times."""
        lengths = None if self.lengths is None else self.lengths[index]
        return Memory(self.key_features[index], self.value[index], lengths)


class Attention(nn.Module):
    """weights = selection(score(query, key) within scope), context = weights @ value.

    Args:
        width: the width H · D of the query states and of the states in the memory.
        score: makes the score from `(heads, head_dim)`.
        scope: makes the scope from `(heads, head_dim)`.
        selection: makes the selection, which is soft or hard.
        key_value: makes the module that turns states into keys and values, from `width`.
        kernel: computes the attention.
        heads: the number of heads H, a divisor of `width`.

    Raises:
        UserError: `heads` does not divide `width`, or the kernel cannot compute this score, scope and selection.
    """

    def __init__(
        self,
        width: int,
        *,
        score: Callable[[int, int], Score],
        scope: Callable[[int, int], Scope],
        selection: Callable[[], Selection],
        key_value: Callable[[int], Callable[[Tensor], KeyValue]],
        kernel: Kernel,
        heads: int = 1,
    ) -> None:
        super().__init__()
        head_dim = head_width(width, heads)
        self.heads = heads
        self.score = score(heads, head_dim)
        self.scope = scope(heads, head_dim)
        self.selection = selection()
        self.key_value = key_value(width)
        self.kernel = kernel
        self.chosen_kernel()

    def chosen_kernel(self, *, want_weights: bool = False) -> Kernel:
        """The kernel that runs. With `want_weights`, it is a kernel that returns weights, and `kernel` is ignored."""
        return choose(AutoKernel() if want_weights else self.kernel, self._spec(want_weights=want_weights))

    def memory_of_states(self, states: Tensor, lengths: Tensor | None = None) -> Memory:
        """Turns states `(B, S, W)` into a memory. In each row, the first `lengths` `(B,)` states are real.

        The rest is padding. If `lengths` is None, all states are real.
        """
        key, value = self.key_value(states)
        return self.memory_of_key_value(split_heads(key, self.heads), split_heads(value, self.heads), lengths)

    def extend(self, memory: Memory, states: Tensor) -> Memory:
        """Appends `states` `(B, N, W)` to the memory. All of them are real. The old features are not computed again."""
        key, value = (split_heads(part, self.heads) for part in self.key_value(states))
        features = self.score.key_features(key, memory.size)
        joined = torch.cat([memory.key_features, features], dim=2), torch.cat([memory.value, value], dim=2)
        return Memory(*joined, memory.lengths)

    def forward(
        self, query: Tensor, memory: Memory, *, position: int = 0, causal: bool = False, want_weights: bool = False
    ) -> Attended:
        """Computes the context of each query state.

        Args:
            query: the query states `(B, T, W)`.
            memory: the result of `memory_of_states`.
            position: the position of the first query. Local scopes align their windows to it. Causal attention counts
                from it.
            causal: whether keys after the position of a query are masked.
            want_weights: whether to return the weights `(B, H, T, S)` too.

        Returns:
            The context `(B, T, W)`. Also the weights, if requested, and the draw, if it needs a loss.
        """
        attended = self.attend(
            split_heads(query, self.heads), memory, position=position, causal=causal, want_weights=want_weights
        )
        return attended._replace(context=merge_heads(attended.context))

    def memory_of_key_value(self, key: Tensor, value: Tensor, lengths: Tensor | None = None) -> Memory:
        """Does the same as `memory_of_states`, but takes keys `(B, H, S, D)` and values `(B, H, S, Dv)`."""
        features = self.score.key_features(key)
        if self.scope.local:  # the windows are read row by row, many times
            features, value = features.contiguous(), value.contiguous()
        return Memory(features, value, lengths)

    def attend(
        self, query: Tensor, memory: Memory, *, position: int = 0, causal: bool = False, want_weights: bool = False
    ) -> Attended:
        """Does the same as `forward`, but takes queries `(B, H, T, D)` and returns contexts `(B, H, T, Dv)`."""
        view = self.scope(query, View(memory.size, memory.lengths, causal, position))
        inputs = Inputs(self.score.query_features(query), memory.key_features, memory.value, view)
        return self.chosen_kernel(want_weights=want_weights)(self._spec(want_weights=want_weights), inputs)

    def _spec(self, *, want_weights: bool) -> AttentionSpec:
        return AttentionSpec(self.score, self.scope, self.selection.now, want_weights)
