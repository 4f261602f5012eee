"""Attention tile by tile: a tile compares some queries with the keys that they may attend to.

The whole T × S matrix is never held. The backward pass computes each tile again, with the same random numbers, and adds
up the gradients. The time is the time of all scores. The memory is the memory of the inputs and of one tile.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from attnbench.attention.kernels.additive_energies import Compare
from attnbench.attention.kernels.dense import dense_backward_passes
from attnbench.attention.kernels.kernel import Attended, AttentionSpec, BackwardPasses, Inputs, InputSize
from attnbench.attention.kernels.tile_computation import HardTile, Operands, SoftTile, Tile, TileComputation
from attnbench.attention.selections import Draw, Reinforce, Soft


class Tiling(Protocol):
    """A way to cut the operands into `count` tiles.

    `keep_softmax` says that the softmax of each tile is kept for the backward pass. All tiles together must be small.
    """

    count: int
    keep_softmax: bool

    def read_tile(self, index: int, operands: Operands) -> Tile:
        """The tile number `index`, cut from the operands."""
        ...

    def add_gradients(self, index: int, parts: Sequence[Tensor | None], wholes: Sequence[Tensor | None]) -> None:
        """Adds the gradients of a tile's operands (`parts`) to the gradients of the whole operands (`wholes`)."""
        ...

    def write_result(self, index: int, part: Tensor, whole: Tensor) -> None:
        """Writes the result of a tile (`part`) into `whole` `(B, H, T, ·)`, which starts as zeros."""
        ...

    def select_queries(self, index: int, whole: Tensor) -> Tensor:
        """The rows of `whole` `(B, H, T, ·)` that belong to the queries of the tile."""
        ...


def attend_in_tiles(spec: AttentionSpec, compare: Compare, inputs: Inputs, tiling: Tiling) -> Attended:
    """Computes the attention tile by tile. `compare` is used instead of `spec.score.compare`."""
    computation: TileComputation = (
        SoftTile(spec.selection, compare, spec.score.is_product(*inputs[:2]), inputs.view)
        if isinstance(spec.selection, Soft)
        else HardTile(spec.selection, compare, inputs.view)
    )
    # In a factored score, only the feature maps have parameters. Their gradients flow through the features.
    score_parameters = () if spec.score.factored else spec.score.parameters()
    parameters = [parameter for parameter in score_parameters if parameter.requires_grad]
    context, *drawn = _TiledAttention.apply(computation, tiling, *inputs[:3], inputs.view.centre, *parameters)
    if not drawn:
        return Attended(context)
    assert isinstance(spec.selection, Reinforce)
    log_prob, entropy = (result.squeeze(-1) for result in drawn)
    return Attended(context, draw=Draw(log_prob, entropy, spec.selection))


def tiled_backward_passes(spec: AttentionSpec, size: InputSize, *, keep_softmax: bool) -> BackwardPasses:
    """The backward passes of `attend_in_tiles`, with a tiling that keeps its softmax or does not."""
    if isinstance(spec.selection, Soft):
        return BackwardPasses(3 - (keep_softmax and spec.score.factored), 3 - keep_softmax, 2)
    return dense_backward_passes(spec, size, drawn=True).with_recomputation()


class _TiledAttention(torch.autograd.Function):
    """The autograd function of `attend_in_tiles`."""

    @staticmethod
    def forward(ctx: Any, computation: TileComputation, tiling: Tiling, *tensors: Tensor) -> tuple[Tensor, ...]:
        operands = Operands(*tensors[:4])
        device = operands.query.device
        ctx.computation, ctx.tiling = computation, tiling
        ctx.save_for_backward(*tensors)
        ctx.random_state = _random_state(device)
        ctx.autocast = torch.get_autocast_dtype(device.type), torch.is_autocast_enabled(device.type)
        ctx.softmaxes = []
        wholes: list[Tensor] = []
        for index in range(tiling.count):
            parts, softmax = computation.forward(tiling.read_tile(index, operands))
            ctx.softmaxes.append(softmax if tiling.keep_softmax and any(ctx.needs_input_grad) else None)
            wholes = wholes or [part.new_zeros(*operands.query.shape[:3], part.shape[-1]) for part in parts]
            for part, whole in zip(parts, wholes, strict=True):
                tiling.write_result(index, part, whole)
        return tuple(wholes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        tensors, needed = ctx.saved_tensors, ctx.needs_input_grad[2:]
        totals = [torch.zeros_like(tensor) if need else None for tensor, need in zip(tensors, needed, strict=True)]
        result_gradients = [gradient.contiguous() for gradient in grad_outputs]
        device = tensors[0].device
        with (
            torch.random.fork_rng([device] if device.type == "cuda" else []),
            torch.autocast(device.type, *ctx.autocast, cache_enabled=False),
        ):
            _set_random_state(device, ctx.random_state)
            for index in range(ctx.tiling.count):
                _backward(ctx.computation, ctx.tiling, index, ctx.softmaxes[index], tensors, result_gradients, totals)
        return None, None, *totals


def _backward(
    computation: TileComputation,
    tiling: Tiling,
    index: int,
    softmax: Tensor | None,
    tensors: Sequence[Tensor],
    result_gradients: Sequence[Tensor],
    totals: Sequence[Tensor | None],
) -> None:
    """Computes a tile again, and adds its gradients to `totals`. A total is None if its gradient is not needed."""
    tile = tiling.read_tile(index, Operands(*tensors[:4]))
    leaves: list[Any] = [
        tensor if total is None else tensor.detach().requires_grad_()  # pyright: ignore[reportOptionalMemberAccess]
        for tensor, total in zip(tile.operands, totals[:4], strict=True)
    ]
    parts = [tiling.select_queries(index, whole) for whole in result_gradients]
    gradients = computation.backward(tile._replace(operands=Operands(*leaves)), parts, tensors[4:], softmax)
    tiling.add_gradients(index, gradients[:4], totals[:4])
    for gradient, total in zip(gradients[4:], totals[4:], strict=True):
        if gradient is not None and total is not None:
            total += gradient


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_random_state(device: torch.device, state: Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
