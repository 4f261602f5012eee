"""Dropout and Gumbel noise: their distribution, their gradient, and that the seed of torch decides."""

import pytest
import torch
from scipy import stats

from attnbench.compiled.dropout import dropout
from attnbench.compiled.loops import bits
from attnbench.compiled.noise import gumbel_noise
from attnbench.compiled.seeds import new_seed


def drawn(seed: int) -> torch.Tensor:
    torch.manual_seed(seed)
    return gumbel_noise(torch.empty(1000, 1000)).flatten()


def test_noise_has_the_gumbel_distribution() -> None:
    assert stats.kstest(drawn(1)[:100_000].numpy(), "gumbel_r").pvalue > 0.001


def test_the_largest_of_logits_and_noise_is_a_draw_from_their_softmax() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0])
    torch.manual_seed(1)
    chosen = (logits + gumbel_noise(torch.empty(300_000, 3))).argmax(-1)
    expected = logits.softmax(-1) * len(chosen)
    assert stats.chisquare(torch.bincount(chosen).numpy(), expected.double().numpy(), sum_check=False).pvalue > 0.001


def test_neighbours_and_seeds_are_uncorrelated() -> None:
    first, second = drawn(1), drawn(2)
    for other in (second, first.roll(1), first.roll(1000)):
        assert abs(float(torch.corrcoef(torch.stack([first, other]))[0, 1])) < 5e-3


@pytest.mark.parametrize("bit", range(32))
def test_every_bit_is_a_coin(bit: int) -> None:
    ones = sum(int(bits(place, 12345)) >> bit & 1 for place in range(4000))
    assert abs(ones - 2000) < 5 * 1000**0.5


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_keeps_a_share_and_the_mean(probability: float) -> None:
    torch.manual_seed(1)
    states = torch.ones(300, 1000)
    kept = dropout(states, probability)
    share = float((kept != 0).double().mean())
    deviation = (probability * (1 - probability) / states.numel()) ** 0.5
    assert abs(share - (1 - probability)) < 5 * deviation
    assert torch.allclose(kept[kept != 0], torch.tensor(1 / (1 - probability)))


def test_the_gradient_of_dropout_has_the_same_mask() -> None:
    torch.manual_seed(1)
    states = torch.randn(4, 5, 6).transpose(0, 2).requires_grad_()
    kept = dropout(states, 0.4)
    kept.backward(torch.ones_like(kept))
    assert states.grad is not None
    torch.testing.assert_close(kept.detach(), states.detach() * states.grad)


def test_the_seed_of_torch_decides() -> None:
    torch.manual_seed(3)
    first, second = new_seed(), new_seed()
    torch.manual_seed(3)
    assert (new_seed(), new_seed()) == (first, second)
    assert first != second
