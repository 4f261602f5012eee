"""The kernels. All compute the same attention, at different cost. This cost is what the benchmark studies."""

from attnbench.attention.kernels.additive import AdditiveKernel
from attnbench.attention.kernels.auto import AutoKernel, choose
from attnbench.attention.kernels.dense import DenseKernel
from attnbench.attention.kernels.fused import FusedKernel
from attnbench.attention.kernels.kernel import (
    Attended,
    AttentionSpec,
    BackwardPasses,
    Inputs,
    InputSize,
    Kernel,
    KernelCost,
)
from attnbench.attention.kernels.tiled import TiledKernel
from attnbench.attention.kernels.windowed import WindowedKernel

__all__ = [
    "AdditiveKernel",
    "Attended",
    "AttentionSpec",
    "AutoKernel",
    "BackwardPasses",
    "DenseKernel",
    "FusedKernel",
    "InputSize",
    "Inputs",
    "Kernel",
    "KernelCost",
    "TiledKernel",
    "WindowedKernel",
    "choose",
]
