"""Tests with values that can be checked by hand. Also tests the messages for invalid values."""

import math
from collections.abc import Callable

import pytest
import torch

from attnbench.attention.scopes import LocalM, LocalP, View
from attnbench.attention.scores import Additive, Concat, Cosine, Gaussian
from attnbench.attention.selections import Gumbel, Reinforce, Soft, masked_softmax
from attnbench.errors import UserError
from tests.attention.variants import REFUSED, Variant, attend, build, names, part, states, weights_of


@pytest.mark.parametrize(
    ("score", "expected"), [("dot", 1.0), ("scaled_dot", 0.7071), ("cosine", 8.0), ("average", 0.0)]
)
def test_the_score_of_a_unit_vector_with_itself(score: str, expected: float) -> None:
    unit = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    assert part("score", score)(1, 2)(unit, unit).item() == pytest.approx(expected, abs=1e-4)


def test_the_gaussian_prefers_the_nearer_key_by_its_squared_distance() -> None:
    query, keys = torch.zeros(1, 1, 1, 1), torch.tensor([1.0, 3.0]).view(1, 1, 2, 1)
    near, far = part("score", "gaussian", sigma=2.0)(1, 1)(query, keys).flatten().tolist()
    assert near - far == pytest.approx((9 - 1) / (2 * 2**2))


@pytest.mark.parametrize("kernel", ["dense", "fused", "tiled"])
@pytest.mark.parametrize(("place", "sigma"), [(0.0, 1.0), (1e4, 1.0), (4.0, 2.0**-9)])
def test_a_gaussian_is_precise_far_from_0_and_if_it_is_narrow(place: float, sigma: float, kernel: str) -> None:
    """The keys are at distances of 0 and σ. The dot product of the features would lose this difference by rounding."""
    layer = build(Variant("gaussian", kernel=kernel), width=8, heads=1).float()
    layer.score.load_state_dict({"log_sigma": torch.full((1, 1, 1), math.log(sigma))})
    query = torch.full((1, 1, 1, 8), place)
    keys = torch.stack([query[0, 0, 0], query[0, 0, 0].clone()])[None, None]
    keys[0, 0, 1, 0] += sigma
    memory = layer.memory_of_key_value(keys, torch.eye(2)[None, None])
    weights = layer.attend(query.expand(1, 1, 3, 8), memory).context
    expected = torch.tensor([0.0, -0.5]).softmax(-1)
    torch.testing.assert_close(weights[0, 0, 0], expected, rtol=0, atol=1e-6 * max(1, place * 2**-9 / sigma))


def test_the_location_score_depends_only_on_the_position() -> None:
    layer = build(Variant("location"))
    query, keys = states(1, 2, 6), states(1, 4, 6, seed=2)
    moved = keys.roll(1, dims=1)
    assert torch.equal(weights_of(layer, query, keys, [4]), weights_of(layer, query, moved, [4]))


@pytest.mark.parametrize("score", ["dot", "additive"])
@pytest.mark.parametrize("kernel", names("kernel"))
def test_equal_keys_give_the_mean_of_the_real_values(score: str, kernel: str) -> None:
    variant = Variant(score, kernel=kernel)
    if variant in REFUSED:
        return  # the refusal is tested in test_conformance.py
    layer = build(variant, width=2, heads=1).float()
    value = torch.arange(40.0).view(1, 1, 10, 4).expand(2, -1, -1, -1)
    memory = layer.memory_of_key_value(torch.ones(2, 1, 10, 2), value, torch.tensor([2, 6]))
    context = layer.attend(torch.randn(2, 1, 1, 2), memory).context
    torch.testing.assert_close(context.flatten(1), torch.tensor([[2.0, 3, 4, 5], [10, 11, 12, 13]]))


def test_masked_softmax_with_two_and_three_real_positions_of_four() -> None:
    scores, lengths = torch.randn(2, 2, 4), torch.tensor([2, 3])
    weights = masked_softmax(scores, torch.arange(4) < lengths[:, None, None])
    for row, length in enumerate(lengths):
        exponentials = scores[row, :, :length].exp()
        torch.testing.assert_close(weights[row, :, :length], exponentials / exponentials.sum(-1, keepdim=True))
        assert not weights[row, :, length:].any()


def test_self_attention_over_the_corners_of_a_square() -> None:
    states = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]])
    layer = build(Variant("scaled_dot"), width=2, heads=1).float()
    found = layer(states, layer.memory_of_states(states), want_weights=True)
    assert found.weights is not None
    r = math.exp(1 / math.sqrt(2))  # q₁·k₁ / √2 = 0.7071
    first = torch.tensor([r, 1, r, 1]) / (2 * r + 2)
    torch.testing.assert_close(found.weights[0, 0, 0], first)
    torch.testing.assert_close(found.weights[0, 0, 3], torch.full((4,), 0.25))
    torch.testing.assert_close(found.context[0, 0], torch.tensor([2 * r, r + 1]) / (2 * r + 2))


