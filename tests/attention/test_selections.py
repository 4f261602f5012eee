"""Hard attention: the drawn positions, their frequencies, and the gradients."""

from typing import cast

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.scopes import View
from attnbench.attention.selections import Draw, Hard, Reinforce
from tests.attention.variants import (
    ABLE,
    EVERY,
    KERNEL,
    SCOPE,
    SELECTION,
    Variant,
    attend,
    build,
    names,
    part,
    states,
    weights_of,
)
from tests.covering import covering

HARD = [variant for variant in EVERY if variant.selection != "soft" and variant.kernel == "dense"]
DRAWN = [name for name in names("selection") if name not in ("soft", "straight_through")]
DRAWS = 20_000
REWARDS = torch.tensor([-1.0, -2.0, -4.0], dtype=torch.float64)  # the rewards of three positions

every_hard = covering("variant", HARD)
every_drawn = covering("variant", [variant for variant in HARD if variant.selection in DRAWN])
in_tiles = covering(
    "variant",
    [variant for variant in ABLE if variant.selection != "soft" and variant.kernel != "dense"],
    together=[(SCOPE, SELECTION, KERNEL)],
)


def is_one_hot(weights: Tensor) -> bool:
    return bool(((weights == 0) | (weights == 1)).all() and (weights.sum(-1) == 1).all())


@every_hard
def test_in_evaluation_the_chosen_position_has_the_largest_soft_weight(variant: Variant) -> None:
    soft, hard = build(variant._replace(selection="soft")), build(variant).eval()
    query, keys = states(2, 4, 6), states(2, 5, 6, seed=2)
    mixed, chosen = (weights_of(layer, query, keys, [5, 3], position=1) for layer in (soft, hard))
    assert is_one_hot(chosen)
    torch.testing.assert_close((chosen * mixed).sum(-1), mixed.amax(-1))
    assert attend(hard, query, keys, [5, 3]).draw is None


@every_drawn
def test_in_training_the_frequencies_match_the_soft_weights(variant: Variant) -> None:
    soft, hard = build(variant._replace(selection="soft")), build(variant).train()
    sentences = 4000
    query, keys = (states(1, size, 6, seed=seed).expand(sentences, -1, -1) for size, seed in ((1, 1), (4, 2)))
    with torch.no_grad():
        mixed = weights_of(soft, query[:1], keys[:1], [3])[0]
        torch.manual_seed(5)
        drawn = weights_of(hard, query, keys, [3] * sentences)
    assert is_one_hot(drawn)
    # The tolerance is at most 5 standard deviations of a frequency. The weights are renormalised, because a hard
    # selection always takes one position, but soft weights with a gain sum to at most 1.
    torch.testing.assert_close(drawn.mean(0), mixed / mixed.sum(-1, keepdim=True), rtol=0, atol=0.04)


@in_tiles
def test_every_kernel_chooses_as_the_dense_kernel_does(variant: Variant) -> None:
    dense, other = build(variant._replace(kernel="dense")), build(variant)
    query, keys = states(2, 7, 6), states(2, 6, 6, seed=2)
    chosen, expected = (attend(layer.eval(), query, keys, [6, 4]).context for layer in (other, dense))
    torch.testing.assert_close(chosen, expected)
    if variant.selection == "reinforce":
        ours, theirs = (entropy_and_gradients(layer.train(), query, keys) for layer in (other, dense))
        for found, wanted in zip(ours, theirs, strict=True):
            torch.testing.assert_close(found, wanted)


def entropy_and_gradients(layer: Attention, query: Tensor, keys: Tensor) -> tuple[Tensor, ...]:
    """The entropy of a draw, which does not depend on the draw, and its gradients with a weight for each query."""
    draw = attend(layer, query, keys, [6, 4]).draw
    assert draw is not None
    total = (draw.entropy * torch.linspace(0.5, 1.5, draw.entropy.numel()).view_as(draw.entropy)).sum()
    total = total + 0 * (query.sum() + keys.sum())  # the score `average` has no gradient at all
    return draw.entropy, *torch.autograd.grad(total, [query, keys])


