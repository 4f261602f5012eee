"""Kernels compute the same attention at different cost; the cost is what is studied."""

from attnbench.attention.kernels.auto import Auto, choose
from attnbench.attention.kernels.dense import Dense
from attnbench.attention.kernels.fused import Fused
from attnbench.attention.kernels.kernel import Attended, Inputs, Kernel, Load, Problem, Rounds, Size
from attnbench.attention.kernels.tiled import Additive, Tiled
from attnbench.attention.kernels.windowed import Windowed

__all__ = [
    "Additive",
    "Attended",
    "Auto",
    "Dense",
    "Fused",
    "Inputs",
    "Kernel",
    "Load",
    "Problem",
    "Rounds",
    "Size",
    "Tiled",
    "Windowed",
    "choose",
]
