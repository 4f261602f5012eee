"""Compares every attention that conf/ can make with loops in float64: values, gradients, padding."""

from collections import Counter
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attnbench.attention import Attention
from attnbench.errors import UserError
from tests.attention import oracle
from tests.attention.variants import (
    ABLE,
    EVERY,
    KERNEL,
    MECHANISMS,
    REFUSED,
    SCOPE,
    SCORE,
    SELECTION,
    SOFT,
    WINDOW,
    Variant,
    attend,
    build,
    names,
    part,
    states,
    weights_of,
)
from tests.covering import covering

LENGTHS = [5, 3, 0, 1]  # lengths of the sentences, which are padded to 5; one sentence is empty
POSITION = 2  # position of the first query, for local scopes

CLOSE = [(SCORE, SCOPE, KERNEL), (SCOPE, KERNEL, 4, 5)]  # axes on which a kernel has code of its own
every_soft = covering("variant", SOFT)
every_able = covering("variant", ABLE)
every_mechanism = covering("variant", MECHANISMS)


def example(queries: int = 3, keys: int = 5, width: int = 6) -> tuple[Tensor, Tensor]:
    """Queries and states with one sentence for each length in `LENGTHS`."""
    return states(len(LENGTHS), queries, width, seed=1), states(len(LENGTHS), keys, width, seed=2)


def by_loops(
    variant: Variant,
    layer: Attention,
    query: Tensor,
    keys: Tensor,
    lengths: list[int],
    position: int = POSITION,
    causal: bool = False,
) -> tuple[Tensor, Tensor]:
    """The context and the weights from the oracle, with the parameters of the layer."""
    parameters = {name: value for name, value in layer.state_dict(keep_vars=True).items() if value.ndim}
    setting = oracle.Setting(variant.score, variant.scope, layer.heads, WINDOW, position, parameters, causal)
    return oracle.attend(setting, query, keys, lengths)