def test_additive_equals_concat_with_equal_weights() -> None:
    additive, concat = Additive(2, 3), Concat(2, 3)
    with torch.no_grad():
        concat.weight.copy_(torch.cat([additive.query_weight, additive.key_weight], dim=1))
        concat.v.copy_(additive.v)
    query, key = torch.randn(1, 2, 4, 3), torch.randn(1, 2, 5, 3)
    torch.testing.assert_close(additive(query, key), concat(query, key))


def test_the_window_of_local_m_follows_the_position() -> None:
    layer = build(Variant(scope="local_m"), heads=1)
    seen = weights_of(layer, states(2, 4, 6), states(2, 6, 6, seed=2), [6, 3], position=1)[:, 0] > 0
    reach = [[sorted(row.nonzero().flatten().tolist()) for row in sentence] for sentence in seen]
    assert reach[0] == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert reach[1] == [[0, 1, 2], [1, 2], [1, 2], [1, 2]]  # after the end: the last position is the centre


def test_the_window_of_local_p_is_around_the_predicted_position() -> None:
    scope = LocalP(1, 2, window=2)
    with torch.no_grad():
        scope.weight.zero_()  # the centre is then in the middle: S · σ(0)
    view = scope(torch.randn(1, 1, 1, 2), View(10, torch.tensor([8])))
    mask, log_gain = view.mask(1, torch.device("cpu")), view.log_gain(torch.device("cpu"))
    assert mask.flatten().nonzero().flatten().tolist() == [2, 3, 4, 5, 6]
    assert log_gain is not None
    assert log_gain.flatten()[2:7].tolist() == pytest.approx([-(d**2) / 2 for d in (-2, -1, 0, 1, 2)])


def test_the_pace_of_local_m_is_source_positions_for_each_target_position() -> None:
    view = LocalM(1, 2, window=1, pace=1.6)(torch.randn(1, 1, 5, 2), View(6))
    assert view.centre is not None
    assert view.centre.flatten().tolist() == [0, 2, 3, 5, 5]


def test_a_scaled_general_score_is_divided_by_the_root_of_the_width() -> None:
    plain, scaled = (part("score", "general", scaled=scaled)(2, 9) for scaled in (False, True))
    scaled.load_state_dict(plain.state_dict())
    query, key = states(1, 2, 3, 9), states(1, 2, 4, 9, seed=2)
    torch.testing.assert_close(scaled.double()(query, key), plain.double()(query, key) / 3)


def test_a_source_longer_than_the_location_table_is_refused() -> None:
    layer = build(Variant("location"))
    layer.score = part("score", "location", positions=4)(2, 3).double()
    assert attend(layer, states(1, 1, 6), states(1, 4, 6), [4]).context.isfinite().all()
    with pytest.raises(UserError, match=r"score\.positions=4: .* 5 positions or more; set score\.positions=5"):
        attend(layer, states(1, 1, 6), states(1, 5, 6), [5])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: build(Variant(), width=8, heads=5), r"heads=5: .*width 8.*1, 2, 4, 8"),
        (lambda: build(Variant(), width=8, heads=0), r"heads=0: .*1, 2, 4, 8"),
        (lambda: LocalM(1, 2, window=0), r"scope\.window=0: must be 1 or more"),
        (lambda: LocalM(1, 2, pace=0.0), r"scope\.pace=0.0: must be greater than 0"),
        (lambda: Soft(dropout=1.0), r"selection\.dropout=1.0: must be at least 0 and below 1"),
        (lambda: LocalP(1, 2, window=-1), r"scope\.window=-1: must be 1 or more"),
        (lambda: Cosine(1, 2, sharpness=0), r"score\.sharpness=0: must be greater than 0"),
        (lambda: Gaussian(1, 2, sigma=-1.0), r"score\.sigma=-1.0: must be greater than 0"),
        (lambda: Gumbel(temperature=0), r"selection\.temperature=0: must be greater than 0"),
        (lambda: Gumbel(soft_updates=1.0), r"selection\.soft_updates=1.0: must be at least 0 and below 1"),
        (lambda: Reinforce(expected=1.0), r"selection\.expected=1.0: must be at least 0 and below 1"),
        (lambda: Reinforce(decay=1.0), r"selection\.decay=1.0: must be at least 0 and below 1"),
    ],
)
def test_the_message_for_an_invalid_value_names_the_valid_values(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()
