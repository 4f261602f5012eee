"""Kernels that go through the scores some queries at a time, so that they hold no T × S matrix."""

import torch

from attnbench.attention.kernels.additive_energies import Compare, compared_again
from attnbench.attention.kernels.dense import attend, dense_cost
from attnbench.attention.kernels.kernel import Attended, AttentionSpec, Inputs, InputSize, KernelCost
from attnbench.attention.kernels.query_blocks import QueryBlocks, queries_per_tile
from attnbench.attention.kernels.tile_by_tile import attend_in_tiles, tiled_backward_passes
from attnbench.attention.scores import Score

BUDGET = 2**20  # numbers held at once: few enough to stay near the processor, enough to keep it busy
LEAST = 64  # queries to a tile: with fewer, fetching the keys and adding up their gradients would take over


class TiledKernel:
    """Every score and every selection, in O(S) memory a tile; what the backward pass needs is computed again."""

    name = "tiled"

    def refusal(self, spec: AttentionSpec) -> str | None:
        return "the weights are wanted, and it never holds them all" if spec.want_weights else None

    def compare(self, score: Score, device: torch.device) -> tuple[Compare, int]:
        """How scores are computed, and how many numbers are held for each."""
        return score.compare, 1 if score.factored else score.head_dim

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        return blocks_cost(spec, self.compare(spec.score, device)[1], size)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        compare, held = self.compare(spec.score, inputs.value.device)
        return attend_in_blocks(spec, compare, held, inputs)


def attend_in_blocks(spec: AttentionSpec, compare: Compare, held: int, inputs: Inputs) -> Attended:
    """Solves the problem, `held` numbers to a score, some queries before all keys at a time."""
    rows = QueryBlocks(inputs, *_bounds(held))
    if rows.count > 1:
        return attend_in_tiles(spec, compare, inputs, rows)
    return attend(spec, compare, inputs)  # a single tile may as well be kept for the backward pass


def blocks_cost(spec: AttentionSpec, held: int, size: InputSize) -> KernelCost:
    """What `attend_in_blocks` does; what is of a tile's size stays near the processor."""
    cost = dense_cost(spec, size, held if held > 1 else 0)
    if queries_per_tile(size.pairs // size.queries, *_bounds(held)) < size.queries:
        cost = cost._replace(
            rounds=tiled_backward_passes(spec, size, keep=QueryBlocks.keep), forward_moves=0, backward_moves=0
        )
    return compared_again(cost, spec.score, held)


def _bounds(held: int) -> tuple[int, int]:
    """How many scores fill a tile, and the fewest queries, where `held` numbers are held for each score."""
    return BUDGET // held, -(-LEAST // held)
