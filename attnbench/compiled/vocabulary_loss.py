"""The map to the vocabulary and the cross-entropy as one, in pieces that stay in the cache.

torch's form holds the logits of a batch, their log-softmax, and the gradients of both: four tensors `(N, V)`, each
written to memory and read from it. Here a piece of the logits is turned into its gradient in place, on the way forward,
as in Liger Kernel (Hsu et al. 2024).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from attnbench.compiled.elementary import OPTIONS, compile_loop, exp, f, from_bf16, to_bf16
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
    """See `_to_gradient`; the logits are in float32 or in bf16."""
    if logits.dtype is torch.float32:
        _to_gradient(logits.numpy(), *others)
    else:
        _to_rounded_gradient(logits.view(torch.int16).numpy(), *others)


def _pieces(states: Tensor, vocabulary: int) -> Iterator[tuple[slice, Tensor]]:
    """The rows of each piece, and memory for its logits, which is the same for all."""
    rows = max(1, PIECE // vocabulary)
    buffer = states.new_empty(min(rows, len(states)), vocabulary)
    for start in range(0, len(states), rows):
        stop = min(start + rows, len(states))
        yield slice(start, stop), buffer[: stop - start]


@njit(**OPTIONS | {"fastmath": OPTIONS["fastmath"] | {"nnan"}})  # only without NaN is a maximum vectorised
def _highest(numbers: np.ndarray) -> np.float32:
    """The largest number. If one is NaN it may be any; the loss is NaN all the same."""
    highest = numbers[0]
    for number in numbers:
        highest = max(number, highest)
    return highest


@compile_loop
def _row_to_gradient(x: np.ndarray, true: int, label_smoothing: np.float32, scale: np.float32) -> np.float32:
    """Turns the logits of a row `(V,)` into the gradient of `scale` times its loss, and returns the loss."""
    vocabulary = len(x)
    highest, total, normaliser = _highest(x), f(0), f(0)
    for j in range(vocabulary):
        total += x[j]
    log_prob = x[true] - highest
    for j in range(vocabulary):
        x[j] = exp(x[j] - highest)
        normaliser += x[j]
    log_normaliser = np.log(normaliser)
    mean = total / f(vocabulary) - highest - log_normaliser
    factor, shift = scale / normaliser, scale * label_smoothing / f(vocabulary)
    for j in range(vocabulary):
        x[j] = x[j] * factor - shift
    x[true] -= scale * (f(1) - label_smoothing)
    return -(f(1) - label_smoothing) * (log_prob - log_normaliser) - label_smoothing * mean


@compile_loop
def _to_gradient(
    logits: np.ndarray, expected: np.ndarray, losses: np.ndarray, label_smoothing: np.float32, scale: np.float32
) -> None:
    """Turns logits `(P, V)` into the gradient of `scale` times the sum of the losses."""
    for row in range(len(logits)):
        losses[row] = _row_to_gradient(logits[row], expected[row], label_smoothing, scale)


@compile_loop
def _to_rounded_gradient(
    logits: np.ndarray, expected: np.ndarray, losses: np.ndarray, label_smoothing: np.float32, scale: np.float32
) -> None:
    """The same as `_to_gradient`, for the bits of bf16 logits. Within a row, all is float32."""
    exact = np.empty(logits.shape[1], np.float32)
    for row in range(len(logits)):
        bits = logits[row]
        for j in range(len(exact)):
            exact[j] = from_bf16(bits[j])
        losses[row] = _row_to_gradient(exact, expected[row], label_smoothing, scale)
        for j in range(len(exact)):
            bits[j] = to_bf16(exact[j])
