"""Tile by tile: some queries at a time against the keys that they may see.

No T × S matrix outlives its tile: the backward pass computes each tile again, from the same random numbers, and adds up
what it finds. Time is that of the scores; memory is that of the inputs and of one tile.
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
    """A way to cut operands into `count` tiles, few and small enough to keep their softmax if `keep` says so."""

    count: int
    keep: bool

    def take(self, tile: int, operands: Operands) -> Tile:
        """What the tile computes on."""
        ...

    def add(self, tile: int, parts: Sequence[Tensor | None], wholes: Sequence[Tensor | None]) -> None:
        """Adds the gradients of a tile's operands to those of all."""
        ...

    def put(self, tile: int, part: Tensor, whole: Tensor) -> None:
        """Writes a tile's result to the whole, `(B, H, T, ·)`, which is zero before."""
        ...

    def cut(self, tile: int, whole: Tensor) -> Tensor:
        """The tile's share of a whole, `(B, H, T, ·)`."""
        ...


def attend_in_tiles(spec: AttentionSpec, compare: Compare, inputs: Inputs, tiling: Tiling) -> Attended:
    """Solves the problem tile by tile, with a `compare` that stands in for the score's."""
    work: TileComputation = (
        SoftTile(spec.selection, compare, spec.score.factored, inputs.view)
        if isinstance(spec.selection, Soft)
        else HardTile(spec.selection, compare, inputs.view)
    )
    own = () if spec.score.factored else spec.score.parameters()  # else the features have brought theirs along
    parameters = [parameter for parameter in own if parameter.requires_grad]
    context, *drawn = _Tiles.apply(work, tiling, *inputs[:3], inputs.view.centre, *parameters)
    if not drawn:
        return Attended(context)
    assert isinstance(spec.selection, Reinforce)
    log_prob, entropy = (result.squeeze(-1) for result in drawn)
    return Attended(context, draw=Draw(log_prob, entropy, spec.selection))


def tiled_backward_passes(spec: AttentionSpec, size: InputSize, *, keep: bool) -> BackwardPasses:
    """Those of `attend_in_tiles`, with a tiling that does or does not keep its softmax."""
    if isinstance(spec.selection, Soft):
        return BackwardPasses(3 - (keep and spec.score.factored), 3 - keep, 2)
    return dense_backward_passes(spec, size, drawn=True).again()


class _Tiles(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, work: TileComputation, tiling: Tiling, *tensors: Tensor) -> tuple[Tensor, ...]:
        operands = Operands(*tensors[:4])
        device = operands.query.device
        ctx.work, ctx.tiling = work, tiling
        ctx.save_for_backward(*tensors)
        ctx.random = _random_state(device)
        ctx.autocast = torch.get_autocast_dtype(device.type), torch.is_autocast_enabled(device.type)
        ctx.kept = []
        wholes: list[Tensor] = []
        for tile in range(tiling.count):
            parts, softmax = work.forward(tiling.take(tile, operands))
            ctx.kept.append(softmax if tiling.keep and any(ctx.needs_input_grad) else None)
            wholes = wholes or [part.new_zeros(*operands.query.shape[:3], part.shape[-1]) for part in parts]
            for part, whole in zip(parts, wholes, strict=True):
                tiling.put(tile, part, whole)
        return tuple(wholes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        tensors, wanted = ctx.saved_tensors, ctx.needs_input_grad[2:]
        found = [torch.zeros_like(tensor) if want else None for tensor, want in zip(tensors, wanted, strict=True)]
        received = [gradient.contiguous() for gradient in grad_outputs]
        device = tensors[0].device
        with (
            torch.random.fork_rng([device] if device.type == "cuda" else []),
            torch.autocast(device.type, *ctx.autocast, cache_enabled=False),
        ):
            _set_random_state(device, ctx.random)
            for tile in range(ctx.tiling.count):
                _backward(ctx.work, ctx.tiling, tile, ctx.kept[tile], tensors, received, found)
        return None, None, *found


def _backward(
    work: TileComputation,
    tiling: Tiling,
    tile: int,
    softmax: Tensor | None,
    tensors: Sequence[Tensor],
    received: Sequence[Tensor],
    found: Sequence[Tensor | None],
) -> None:
    """Computes a tile again, and adds its gradients to those `found` so far."""
    part = tiling.take(tile, Operands(*tensors[:4]))
    leaves: list[Any] = [
        tensor if want is None else tensor.detach().requires_grad_()  # pyright: ignore[reportOptionalMemberAccess]
        for tensor, want in zip(part.operands, found[:4], strict=True)
    ]
    shares = [tiling.cut(tile, whole) for whole in received]
    gradients = work.backward(part._replace(operands=Operands(*leaves)), shares, tensors[4:], softmax)
    tiling.add(tile, gradients[:4], found[:4])
    for gradient, whole in zip(gradients[4:], found[4:], strict=True):
        if gradient is not None and whole is not None:
            whole += gradient


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_random_state(device: torch.device, state: Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
