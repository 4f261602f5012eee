"""The loss over a vocabulary beside torch's in float64."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.compiled import vocabulary_loss
from attnbench.compiled.loops import f, logits_to_gradient
from attnbench.compiled.products import rounding
from attnbench.compiled.vocabulary_loss import cross_entropy
from tests.compiled.gradients import assert_agrees, evaluated

ROWS, WIDTH, VOCABULARY = 7, 5, 11


def inputs(scale: float = 1.0) -> list[Tensor]:
    torch.manual_seed(0)
    shapes = [(ROWS, WIDTH), (VOCABULARY, WIDTH), (VOCABULARY,)]
    return [scale * torch.randn(shape, dtype=torch.float64) for shape in shapes]


EXPECTED = torch.arange(ROWS) % VOCABULARY


def torchs(states: Tensor, weight: Tensor, bias: Tensor, smoothing: float) -> Tensor:
    return F.cross_entropy(F.linear(states, weight, bias), EXPECTED, label_smoothing=smoothing)


@pytest.mark.parametrize("rows_of_a_piece", [1, 3, 100])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 30.0, 1e4])
def test_it_is_torchs(scale: float, smoothing: float, rows_of_a_piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary_loss, "PIECE", rows_of_a_piece * VOCABULARY)
    assert_agrees(
        lambda states, weight, bias: cross_entropy(states, weight, bias, EXPECTED, smoothing),
        lambda states, weight, bias: torchs(states, weight, bias, smoothing),
        inputs(scale),
        tolerance=2e-5,
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("offset", [0.0, 1e4, -1e6])
def test_a_number_added_to_all_logits_changes_nothing(offset: float, smoothing: float) -> None:
    """The logits are multiples of 1/8, so that float32 holds them also with the offset."""
    torch.manual_seed(0)
    plain = (8 * torch.randn(ROWS, 1000)).round() / 8
    logits, losses = plain + offset, torch.empty(ROWS)
    logits_to_gradient(logits.numpy(), EXPECTED.numpy(), losses.numpy(), f(smoothing), f(1 / ROWS))
    leaf = plain.double().requires_grad_()
    loss = F.cross_entropy(leaf, EXPECTED, label_smoothing=smoothing)
    assert float(losses.mean()) == pytest.approx(loss.item(), rel=1e-6)
    torch.testing.assert_close(logits.double(), torch.autograd.grad(loss, leaf)[0], rtol=0, atol=1e-7)


def test_there_may_be_no_bias() -> None:
    states, weight, _ = (tensor.float() for tensor in inputs())
    found = cross_entropy(states, weight, None, EXPECTED, 0.1)
    torch.testing.assert_close(found, torchs(states, weight, torch.zeros(VOCABULARY), 0.1))


def test_what_is_not_finite_stays_so() -> None:
    states, weight, bias = (tensor.float() for tensor in inputs())
    states[3, 1] = torch.nan
    assert cross_entropy(states, weight, bias, EXPECTED, 0.1).isnan()


def test_rounded_products_agree_within_the_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attnbench.compiled.products.SMALL", 1)
    tensors = [tensor.float() for tensor in inputs()]
    exact = evaluated(lambda states, weight, bias: torchs(states, weight, bias, 0.1), tensors)
    with rounding(True):
        found = evaluated(lambda states, weight, bias: cross_entropy(states, weight, bias, EXPECTED, 0.1), tensors)
    for one, other in zip(found, exact, strict=True):
        assert one.dtype is torch.float32
        assert not torch.equal(one, other)
        torch.testing.assert_close(one, other, rtol=0, atol=float(0.02 * other.abs().max()))
