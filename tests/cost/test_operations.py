"""Operations in closed form, compared with counts by hand, by loops, and by torch."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from attnbench.attention import Attention
from attnbench.attention.kernels import tiled, windowed
from attnbench.attention.selections import Soft
from attnbench.cost.contenders import OwnAttention
from attnbench.cost.operations import Operations, operations
from attnbench.record import Passes
from tests.attention.conftest import small_tiles as small_tiles  # applies to each test here too
from tests.attention.variants import ABLE, KERNEL, SCOPE, SELECTION, Variant, build
from tests.covering import covering

BATCH, HEADS, HEAD_DIM = 2, 2, 3
FORWARD: Passes = "forward"
BOTH: Passes = "forward+backward"


def closed_form(layer: Attention, length: int, passes: Passes, batch: int = 1, **options: Any) -> Operations:
    settings: dict[str, Any] = {"head_dim": HEAD_DIM, "dtype": torch.float32, "device": torch.device("cpu")} | options
    return operations(layer, batch=batch, length=length, passes=passes, **settings)


def use_one_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes one tile large enough for the whole attention."""
    monkeypatch.setattr(tiled, "BUDGET", 2**20)
    monkeypatch.setattr(windowed, "BUDGET", 2**20)


def run(
    layer: Attention,
    length: int,
    passes: Passes,
    *,
    batch: int = BATCH,
    forward: AbstractContextManager[Any] | None = None,
    backward: AbstractContextManager[Any] | None = None,
) -> None:
    """Runs the forward pass and the backward pass, each inside its own context manager."""
    generator = torch.Generator().manual_seed(0)
    shape = batch, layer.heads, length, HEAD_DIM
    states = [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(3)]
    with forward or nullcontext(), torch.set_grad_enabled(passes == BOTH):
        # `OwnAttention` is a module of its own: torch's counter forgets its counts when a "Global" module ends.
        context = OwnAttention(layer)(*states)
    if passes == BOTH:
        with backward or nullcontext():
            context.backward(torch.ones_like(context))


# 1 head of width 3, 2 queries and 2 keys: 4 pairs. Comparing a pair is 3 multiply-adds (additive: 3 times a sum, a tanh
# and a multiply-add). Selecting is 5 operations. Mixing is 3 multiply-adds. A feature map is 9 multiply-adds per state.
BY_HAND = [
    (Variant(), 4 * (6 + 5 + 6), 3 * 4 * (6 + 5 + 6)),
    (Variant("general"), 4 * 17 + 2 * 18, 3 * (4 * 17 + 2 * 18)),
    (Variant("gaussian"), 4 * (8 + 5 + 6), 3 * 4 * (8 + 5 + 6)),  # one more feature
    (Variant("additive"), 4 * (12 + 5 + 6) + 4 * 18, 3 * (4 * (12 + 5 + 6) + 4 * 18)),
    (Variant("average"), 4 * (2 + 5 + 6), 4 * (2 + 5 + 6) + 4 * 6),  # only values have a gradient
    (Variant("dot", "local_p"), 4 * (6 + 10 + 6) + 2 * 24, 3 * (4 * (6 + 10 + 6) + 2 * 24)),
    (Variant("dot", kernel="fused"), 4 * 17, 3 * 4 * 17 + 4 * (6 + 5)),  # scores and softmax are computed again
    (Variant("gaussian", kernel="fused"), 4 * (8 + 5 + 8), 4 * (4 * 8 + 4 * 5 + 3 * 8)),  # values are padded to 4
    (Variant("additive", kernel="additive"), 4 * 23 + 72, 3 * (4 * 23 + 72) + 4 * 12),  # energies are computed again
]