@pytest.mark.parametrize("selection", DRAWN)
def test_the_seed_determines_the_draws(selection: str) -> None:
    layer = build(Variant(selection=selection)).train()
    query, keys = states(4, 5, 6), states(4, 9, 6, seed=2)
    drawn = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        drawn.append(weights_of(layer, query, keys, [9, 9, 9, 9]))
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])


@pytest.mark.parametrize("selection", [name for name in names("selection") if name != "soft"])
def test_a_narrow_gaussian_counts_beyond_the_range_of_its_exponential(selection: str) -> None:
    """With σ = 0.1, the factors are e⁻⁵⁰ and e⁻²⁰⁰, which is 0 in float32. The logits 0 - 50 and 100 - 200 decide."""
    view = View(3, centre=torch.zeros(1, 1, 1), window=2, sigma=0.1)
    scores = torch.tensor([0.0, 0.0, 100.0]).view(1, 1, 1, 3)
    chosen = part("selection", selection)().eval()(
        scores, torch.tensor([False, True, True]), view.log_gain(scores.device)
    )
    assert chosen.weights.flatten().tolist() == [0.0, 1.0, 0.0]


def reinforce(entropy: float = 0.0, baseline: float = 0.0, reward: float = 1.0) -> Reinforce:
    policy = cast(Reinforce, part("selection", "reinforce", entropy=entropy, reward=reward)()).double()
    policy.baseline.fill_(baseline)
    return policy


def draw_from(policy: Reinforce, scores: Tensor) -> tuple[Tensor, Draw]:
    """Draws `DRAWS` positions for each row of the scores `(T, S)`. Returns positions `(N, T)` and the draw."""
    mask = torch.ones(scores.shape[-1], dtype=torch.bool)
    choice = policy(scores.expand(DRAWS, 1, -1, -1), mask, None)
    assert choice.draw is not None
    return choice.weights[:, 0].argmax(-1), choice.draw


@pytest.mark.parametrize(
    ("baseline", "entropy", "weight"), [(0.0, 0.0, 1.0), (-2.0, 0.0, 1.0), (0.0, 0.5, 1.0), (3.0, 0.1, 0.5)]
)
def test_reinforce_has_the_gradient_of_the_expected_reward(baseline: float, entropy: float, weight: float) -> None:
    scores = torch.tensor([[0.5, -0.3, 0.1]], dtype=torch.float64, requires_grad=True)
    policy = reinforce(entropy, baseline, weight)
    torch.manual_seed(0)
    chosen, draw = draw_from(policy, scores)
    loss = draw.loss(REWARDS[chosen], torch.ones(DRAWS, 1, dtype=torch.bool))
    (found,) = torch.autograd.grad(loss, scores)
    chances = scores.softmax(-1)
    goal = weight * (chances * REWARDS).sum() - entropy * (chances * chances.log()).sum()
    (expected,) = torch.autograd.grad(-goal, scores)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.06)
    assert expected.abs().max() > 0.2


def test_with_credit_later_a_draw_gets_the_reward_of_later_steps() -> None:
    scores = torch.tensor([[0.5, -0.3, 0.1], [0.2, 0.4, -0.6]], dtype=torch.float64, requires_grad=True)
    # The reward of step 2 depends on both draws.
    later = torch.tensor([[0.0, -3.0, 1.0], [2.0, -1.0, 0.0], [-1.0, 1.0, -2.0]], dtype=torch.float64)
    torch.manual_seed(0)
    chosen, draw = draw_from(reinforce(), scores)
    reward = torch.stack([REWARDS[chosen[:, 0]], later[chosen[:, 0], chosen[:, 1]]], dim=1)
    loss = draw._replace(credit="later").loss(reward, torch.ones(DRAWS, 2, dtype=torch.bool))
    (found,) = torch.autograd.grad(loss, scores)
    first, second = scores.softmax(-1)
    goal = (first * REWARDS).sum() + (first[:, None] * second * later).sum()
    (expected,) = torch.autograd.grad(-goal / 2, scores)  # the loss is a mean over the tokens
    torch.testing.assert_close(found, expected, rtol=0, atol=0.06)


