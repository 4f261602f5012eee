"""Single steps of a gated recurrent unit, where a part of each input is only known at its step.

The known part of the input is one product for all steps. The gradients of the weights are one product over all steps,
too: each step keeps its part of it, and the last node of the backward pass multiplies.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from attnbench.compiled.linear import linear
from attnbench.compiled.loops import step_backward, step_forward
from attnbench.compiled.products import operand, product
from attnbench.compiled.recurrence import Weights

# The gradients of the gates, the late input, the gradients of W_h h + c_h, and the state before; of each step so far.
Kept = list[tuple[Tensor, Tensor, Tensor, Tensor]]


class GRUSteps:
    """See `attnbench.models.rnn.recurrent.steps`; `early` is `(B, T, E)`."""

    def __init__(self, early: Tensor, weights: Weights) -> None:
        known = early.shape[-1]
        gates = linear(early, weights.inputs[:, :known], weights.gate_bias())
        self.gates = gates.unbind(1)
        self.kept: Kept = []
        late = weights.inputs[:, known:]
        self.weights = _Shared.apply(late, weights.hidden, weights.candidate_bias(), self.kept, len(early))

    def __call__(self, t: int, late: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        state = _Step.apply(self.gates[t], late[:, 0], hidden[0], *self.weights, self.kept)
        return state[:, None], state[None]


class _Shared(torch.autograd.Function):
    """Hands the weights to all steps, as operands of products with `size` rows. Its backward pass runs after theirs."""

    @staticmethod
    def forward(context: Any, late: Tensor, hidden: Tensor, bias: Tensor, kept: Kept, size: int) -> tuple[Tensor, ...]:
        context.kept = kept
        context.set_materialize_grads(False)
        return operand(late, size).view_as(late), operand(hidden, size).view_as(hidden), bias.view_as(bias)

    @staticmethod
    def backward(context: Any, *_: None) -> tuple[Tensor | None, ...]:  # pyright: ignore
        gates, late, products, states = (torch.cat(parts) for parts in zip(*context.kept, strict=True))
        context.kept.clear()
        width = states.shape[1]
        late_gradient = product(gates.t(), operand(late, 3 * width))
        gradient = product(products.t(), operand(states, 3 * width))
        return late_gradient, gradient, products[:, 2 * width :].sum(0), None, None


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        gates: Tensor,
        late: Tensor,
        state: Tensor,
        late_weight: Tensor,
        weight: Tensor,
        bias: Tensor,
        kept: Kept,
    ) -> Tensor:
        size, width = state.shape
        gates = gates + product(late, late_weight.t())
        b = product(state, weight.t())
        states, saved = torch.stack([state, state]), state.new_empty(1, size, 4 * width)
        tensors = (gates[:, None], b, bias, states, saved)
        step_forward(0, 0, 1, *(tensor.numpy() for tensor in tensors), np.ones(size, np.int64))
        context.save_for_backward(late, late_weight, weight, states, saved)
        context.kept = kept
        return states[1]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        late, late_weight, weight, states, saved = context.saved_tensors
        size, width = gradient.shape
        gates, products = saved.new_empty(size, 1, 3 * width), saved.new_empty(1, size, 3 * width)
        state = torch.zeros_like(states[0])
        tensors = (gradient.contiguous()[:, None], state, states, saved, gates, products)
        step_backward(0, 0, *(tensor.numpy() for tensor in tensors), np.ones(size, np.int64))
        gates, products = gates[:, 0], products[0]
        state += product(products, weight)
        late_gradient = product(gates, late_weight)
        context.kept.append((gates, late, products, states[0]))
        return gates, late_gradient, state, None, None, None, None
