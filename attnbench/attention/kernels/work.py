"""What is done in a tile, forward and backward: keys are mixed, or one of them is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention.kernels.energies import Compare
from attnbench.attention.scopes import View
from attnbench.attention.selection import Selection, Soft


class Operands(NamedTuple):
    """What is computed on: features, values, and the centre of each query's window, if there are windows."""

    query: Tensor
    key: Tensor
    value: Tensor
    centre: Tensor | None


class Part(NamedTuple):
    """A tile's share of the operands; the `positions` of its keys, `(..., S)`; how many keys each query may see."""

    operands: Operands
    positions: Tensor
    visible: Tensor


Gradients = tuple[Tensor | None, ...]


class Work(Protocol):
    """What is done in each tile."""

    def forward(self, part: Part) -> tuple[Tensor, ...]:
        """The tile's results, each `(..., T, ·)`, the context first."""
        ...

    def backward(self, part: Part, received: Sequence[Tensor], parameters: Sequence[Tensor]) -> Gradients:
        """From the gradients of the results to those of the four operands and the parameters that `compare` has.

        The part's operands are leaves; those that want no gradient get None.
        """
        ...


@dataclass(frozen=True)
class Mix:
    """Soft selection. The backward pass is written out, as autograd would keep five matrices where two will do."""

    selection: Soft
    compare: Compare
    view: View

    def forward(self, part: Part) -> tuple[Tensor, ...]:
        scores = self.compare(part.operands.query, part.operands.key)
        weights, empty = self._softmax(scores, part)
        factor = self._factor(weights, part)
        context = (weights if factor is None else weights * factor) @ part.operands.value
        return (context if empty is None else context.masked_fill_(empty, 0.0),)

    def backward(self, part: Part, received: Sequence[Tensor], parameters: Sequence[Tensor]) -> Gradients:
        query, key, value, centre = part.operands
        with torch.enable_grad():
            scores = self.compare(query, key)
        weights, empty = self._softmax(scores.detach(), part)
        with torch.enable_grad():
            factor = self._factor(weights, part)
        (given,) = received
        if empty is not None:
            given = given.masked_fill(empty, 0.0)
        mixed = weights if factor is None else weights * factor.detach()
        for_value = mixed.transpose(-2, -1) @ given if value.requires_grad else None
        for_mixed = (given @ value.detach().transpose(-2, -1)).to(weights.dtype)
        for_softmax = for_mixed if factor is None else for_mixed * factor.detach()
        for_scores = torch.ops.aten._softmax_backward_data(for_softmax, weights, -1, weights.dtype).to(scores.dtype)
        results, gradients = [scores], [for_scores]
        if factor is not None:
            results.append(factor)
            gradients.append(for_mixed * weights)
        found = _gradients(results, gradients, (query, key, None, centre, *parameters))
        return *found[:2], for_value, *found[3:]

    def _softmax(self, scores: Tensor, part: Part) -> tuple[Tensor, Tensor | None]:
        """The masked softmax, and which rows have nothing to attend; those are not zero yet."""
        if self.view.everything:
            return scores.softmax(-1), None
        first, last = self.view.bounds(part.visible, part.operands.centre)
        mask = self.view.mask_at(part.positions, part.visible, part.operands.centre)
        lowest = torch.finfo(scores.dtype).min / 2  # so low that it swallows the score
        bias = torch.where(mask, scores.new_zeros(()), scores.new_full((), lowest))
        return (scores + bias).softmax(-1), (first.ceil() > last.floor())[..., None]

    def _factor(self, weights: Tensor, part: Part) -> Tensor | None:
        """What multiplies the softmax: the view's gain, dropout."""
        factor = self.view.gain_at(part.positions, part.operands.centre)
        factor = None if factor is None else factor.to(weights.dtype)
        if self.selection.training and self.selection.dropout:
            kept = F.dropout(torch.ones_like(weights), self.selection.dropout)
            factor = kept if factor is None else factor * kept
        return factor


@dataclass(frozen=True)
class Sample:
    """Hard selection; where it draws, log probability and entropy follow the context, `(..., T, 1)` each."""

    selection: Selection
    compare: Compare
    view: View

    def forward(self, part: Part) -> tuple[Tensor, ...]:
        query, key, value, centre = part.operands
        scores = self.compare(query, key)
        mask = self.view.mask_at(part.positions, part.visible, centre)
        gain = self.view.gain_at(part.positions, centre)
        weights, draw = self.selection(scores, mask, None if gain is None else gain.to(scores.dtype))
        context = weights @ value
        return (context,) if draw is None else (context, draw.log_prob[..., None], draw.entropy[..., None])

    def backward(self, part: Part, received: Sequence[Tensor], parameters: Sequence[Tensor]) -> Gradients:
        with torch.enable_grad():
            results = self.forward(part)
        return _gradients(results, received, (*part.operands, *parameters))


def _gradients(results: Sequence[Tensor], received: Sequence[Tensor], wanted: Sequence[Tensor | None]) -> Gradients:
    """Those of the `wanted` tensors; None for one that wants none, or that no result depends on."""
    pairs = [(result, gradient) for result, gradient in zip(results, received, strict=True) if result.requires_grad]
    leaves = [tensor for tensor in wanted if tensor is not None and tensor.requires_grad]
    if not pairs or not leaves:
        return (None,) * len(wanted)
    dependent, given = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(dependent, leaves, given, allow_unused=True))
    return tuple(next(found) if tensor is not None and tensor.requires_grad else None for tensor in wanted)
