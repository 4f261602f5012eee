"""The computation in one tile, forward and backward, for soft selection and for hard selection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention.kernels.additive_energies import Compare
from attnbench.attention.scopes import View
from attnbench.attention.selections import Selection, Soft


class Operands(NamedTuple):
    """The operands: features, values, and the centre of each query's window (None if there are no windows)."""

    query: Tensor
    key: Tensor
    value: Tensor
    centre: Tensor | None


class Tile(NamedTuple):
    """The part of the operands that belongs to one tile.

    `positions` `(..., S)` are the positions of the keys. `visible` is how many keys, from the first on, each query may
    attend to.
    """

    operands: Operands
    positions: Tensor
    visible: Tensor


Gradients = tuple[Tensor | None, ...]


class TileResult(NamedTuple):
    """The result of a tile.

    `results` are `(..., T, ·)` each, and the context is the first. `softmax` may be kept for the backward pass.
    """

    results: tuple[Tensor, ...]
    softmax: Tensor | None = None


class TileComputation(Protocol):
    """The computation in each tile."""

    def forward(self, tile: Tile) -> TileResult: ...

    def backward(
        self, tile: Tile, result_gradients: Sequence[Tensor], parameters: Sequence[Tensor], softmax: Tensor | None
    ) -> Gradients:
        """Computes the gradients of the four operands and of the `parameters` of `compare`.

        The operands of the tile must be leaves. The gradient of an operand that needs none may be None.

        Args:
            tile: the same as in `forward`.
            result_gradients: the gradients of the results of `forward`.
            parameters: the parameters of `compare`.
            softmax: from `forward`, or None if it was not kept.
        """
        ...


@dataclass(frozen=True)
class SoftTile:
    """Soft selection. The backward pass is written by hand: autograd would keep 5 matrices, but 2 are enough.

    `product` says that `compare` is the dot product. Its gradient is then computed without autograd.
    """

    selection: Soft
    compare: Compare
    product: bool
    view: View

    def forward(self, tile: Tile) -> TileResult:
        softmax = self._softmax(self.compare(tile.operands.query, tile.operands.key), tile)
        factor = self._factor(softmax, tile)
        context = (softmax if factor is None else softmax * factor) @ tile.operands.value
        return TileResult((self._zero_empty_rows(context, tile),), softmax)

    def backward(
        self, tile: Tile, result_gradients: Sequence[Tensor], parameters: Sequence[Tensor], softmax: Tensor | None
    ) -> Gradients:
        query, key, value, centre = tile.operands
        scores = None
        if softmax is None or not self.product:
            with torch.set_grad_enabled(not self.product):
                scores = self.compare(query, key)
        if softmax is None:
            assert scores is not None
            softmax = self._softmax(scores.detach(), tile)
        with torch.enable_grad():
            factor = self._factor(softmax, tile)
        context_gradient = self._zero_empty_rows(result_gradients[0], tile)
        weights = softmax if factor is None else softmax * factor.detach()
        value_gradient = weights.transpose(-2, -1) @ context_gradient
        weights_gradient = (context_gradient @ value.transpose(-2, -1)).to(softmax.dtype)
        softmax_gradient = weights_gradient if factor is None else weights_gradient * factor.detach()
        scores_gradient = torch.ops.aten._softmax_backward_data(softmax_gradient, softmax, -1, softmax.dtype)
        outputs = [] if factor is None else [(factor, weights_gradient * softmax)]
        if self.product:
            query_gradient, key_gradient = scores_gradient @ key, scores_gradient.transpose(-2, -1) @ query
            return query_gradient, key_gradient, value_gradient, *_gradients(outputs, (centre,))
        assert scores is not None
        outputs.append((scores, scores_gradient.to(scores.dtype)))
        query_gradient, key_gradient, *others = _gradients(outputs, (query, key, centre, *parameters))
        return query_gradient, key_gradient, value_gradient, *others

    def _zero_empty_rows(self, context: Tensor, tile: Tile) -> Tensor:
        """Sets the rows of queries that may attend to no key to 0."""
        if self.view.everything:
            return context
        first, last = self.view.bounds(tile.visible, tile.operands.centre)
        return context.masked_fill((first.ceil() > last.floor())[..., None], 0.0)

    def _softmax(self, scores: Tensor, tile: Tile) -> Tensor:
        """The softmax over the keys that are not masked. A row without such a key may hold any values."""
        if self.view.everything:
            return scores.softmax(-1)
        mask = self.view.mask_at(tile.positions, tile.visible, tile.operands.centre)
        lowest = torch.finfo(scores.dtype).min / 2  # so low that the score has no effect on the sum
        return (scores + torch.where(mask, scores.new_zeros(()), scores.new_full((), lowest))).softmax(-1)

    def _factor(self, weights: Tensor, tile: Tile) -> Tensor | None:
        """The factor on the softmax: the gain of the view and dropout. None if there is neither."""
        log_gain = self.view.log_gain_at(tile.positions, tile.operands.centre)
        factor = None if log_gain is None else log_gain.exp().to(weights.dtype)
        if self.selection.training and self.selection.dropout:
            kept = F.dropout(torch.ones_like(weights), self.selection.dropout)
            factor = kept if factor is None else factor * kept
        return factor


@dataclass(frozen=True)
class HardTile:
    """Hard selection.

    If it draws, its results are the context, the log probability and the entropy. The last two are `(..., T, 1)` each.
    """

    selection: Selection
    compare: Compare
    view: View

    def forward(self, tile: Tile) -> TileResult:
        query, key, value, centre = tile.operands
        scores = self.compare(query, key)
        mask = self.view.mask_at(tile.positions, tile.visible, centre)
        weights, draw = self.selection(scores, mask, self.view.log_gain_at(tile.positions, centre))
        drawn = () if draw is None else (draw.log_prob[..., None], draw.entropy[..., None])
        return TileResult((weights @ value, *drawn))

    def backward(
        self, tile: Tile, result_gradients: Sequence[Tensor], parameters: Sequence[Tensor], softmax: Tensor | None
    ) -> Gradients:
        with torch.enable_grad():
            results = self.forward(tile).results
        return _gradients(list(zip(results, result_gradients, strict=True)), (*tile.operands, *parameters))


def _gradients(outputs: Sequence[tuple[Tensor, Tensor]], inputs: Sequence[Tensor | None]) -> Gradients:
    """The gradients of the `inputs`, from pairs of an output and its gradient.

    A gradient is None if the input needs no gradient, or if no output depends on the input.
    """
    pairs = [(output, gradient) for output, gradient in outputs if output.requires_grad]
    leaves = [tensor for tensor in inputs if tensor is not None and tensor.requires_grad]
    if not pairs or not leaves:
        return (None,) * len(inputs)
    results, result_gradients = zip(*pairs, strict=True)
    gradients = iter(torch.autograd.grad(results, leaves, result_gradients, allow_unused=True))
    return tuple(next(gradients) if tensor is not None and tensor.requires_grad else None for tensor in inputs)
