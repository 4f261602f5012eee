"""The textbook kernel. It holds the whole T × S matrix, so it can compute every attention."""

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
    """Computes all scores, then all weights, then weights @ values. Memory is O(T · S)."""

    name = "dense"

    def refusal(self, spec: AttentionSpec) -> str | None:
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        return dense_cost(spec, size, 0 if spec.score.factored else size.features)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        return attend(spec, spec.score.compare, inputs)


def attend(spec: AttentionSpec, compare: Callable[[Tensor, Tensor], Tensor], inputs: Inputs) -> Attended:
    """Computes the attention in one step. `compare` is used instead of `spec.score.compare`."""
    query, key, value, view = inputs
    scores = compare(query, key)
    mask = view.mask(query.shape[-2], query.device)
    weights, draw = spec.selection(scores, mask, view.log_gain(value.device))
    return Attended(weights @ value, weights if spec.want_weights else None, draw)


def dense_cost(spec: AttentionSpec, size: InputSize, energies_per_score: int) -> KernelCost:
    """The cost of `attend`, with a `compare` that holds `energies_per_score` energies for each score.

    Each step reads its operands and writes its result. Masks and noise are not counted. The moves are:

    - Forward, 4 per pair: the scores are written. The selection reads them and writes the weights. The product with the
      values reads the weights.
    - Backward, 1 per pair: the weights are read for the gradient of the values.
    - Backward through the selection, 6 per pair: the gradient of the weights is written. The selection reads it and the
      weights, and writes the gradient of the scores. The gradients of queries and keys each read this gradient.
    - Forward, 6 per energy: the sum a + b, its tanh, and the product of tanh and v are each written and read.
    - Backward, 9 per energy: the gradient of tanh is written (1). The gradient of v reads tanh, and its terms are
      written and then read by their sum (3). The backward step of tanh reads two tensors and writes one (3). Two sums
      read this one (2).
    """
    passes = dense_backward_passes(spec, size)
    return KernelCost(
        size.pairs,
        spec.score.flops(size.features),
        2 * size.width,
        passes,
        forward_moves=4 + 6 * energies_per_score,
        backward_moves=1 + 6 * bool(passes.select) + 9 * energies_per_score * bool(passes.compare),
    )


def dense_backward_passes(spec: AttentionSpec, size: InputSize, *, drawn: bool = False) -> BackwardPasses:
    """The backward passes of autograd. Autograd skips a step if no gradient reaches it.

    If a selection draws and its weights have no gradient, the scores get a gradient only through the log probability
    and the entropy of the draw. `drawn` says whether this gradient counts.
    """
    learns = size.features_need_gradient
    weights = spec.selection.differentiable and (learns or spec.scope.reweights)
    scores = weights or (drawn and (learns or spec.scope.reweights))
    return BackwardPasses(2 * (scores and learns), 2 * scores, 1 + weights)
