"""score × scope × selection, computed by a kernel: the attention layer that every model uses."""

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
    """What is attended: key features and values `(B, H, S, ·)`, and how many of them are real `(B,)` (None: all)."""

    key_features: Tensor
    value: Tensor
    lengths: Tensor | None

    @property
    def size(self) -> int:
        """S, padding included."""
        return self.value.shape[-2]

    def rows(self, index: Tensor) -> "Memory":
        """The memory of the sentences `index` `(N,)`, in that order, any as often as it is named."""
        lengths = None if self.lengths is None else self.lengths[index]
        return Memory(self.key_features[index], self.value[index], lengths)


class Attention(nn.Module):
    """weights = selection(score(query, key) within scope), context = weights @ value.

    Args:
        width: of the query states and of the attended states, H · D.
        score: makes the score from `(heads, head_dim)`.
        scope: makes the scope from `(heads, head_dim)`.
        selection: soft or hard.
        key_value: makes, from `width`, what turns states into keys and values.
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
        """The kernel that runs; weights on request come from the one that holds them, whatever else was asked for."""
        return choose(AutoKernel() if want_weights else self.kernel, self._spec(want_weights=want_weights))

    def memory_of_states(self, states: Tensor, lengths: Tensor | None = None) -> Memory:
        """Prepares states `(B, S, W)`, of which the first `lengths` `(B,)` are real, for being attended."""
        key, value = self.key_value(states)
        return self.memory_of_key_value(split_heads(key, self.heads), split_heads(value, self.heads), lengths)

    def extend(self, memory: Memory, states: Tensor) -> Memory:
        """The memory with `states` `(B, N, W)` behind what it holds, all of it real: nothing is computed twice."""
        key, value = (split_heads(part, self.heads) for part in self.key_value(states))
        features = self.score.key_features(key, memory.size)
        joined = torch.cat([memory.key_features, features], dim=2), torch.cat([memory.value, value], dim=2)
        return Memory(*joined, memory.lengths)

    def forward(
        self, query: Tensor, memory: Memory, *, position: int = 0, causal: bool = False, want_weights: bool = False
    ) -> Attended:
        """Attends from each query state.

        Args:
            query: `(B, T, W)`.
            memory: from `memory_of_states`.
            position: of the first query, which local scopes align to and causal attention starts from.
            causal: whether a query sees no key after its own position.
            want_weights: also return the weights `(B, H, T, S)`.

        Returns:
            The context as `(B, T, W)`, the weights if wanted, the draw if the selection drew.
        """
        attended = self.attend(
            split_heads(query, self.heads), memory, position=position, causal=causal, want_weights=want_weights
        )
        return attended._replace(context=merge_heads(attended.context))

    def memory_of_key_value(self, key: Tensor, value: Tensor, lengths: Tensor | None = None) -> Memory:
        """As `memory_of_states`, of keys `(B, H, S, D)` and values `(B, H, S, Dv)` that are made already."""
        features = self.score.key_features(key)
        if self.scope.local:  # windows are fetched row by row, often many times
            features, value = features.contiguous(), value.contiguous()
        return Memory(features, value, lengths)

    def attend(
        self, query: Tensor, memory: Memory, *, position: int = 0, causal: bool = False, want_weights: bool = False
    ) -> Attended:
        """As `forward`, from queries `(B, H, T, D)` to contexts `(B, H, T, Dv)`."""
        view = self.scope(query, View(memory.size, memory.lengths, causal, position))
        inputs = Inputs(self.score.query_features(query), memory.key_features, memory.value, view)
        return self.chosen_kernel(want_weights=want_weights)(self._spec(want_weights=want_weights), inputs)

    def _spec(self, *, want_weights: bool) -> AttentionSpec:
        return AttentionSpec(self.score, self.scope, self.selection, want_weights)
