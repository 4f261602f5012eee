"""What is done in a tile, forward and backward: keys are mixed, or one of them is drawn."""

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
    """What is computed on: features, values, and the centre of each query's window, if there are windows."""

    query: Tensor
    key: Tensor
    value: Tensor
    centre: Tensor | None


class Tile(NamedTuple):
    """A tile's share of the operands; the `positions` of its keys, `(..., S)`; how many keys each query may see."""

    operands: Operands
    positions: Tensor
    visible: Tensor


Gradients = tuple[Tensor | None, ...]


class TileResult(NamedTuple):
    """A tile's `results`, each `(..., T, ·)`, the context first; the softmax, which may be kept for the way back."""

    results: tuple[Tensor, ...]
    softmax: Tensor | None = None


class TileComputation(Protocol):
    """What is done in each tile."""

    def forward(self, part: Tile) -> TileResult: ...

    def backward(
        self, part: Tile, received: Sequence[Tensor], parameters: Sequence[Tensor], softmax: Tensor | None
    ) -> Gradients:
        """From the gradients of the results to those of the four operands and the parameters that `compare` has.

        The part's operands are leaves; those that want no gradient may get None.
        """
        ...


@dataclass(frozen=True)
class SoftTile:
    """Soft selection. The backward pass is written out, as autograd would keep five matrices where two will do.

    `factored` says that `compare` is the dot product, whose gradient is known without it.
    """

    selection: Soft
    compare: Compare
    factored: bool
    view: View

    def forward(self, part: Tile) -> TileResult:
        softmax = self._softmax(self.compare(part.operands.query, part.operands.key), part)
        factor = self._factor(softmax, part)
        context = (softmax if factor is None else softmax * factor) @ part.operands.value
        return TileResult((self._without_empty(context, part),), softmax)

    def backward(
        self, part: Tile, received: Sequence[Tensor], parameters: Sequence[Tensor], softmax: Tensor | None
    ) -> Gradients:
        query, key, value, centre = part.operands
        scores = None
        if softmax is None or not self.factored:
            with torch.set_grad_enabled(not self.factored):
                scores = self.compare(query, key)
        if softmax is None:
            assert scores is not None
            softmax = self._softmax(scores.detach(), part)
        with torch.enable_grad():
            factor = self._factor(softmax, part)
        given = self._without_empty(received[0], part)
        weights = softmax if factor is None else softmax * factor.detach()
        for_value = weights.transpose(-2, -1) @ given
        for_weights = (given @ value.transpose(-2, -1)).to(softmax.dtype)
        for_softmax = for_weights if factor is None else for_weights * factor.detach()
        for_scores = torch.ops.aten._softmax_backward_data(for_softmax, softmax, -1, softmax.dtype)
        through = [] if factor is None else [(factor, for_weights * softmax)]
        if self.factored:
            for_query, for_key = for_scores @ key, for_scores.transpose(-2, -1) @ query
            return for_query, for_key, for_value, *_gradients(through, (centre,))
        assert scores is not None
        through.append((scores, for_scores.to(scores.dtype)))
        for_query, for_key, *others = _gradients(through, (query, key, centre, *parameters))
        return for_query, for_key, for_value, *others

    def _without_empty(self, context: Tensor, part: Tile) -> Tensor:
        """Zero where a query has nothing to attend."""
        if self.view.everything:
            return context
        first, last = self.view.bounds(part.visible, part.operands.centre)
        return context.masked_fill((first.ceil() > last.floor())[..., None], 0.0)

    def _softmax(self, scores: Tensor, part: Tile) -> Tensor:
        """Over the keys that may be attended; anything in a row that has none."""
        if self.view.everything:
            return scores.softmax(-1)
        mask = self.view.mask_at(part.positions, part.visible, part.operands.centre)
        lowest = torch.finfo(scores.dtype).min / 2  # so low that it swallows the score
        return (scores + torch.where(mask, scores.new_zeros(()), scores.new_full((), lowest))).softmax(-1)

    def _factor(self, weights: Tensor, part: Tile) -> Tensor | None:
        """What multiplies the softmax: the view's gain, dropout."""
        factor = self.view.gain_at(part.positions, part.operands.centre)
        factor = None if factor is None else factor.to(weights.dtype)
        if self.selection.training and self.selection.dropout:
            kept = F.dropout(torch.ones_like(weights), self.selection.dropout)
            factor = kept if factor is None else factor * kept
        return factor


@dataclass(frozen=True)
class HardTile:
    """Hard selection; where it draws, log probability and entropy follow the context, `(..., T, 1)` each."""

    selection: Selection
    compare: Compare
    view: View

    def forward(self, part: Tile) -> TileResult:
        query, key, value, centre = part.operands
        scores = self.compare(query, key)
        mask = self.view.mask_at(part.positions, part.visible, centre)
        gain = self.view.gain_at(part.positions, centre)
        weights, draw = self.selection(scores, mask, None if gain is None else gain.to(scores.dtype))
        drawn = () if draw is None else (draw.log_prob[..., None], draw.entropy[..., None])
        return TileResult((weights @ value, *drawn))

    def backward(
        self, part: Tile, received: Sequence[Tensor], parameters: Sequence[Tensor], softmax: Tensor | None
    ) -> Gradients:
        with torch.enable_grad():
            results = self.forward(part).results
        return _gradients(list(zip(results, received, strict=True)), (*part.operands, *parameters))


def _gradients(through: Sequence[tuple[Tensor, Tensor]], wanted: Sequence[Tensor | None]) -> Gradients:
    """Those of the `wanted` tensors, from results and their gradients; None where none is wanted, or none comes."""
    pairs = [(result, gradient) for result, gradient in through if result.requires_grad]
    leaves = [tensor for tensor in wanted if tensor is not None and tensor.requires_grad]
    if not pairs or not leaves:
        return (None,) * len(wanted)
    results, received = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(results, leaves, received, allow_unused=True))
    return tuple(next(found) if tensor is not None and tensor.requires_grad else None for tensor in wanted)
