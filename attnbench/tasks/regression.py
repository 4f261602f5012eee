"""Noisy points on a curve. Kernel regression estimates the curve from them."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from attnbench.errors import UserError
from attnbench.generator_seed import generator_seed


@dataclass(frozen=True)
class Points:
    """Training points `(N,)` in ascending order of `x`; and test points `(M,)`. `truth` is the curve at `test_x`."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    truth: Tensor

    def to(self, device: torch.device) -> "Points":
        """The same points on a device."""
        return Points(*(getattr(self, field.name).to(device) for field in fields(self)))


def kernel_regression(
    points: int, tests: int, span: float, slope: float, amplitude: float, noise: float, seed: int
) -> Points:
    """y = slope · x + amplitude · sin x + noise at random x; and the curve without noise at equally spaced x.

    Args:
        points: number of training points, with x uniform from 0 to `span`.
        tests: number of test points, from 0 to `span`, both included.
        span: the largest x.
        slope, amplitude: the parameters of the curve.
        noise: standard deviation of the normal noise on y.
        seed: the seed of the training points, for x and noise.

    Raises:
        UserError: a value is out of range.
    """
    # Each training point is estimated from the others, so that at least two are needed.
    for key, value, least in (("points", points, 2), ("tests", tests, 1)):
        if value < least:
            raise UserError(f"task.{key}={value}: must be {least} or more")
    for key, value in (("span", span), ("slope", slope), ("amplitude", amplitude), ("noise", noise)):
        if not math.isfinite(value):
            raise UserError(f"task.{key}={value}: must be a finite number")
    if span <= 0:
        raise UserError(f"task.span={span}: must be greater than 0")
    if noise < 0:
        raise UserError(f"task.noise={noise}: must be 0 or more")
    generator = torch.Generator().manual_seed(generator_seed(seed))
    x = span * torch.rand(points, generator=generator).sort().values
    test_x = torch.linspace(0, span, tests)
    y, truth = (slope * at + amplitude * torch.sin(at) for at in (x, test_x))
    return Points(x, y + noise * torch.randn(points, generator=generator), test_x, truth)
