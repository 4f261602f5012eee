"""Compares every soft attention with the loops in float64, for inputs of any magnitude and gradients of any input."""

from collections.abc import Callable, Sequence

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attnbench.attention import Attention, Gaussian
from attnbench.attention.heads import merge_heads
from tests.attention import oracle
from tests.attention.variants import SOFT, WINDOW, Variant, build
from tests.perturbation import ROUNDING, allowances

HEADS, WIDTH, QUERIES, KEYS = 2, 3, 4, 5
LENGTHS = [5, 3]
INPUTS = ("query", "key", "value")
# The error in float64 is a far smaller share of what float32 may have.
SHARES = ((torch.float32, 1.0), (torch.float64, 1e-2))

magnitudes = st.sampled_from([1e-6, 1e-2, 1.0, 15.0, 40.0, 100.0, 1e3, 1e4])
offsets = st.sampled_from([0.0, 1.0, 100.0, 1e4])


def drawn(seed: int, count: int, magnitude: float = 1.0, offset: float = 0.0) -> Tensor:
    """Numbers in float64 that float32 holds too, `(B, H, count, D)`."""
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(len(LENGTHS), HEADS, count, WIDTH, generator=generator, dtype=torch.float64)
    return (magnitude * numbers + offset).float().double()


def by_the_layer(layer: Attention, query: Tensor, key: Tensor, value: Tensor, *, want_weights: bool = False) -> Tensor:
    memory = layer.memory_of_key_value(key, value, torch.tensor(LENGTHS))
    return layer.attend(query, memory, want_weights=want_weights).context


def by_the_loops(variant: Variant, layer: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    parameters = {name: tensor for name, tensor in layer.state_dict(keep_vars=True).items() if tensor.ndim}
    setting = oracle.Setting(variant.score, variant.scope, HEADS, WINDOW, 0, parameters)
    _, weights = oracle.attend(setting, merge_heads(query), merge_heads(key), LENGTHS)
    return weights @ value


def with_gradients(attention: Callable[..., Tensor], inputs: Sequence[Tensor], wanted: Sequence[str]) -> list[Tensor]:
    """The context, and the gradients of a weighted sum of its numbers by the `wanted` inputs."""
    leaves = [tensor.detach().requires_grad_(name in wanted) for name, tensor in zip(INPUTS, inputs, strict=True)]
    context = attention(*leaves)
    factors = torch.linspace(0.5, 1.5, context.numel(), dtype=context.dtype).view_as(context)
    total = (context * factors).sum() + 0 * sum(leaf.sum() for leaf in leaves)
    targets = [leaf for leaf in leaves if leaf.requires_grad]
    return [context.detach(), *torch.autograd.grad(total, targets)]


def steepest(variant: Variant, layer: Attention, query: Tensor, key: Tensor) -> float:
    """About the largest derivative of a score, and of the centre of a window, by a number of the query or the key."""
    q, k = float(query.abs().max()), float(key.abs().max())
    if isinstance(layer.score, Gaussian):
        slope = (q + k) / float(layer.score.log_sigma.max().exp()) ** 2
    elif variant.score == "cosine":
        slope = 8 / float(min(query.norm(dim=-1).min(), key.norm(dim=-1).min()))
    elif variant.score in ("additive", "concat"):
        slope = 1.0
    else:
        slope = 1 + q + k
    return slope + KEYS * layer.scope.reweights


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    variant=st.sampled_from(SOFT),
    wanted=st.sampled_from([*((name,) for name in INPUTS), INPUTS]),
    scales=st.tuples(magnitudes, magnitudes),
    centre=offsets,
    opposed=st.booleans(),
    sigma=st.sampled_from([1e-4, 1e-2, 1.0, 10.0]),
    seed=st.integers(0, 99),
)
def test_the_error_is_that_of_rounding(
    variant: Variant,
    wanted: tuple[str, ...],
    scales: tuple[float, float],
    centre: float,
    opposed: bool,
    sigma: float,
    seed: int,
) -> None:
    layer = build(variant, width=HEADS * WIDTH, heads=HEADS).float()
    if isinstance(layer.score, Gaussian):
        layer.score.log_sigma.fill_(sigma).log_()
    layer.double()  # its parameters are numbers that float32 holds
    query = drawn(seed, QUERIES, scales[0], centre)
    key = drawn(seed + 1, KEYS, scales[1], -centre if opposed else centre)
    inputs = [query, key, drawn(seed + 2, KEYS)]

    expected = with_gradients(lambda *leaves: by_the_loops(variant, layer, *leaves), inputs, wanted)
    allowed = allowances(
        lambda *changed: with_gradients(
            lambda *leaves: by_the_layer(layer, *leaves, want_weights=True), changed, wanted
        ),
        inputs,
    )
    # A tanh near ±1 and a weight near 0 or 1 have a rounding error, though they hardly change. The true gradient may be
    # far smaller than what it makes.
    saturated = ROUNDING * float(inputs[2].abs().max()) * steepest(variant, layer, query, key)
    for dtype, share in SHARES:
        layer.to(dtype)
        narrow = [tensor.to(dtype) for tensor in inputs]
        found = with_gradients(lambda *leaves: by_the_layer(layer, *leaves), narrow, wanted)
        for name, ours, theirs, bound in zip(("context", *wanted), found, expected, allowed, strict=True):
            floor = saturated if name in ("query", "key") else 0.0
            error = float((ours.double() - theirs).abs().max())
            assert error <= share * (bound + floor), (name, dtype)
