"""The decoders' equations as the papers write them, one step after the other."""

import pytest
import torch
from torch import Tensor

from attnbench.models.rnn.decoders import RecurrentState
from attnbench.models.rnn.rnn import RNN
from tests.models import toy


def attended(state: RecurrentState, query: Tensor) -> Tensor:
    """The context by dot-product attention over the encoder's states."""
    assert state.memory is not None and state.memory.lengths is not None
    keys = state.memory.value[:, 0]
    padding = torch.arange(keys.shape[1]) >= state.memory.lengths[:, None, None]
    scores = (query @ keys.transpose(1, 2)).masked_fill(padding, -torch.inf)
    return scores.softmax(-1) @ keys


def readouts(model: RNN, decoder: str) -> list[Tensor]:
    """A GRU reads the target. `taken` enters a step with the token, `read` enters the readout with the output."""
    state = model.start(*toy.sources())
    hidden = state.hidden
    assert isinstance(hidden, Tensor)
    fixed, found = hidden.transpose(0, 1), [torch.zeros_like(hidden.transpose(0, 1))]
    for embedded in model.embedding(toy.targets()).split(1, dim=1):
        taken, read = list[Tensor](), list[Tensor]()
        if decoder == "every_step":
            taken = read = [fixed]
        elif decoder == "bahdanau":
            taken = [attended(state, hidden.transpose(0, 1))]
            read = [*taken, embedded]
        elif decoder == "luong_fed":
            taken = [found[-1]]
        output, hidden = model.decoder.rnn(torch.cat([embedded, *taken], dim=-1), hidden)
        features = [attended(state, output), output] if decoder.startswith("luong") else [output, *read]
        found.append(torch.tanh(model.decoder.readout(torch.cat(features, dim=-1))))
    return found[1:]


@pytest.mark.parametrize("decoder", list(toy.DECODERS))
def test_readouts_are_those_of_the_equations(decoder: str) -> None:
    model = toy.precise(*toy.DECODERS[decoder])
    expected = torch.cat(readouts(model, decoder), dim=1)
    torch.testing.assert_close(model(*toy.sources(), toy.targets()).logits, model.vocabulary(expected))


@pytest.mark.parametrize("decoder", ["bahdanau", "luong", "luong_fed"])
def test_a_window_moves_on_with_every_step(decoder: str) -> None:
    model = toy.precise(*toy.DECODERS[decoder], "scope=local_m", "scope.window=1")
    source, lengths = toy.sources()
    weights = model(source, lengths, toy.targets(), want_weights=True).weights
    assert weights is not None
    for row, length in enumerate(lengths.tolist()):
        for t in range(5):
            centre = min(t, length - 1)
            seen = weights[row, 0, 0, t].nonzero().flatten().tolist()
            assert seen == [s for s in range(length) if abs(s - centre) <= 1]
