"""The recurrence beside the equations of Cho et al. 2014 in float64, and beside torch's packed sequences."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnbench.compiled import textbook
from attnbench.compiled.recurrence import Weights, gru
from attnbench.models.rnn.recurrent import GRU, recurrent, steps
from tests.compiled.gradients import assert_agrees

BATCH, LENGTH, INPUTS, WIDTH = 3, 5, 4, 6
LENGTHS = torch.tensor([5, 1, 3])


def inputs(seed: int = 0, scale: float = 1.0) -> list[Tensor]:
    """Inputs, the first state, and the four weights."""
    torch.manual_seed(seed)
    shapes = [(BATCH, LENGTH, INPUTS), (BATCH, WIDTH), (3 * WIDTH, INPUTS), (3 * WIDTH, WIDTH), (18,), (18,)]
    return [scale * torch.randn(shape, dtype=torch.float64) for shape in shapes]


def equations(states: Tensor, state: Tensor, *weights: Tensor, lengths: Tensor | None, backward: bool) -> Tensor:
    """Sentence by sentence, step by step."""
    w = Weights(*weights)
    rows = []
    for row in range(BATCH):
        h, found = state[row], {}
        real = LENGTH if lengths is None else int(lengths[row])
        for t in reversed(range(LENGTH)) if backward else range(LENGTH):
            if t < real:
                a_r, a_z, a_n = (w.inputs @ states[row, t] + w.input_bias).chunk(3)
                b_r, b_z, b_n = (w.hidden @ h + w.hidden_bias).chunk(3)
                z = torch.sigmoid(a_z + b_z)
                h = (1 - z) * torch.tanh(a_n + torch.sigmoid(a_r + b_r) * b_n) + z * h
            found[t] = h
        rows.append(torch.stack([found[t] for t in range(LENGTH)]))
    return torch.stack(rows)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_it_is_the_equations(lengths: Tensor | None, backward: bool, scale: float) -> None:
    def compiled(states: Tensor, initial: Tensor, *weights: Tensor) -> Tensor:
        return gru(states, initial, Weights(*weights), lengths, backward=backward)

    def expected(*tensors: Tensor) -> Tensor:
        return equations(*tensors, lengths=lengths, backward=backward)

    assert_agrees(compiled, expected, inputs(scale=scale), tolerance=2e-5)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_network_is_torchs(layers: int, bidirectional: bool) -> None:
    torch.manual_seed(0)
    network = recurrent("gru", INPUTS, WIDTH, layers, 0.0, bidirectional)
    assert isinstance(network, GRU)
    states = torch.randn(BATCH, LENGTH, INPUTS)
    found, last = network(states, lengths=LENGTHS)
    packed = pack_padded_sequence(states, LENGTHS, batch_first=True, enforce_sorted=False)
    with textbook():
        outputs, expected_last = nn.GRU.forward(network, packed)  # pyright: ignore
    expected, _ = pad_packed_sequence(outputs, batch_first=True)
    real = (torch.arange(LENGTH) < LENGTHS[:, None])[..., None]
    if layers == 1:  # in a higher layer, the states of padding below are read, but only by padding
        torch.testing.assert_close(found * real, expected)
    torch.testing.assert_close(last, expected_last)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_steps_with_a_late_input_are_the_network(cell: str) -> None:
    """For the cells that are not compiled, the steps call the network."""
    torch.manual_seed(0)
    late_width = 2
    network = recurrent(cell, INPUTS + late_width, WIDTH, 1, 0.0)
    early, late = torch.randn(BATCH, LENGTH, INPUTS), torch.randn(BATCH, LENGTH, late_width)
    first = torch.randn(1, BATCH, WIDTH)
    hidden = (first, first.tanh()) if cell == "lstm" else first

    def stepwise(early: Tensor, late: Tensor) -> Tensor:
        step, state, outputs = steps(network, early), hidden, []
        for t in range(LENGTH):
            output, state = step(t, late[:, t : t + 1], state)
            outputs.append(output)
        return torch.cat(outputs, dim=1)

    leaves = [early.requires_grad_(), late.requires_grad_(), *network.parameters()]
    found = stepwise(early, late)
    expected, _ = network(torch.cat([early, late], dim=-1), hidden)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    gradients = [torch.autograd.grad((each * weights).sum(), leaves) for each in (found, expected)]
    torch.testing.assert_close(*gradients)


def test_a_gradient_of_one_step_alone_is_right() -> None:
    torch.manual_seed(0)
    network = recurrent("gru", INPUTS + 1, WIDTH, 1, 0.0)
    early, late, first = torch.randn(BATCH, LENGTH, INPUTS), torch.randn(BATCH, 1, 1), torch.zeros(1, BATCH, WIDTH)
    step, state, outputs = steps(network, early), first, list[Tensor]()
    for t in range(LENGTH):
        output, state = step(t, late, state)
        outputs.append(output)
    found = torch.autograd.grad(outputs[2].sum(), list(network.parameters()))  # later steps get no gradient
    whole, _ = network(torch.cat([early, late.expand(-1, LENGTH, -1)], dim=-1), first)
    torch.testing.assert_close(found, torch.autograd.grad(whole[:, 2].sum(), list(network.parameters())))