@pytest.mark.parametrize(("variant", "forward", "both"), BY_HAND)
def test_two_queries_and_two_keys_by_hand(
    variant: Variant, forward: float, both: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_one_tile(monkeypatch)
    layer = build(variant, width=3, heads=1)
    assert closed_form(layer, 2, FORWARD).flops == forward
    assert closed_form(layer, 2, BOTH).flops == both


@pytest.mark.parametrize(
    ("kernel", "forward", "both"),
    [("dense", 4 * 6 + 4 * 4, 11 * 6 + 11 * 4), ("fused", 4 * 6, 11 * 6), ("tiled", 4 * 6, 11 * 6)],
)
def test_bytes_by_hand(kernel: str, forward: int, both: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled, "BUDGET", 2)  # one tile per query
    monkeypatch.setattr(tiled, "LEAST", 1)
    layer = build(Variant(kernel=kernel), width=3, heads=1)
    assert closed_form(layer, 2, FORWARD).bytes == 4 * forward
    assert closed_form(layer, 2, BOTH).bytes == 4 * both
    assert closed_form(layer, 2, BOTH, dtype=torch.bfloat16).bytes == 2 * both


class Counted(float):
    """A number that counts its operations."""

    done = 0

    def __add__(self, other: float) -> "Counted":
        return counted(float.__add__, self, other)

    def __sub__(self, other: float) -> "Counted":
        return counted(float.__sub__, self, other)

    def __mul__(self, other: float) -> "Counted":
        return counted(float.__mul__, self, other)

    def __truediv__(self, other: float) -> "Counted":
        return counted(float.__truediv__, self, other)


def counted(function: Any, *arguments: float) -> Counted:
    Counted.done += 1
    return Counted(function(*arguments))


def numbers(*shape: int) -> Any:
    """Nested lists of numbers."""
    return [numbers(*shape[1:]) for _ in range(shape[0])] if shape else Counted(0.5)


def total(terms: Iterator[Counted]) -> Counted:
    result = Counted(0)
    for term in terms:
        result = result + term
    return result


def product_of(vector: list[Counted], matrix: list[list[Counted]]) -> list[Counted]:
    return [total(a * row[column] for a, row in zip(vector, matrix, strict=True)) for column in range(len(matrix[0]))]


def loops(score: str, length: int) -> None:
    """Attention as in a textbook, one number at a time."""
    query, key, value, weight = (numbers(length, 3), numbers(length, 3), numbers(length, 3), numbers(3, 3))
    if score in ("general", "additive"):
        query = [product_of(state, weight) for state in query]
    if score == "additive":
        key = [product_of(state, weight) for state in key]
    for q in query:
        if score == "additive":
            scores = [total(counted(math.tanh, a + b) * Counted(1) for a, b in zip(q, k, strict=True)) for k in key]
        else:
            scores = [total(a * b for a, b in zip(q, k, strict=True)) for k in key]
        highest = Counted(-math.inf)
        for number in scores:
            highest = counted(max, highest, number)
        powers = [counted(math.exp, number - highest) for number in scores]
        power_sum = total(iter(powers))
        product_of([power / power_sum for power in powers], value)


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
@pytest.mark.parametrize("length", [1, 5])
def test_loops_do_as_many_operations(score: str, length: int) -> None:
    Counted.done = 0
    loops(score, length)
    assert closed_form(build(Variant(score), width=3, heads=1), length, FORWARD).flops == Counted.done


def _sdpa(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _sdpa_backward(gradient: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(gradient, query, key, value)


# Torch's counter has these formulas for its GPU kernels, but it has no entry for its CPU kernel.
ON_CPU: dict[Any, Any] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _sdpa,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _sdpa_backward,
}


def products_by_torch(layer: Attention, length: int, passes: Passes) -> int:
    counter = FlopCounterMode(display=False, custom_mapping=ON_CPU)
    with counter:
        run(layer, length, passes)
    return counter.get_total_flops()


@covering("variant", ABLE, together=[(SCOPE, SELECTION, KERNEL)])
def test_matrix_products_are_those_that_torch_counts(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = build(variant, width=HEADS * HEAD_DIM, heads=HEADS)
    for tiles in ("many", "one"):
        if tiles == "one":
            use_one_tile(monkeypatch)
        for length, passes in product((7, 12), (FORWARD, BOTH)):
            claimed = closed_form(layer, length, passes, BATCH).products
            found = products_by_torch(layer, length, passes)
            # The predicted centres decide the number of groups.
            if variant.scope == "local_p" and variant.kernel == "windowed":
                assert claimed / 2 <= found <= 2 * claimed
            else:
                assert claimed == found, (tiles, length, passes)


class Moves(TorchDispatchMode):
    """Counts the numbers that operations read and write, in tensors with at least `min_size` numbers."""

    FREE = ("view", "unsafe_view", "expand", "transpose", "unsqueeze", "detach", "masked_fill")

    def __init__(self, min_size: int) -> None:
        super().__init__()
        self.min_size, self.moved = min_size, Counter[str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::").removeprefix("_")
        if name not in self.FREE:
            for tensor in tree_leaves((args, kwargs, result)):
                if isinstance(tensor, Tensor):
                    size = min(tensor.numel(), tensor.untyped_storage().nbytes() // tensor.itemsize)
                    self.moved[name] += size if size >= self.min_size else 0
        return result


@pytest.mark.parametrize("score", ["dot", "general", "additive", "average"])
def test_matrices_are_moved_as_often_as_claimed(score: str) -> None:
    length = 40
    layer = build(Variant(score), width=HEAD_DIM, heads=1)
    pairs, states = length**2, length * HEAD_DIM
    forward, backward = Moves(pairs), Moves(pairs)
    run(layer, length, BOTH, batch=1, forward=forward, backward=backward)
    claimed = [closed_form(layer, length, passes).bytes / 4 for passes in (FORWARD, BOTH)]
    assert forward.moved.total() == claimed[0] - 4 * states
    assert backward.moved.total() == claimed[1] - claimed[0] - 7 * states


@covering("variant", ABLE, together=[(SCOPE, SELECTION, KERNEL)])
def test_costs_grow_as_the_kernel_says(variant: Variant) -> None:
    layer = build(variant, width=HEADS * HEAD_DIM, heads=HEADS)
    for passes, field in product((FORWARD, BOTH), ("flops", "bytes")):
        n64, n128, n192, n256 = (
            getattr(closed_form(layer, length, passes, BATCH), field) for length in (64, 128, 192, 256)
        )
        curvature = n192 - 2 * n128 + n64
        assert n256 - 2 * n192 + n128 == curvature  # a polynomial of degree 2 at most
        quadratic = variant.kernel != "windowed" and (field == "flops" or variant.kernel == "dense")
        assert (curvature > 0) == quadratic


def test_recomputing_costs_operations_and_saves_bytes() -> None:
    dense, tiles = (closed_form(build(Variant(kernel=kernel), heads=HEADS), 64, BOTH) for kernel in ("dense", "tiled"))
    assert tiles.flops > dense.flops
    assert tiles.bytes < dense.bytes


def test_dropout_is_computed_in_tiles_on_the_cpu() -> None:
    layer = build(Variant(kernel="fused"), heads=HEADS)
    layer.selection = Soft(dropout=0.1)
    assert closed_form(layer, 16, BOTH, BATCH).products == products_by_torch(layer, 16, BOTH)


def test_counting_the_maps_changes_no_state() -> None:
    layer = build(Variant("additive"))
    before = torch.get_rng_state()
    closed_form(layer, 8, BOTH)
    assert all(parameter.grad is None for parameter in layer.parameters())
    assert torch.equal(before, torch.get_rng_state())
