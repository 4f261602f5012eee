"""A linear map whose products, one forward and two backward, are computed as `attnbench.compiled.products` says."""

from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench import compiled
from attnbench.compiled.products import gains, operand, product


def linear(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The same as `torch.nn.functional.linear`."""
    if not (gains(prod(states.shape[:-1]) * weight.numel()) and compiled.runs_on(states, weight)):
        return F.linear(states, weight, bias)
    return _Linear.apply(states, weight, bias)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        flat = states.reshape(-1, states.shape[-1])
        right = operand(weight, len(flat))
        left = flat.to(right.dtype)
        context.save_for_backward(left, right)
        result = product(left, right.t())
        if bias is not None:
            result += bias
        return result.view(*states.shape[:-1], len(weight))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        left, right = context.saved_tensors
        flat = gradient.reshape(-1, gradient.shape[-1])
        rounded = flat.to(right.dtype)
        states = weight = None
        if context.needs_input_grad[0]:
            states = product(rounded, right).view(*gradient.shape[:-1], -1)
        if context.needs_input_grad[1]:
            weight = product(rounded.t(), left)
        return states, weight, flat.sum(0) if context.needs_input_grad[2] else None
