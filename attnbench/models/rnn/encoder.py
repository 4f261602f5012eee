"""The recurrent encoder, and the bridge from it to the decoder."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.compiled.modules import Dropout, Linear
from attnbench.models.rnn.recurrent import CellType, Hidden, read, recurrent


class Encoded(NamedTuple):
    """States `(B, S, W)`, the lengths `(B,)`, and the initial state of the decoder."""

    states: Tensor
    lengths: Tensor
    hidden: Hidden


class Encoder(nn.Module):
    """Token embeddings, a recurrent network, and a linear map of its states to the width of the decoder.

    The map is there for every score and decoder. Otherwise `dot` would need a projection that others do not need.

    Args:
        vocabulary: number of source types.
        embedding: width of an embedding.
        width: of the recurrent state and of the encoder states, W.
        cell: rnn, gru or lstm.
        layers: of the network.
        bidirectional: whether the network also reads from the end.
        dropout: on embeddings, between layers, on the states.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        embedding: int,
        width: int,
        cell: CellType,
        layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.rnn = recurrent(cell, embedding, width, layers, dropout, bidirectional)
        self.states = Linear(directions * width, width)
        self.bridge = Linear(directions * width, width)
        self.dropout = Dropout(dropout)
        self.layers, self.directions = layers, directions

    def forward(self, source: Tensor, lengths: Tensor) -> Encoded:
        """Encodes ids `(B, S)`. In each row, the first `lengths` `(B,)` ids are real; the rest is padding."""
        embedded = self.dropout(self.embedding(source))
        states, last = read(self.rnn, embedded, lengths)
        hidden = (self._bridge(last[0]), self._bridge(last[1])) if isinstance(last, tuple) else self._bridge(last)
        return Encoded(self.dropout(self.states(states)), lengths, hidden)

    def _bridge(self, last: Tensor) -> Tensor:
        """The last states of both directions, layer by layer, as the first states of the decoder: `(layers, B, W)`."""
        joined = last.unflatten(0, (self.layers, self.directions)).transpose(1, 2).flatten(2)
        return torch.tanh(self.bridge(joined))
