"""Recurrent decoders: without attention, and with that of Bahdanau and Luong.

A decoder maps embeddings `(B, T, E)` to readouts `(B, T, W)`. If no step depends on the attention of the step before,
all steps are computed at once. Decoding asks for one step at a time, T = 1.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from attnbench.attention import Attention, Memory
from attnbench.attention.kernels import Attended
from attnbench.attention.selections import Draw
from attnbench.compiled.modules import Dropout, Linear
from attnbench.errors import UserError
from attnbench.models.model import Decoded, join
from attnbench.models.rnn.encoder import Encoded
from attnbench.models.rnn.recurrent import CellType, Hidden, recurrent, steps


class RecurrentState(NamedTuple):
    """The state of a decoder after `position` steps; see `attnbench.models.model.State`.

    `context` `(B, 1, W)` enters the next input: the fixed context, or the last attentional vector.
    """

    hidden: Hidden
    context: Tensor
    memory: Memory | None
    position: int = 0

    @property
    def draws(self) -> tuple[Draw, ...]:
        """Empty: the encoder does not attend."""
        return ()

    def rows(self, index: Tensor) -> "RecurrentState":
        """The state of the sentences `index` `(N,)`."""
        hidden = self.hidden
        chosen = (hidden[0][:, index], hidden[1][:, index]) if isinstance(hidden, tuple) else hidden[:, index]
        memory = None if self.memory is None else self.memory.rows(index)
        return RecurrentState(chosen, self.context[index], memory, self.position)


class Decoder(nn.Module):
    """The base: a recurrent network, and a readout from `features` values. Its input is the embedding and `extra` more
    values.
    """

    def __init__(
        self, *, embedding: int, width: int, cell: CellType, layers: int, dropout: float, extra: int, features: int
    ) -> None:
        super().__init__()
        self.rnn = recurrent(cell, embedding + extra, width, layers, dropout)
        self.readout = Linear(features, width)
        self.dropout = Dropout(dropout)

    def start(self, encoded: Encoded) -> RecurrentState:
        raise NotImplementedError

    def forward(
        self, embedded: Tensor, state: RecurrentState, *, want_weights: bool = False
    ) -> Decoded[RecurrentState]:
        raise NotImplementedError

    def read_out(self, *features: Tensor) -> Tensor:
        """tanh(W [features]). For Luong it is the attentional vector (2015, eq. 5)."""
        return torch.tanh(self.readout(self.dropout(torch.cat(features, dim=-1))))


class NoAttention(Decoder):
    """A fixed context, the encoder's last state, is all that the decoder knows of the source.

    Args:
        context: `initial`: it is only the decoder's initial state (Sutskever et al. 2014). `every_step`: it also enters
            the input and the readout of each step (Cho et al. 2014).
    """

    def __init__(self, *, context: Literal["initial", "every_step"], embedding: int, width: int, **shape: Any) -> None:
        if context not in ("initial", "every_step"):
            raise UserError(f"decoder.context={context}: must be initial or every_step")
        extra = width if context == "every_step" else 0
        super().__init__(embedding=embedding, width=width, extra=extra, features=width + extra, **shape)
        self.every_step = context == "every_step"

    def start(self, encoded: Encoded) -> RecurrentState:
        return RecurrentState(encoded.hidden, _top(encoded.hidden), None)

    def forward(
        self, embedded: Tensor, state: RecurrentState, *, want_weights: bool = False
    ) -> Decoded[RecurrentState]:
        context = state.context.expand(-1, embedded.shape[1], -1)
        inputs = torch.cat([embedded, context], dim=-1) if self.every_step else embedded
        outputs, hidden = self.rnn(inputs, state.hidden)
        readouts = self.read_out(outputs, context) if self.every_step else self.read_out(outputs)
        return Decoded(readouts, state._replace(hidden=hidden, position=state.position + embedded.shape[1]))


class Bahdanau(Decoder):
    """Attends from the state before the step, and the context enters the step. Bahdanau et al. 2015, appendix A.2.2.

    Two parts differ from the paper, so that they are the same for each decoder here. The initial state is made of the
    last states of both directions of the encoder; in the paper it is made of the backward one alone. The readout is a
    layer with tanh; in the paper it is a maxout layer.
    """

    def __init__(self, *, attention: Callable[[int], Attention], embedding: int, width: int, **shape: Any) -> None:
        super().__init__(embedding=embedding, width=width, extra=width, features=2 * width + embedding, **shape)
        self.attention = attention(width)

    def start(self, encoded: Encoded) -> RecurrentState:
        memory = self.attention.memory_of_states(encoded.states, encoded.lengths)
        return RecurrentState(encoded.hidden, _top(encoded.hidden), memory)

    def forward(
        self, embedded: Tensor, state: RecurrentState, *, want_weights: bool = False
    ) -> Decoded[RecurrentState]:
        step = steps(self.rnn, embedded)

        def attend(t: int, state: RecurrentState) -> Decoded[RecurrentState]:
            assert state.memory is not None
            attended = self.attention(
                _top(state.hidden), state.memory, position=state.position, want_weights=want_weights
            )
            output, hidden = step(t, attended.context, state.hidden)
            state = state._replace(hidden=hidden, position=state.position + 1)
            return _decoded(torch.cat([output, attended.context], dim=-1), state, attended)

        decoded = _one_by_one(attend, embedded.shape[1], state)
        # No step reads the readout of another, so that all are made at once.
        return decoded._replace(readouts=self.read_out(decoded.readouts, embedded))


class Luong(Decoder):
    """Attends from the state after the step; the attentional vector is read out. Luong et al. 2015, section 3.

    Args:
        input_feeding: whether the attentional vector enters the input of the next step (section 3.3). Without it, no
            step depends on the attention of the step before, and all steps are computed at once.
    """

    def __init__(
        self,
        *,
        attention: Callable[[int], Attention],
        embedding: int,
        width: int,
        input_feeding: bool = False,
        **shape: Any,
    ) -> None:
        extra = width if input_feeding else 0
        super().__init__(embedding=embedding, width=width, extra=extra, features=2 * width, **shape)
        self.attention = attention(width)
        self.input_feeding = input_feeding

    def start(self, encoded: Encoded) -> RecurrentState:
        memory = self.attention.memory_of_states(encoded.states, encoded.lengths)
        return RecurrentState(encoded.hidden, torch.zeros_like(encoded.states[:, :1]), memory)

    def forward(
        self, embedded: Tensor, state: RecurrentState, *, want_weights: bool = False
    ) -> Decoded[RecurrentState]:
        if not self.input_feeding:
            outputs, hidden = self.rnn(embedded, state.hidden)
            return self._read_out(outputs, hidden, state, want_weights)
        step = steps(self.rnn, embedded)

        def attend(t: int, state: RecurrentState) -> Decoded[RecurrentState]:
            decoded = self._read_out(*step(t, state.context, state.hidden), state, want_weights)
            return decoded._replace(state=decoded.state._replace(context=decoded.readouts))

        return _one_by_one(attend, embedded.shape[1], state)

    def _read_out(
        self, outputs: Tensor, hidden: Hidden, state: RecurrentState, want_weights: bool
    ) -> Decoded[RecurrentState]:
        assert state.memory is not None
        attended = self.attention(outputs, state.memory, position=state.position, want_weights=want_weights)
        readouts = self.read_out(attended.context, outputs)
        state = state._replace(hidden=hidden, position=state.position + outputs.shape[1])
        return _decoded(readouts, state, attended)


def _one_by_one(
    step: Callable[[int, RecurrentState], Decoded[RecurrentState]], length: int, state: RecurrentState
) -> Decoded[RecurrentState]:
    """Runs `step` for each of `length` positions, from the state that the previous step left."""
    decoded: list[Decoded[RecurrentState]] = []
    for t in range(length):
        decoded.append(step(t, state))
        state = decoded[-1].state
    return join(decoded)


def _decoded(readouts: Tensor, state: RecurrentState, attended: Attended) -> Decoded[RecurrentState]:
    weights = None if attended.weights is None else attended.weights[:, None]  # of one layer
    return Decoded(readouts, state, weights, () if attended.draw is None else (attended.draw,))


def _top(hidden: Hidden) -> Tensor:
    """The output of the top layer, as `(B, 1, W)`."""
    output = hidden[0] if isinstance(hidden, tuple) else hidden
    return output[-1][:, None]
