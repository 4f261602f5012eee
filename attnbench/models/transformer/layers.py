"""The layers of a Transformer. Vaswani et al. 2017, section 3."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from attnbench.attention import Attention, Memory
from attnbench.attention.kernels import Attended
from attnbench.attention.selections import Draw
from attnbench.compiled.modules import Dropout, Linear
from attnbench.errors import UserError

Norm = Literal["pre", "post"]


@dataclass(frozen=True)
class LayerSettings:
    """The settings that all layers of a model share.

    The hidden layer of the feed-forward networks has `expansion` times the width. `norm` says where a layer is
    normalised: `post`, LN(x + f(x)), as in Vaswani et al. 2017; `pre`, x + f(LN(x)), as in Xiong et al. 2020. Without
    `residual`, the "x +" is left out.

    Raises:
        UserError: a value from which no layer can be made.
    """

    width: int
    expansion: int
    norm: Norm
    residual: bool
    dropout: float

    def __post_init__(self) -> None:
        for key in ("width", "expansion"):
            if getattr(self, key) < 1:
                raise UserError(f"model.{key}={getattr(self, key)}: must be 1 or more")
        if self.norm not in ("pre", "post"):
            raise UserError(f"model.norm={self.norm}: must be pre or post")
        if not 0 <= self.dropout < 1:
            raise UserError(f"model.dropout={self.dropout}: must be at least 0 and below 1")


class Projection(Linear):
    """A linear map with the initial values of Glorot and Bengio (2010), which keep the scale of values and of
    gradients.
    """

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class SublayerConnection(nn.Module):
    """What surrounds a sublayer f: normalisation of its input, dropout of its output, the residual connection."""

    def __init__(self, shape: LayerSettings) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(shape.width)
        self.dropout = Dropout(shape.dropout)
        self.before, self.residual = shape.norm == "pre", shape.residual

    def enter(self, states: Tensor) -> Tensor:
        """The input of f, from the input states."""
        return self.norm(states) if self.before else states

    def leave(self, states: Tensor, found: Tensor) -> Tensor:
        """The output states, from the input states and the output of f."""
        found = self.dropout(found)
        if self.residual:
            found = states + found
        return found if self.before else self.norm(found)


class MultiHeadAttention(nn.Module):
    """An attention layer between a projection of the queries and a projection of the contexts (section 3.2.2).

    The projections of keys and values belong to the attention: see `attnbench.attention.key_value`.
    """

    def __init__(self, width: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        self.query, self.output = Projection(width, width), Projection(width, width)
        self.attention = attention(width)

    def forward(
        self, states: Tensor, memory: Memory, *, position: int = 0, causal: bool = False, want_weights: bool = False
    ) -> Attended:
        """The same as `Attention.forward`, from states `(B, T, W)`."""
        query = self.query(states)
        attended = self.attention(query, memory, position=position, causal=causal, want_weights=want_weights)
        return attended._replace(context=self.output(attended.context))


class FeedForward(nn.Module):
    """W₂ max(0, W₁ x), for each position separately (section 3.3)."""

    def __init__(self, shape: LayerSettings) -> None:
        super().__init__()
        hidden = shape.expansion * shape.width
        self.inner, self.outer = Projection(shape.width, hidden), Projection(hidden, shape.width)
        self.around = SublayerConnection(shape)

    def forward(self, states: Tensor) -> Tensor:
        inner = torch.relu(self.inner(self.around.enter(states)))
        return self.around.leave(states, self.outer(inner))


class EncoderLayer(nn.Module):
    """Each source position attends all source positions; then the feed-forward network follows."""

    def __init__(self, shape: LayerSettings, self_attention: Callable[[int], Attention]) -> None:
        super().__init__()
        self.self_attention, self.around_self = (
            MultiHeadAttention(shape.width, self_attention),
            SublayerConnection(shape),
        )
        self.feed_forward = FeedForward(shape)

    def forward(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Draw | None]:
        """From source states `(B, S, W)` to those of the next layer. In each row, the first `lengths` `(B,)` are real.

        Also returns the draw, if the attention sampled.
        """
        seen = self.around_self.enter(states)
        attended = self.self_attention(seen, self.self_attention.attention.memory_of_states(seen, lengths))
        states = self.around_self.leave(states, attended.context)
        return self.feed_forward(states), attended.draw


class LayerMemory(NamedTuple):
    """What a decoder layer attends: the target read so far, and the source."""

    target: Memory
    source: Memory

    def rows(self, index: Tensor) -> "LayerMemory":
        """The memory of the sentences `index` `(N,)`."""
        return LayerMemory(self.target.rows(index), self.source.rows(index))


class LayerOutput(NamedTuple):
    """States `(B, T, W)` for the next layer, the memory that includes them, weights `(B, H, T, S)` if wanted, and
    draws.
    """

    states: Tensor
    memory: LayerMemory
    weights: Tensor | None
    draws: tuple[Draw, ...]


class DecoderLayer(nn.Module):
    """Each target position attends the positions up to itself, then the source; the feed-forward network follows."""

    def __init__(
        self,
        shape: LayerSettings,
        causal_attention: Callable[[int], Attention],
        cross_attention: Callable[[int], Attention],
    ) -> None:
        super().__init__()
        self.causal_attention, self.around_causal = (
            MultiHeadAttention(shape.width, causal_attention),
            SublayerConnection(shape),
        )
        self.cross_attention, self.around_cross = (
            MultiHeadAttention(shape.width, cross_attention),
            SublayerConnection(shape),
        )
        self.feed_forward = FeedForward(shape)

    def start(self, source: Tensor, lengths: Tensor) -> LayerMemory:
        """The memory of encoder states `(B, S, W)`, and of a target that is still empty."""
        target = self.causal_attention.attention.memory_of_states(source[:, :0])
        return LayerMemory(target, self.cross_attention.attention.memory_of_states(source, lengths))

    def forward(self, states: Tensor, memory: LayerMemory, position: int, *, want_weights: bool = False) -> LayerOutput:
        """Reads target states `(B, T, W)` that follow the first `position` target tokens."""
        seen = self.around_causal.enter(states)
        memory = memory._replace(target=self.causal_attention.attention.extend(memory.target, seen))
        causal = self.causal_attention(seen, memory.target, position=position, causal=True)
        states = self.around_causal.leave(states, causal.context)
        seen = self.around_cross.enter(states)
        cross = self.cross_attention(seen, memory.source, position=position, want_weights=want_weights)
        states = self.around_cross.leave(states, cross.context)
        draws = tuple(draw for draw in (causal.draw, cross.draw) if draw is not None)
        return LayerOutput(self.feed_forward(states), memory, cross.weights, draws)
