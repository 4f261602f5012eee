"""The layers of a Transformer. Vaswani et al. 2017, section 3."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from attnbench.attention import Attention, Memory
from attnbench.attention.kernels import Attended
from attnbench.attention.selections import Draw
from attnbench.errors import UserError

Norm = Literal["pre", "post"]


@dataclass(frozen=True)
class LayerSettings:
    """What all layers of a model have in common.

    The feed-forward networks have a hidden layer of `expansion` times the width. `norm` says where a layer is
    normalised: `post`, LN(x + f(x)), as in Vaswani et al. 2017; `pre`, x + f(LN(x)), as in Xiong et al. 2020. Without
    `residual` the "x +" is left out.

    Raises:
        UserError: a value that no layer can be made of.
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


class Projection(nn.Linear):
    """A linear map as Glorot and Bengio (2010) start it: it keeps the scale of what goes through, either way."""

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class SublayerConnection(nn.Module):
    """What stands around a sublayer f: its input's normalisation, dropout of its output, the residual connection."""

    def __init__(self, shape: LayerSettings) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(shape.width)
        self.dropout = nn.Dropout(shape.dropout)
        self.before, self.residual = shape.norm == "pre", shape.residual

    def enter(self, states: Tensor) -> Tensor:
        """What f sees of the states that come in."""
        return self.norm(states) if self.before else states

    def leave(self, states: Tensor, found: Tensor) -> Tensor:
        """The states that go out, from those that came in and what f made of them."""
        found = self.dropout(found)
        if self.residual:
            found = states + found
        return found if self.before else self.norm(found)


class MultiHeadAttention(nn.Module):
    """An attention layer between a projection of the queries and one of the contexts (section 3.2.2).

    Those of keys and values are the attention's own: see `attnbench.attention.key_value`.
    """

    def __init__(self, width: int, attention: Callable[[int], Attention]) -> None:
        super().__init__()
        self.query, self.output = Projection(width, width), Projection(width, width)
        self.attention = attention(width)

    def forward(
        self, states: Tensor, memory: Memory, *, position: int = 0, causal: bool = False, want_weights: bool = False
    ) -> Attended:
        """As `Attention.forward`, from states `(B, T, W)`."""
        query = self.query(states)
        attended = self.attention(query, memory, position=position, causal=causal, want_weights=want_weights)
        return attended._replace(context=self.output(attended.context))


class FeedForward(nn.Module):
    """W₂ max(0, W₁ x), for each position by itself (section 3.3)."""

    def __init__(self, shape: LayerSettings) -> None:
        super().__init__()
        hidden = shape.expansion * shape.width
        self.inner, self.outer = Projection(shape.width, hidden), Projection(hidden, shape.width)
        self.around = SublayerConnection(shape)

    def forward(self, states: Tensor) -> Tensor:
        inner = torch.relu(self.inner(self.around.enter(states)))
        return self.around.leave(states, self.outer(inner))


class EncoderLayer(nn.Module):
    """Each source position attends all of them; then the feed-forward network."""

    def __init__(self, shape: LayerSettings, self_attention: Callable[[int], Attention]) -> None:
        super().__init__()
        self.self_attention, self.around_self = (
            MultiHeadAttention(shape.width, self_attention),
            SublayerConnection(shape),
        )
        self.feed_forward = FeedForward(shape)

    def forward(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Draw | None]:
        """From source states `(B, S, W)`, of which the first `lengths` `(B,)` are real, to those of the next layer.

        Besides, what the attention drew, if it did.
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
    """States `(B, T, W)` for the next layer, the memory with them in it, weights `(B, H, T, S)` if wanted, draws."""

    states: Tensor
    memory: LayerMemory
    weights: Tensor | None
    draws: tuple[Draw, ...]


class DecoderLayer(nn.Module):
    """Each target position attends those up to itself, then the source; then the feed-forward network."""

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
        """The memory of encoder states `(B, S, W)` and of a target of which nothing is read yet."""
        target = self.causal_attention.attention.memory_of_states(source[:, :0])
        return LayerMemory(target, self.cross_attention.attention.memory_of_states(source, lengths))

    def forward(self, states: Tensor, memory: LayerMemory, position: int, *, want_weights: bool = False) -> LayerOutput:
        """Target states `(B, T, W)` that follow the `position` which the memory knows."""
        seen = self.around_causal.enter(states)
        memory = memory._replace(target=self.causal_attention.attention.extend(memory.target, seen))
        causal = self.causal_attention(seen, memory.target, position=position, causal=True)
        states = self.around_causal.leave(states, causal.context)
        seen = self.around_cross.enter(states)
        cross = self.cross_attention(seen, memory.source, position=position, want_weights=want_weights)
        states = self.around_cross.leave(states, cross.context)
        draws = tuple(draw for draw in (causal.draw, cross.draw) if draw is not None)
        return LayerOutput(self.feed_forward(states), memory, cross.weights, draws)
