"""Tiles with random numbers: the backward pass computes a tile again, and it draws the same numbers."""

import pytest
import torch
from torch import Tensor

from attnbench.attention.kernels import Inputs
from attnbench.attention.kernels.query_blocks import QueryBlocks
from attnbench.attention.kernels.tile_by_tile import attend_in_tiles
from attnbench.attention.kernels.tile_computation import HardTile, Operands, SoftTile
from attnbench.attention.scopes import View
from attnbench.attention.selections import Soft
from tests.attention.variants import Variant, attend, build, names, states


def tiled_variant(selection: str) -> Variant:
    return Variant(selection=selection, kernel="tiled")


@pytest.mark.parametrize("selection", names("selection"))
def test_gradients_are_those_of_the_same_random_draw(selection: str) -> None:
    layer = build(tiled_variant(selection)).train()
    if isinstance(layer.selection, Soft):
        layer.selection.dropout = 0.4
    query, key, value = (states(2, 2, 7, 3, seed=seed) for seed in range(3))
    inputs = Inputs(query, key, value, View(7, torch.tensor([7, 4])))
    blocks = QueryBlocks(inputs, budget=1, min_queries=3)
    assert blocks.count == 3
    computation = (
        SoftTile(layer.selection, layer.score.compare, True, inputs.view)
        if isinstance(layer.selection, Soft)
        else HardTile(layer.selection, layer.score.compare, inputs.view)
    )
    torch.manual_seed(1)
    operands = Operands(query, key, value, None)
    tiles = [computation.forward(blocks.read_tile(index, operands)).results for index in range(blocks.count)]
    expected = [torch.cat(parts, dim=2) for parts in zip(*tiles, strict=True)]
    torch.manual_seed(1)
    attended = attend_in_tiles(layer._spec(want_weights=False), layer.score.compare, inputs, blocks)
    found = [attended.context]
    if attended.draw is not None:
        found += [attended.draw.log_prob[..., None], attended.draw.entropy[..., None]]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)
    for ours, theirs in zip(*(gradients(results, [query, key, value]) for results in (found, expected)), strict=True):
        torch.testing.assert_close(ours, theirs)


def gradients(results: list[Tensor], inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """The gradients of a weighted sum of all results. Every entry has a weight of its own."""
    total = sum((result * torch.linspace(0.5, 1.5, result.numel()).view_as(result)).sum() for result in results)
    assert isinstance(total, Tensor)
    return torch.autograd.grad(total, inputs, retain_graph=True, materialize_grads=True)


@pytest.mark.parametrize("kernel", ["dense", "fused", "tiled"])
def test_dropout_drops_weights_and_keeps_the_mean(kernel: str) -> None:
    layer = build(Variant(kernel=kernel), width=4, heads=1).train()
    assert isinstance(layer.selection, Soft)
    layer.selection.dropout = 0.25
    query, keys = states(1, 2000, 4), states(1, 6, 4, seed=2)
    torch.manual_seed(0)
    query = query[:, :1].expand(-1, 20_000, -1)
    context = attend(layer, query, keys, [6]).context[0]
    layer.eval()
    expected = attend(layer, query[:, :1], keys, [6]).context[0]
    assert context.var(0).min() > 0
    torch.testing.assert_close(context.mean(0, keepdim=True), expected, rtol=0, atol=0.02)