def gradients(context: Tensor, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """The gradients of a weighted sum of all entries. Each entry has a different weight."""
    factors = torch.linspace(0.5, 1.5, context.numel(), dtype=context.dtype).view_as(context)
    return torch.autograd.grad((context * factors).sum(), inputs, materialize_grads=True)


def learned(layer: Attention) -> list[Tensor]:
    return [parameter for parameter in layer.parameters() if parameter.requires_grad]


def test_the_config_groups_are_not_empty() -> None:
    assert {"soft", "reinforce", "gumbel"} <= set(names("selection"))
    assert {"auto", "dense", "fused", "windowed", "additive", "tiled"} <= set(names("kernel"))
    assert {"dense", "tiled", "auto"}.isdisjoint(variant.kernel for variant in REFUSED)
    assert sum(variant.kernel == "fused" for variant in SOFT) == 7  # not additive, not concat, no local scope
    able, selections = Counter(variant.kernel for variant in ABLE), len(names("selection"))
    assert able["windowed"] == 9 * 2 * selections  # all with a local scope
    assert able["additive"] == 2 * 3 * selections  # all with additive or concat


@covering(("variant", "causal", "padded"), product(SOFT, [False, True], [False, True]), together=CLOSE)
def test_context_and_gradients_match_the_loops(variant: Variant, causal: bool, padded: bool) -> None:
    layer = build(variant)
    query, keys = example()
    lengths, position = (LENGTHS, POSITION) if padded else (None, 0)
    real = lengths or [keys.shape[1]] * len(LENGTHS)
    expected, _ = by_loops(variant, layer, query, keys, real, position, causal)
    found = attend(layer, query, keys, lengths, position=position, causal=causal).context
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    inputs = [query, keys, *learned(layer)]
    for ours, theirs in zip(gradients(found, inputs), gradients(expected, inputs), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@every_mechanism
def test_weights_match_the_loops(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    _, expected = by_loops(variant, layer, query, keys, LENGTHS)
    torch.testing.assert_close(weights_of(layer, query, keys, LENGTHS, position=POSITION), expected)


def test_the_gradient_of_a_learned_gaussian_width_matches_the_loops() -> None:
    variant = Variant("gaussian")
    layer = build(variant)
    assert not learned(layer)
    layer.score = part("score", "gaussian", learned=True, sigma=0.7)(2, 3).double()
    query, keys = example()
    contexts = (
        attend(layer, query, keys, LENGTHS, position=POSITION).context,
        by_loops(variant, layer, query, keys, LENGTHS)[0],
    )
    (ours,), (theirs,) = (gradients(context, learned(layer)) for context in contexts)
    assert ours.abs().min() > 0
    torch.testing.assert_close(ours, theirs)


@every_soft
def test_the_relative_error_in_float32_is_below_1e_5(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    expected, _ = by_loops(variant, layer, query, keys, LENGTHS)
    found = attend(layer.float(), query.float(), keys.float(), LENGTHS, position=POSITION).context
    assert (found - expected).norm() < 1e-5 * expected.norm()


@every_soft
def test_the_relative_error_in_bf16_is_below_1e_2(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    expected, _ = by_loops(variant, layer, query, keys, LENGTHS)
    narrow = layer.bfloat16(), query.bfloat16(), keys.bfloat16()
    found = attend(*narrow, LENGTHS, position=POSITION).context
    # In bf16, rounding may move a key into or out of a window. The dense kernel in bf16 has the same windows.
    if layer.scope.reweights:
        expected = attend(
            build(variant._replace(kernel="dense")).bfloat16(), *narrow[1:], LENGTHS, position=POSITION
        ).context
    assert (found - expected).norm() < 1e-2 * expected.norm()


@covering("variant", REFUSED)
def test_a_refusal_names_the_kernels_that_can(variant: Variant) -> None:
    with pytest.raises(UserError, match=rf"kernel={variant.kernel}: cannot .* can: kernel=auto, .*kernel=dense"):
        build(variant)


@every_soft
def test_requesting_the_weights_does_not_change_the_context(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    plain = attend(layer, query, keys, LENGTHS, position=POSITION)
    assert plain.weights is None
    wanted = attend(layer, query, keys, LENGTHS, position=POSITION, want_weights=True)
    torch.testing.assert_close(wanted.context, plain.context)


@covering(("variant", "training"), product(ABLE, [True, False]), together=[(SCOPE, SELECTION, KERNEL, 4)])
def test_padding_has_no_weight_and_no_gradient(variant: Variant, training: bool) -> None:
    layer = build(variant).train(training)
    query, keys = example()
    padding = torch.arange(keys.shape[1]) >= torch.tensor(LENGTHS)[:, None]
    attended = attend(layer, query, keys, LENGTHS, position=POSITION)
    loss = attended.context.sum()
    if attended.draw is not None:
        loss = loss + attended.draw.log_prob.sum() + attended.draw.entropy.sum()
    for gradient in torch.autograd.grad(loss, [query, keys, *learned(layer)], materialize_grads=True):
        assert gradient.isfinite().all()
        assert gradient.shape != keys.shape or not gradient[padding].any()
    assert not attended.context[LENGTHS.index(0)].any()
    weights = weights_of(layer, query, keys, LENGTHS, position=POSITION)
    assert not weights.masked_select(padding[:, None, None]).any()


@every_able
def test_the_content_of_the_padding_does_not_matter(variant: Variant) -> None:
    layer = build(variant).eval()
    query, keys = example()
    with torch.no_grad():
        before = attend(layer, query, keys, LENGTHS).context
        for row, length in enumerate(LENGTHS):
            keys[row, length:] = 1e3
        after = attend(layer, query, keys, LENGTHS).context
    torch.testing.assert_close(after, before, rtol=0, atol=1e-14)  # the largest key decides how scores are computed


@every_mechanism
def test_rows_sum_to_one(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    total = weights_of(layer, query, keys, LENGTHS, position=POSITION).sum(-1)
    real = torch.tensor(LENGTHS) > 0
    assert not total[~real].any()
    if layer.scope.reweights:
        assert (total[real] <= 1 + 1e-12).all()
        assert (total[real] > 0).all()
    else:
        torch.testing.assert_close(total[real], torch.ones_like(total[real]))


@covering(
    ("variant", "queries", "keys"),
    [(variant, *shape) for variant, shape in product(SOFT, [(1, 1), (4, 1), (1, 7), (7, 2)])],
    together=[(SCOPE, KERNEL, 4, 5), (SCORE, KERNEL, 4, 5)],
)
def test_any_number_of_queries_and_keys(variant: Variant, queries: int, keys: int) -> None:
    layer = build(variant)
    query, memory = states(1, queries, 6), states(1, keys, 6, seed=2)
    expected, _ = by_loops(variant, layer, query, memory, [keys], position=0)
    torch.testing.assert_close(attend(layer, query, memory, [keys]).context, expected)


@covering(("variant", "heads"), product(MECHANISMS, [1, 2, 3, 4, 6, 12]))
def test_any_divisor_of_the_width_can_be_the_number_of_heads(variant: Variant, heads: int) -> None:
    layer = build(variant, width=12, heads=heads)
    query, keys = states(1, 2, 12), states(1, 3, 12, seed=2)
    expected, _ = by_loops(variant, layer, query, keys, [3], position=0)
    torch.testing.assert_close(attend(layer, query, keys, [3]).context, expected)


@every_mechanism
def test_memory_layout_does_not_matter(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    strided, scattered = (tensor.transpose(0, 2).contiguous().transpose(0, 2) for tensor in (query, keys))
    assert not (strided.is_contiguous() or scattered.is_contiguous())
    found = attend(layer, strided, scattered, LENGTHS).context
    torch.testing.assert_close(found, attend(layer, query, keys, LENGTHS).context)


@every_mechanism
def test_one_query_at_a_time_gives_the_same_contexts(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example(queries=7)
    steps = [attend(layer, step, keys, LENGTHS, position=t).context for t, step in enumerate(query.split(1, dim=1))]
    torch.testing.assert_close(torch.cat(steps, dim=1), attend(layer, query, keys, LENGTHS).context)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    variant=st.sampled_from(SOFT),
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    queries=st.integers(1, 9),
    shape=st.sampled_from([(1, 1), (1, 5), (2, 4), (4, 4), (3, 9), (1, 128)]),  # number of heads, width
    position=st.integers(0, 12),
)
def test_random_shapes(
    variant: Variant, lengths: list[int], queries: int, shape: tuple[int, int], position: int
) -> None:
    heads, width = shape
    layer = build(variant, width=width, heads=heads)
    size = max([1, *lengths])
    query, keys = states(len(lengths), queries, width), states(len(lengths), size, width, seed=2)
    weights = weights_of(layer, query, keys, lengths, position=position)
    context = attend(layer, query, keys, lengths, position=position).context
    by_hand = [weights[:, head] @ values for head, values in enumerate(keys.chunk(heads, dim=-1))]
    torch.testing.assert_close(context, torch.cat(by_hand, dim=-1))
    total = weights.sum(-1)
    assert (weights >= 0).all()
    assert (total <= 1 + 1e-9).all()
    assert not total[torch.tensor(lengths) == 0].any()


@covering("variant", [variant for variant in EVERY if variant.kernel == "auto"])
def test_auto_chooses_the_cheapest_kernel_that_can(variant: Variant) -> None:
    layer = build(variant)
    by_cost = ["windowed", "fused", "additive", "tiled"]
    cheapest = next(kernel for kernel in by_cost if variant._replace(kernel=kernel) in ABLE)
    assert layer.chosen_kernel().name == cheapest
    assert layer.chosen_kernel(want_weights=True).name == "dense"
    query, keys = example()
    layer.eval()
    expected = attend(build(variant._replace(kernel=cheapest)).eval(), query, keys, LENGTHS).context
    assert torch.equal(attend(layer, query, keys, LENGTHS).context, expected)


@every_mechanism
def test_an_extended_memory_equals_a_memory_made_at_once(variant: Variant) -> None:
    layer = build(variant)
    query, keys = example()
    whole = layer.memory_of_states(keys)
    grown = layer.memory_of_states(keys[:, :2])
    for state in keys[:, 2:].split(1, dim=1):
        grown = layer.extend(grown, state)
    context = layer(query, grown, position=POSITION, causal=True).context
    torch.testing.assert_close(context, layer(query, whole, position=POSITION, causal=True).context)


@every_able
def test_a_causal_query_does_not_attend_to_later_keys(variant: Variant) -> None:
    layer = build(variant).eval()
    query, keys = example(queries=5)
    context = layer(query, layer.memory_of_states(keys), causal=True).context
    for t in range(5):
        (gradient,) = torch.autograd.grad(context[:, t].sum(), keys, retain_graph=True)
        assert not gradient[:, t + 1 :].any()
