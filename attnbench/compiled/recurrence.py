"""A gated recurrent unit over all steps of a sequence. Cho et al. 2014, in the form of `torch.nn.GRU`:

    r = σ(a_r + b_r)    z = σ(a_z + b_z)    n = tanh(a_n + r b_n)    h' = n + z (h - n)

a = W_i x + c_i are the inputs of all steps in one product; b = W_h h + c_h is a product for each step. The gradients of
the weights are one product over all steps. torch's form makes a dozen tensors for each step, and a product for the
gradients of each step.

Shapes: inputs `(B, T, E)`, states `(B, T, W)`; the weights are those of `torch.nn.GRU`.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from attnbench.compiled.linear import linear
from attnbench.compiled.loops import step_backward, step_forward
from attnbench.compiled.products import operand, product


class Weights(NamedTuple):
    """The parameters of one layer and direction: `(3 W, E)`, `(3 W, W)`, `(3 W,)` and `(3 W,)`."""

    inputs: Tensor
    hidden: Tensor
    input_bias: Tensor
    hidden_bias: Tensor

    def gate_bias(self) -> Tensor:
        """The biases that do not depend on the gate r, `(3 W,)`."""
        width = self.hidden.shape[1]
        return torch.cat([self.input_bias[: 2 * width] + self.hidden_bias[: 2 * width], self.input_bias[2 * width :]])

    def candidate_bias(self) -> Tensor:
        """The bias within r (b_n), `(W,)`."""
        return self.hidden_bias[2 * self.hidden.shape[1] :]


def gru(inputs: Tensor, initial: Tensor, weights: Weights, lengths: Tensor | None = None, *, backward: bool) -> Tensor:
    """The states `(B, T, W)` after each step.

    Args:
        inputs: `(B, T, E)`.
        initial: the state before the first step, `(B, W)`.
        weights: of the layer.
        lengths: number of real steps in each row, `(B,)`. A step beyond them leaves the state as it is. None: all are.
        backward: whether the sequence is read from its end.
    """
    gates = linear(inputs, weights.inputs, weights.gate_bias())
    if lengths is None:
        lengths = torch.full((len(inputs),), inputs.shape[1])
    return _Recurrence.apply(gates, initial, weights.hidden, weights.candidate_bias(), lengths, backward)


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, gates: Tensor, initial: Tensor, weight: Tensor, bias: Tensor, lengths: Tensor, backward: bool
    ) -> Tensor:
        size, length, width = len(gates), gates.shape[1], weight.shape[1]
        states, saved = gates.new_empty(length + 1, size, width), gates.new_empty(length, size, 4 * width)
        states[length if backward else 0] = initial
        b = gates.new_empty(size, 3 * width)
        arrays = [tensor.detach().numpy() for tensor in (gates, b, bias, states, saved, lengths)]
        right, views = operand(weight.t(), size), states.unbind()
        for t, before, after in _steps(length, backward):
            product(views[before], right, out=b)
            step_forward(t, before, after, *arrays)
        context.save_for_backward(weight, states, saved, lengths)
        context.backward_direction = backward
        return (states[:-1] if backward else states[1:]).transpose(0, 1)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        weight, states, saved, lengths = context.saved_tensors
        backward, length, size, width = context.backward_direction, *saved.shape[:2], weight.shape[1]
        gates, products = saved.new_empty(size, length, 3 * width), saved.new_empty(length, size, 3 * width)
        state = saved.new_zeros(size, width)
        tensors = (gradient.contiguous(), state, states, saved, gates, products, lengths)
        arrays, views, right = [tensor.numpy() for tensor in tensors], products.unbind(), operand(weight, size)
        for t, before, _ in reversed(_steps(length, backward)):
            step_backward(t, before, *arrays)
            state += product(views[t], right)
        before = (states[1:] if backward else states[:-1]).flatten(0, 1)
        flat = products.flatten(0, 1)
        weight_gradient = product(flat.t(), operand(before, 3 * width))
        return gates, state, weight_gradient, flat[:, 2 * width :].sum(0), None, None


def _steps(length: int, backward: bool) -> list[tuple[int, int, int]]:
    """For each step in turn: its number, and the places of the states before and after it, of `length + 1` states."""
    if backward:
        return [(t, t + 1, t) for t in reversed(range(length))]
    return [(t, t, t + 1) for t in range(length)]
