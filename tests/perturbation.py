"""How much a function changes if its inputs change by rounding errors: this is what an error in float32 may be."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[..., Sequence[Tensor]]

DRAWS = 4
ROUNDING = 64 * torch.finfo(torch.float32).eps  # each number is a sum of several products, and each step rounds


def allowances(function: Function, inputs: Sequence[Tensor]) -> list[float]:
    """For each result of `function` in float64, the error that rounding explains.

    It is the largest change of the result if each number of an input changes by `ROUNDING` times the largest number of
    this input, with random signs. The result is rounded too.
    """
    generator = torch.Generator().manual_seed(0)
    exact = function(*inputs)
    allowed = [ROUNDING * float(result.abs().max()) for result in exact]
    for _ in range(DRAWS):
        changed = function(*(tensor + _changes(tensor, generator) for tensor in inputs))
        for index, (result, other) in enumerate(zip(exact, changed, strict=True)):
            allowed[index] = max(allowed[index], float((result - other).abs().max()))
    return allowed


def _changes(tensor: Tensor, generator: torch.Generator) -> Tensor:
    signs = torch.randint(2, tensor.shape, generator=generator) * 2 - 1
    return ROUNDING * float(tensor.abs().max()) * signs