def test_with_credit_sentence_a_draw_gets_the_reward_of_every_step() -> None:
    scores = torch.tensor([[0.5, -0.3, 0.1], [0.2, 0.4, -0.6]], dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    chosen, draw = draw_from(reinforce(), scores)
    rows = torch.tensor([True, False]).expand(DRAWS, -1)  # the second query is padding
    reward = torch.stack([REWARDS[chosen[:, 0]], torch.ones(DRAWS), -REWARDS[chosen[:, 0]] / 2], dim=1)
    loss = draw._replace(credit="sentence", mask=rows).loss(reward, torch.ones(DRAWS, 3, dtype=torch.bool))
    (found,) = torch.autograd.grad(loss, scores)
    (expected,) = torch.autograd.grad(-(scores[0].softmax(-1) * (REWARDS / 2 + 1)).sum() / 3, scores)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.06)
    assert not found[1].any()


def test_padding_does_not_change_the_loss_of_reinforce() -> None:
    losses = []
    for padding in (0.0, -1e6):
        scores = torch.zeros(1, 1, 3, 2, dtype=torch.float64)
        torch.manual_seed(0)
        draw = reinforce(entropy=0.1)(scores, torch.tensor([True, True]), None).draw
        reward = torch.tensor([[-1.0, -2.0, padding]], dtype=torch.float64)
        losses.append(draw._replace(credit="later").loss(reward, torch.tensor([[True, True, False]])))
    assert torch.equal(*losses)


def test_the_baseline_is_a_moving_average_that_starts_at_the_first_reward() -> None:
    policy = cast(Reinforce, part("selection", "reinforce", decay=0.9)()).train()
    seen = []
    for reward in (-3.0, -1.0):
        draw = policy(torch.zeros(1, 1, 1, 2), torch.tensor([True, True]), None).draw
        draw.loss(torch.tensor([[reward]]), torch.tensor([[True]]))
        seen.append(policy.baseline.item())
    assert seen == pytest.approx([-3.0, -2.8])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_gumbel_has_the_gradient_of_its_relaxation(temperature: float) -> None:
    selection = part("selection", "gumbel", temperature=temperature)().train()
    scores, values = states(2, 1, 3, 4), states(2, 1, 4, 5, seed=2)
    mask = torch.tensor([True, True, True, False])
    torch.manual_seed(3)
    weights = selection(scores, mask, None).weights
    torch.manual_seed(3)
    noise = -torch.empty_like(scores).exponential_().log()
    relaxed = torch.softmax((scores + noise)[..., :3] / temperature, dim=-1)
    assert is_one_hot(weights)
    assert torch.equal(weights[..., :3].argmax(-1), relaxed.argmax(-1))
    (found,) = torch.autograd.grad((weights @ values).sin().sum(), scores)
    hard = F.pad(relaxed, (0, 1)) + (weights - F.pad(relaxed, (0, 1))).detach()
    (expected,) = torch.autograd.grad((hard @ values).sin().sum(), scores)
    torch.testing.assert_close(found, expected)
    assert found.abs().max() > 0


def test_straight_through_draws_nothing_and_has_the_gradient_of_the_softmax() -> None:
    selection = part("selection", "straight_through")().train()
    scores, values = states(2, 1, 3, 4), states(2, 1, 4, 5, seed=2)
    mask = torch.tensor([True, True, True, False])
    weights = selection(scores, mask, None).weights
    assert torch.equal(weights, selection.eval()(scores, mask, None).weights)
    soft = F.pad(scores[..., :3].softmax(-1), (0, 1))
    (found,) = torch.autograd.grad((weights @ values).sin().sum(), scores)
    (expected,) = torch.autograd.grad(((soft + (weights - soft).detach()) @ values).sin().sum(), scores)
    torch.testing.assert_close(found, expected)
    assert found.abs().max() > 0


@every_hard
def test_a_training_may_begin_soft(variant: Variant) -> None:
    soft, hard = build(variant._replace(selection="soft")), build(variant).train()
    cast(Hard, hard.selection).soft = True
    query, keys = states(2, 4, 6), states(2, 5, 6, seed=2)
    found, wanted = (attend(layer, query, keys, [5, 3]) for layer in (hard, soft))
    assert torch.equal(found.context, wanted.context) and found.draw is None
    assert is_one_hot(weights_of(hard.eval(), query, keys, [5, 3]))
