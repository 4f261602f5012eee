"""Tiles of consecutive queries. Each tile is compared with all keys."""

from collections.abc import Sequence

import torch
from torch import Tensor

from attnbench.attention.kernels.kernel import Inputs
from attnbench.attention.kernels.tile_computation import Operands, Tile


class QueryBlocks:
    """A tiling into blocks of consecutive queries.

    A tile has about `budget` scores or `min_queries` queries, whichever is more.
    """

    keep_softmax = False  # the softmaxes of all tiles together are the T × S matrix

    def __init__(self, inputs: Inputs, budget: int, min_queries: int) -> None:
        batch, heads, self.queries, _ = inputs.query_features.shape
        device, size = inputs.value.device, inputs.view.size
        self.block_size = queries_per_tile(batch * heads * size, budget, min_queries)
        self.count = -(-self.queries // self.block_size)
        self.positions = torch.arange(size, device=device)
        self.visible = inputs.view.visible(self.queries, device)

    def read_tile(self, index: int, operands: Operands) -> Tile:
        query, key, value, centre = operands
        centre = None if centre is None else self.select_queries(index, centre)
        visible = self.visible if self.visible.shape[2] == 1 else self.select_queries(index, self.visible)
        return Tile(Operands(self.select_queries(index, query), key, value, centre), self.positions, visible)

    def add_gradients(self, index: int, parts: Sequence[Tensor | None], wholes: Sequence[Tensor | None]) -> None:
        for part, whole, per_query in zip(parts, wholes, (True, False, False, True), strict=True):
            if part is not None and whole is not None:
                target = self.select_queries(index, whole) if per_query else whole
                target += part

    def write_result(self, index: int, part: Tensor, whole: Tensor) -> None:
        self.select_queries(index, whole).copy_(part)

    def select_queries(self, index: int, whole: Tensor) -> Tensor:
        start = index * self.block_size
        return whole.narrow(2, start, min(self.block_size, self.queries - start))


def queries_per_tile(scores_per_query: int, budget: int, min_queries: int) -> int:
    """How many queries fill a tile. `scores_per_query` counts the scores in all heads and sentences."""
    return max(min_queries, budget // scores_per_query, 1)
