"""The Transformer, an encoder-decoder without recurrence. Vaswani et al. 2017."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.bounds import Bound
from attnbench.attention.selections import Draw
from attnbench.compiled.modules import Dropout
from attnbench.errors import UserError
from attnbench.models.model import Decoded, Model, OutputMap, tightest
from attnbench.models.transformer.layers import DecoderLayer, EncoderLayer, LayerMemory, LayerSettings, Norm


class TransformerState(NamedTuple):
    """What each decoder layer attends after `position` target tokens; see `attnbench.models.model.State`."""

    layers: tuple[LayerMemory, ...]
    draws: tuple[Draw, ...]
    position: int = 0

    def rows(self, index: Tensor) -> "TransformerState":
        """The state of the sentences `index` `(N,)`. Draws belong to the old rows, and are dropped."""
        return TransformerState(tuple(layer.rows(index) for layer in self.layers), (), self.position)


class Embedding(nn.Module):
    """√W times a vector for each token (section 3.4), plus the code of its position; then dropout.

    The vectors are drawn with variance 1 / W, so that they have the same scale as the codes of the positions.
    """

    def __init__(self, vocabulary: int, width: int, positions: Callable[[int], nn.Module], dropout: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocabulary, width))
        self.positions, self.dropout = positions(width), Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.weight.shape[1] ** -0.5)

    def forward(self, tokens: Tensor, position: int = 0) -> Tensor:
        """From ids `(B, T)`, the first of them at `position`, to states `(B, T, W)`."""
        vectors = math.sqrt(self.weight.shape[1]) * F.embedding(tokens, self.weight)
        return self.dropout(self.positions(vectors, position))


class Transformer(Model[TransformerState]):
    """An encoder with self-attention, a decoder with causal and cross-attention, and the map to the target vocabulary.

    Args:
        source_vocabulary: number of source types.
        target_vocabulary: number of target types.
        self_attention: makes, from `width`, the attention of each source position over all source positions.
        causal_attention: makes the attention of each target position over itself and the positions before it.
        cross_attention: makes the attention of each target position over the source.
        positions: makes, from `width`, the module that adds the order.
        width: of every state, W.
        expansion: width of the hidden layer of the feed-forward networks, as a multiple of `width`.
        encoder_layers: how many.
        decoder_layers: how many.
        norm: `post`: each sum is normalised. `pre`: each input of a sublayer is, and the last sum of encoder and
            decoder.
        residual: whether the input of a sublayer is added to its output.
        dropout: on embeddings, and on the output of each sublayer.
        tied_embeddings: whether the target embeddings are also the map to the vocabulary (Press and Wolf 2017).
        shared_embeddings: whether source and target have the same embeddings. They need the same vocabulary.

    Raises:
        UserError: a value from which no model can be made.
    """

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        *,
        self_attention: Callable[[int], Attention],
        causal_attention: Callable[[int], Attention],
        cross_attention: Callable[[int], Attention],
        positions: Callable[[int], nn.Module],
        width: int,
        expansion: int,
        encoder_layers: int,
        decoder_layers: int,
        norm: Norm,
        residual: bool,
        dropout: float,
        tied_embeddings: bool,
        shared_embeddings: bool = False,
    ) -> None:
        super().__init__()
        shape = LayerSettings(width, expansion, norm, residual, dropout)
        for key, value in (("encoder_layers", encoder_layers), ("decoder_layers", decoder_layers)):
            if value < 1:
                raise UserError(f"model.{key}={value}: must be 1 or more")
        self.source = Embedding(source_vocabulary, width, positions, dropout)
        if shared_embeddings and source_vocabulary != target_vocabulary:
            raise UserError(
                f"model.shared_embeddings=true: the source has {source_vocabulary} types, and the target "
                f"{target_vocabulary}; set task.joint_vocabulary=true"
            )
        self.target = self.source if shared_embeddings else Embedding(target_vocabulary, width, positions, dropout)
        encoder = [EncoderLayer(shape, self_attention) for _ in range(encoder_layers)]
        decoder = [DecoderLayer(shape, causal_attention, cross_attention) for _ in range(decoder_layers)]
        # The type of a ModuleList does not say what it holds.
        self.encoder = cast(Sequence[EncoderLayer], nn.ModuleList(encoder))
        self.decoder = cast(Sequence[DecoderLayer], nn.ModuleList(decoder))
        last = (lambda: nn.LayerNorm(width)) if norm == "pre" else nn.Identity
        self.encoder_norm, self.decoder_norm = last(), last()
        self.vocabulary = None if tied_embeddings else nn.Linear(width, target_vocabulary, bias=False)

    def start(self, source: Tensor, lengths: Tensor) -> TransformerState:
        states, draws = self.source(source), list[Draw]()
        real = torch.arange(source.shape[1], device=source.device) < lengths[:, None]
        for layer in self.encoder:
            states, draw = layer(states, lengths)
            if draw is not None:
                draws.append(draw._replace(credit="sentence", mask=real))
        states = self.encoder_norm(states)
        return TransformerState(tuple(layer.start(states, lengths) for layer in self.decoder), tuple(draws))

    def decode(
        self, tokens: Tensor, state: TransformerState, *, want_weights: bool = False
    ) -> Decoded[TransformerState]:
        states = self.target(tokens, state.position)
        memories, weights, draws = list[LayerMemory](), list[Tensor](), list[Draw]()
        for layer, memory in zip(self.decoder, state.layers, strict=True):
            found = layer(states, memory, state.position, want_weights=want_weights)
            states = found.states
            memories.append(found.memory)
            if found.weights is not None:
                weights.append(found.weights)
            # Later positions attend the output of a layer, except that of the last layer, which only its own token
            # reads.
            credit = "step" if layer is self.decoder[-1] else "later"
            draws += [draw._replace(credit=credit) for draw in found.draws]
        readouts = self.decoder_norm(states)
        after = state._replace(layers=tuple(memories), position=state.position + tokens.shape[1])
        stacked = torch.stack(weights, dim=1) if weights else None
        return Decoded(readouts, after, stacked, tuple(draws))

    @property
    def source_bound(self) -> Bound | None:
        return tightest([self.source, *self.encoder, *(layer.cross_attention for layer in self.decoder)])

    @property
    def target_bound(self) -> Bound | None:
        return tightest([self.target, *(layer.causal_attention for layer in self.decoder)])

    @property
    def output_map(self) -> OutputMap:
        return OutputMap((self.vocabulary or self.target).weight, None)
