"""The recurrent networks, and how a decoder takes single steps of them."""

from collections.abc import Callable
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnbench import compiled
from attnbench.compiled.recurrence import Weights, gru
from attnbench.compiled.recurrent_steps import GRUSteps
from attnbench.errors import UserError

CellType = Literal["rnn", "gru", "lstm"]
Hidden = Tensor | tuple[Tensor, Tensor]  # `(layers, B, W)`; an LSTM has two


class GRU(nn.GRU):
    """The same as `torch.nn.GRU`, compiled where it can be: batch first, without dropout between layers.

    The states of padding are not zero, as torch's are: a step beyond the end of a row leaves its state as it is.
    """

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input: Tensor, hx: Tensor | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, Hidden]:
        if not self.compiles(input):
            textbook = super().forward
            return textbook(input, hx) if lengths is None else read_packed(textbook, input, lengths)
        directions, last = ("", "_reverse") if self.bidirectional else ("",), list[Tensor]()
        for layer in range(self.num_layers):
            outputs = []
            for number, suffix in enumerate(directions):
                place = layer * len(directions) + number
                initial = input.new_zeros(len(input), self.hidden_size) if hx is None else hx[place]
                states = gru(input, initial, self.weights(layer, suffix), lengths, backward=bool(suffix))
                outputs.append(states)
                last.append(states[:, 0 if suffix else -1])
            input = torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]
        return input, torch.stack(last)

    def compiles(self, input: Tensor) -> bool:
        """Whether the compiled form can read this input."""
        between = self.dropout and self.num_layers > 1
        return not between and input.shape[1] > 0 and compiled.runs_on(input, self.weights(0).hidden)

    def weights(self, layer: int, suffix: str = "") -> Weights:
        """The parameters of a layer; `suffix` is `_reverse` for those that read from the end."""
        names = (f"{kind}_l{layer}{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        return Weights(*(getattr(self, name) for name in names))


CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": GRU, "lstm": nn.LSTM}


def recurrent(
    cell: str, inputs: int, width: int, layers: int, dropout: float, bidirectional: bool = False
) -> nn.RNNBase:
    """The recurrent network `cell`, batch first, with dropout between its layers."""
    if cell not in CELLS:
        raise UserError(f"model.cell={cell}: must be one of {', '.join(CELLS)}")
    between = dropout if layers > 1 else 0.0
    make = cast(Callable[..., nn.RNNBase], CELLS[cell])
    return make(inputs, width, layers, batch_first=True, dropout=between, bidirectional=bidirectional)


def read(network: nn.RNNBase, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Hidden]:
    """The states `(B, S, W)` of a network over inputs `(B, S, E)`, and its last states.

    In each row, the first `lengths` `(B,)` inputs are real.
    """
    return network(inputs, lengths=lengths) if isinstance(network, GRU) else read_packed(network, inputs, lengths)


def read_packed(network: Callable[..., tuple], inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Hidden]:
    """The same as `read`, by torch's packed sequences."""
    packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
    outputs, last = network(packed)
    return pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])[0], last


# From t, the late part of its input `(B, 1, L)`, and the state: the output `(B, 1, W)` and the next state.
Step = Callable[[int, Tensor, Any], tuple[Tensor, Hidden]]


def steps(network: nn.RNNBase, early: Tensor) -> Step:
    """Takes the steps of a network one after another, where a part of each input is only known at its step.

    The other part, `early` `(B, T, E)`, stands before it.
    """
    if isinstance(network, GRU) and network.num_layers == 1 and network.compiles(early):
        return GRUSteps(early, network.weights(0))

    def step(t: int, late: Tensor, hidden: Hidden) -> tuple[Tensor, Hidden]:
        return network(torch.cat([early[:, t : t + 1], late], dim=-1), hidden)

    return step
