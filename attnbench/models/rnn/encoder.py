"""The recurrent encoder, and the bridge from it to the decoder."""

from collections.abc import Callable
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnbench.errors import UserError

CellType = Literal["rnn", "gru", "lstm"]
Hidden = Tensor | tuple[Tensor, Tensor]  # `(layers, B, W)`; an LSTM has two
CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Encoded(NamedTuple):
    """States `(B, S, W)`, the lengths `(B,)`, and the initial state of the decoder."""

    states: Tensor
    lengths: Tensor
    hidden: Hidden


def recurrent(
    cell: str, inputs: int, width: int, layers: int, dropout: float, bidirectional: bool = False
) -> nn.RNNBase:
    """The recurrent network `cell`, batch first, with dropout between its layers."""
    if cell not in CELLS:
        raise UserError(f"model.cell={cell}: must be one of {', '.join(CELLS)}")
    between = dropout if layers > 1 else 0.0
    make = cast(Callable[..., nn.RNNBase], CELLS[cell])
    return make(inputs, width, layers, batch_first=True, dropout=between, bidirectional=bidirectional)


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
        self.states = nn.Linear(directions * width, width)
        self.bridge = nn.Linear(directions * width, width)
        self.dropout = nn.Dropout(dropout)
        self.layers, self.directions = layers, directions

    def forward(self, source: Tensor, lengths: Tensor) -> Encoded:
        """Encodes ids `(B, S)`. In each row, the first `lengths` `(B,)` ids are real; the rest is padding."""
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, last = self.rnn(packed)
        states, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        hidden = (self._bridge(last[0]), self._bridge(last[1])) if isinstance(last, tuple) else self._bridge(last)
        return Encoded(self.dropout(self.states(states)), lengths, hidden)

    def _bridge(self, last: Tensor) -> Tensor:
        """The last states of both directions, layer by layer, as the first states of the decoder: `(layers, B, W)`."""
        joined = last.unflatten(0, (self.layers, self.directions)).transpose(1, 2).flatten(2)
        return torch.tanh(self.bridge(joined))
