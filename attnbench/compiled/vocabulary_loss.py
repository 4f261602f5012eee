"""The map to the vocabulary and the cross-entropy as one, in pieces that stay in the cache.

torch's form holds the logits of a batch, their log-softmax, and the gradients of both: four tensors `(N, V)`, each
written to memory and read from it. Here a piece of the logits is turned into its gradient in place, on the way forward,
as in Liger Kernel (Hsu et al. 2024).
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from attnbench.compiled.loops import f, logits_to_gradient, rounded_logits_to_gradient
from attnbench.compiled.products import operand, quick

PIECE = 2**21  # logits of a piece: 8 MiB


def cross_entropy(
    states: Tensor, weight: Tensor, bias: Tensor | None, expected: Tensor, label_smoothing: float
) -> Tensor:
    """The mean of -Σ q log p over the rows, where p = softmax(W x + c); see `attnbench.training.loss` for q.

    Args:
        states: x, `(N, W)`, N > 0.
        weight: W, `(V, W)`.
        bias: c, `(V,)`, or None for none.
        expected: ids `(N,)`.
        label_smoothing: the share that q spreads over the vocabulary.
    """
    return _CrossEntropy.apply(states, weight, bias, expected, label_smoothing)


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, states: Tensor, weight: Tensor, bias: Tensor | None, expected: Tensor, label_smoothing: float
    ) -> Tensor:
        losses, weight_gradient = states.new_empty(len(states)), torch.zeros_like(weight)
        bias_gradient = None if bias is None else torch.zeros_like(bias)
        right = operand(weight, len(states))
        left, settings = states.to(right.dtype), (f(label_smoothing), f(1 / len(states)))
        state_gradient = torch.empty_like(left)
        with quick(len(states) * weight.numel()):
            for piece, buffer in _pieces(left, len(weight)):
                logits = torch.mm(left[piece], right.t(), out=buffer)
                if bias is not None:
                    logits += bias
                _to_gradients(logits, expected[piece].numpy(), losses[piece].numpy(), *settings)
                torch.mm(logits, right, out=state_gradient[piece])
                weight_gradient += logits.t() @ left[piece]
                if bias_gradient is not None:
                    bias_gradient += logits.sum(0)
        context.save_for_backward(state_gradient.float(), weight_gradient, bias_gradient)
        return losses.mean()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        states, weight, bias = context.saved_tensors
        return states * gradient, weight * gradient, None if bias is None else bias * gradient, None, None


def _to_gradients(logits: Tensor, *others: Any) -> None:
    """See `logits_to_gradient`; the logits are in float32 or in bf16."""
    if logits.dtype is torch.float32:
        logits_to_gradient(logits.numpy(), *others)
    else:
        rounded_logits_to_gradient(logits.view(torch.int16).numpy(), *others)


def _pieces(states: Tensor, vocabulary: int) -> Iterator[tuple[slice, Tensor]]:
    """The rows of each piece, and memory for its logits, which is the same for all."""
    rows = max(1, PIECE // vocabulary)
    buffer = states.new_empty(min(rows, len(states)), vocabulary)
    for start in range(0, len(states), rows):
        stop = min(start + rows, len(states))
        yield slice(start, stop), buffer[: stop - start]
