"""The windowed kernel: queries that look at the same stretch of keys are computed together, and no other keys are."""

import torch

from attnbench.attention.kernels.additive_energies import compared_again, comparison
from attnbench.attention.kernels.kernel import Attended, AttentionSpec, Inputs, InputSize, KernelCost
from attnbench.attention.kernels.tile_by_tile import attend_in_tiles, tiled_backward_passes
from attnbench.attention.kernels.tiled import attend_in_blocks, blocks_cost
from attnbench.attention.kernels.window_groups import WindowGroups
from attnbench.attention.selections import Soft

BUDGET = 2**19  # numbers held at once
SHORTEST, LONGEST = 16, 64  # strides: shorter ones make too many groups, longer ones fetch too many keys for nothing


class WindowedKernel:
    """The local scopes, in O(T · D) time and memory for windows of ±D, whatever the score and the selection."""

    name = "windowed"

    def refusal(self, spec: AttentionSpec) -> str | None:
        if not spec.scope.local:
            return f"{type(spec.scope).__name__} has no window"
        if spec.want_weights:
            return "the weights are wanted, and it never holds them all"
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        """Of windows that move on by a key a query; predicted ones may need up to twice as many groups."""
        held, window = comparison(spec.score, device)[1], spec.scope.window
        stride = _stride(window, size.queries)
        width = stride + 2 * window
        if _few(size.batch * size.heads * size.queries, size.keys, width, held):
            return blocks_cost(spec, held, size)
        groups = (size.queries - 1 - window) // stride - (-window) // stride + 1
        cost = KernelCost(
            size.batch * size.heads * groups * stride * width,
            spec.score.flops(size.features),
            2 * size.width,
            tiled_backward_passes(spec, size, keep=WindowGroups.keep),
            backward_moves=2 * isinstance(spec.selection, Soft),  # the softmax is kept for the way back
        )
        return compared_again(cost, spec.score, held)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        query, key, value, view = inputs
        compare, held = comparison(spec.score, value.device)
        stride = _stride(view.window, query.shape[2])
        if _few(query.shape[:3].numel(), view.size, stride + 2 * view.window, held):
            return attend_in_blocks(spec, compare, held, inputs)
        inputs = Inputs(query.contiguous(), key.contiguous(), value.contiguous(), view)
        return attend_in_tiles(spec, compare, inputs, WindowGroups(inputs, stride, BUDGET // held))


def _stride(window: int, queries: int) -> int:
    return 1 if queries == 1 else min(max(window, SHORTEST), LONGEST)


def _few(queries: int, keys: int, width: int, held: int) -> bool:
    """Whether they are held at once, or a group, before `width` keys, could see all keys."""
    return queries * keys <= BUDGET // held or keys <= width
