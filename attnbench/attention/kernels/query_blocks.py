"""A few queries at a time, each before all keys."""

from collections.abc import Sequence

import torch
from torch import Tensor

from attnbench.attention.kernels.kernel import Inputs
from attnbench.attention.kernels.tile_computation import Operands, Tile


class QueryBlocks:
    """A tiling: queries in order, about `budget` scores or `least` queries to a tile, whichever is more."""

    keep = False  # all tiles together are the T × S matrix

    def __init__(self, inputs: Inputs, budget: int, least: int) -> None:
        batch, heads, self.queries, _ = inputs.query_features.shape
        device, size = inputs.value.device, inputs.view.size
        self.rows = queries_per_tile(batch * heads * size, budget, least)
        self.count = -(-self.queries // self.rows)
        self.positions = torch.arange(size, device=device)
        self.visible = inputs.view.visible(self.queries, device)

    def take(self, tile: int, operands: Operands) -> Tile:
        query, key, value, centre = operands
        centre = None if centre is None else self.cut(tile, centre)
        visible = self.visible if self.visible.shape[2] == 1 else self.cut(tile, self.visible)
        return Tile(Operands(self.cut(tile, query), key, value, centre), self.positions, visible)

    def add(self, tile: int, parts: Sequence[Tensor | None], wholes: Sequence[Tensor | None]) -> None:
        for part, whole, per_query in zip(parts, wholes, (True, False, False, True), strict=True):
            if part is not None and whole is not None:
                target = self.cut(tile, whole) if per_query else whole
                target += part

    def put(self, tile: int, part: Tensor, whole: Tensor) -> None:
        self.cut(tile, whole).copy_(part)

    def cut(self, tile: int, whole: Tensor) -> Tensor:
        start = tile * self.rows
        return whole.narrow(2, start, min(self.rows, self.queries - start))


def queries_per_tile(scores: int, budget: int, least: int) -> int:
    """How many queries, each of which has so many scores in all heads and sentences, fill a tile."""
    return max(least, budget // scores, 1)
