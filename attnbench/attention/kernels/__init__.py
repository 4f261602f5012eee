"""Kernels compute the same attention at different cost; the cost is what is studied."""

from attnbench.attention.kernels.auto import Auto
from attnbench.attention.kernels.dense import Dense
from attnbench.attention.kernels.fused import Fused
from attnbench.attention.kernels.kernel import Attended, Inputs, Kernel, Problem

__all__ = ["Attended", "Auto", "Dense", "Fused", "Inputs", "Kernel", "Problem"]
