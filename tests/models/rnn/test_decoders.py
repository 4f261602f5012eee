"""Every recurrent model: it runs with every shape, and its draws get the right rewards."""

import pytest

from tests.models import toy

every_decoder = pytest.mark.parametrize("decoder", list(toy.DECODERS))


@every_decoder
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_shape_runs_forward_and_backward(decoder: str, cell: str, bidirectional: bool, layers: int) -> None:
    model = toy.build(*toy.DECODERS[decoder], cell=cell, bidirectional=bidirectional, layers=layers, dropout=0.1)
    output = model(*toy.sources(), toy.targets())
    assert output.logits.shape == (4, 5, toy.VOCABULARY)
    assert output.weights is None
    output.logits.square().sum().backward()
    unread = "encoder.states." if decoder in ("initial", "every_step") else "nothing"
    for name, parameter in model.named_parameters():
        if name.startswith(unread):
            continue
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("selection", ["reinforce", "gumbel"])
@pytest.mark.parametrize("decoder", ["bahdanau", "luong", "luong_fed"])
def test_a_draw_counts_for_what_depends_on_it(decoder: str, selection: str) -> None:
    model = toy.build(*toy.DECODERS[decoder], f"selection={selection}")
    draws = model(*toy.sources(), toy.targets()).draws
    assert len(draws) == (selection == "reinforce")
    for draw in draws:
        assert draw.log_prob.shape == draw.entropy.shape == (4, 1, 5)
        assert (draw.credit == "later") == (decoder != "luong")
    assert not model.eval()(*toy.sources(), toy.targets()).draws
