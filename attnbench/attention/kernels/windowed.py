"""The windowed kernel: it compares queries with a common range of keys together, and skips the other keys."""

import torch

from attnbench.attention.kernels.additive_energies import add_recomputed_energies, cheapest_compare
from attnbench.attention.kernels.kernel import Attended, AttentionSpec, Inputs, InputSize, KernelCost
from attnbench.attention.kernels.tile_by_tile import attend_in_tiles, tiled_backward_passes
from attnbench.attention.kernels.tiled import attend_in_blocks, blocks_cost
from attnbench.attention.kernels.window_groups import WindowGroups
from attnbench.attention.selections import Soft

BUDGET = 2**19  # numbers that a tile holds
SHORTEST, LONGEST = 16, 64  # strides: a shorter one makes too many groups, a longer one reads too many unused keys


class WindowedKernel:
    """Computes local attention with windows of ±D in O(T · D) time and memory, for every score and every selection."""

    name = "windowed"

    def refusal(self, spec: AttentionSpec) -> str | None:
        if not spec.scope.local:
            return f"{type(spec.scope).__name__} has no window"
        if spec.want_weights:
            return "the attention weights are requested, and it never holds them all"
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        """The cost if the window moves by one key per query. Predicted windows may need up to twice as many groups."""
        numbers_per_score, window = cheapest_compare(spec.score, device)[1], spec.scope.window
        stride = _stride(window, size.queries)
        width = stride + 2 * window
        if _too_small_for_groups(size.batch * size.heads * size.queries, size.keys, width, numbers_per_score):
            return blocks_cost(spec, numbers_per_score, size)
        groups = (size.queries - 1 - window) // stride - (-window) // stride + 1
        cost = KernelCost(
            size.batch * size.heads * groups * stride * width,
            spec.score.flops(size.features),
            2 * size.width,
            tiled_backward_passes(spec, size, keep_softmax=WindowGroups.keep_softmax),
            backward_moves=2 * isinstance(spec.selection, Soft),  # the softmax is kept for the backward pass
        )
        return add_recomputed_energies(cost, spec.score, numbers_per_score)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        query, key, value, view = inputs
        compare, numbers_per_score = cheapest_compare(spec.score, value.device)
        stride = _stride(view.window, query.shape[2])
        if _too_small_for_groups(query.shape[:3].numel(), view.size, stride + 2 * view.window, numbers_per_score):
            return attend_in_blocks(spec, compare, numbers_per_score, inputs)
        inputs = Inputs(query.contiguous(), key.contiguous(), value.contiguous(), view)
        return attend_in_tiles(spec, compare, inputs, WindowGroups(inputs, stride, BUDGET // numbers_per_score))


def _stride(window: int, queries: int) -> int:
    return 1 if queries == 1 else min(max(window, SHORTEST), LONGEST)


def _too_small_for_groups(queries: int, keys: int, width: int, numbers_per_score: int) -> bool:
    """Whether all scores fit in one tile, or the `width` keys of one group are all keys."""
    return queries * keys <= BUDGET // numbers_per_score or keys <= width
