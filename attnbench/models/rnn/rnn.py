"""The recurrent encoder-decoder."""

from collections.abc import Callable

from torch import Tensor, nn

from attnbench.attention.bounds import Bound
from attnbench.compiled.modules import Dropout, Linear
from attnbench.errors import UserError
from attnbench.models.model import Decoded, Model, OutputMap, tightest
from attnbench.models.rnn.decoders import Decoder, RecurrentState
from attnbench.models.rnn.encoder import Encoder
from attnbench.models.rnn.recurrent import CellType


class RNN(Model[RecurrentState]):
    """An encoder, a decoder with or without attention, and the map from readouts to the target vocabulary.

    Args:
        source_vocabulary: number of source types.
        target_vocabulary: number of target types.
        decoder: makes the decoder from `embedding, width, cell, layers, dropout`.
        embedding: width of an embedding.
        width: of every recurrent state.
        cell: rnn, gru or lstm, for encoder and decoder.
        layers: of encoder and decoder.
        bidirectional: whether the encoder also reads from the end.
        dropout: on embeddings, between layers, before the readout.

    Raises:
        UserError: a value from which no model can be made.
    """

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        *,
        decoder: Callable[..., Decoder],
        embedding: int,
        width: int,
        cell: CellType,
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
        self.vocabulary = Linear(width, target_vocabulary)
        self.dropout = Dropout(dropout)

    def start(self, source: Tensor, lengths: Tensor) -> RecurrentState:
        return self.decoder.start(self.encoder(source, lengths))

    def decode(self, tokens: Tensor, state: RecurrentState, *, want_weights: bool = False) -> Decoded[RecurrentState]:
        return self.decoder(self.dropout(self.embedding(tokens)), state, want_weights=want_weights)

    @property
    def source_bound(self) -> Bound | None:
        return tightest([self.decoder])

    @property
    def output_map(self) -> OutputMap:
        return OutputMap(self.vocabulary.weight, self.vocabulary.bias)


def _check_shape(*, embedding: int, width: int, layers: int, dropout: float) -> None:
    for key, value in (("embedding", embedding), ("width", width), ("layers", layers)):
        if value < 1:
            raise UserError(f"model.{key}={value}: must be 1 or more")
    if not 0 <= dropout < 1:
        raise UserError(f"model.dropout={dropout}: must be at least 0 and below 1")
