"""Each loss against a loop over tokens, in float64, with its gradient."""

from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from torch import Tensor
from torch.distributions import Categorical, kl_divergence

from attnbench.cli.paths import CONF
from attnbench.errors import UserError
from attnbench.job.build import build
from attnbench.job.identity import factors, job_key
from attnbench.tasks.task import PAD
from attnbench.training.loss import CrossEntropy, Squared

LOSSES: list[Any] = [CrossEntropy, Squared]
TOKENS = torch.tensor([4, 5, PAD, 3, 4, PAD])
VOCABULARY = 7


def logits(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    made = 3 * torch.randn(len(TOKENS), VOCABULARY, generator=generator, dtype=torch.float64)
    return made.requires_grad_()


def by_hand(kind: type, scores: Tensor, smoothing: float) -> Tensor:
    """Token by token, entry by entry."""
    total, count = torch.zeros((), dtype=torch.float64), 0
    for row, token in zip(scores, TOKENS.tolist(), strict=True):
        if token == PAD:
            continue
        count += 1
        largest = row.detach().max()
        normaliser = sum(((score - largest).exp() for score in row), start=torch.zeros(()))
        for entry, score in enumerate(row):
            truth = smoothing / VOCABULARY + (1 - smoothing if entry == token else 0.0)
            log_p = score - largest - normaliser.log()
            total = total + (-truth * log_p if kind is CrossEntropy else (log_p.exp() - truth) ** 2)
    return total / count


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", LOSSES)
def test_the_loss_and_its_gradient_are_those_of_a_loop(kind: Any, smoothing: float) -> None:
    scores = logits()
    found, expected = kind(smoothing)(scores, TOKENS), by_hand(kind, scores, smoothing)
    torch.testing.assert_close(found, expected)
    (gradient,), (wanted,) = torch.autograd.grad(found, scores), torch.autograd.grad(expected, scores)
    torch.testing.assert_close(gradient, wanted)
    assert torch.autograd.gradcheck(lambda given: kind(smoothing)(given, TOKENS), scores)
    assert gradient[TOKENS == PAD].abs().max() == 0


def test_cross_entropy_is_the_divergence_from_the_smoothed_truth_up_to_a_constant() -> None:
    real = TOKENS != PAD
    truth = torch.full((VOCABULARY,), 0.1 / VOCABULARY) + 0.9 * torch.eye(VOCABULARY)[TOKENS[real]]
    constants = []
    for seed in range(3):
        divergence = kl_divergence(Categorical(truth.double()), Categorical(logits=logits(seed)[real])).mean()
        constants.append(float((CrossEntropy(0.1)(logits(seed), TOKENS) - divergence).detach()))
    assert constants == pytest.approx([float(Categorical(truth).entropy().mean())] * 3, rel=1e-6)


def test_the_squared_distance_runs_from_0_to_2() -> None:
    certain = 100.0 * torch.eye(VOCABULARY)
    assert Squared(0.0)(certain[TOKENS], TOKENS).item() == pytest.approx(0.0, abs=1e-6)
    assert Squared(0.0)(certain[TOKENS - 1], TOKENS).item() == pytest.approx(2.0)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("kind", LOSSES)
def test_a_share_that_is_none_is_refused(kind: Any, smoothing: float) -> None:
    with pytest.raises(UserError, match=rf"loss\.label_smoothing={smoothing}: must be from 0 to 1"):
        kind(smoothing)


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True)


@pytest.mark.parametrize(
    ("overrides", "loss"),
    [
        ([], CrossEntropy(0.0)),
        (["loss=squared"], Squared(0.0)),
        (["loss.label_smoothing=0.2"], CrossEntropy(0.2)),
        (["task=multi30k"], CrossEntropy(0.1)),
        (["task=multi30k", "loss=squared"], Squared(0.1)),
    ],
)
def test_a_recipe_trains_on_the_loss_that_is_chosen(overrides: list[str], loss: object) -> None:
    assert build(composed(*overrides).training).loss == loss


def test_the_loss_is_a_factor_and_bears_on_the_key() -> None:
    usual, squared, smoothed = map(composed, ("loss=cross_entropy", "loss=squared", "loss.label_smoothing=0.1"))
    assert len({job_key(cfg) for cfg in (usual, squared, smoothed)}) == 3
    assert job_key(usual) == job_key(composed())
    assert factors(squared, squared.hydra)["loss"] == "squared"
    assert factors(smoothed, smoothed.hydra)["loss.label_smoothing"] == 0.1
