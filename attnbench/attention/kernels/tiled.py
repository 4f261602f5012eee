"""The tiled kernel: it computes the scores of some queries at a time, so that it never holds the T × S matrix."""

import torch

from attnbench.attention.kernels.additive_energies import Compare, add_recomputed_energies
from attnbench.attention.kernels.dense import attend, dense_cost
from attnbench.attention.kernels.kernel import Attended, AttentionSpec, Inputs, InputSize, KernelCost
from attnbench.attention.kernels.query_blocks import QueryBlocks, queries_per_tile
from attnbench.attention.kernels.tile_by_tile import attend_in_tiles, tiled_backward_passes
from attnbench.attention.scores import Score

BUDGET = 2**20  # numbers that a tile holds: few enough to stay in the cache, enough to keep the processor busy
LEAST = 64  # queries in a tile: with fewer, reading the keys and adding up their gradients would dominate the time


class TiledKernel:
    """Computes every score and every selection tile by tile, in O(S) memory per tile.

    The backward pass computes again what it needs.
    """

    name = "tiled"

    def refusal(self, spec: AttentionSpec) -> str | None:
        return "the attention weights are requested, and it never holds them all" if spec.want_weights else None

    def choose_compare(self, score: Score, device: torch.device) -> tuple[Compare, int]:
        """The function that computes the scores, and how many numbers it holds per score."""
        return score.compare, 1 if score.factored else score.head_dim

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        return blocks_cost(spec, self.choose_compare(spec.score, device)[1], size)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        compare, numbers_per_score = self.choose_compare(spec.score, inputs.value.device)
        return attend_in_blocks(spec, compare, numbers_per_score, inputs)


def attend_in_blocks(spec: AttentionSpec, compare: Compare, numbers_per_score: int, inputs: Inputs) -> Attended:
    """Computes the attention of one block of queries at a time, over all keys.

    `compare` is used instead of `spec.score.compare`. It holds `numbers_per_score` numbers for each score.
    """
    blocks = QueryBlocks(inputs, *_tile_limits(numbers_per_score))
    if blocks.count > 1:
        return attend_in_tiles(spec, compare, inputs, blocks)
    return attend(spec, compare, inputs)  # a single tile fits in memory, so autograd may keep it


def blocks_cost(spec: AttentionSpec, numbers_per_score: int, size: InputSize) -> KernelCost:
    """The cost of `attend_in_blocks`. Tensors of a tile's size stay in the cache, so their moves do not count."""
    cost = dense_cost(spec, size, numbers_per_score if numbers_per_score > 1 else 0)
    if queries_per_tile(size.pairs // size.queries, *_tile_limits(numbers_per_score)) < size.queries:
        passes = tiled_backward_passes(spec, size, keep_softmax=QueryBlocks.keep_softmax)
        cost = cost._replace(backward_passes=passes, forward_moves=0, backward_moves=0)
    return add_recomputed_energies(cost, spec.score, numbers_per_score)


def _tile_limits(numbers_per_score: int) -> tuple[int, int]:
    """The number of scores that fill a tile, and the minimum number of queries in it."""
    return BUDGET // numbers_per_score, -(-LEAST // numbers_per_score)
