"""The recurrent encoder-decoder."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.attention.selection import Draw
from attnbench.errors import UserError
from attnbench.models.decoders import Decoded, Decoder, State, join
from attnbench.models.encoder import Cell, Encoder


class Output(NamedTuple):
    """Logits `(B, T, V)`, weights `(B, H, T, S)` if wanted, a draw if the attention drew."""

    logits: Tensor
    weights: Tensor | None
    draw: Draw | None


class RNN(nn.Module):
    """An encoder, a decoder with or without attention, and the map from its readouts to the target vocabulary.

    Args:
        source_vocabulary: number of source types.
        target_vocabulary: number of target types.
        decoder: makes the decoder from `embedding, width, cell, layers, dropout`.
        embedding: width of an embedding.
        width: of every recurrent state.
        cell: rnn, gru or lstm, on both sides.
        layers: on both sides.
        bidirectional: whether the encoder also reads from the end.
        dropout: on embeddings, between layers, before the readout.

    Raises:
        UserError: a value that no model can be made of.
    """

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        *,
        decoder: Callable[..., Decoder],
        embedding: int,
        width: int,
        cell: Cell,
        layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        _check_shape(embedding=embedding, width=width, layers=layers, dropout=dropout)
        self.encoder = Encoder(
            source_vocabulary,
            embedding=embedding,
            width=width,
            cell=cell,
            layers=layers,
            bidirectional=bidirectional,
            dropout=dropout,
        )
        self.embedding = nn.Embedding(target_vocabulary, embedding)
        self.decoder = decoder(embedding=embedding, width=width, cell=cell, layers=layers, dropout=dropout)
        self.vocabulary = nn.Linear(width, target_vocabulary)
        self.dropout = nn.Dropout(dropout)

    def start(self, source: Tensor, lengths: Tensor) -> State:
        """Reads the source `(B, S)` and makes ready to decode."""
        return self.decoder.start(self.encoder(source, lengths))

    def step(self, tokens: Tensor, state: State, *, want_weights: bool = False) -> tuple[Tensor, Decoded]:
        """Logits `(B, T, V)` of what follows each of `tokens` `(B, T)`, and what the decoder made of them."""
        decoded = self.decoder(self.dropout(self.embedding(tokens)), state, want_weights=want_weights)
        return self.vocabulary(decoded.readouts), decoded

    def forward(
        self,
        source: Tensor,
        lengths: Tensor,
        target: Tensor,
        *,
        teacher_forcing: float = 1.0,
        want_weights: bool = False,
    ) -> Output:
        """Logits of what follows each target token.

        Args:
            source: ids `(B, S)`.
            lengths: real source tokens of each row, `(B,)`.
            target: ids `(B, T)`, beginning of sentence first.
            teacher_forcing: the chance that a step reads the true token before it, rather than the model's own guess
                (drawn a token at a time: Bengio et al. 2015).
            want_weights: also return the attention weights.
        """
        state = self.start(source, lengths)
        if teacher_forcing < 1:
            return self._sampled(target, state, teacher_forcing, want_weights)
        logits, decoded = self.step(target, state, want_weights=want_weights)
        return Output(logits, decoded.weights, decoded.draw)

    def _sampled(self, target: Tensor, state: State, teacher_forcing: float, want_weights: bool) -> Output:
        truth = torch.rand(target.shape, device=target.device) < teacher_forcing
        tokens, predictions, steps = target[:, :1], [], []
        for t in range(1, target.shape[1] + 1):
            logits, decoded = self.step(tokens, state, want_weights=want_weights)
            predictions.append(logits)
            steps.append(decoded)
            state = decoded.state
            if t < target.shape[1]:
                tokens = torch.where(truth[:, t : t + 1], target[:, t : t + 1], logits.argmax(-1))
        joined = join(steps)
        return Output(torch.cat(predictions, dim=1), joined.weights, joined.draw)


def _check_shape(*, embedding: int, width: int, layers: int, dropout: float) -> None:
    for key, value in (("embedding", embedding), ("width", width), ("layers", layers)):
        if value < 1:
            raise UserError(f"model.{key}={value}: must be 1 or more")
    if not 0 <= dropout < 1:
        raise UserError(f"model.dropout={dropout}: must be at least 0 and below 1")
