"""The textbook kernel: it holds the whole T × S matrix, so it can do everything."""

from collections.abc import Callable

import torch
from torch import Tensor

from attnbench.attention.kernels.kernel import (
    Attended,
    AttentionSpec,
    BackwardPasses,
    Inputs,
    InputSize,
    KernelCost,
)


class DenseKernel:
    """Scores, then weights, then their product with the values, each in full: O(T · S) memory."""

    name = "dense"

    def refusal(self, spec: AttentionSpec) -> str | None:
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        return dense_cost(spec, size, 0 if spec.score.factored else size.features)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        return attend(spec, spec.score.compare, inputs)


def attend(spec: AttentionSpec, compare: Callable[[Tensor, Tensor], Tensor], inputs: Inputs) -> Attended:
    """Solves the problem in one go, with a `compare` that stands in for the score's."""
    query, key, value, view = inputs
    scores = compare(query, key)
    gain = view.gain(value.device)
    mask = view.mask(query.shape[-2], query.device)
    weights, draw = spec.selection(scores, mask, None if gain is None else gain.to(scores.dtype))
    return Attended(weights @ value, weights if spec.want_weights else None, draw)


def dense_cost(spec: AttentionSpec, size: InputSize, energies: int) -> KernelCost:
    """What `attend` does, with a `compare` that holds so many `energies` for each score.

    Each step reads its operands and writes its result; masks and noise aside. Forward, scores are written, the
    selection reads and writes, the mixing reads. Backward, the weights are read for the values' gradient; their own is
    written, the selection reads it and its result, and writes; queries and keys read that. Of energies, their sum,
    their tanh and its product with v are written, and each is read; backward, the product's gradient is written for
    tanh, and that for v, which reads tanh, is written and summed; tanh reads two and writes, and two sums read it.
    """
    rounds = dense_backward_passes(spec, size)
    return KernelCost(
        size.pairs,
        spec.score.flops(size.features),
        2 * size.width,
        rounds,
        forward_moves=4 + 6 * energies,
        backward_moves=1 + 6 * bool(rounds.select) + 9 * energies * bool(rounds.compare),
    )


def dense_backward_passes(spec: AttentionSpec, size: InputSize, *, drawn: bool = False) -> BackwardPasses:
    """Those of autograd, which leaves out what no gradient comes to.

    Where a selection draws without a gradient of the weights, the scores have one only through what was `drawn`.
    """
    weights = spec.selection.differentiable and (size.learns or spec.scope.reweights)
    scores = weights or (drawn and (size.learns or spec.scope.reweights))
    return BackwardPasses(2 * (scores and size.learns), 2 * scores, 1 + weights)
