"""Values and gradients of a compiled function in float32, beside those of a textbook form in float64."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[..., Tensor]


def assert_agrees(compiled: Function, textbook: Function, inputs: Sequence[Tensor], tolerance: float = 1e-5) -> None:
    """Compares the result and the gradient of each input. The tolerance is relative to the largest number of each."""
    found = evaluated(compiled, [tensor.float() for tensor in inputs])
    expected = evaluated(textbook, [tensor.double() for tensor in inputs])
    for one, other in zip(found, expected, strict=True):
        assert one.dtype is torch.float32
        scale = max(float(other.abs().max()), 1e-3)
        torch.testing.assert_close(one.double(), other, rtol=0, atol=tolerance * scale)


def evaluated(function: Function, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The result, and the gradients of a sum of its numbers with weights that differ."""
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    result = function(*leaves)
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(result.shape, generator=generator, dtype=torch.float64).to(result.dtype)
    return [result.detach(), *torch.autograd.grad((result * weights).sum(), leaves)]
