"""The choice among kernels: the cheapest that can do what is asked."""

import torch

from attnbench.attention.kernels.additive import AdditiveKernel
from attnbench.attention.kernels.dense import DenseKernel
from attnbench.attention.kernels.fused import FusedKernel
from attnbench.attention.kernels.kernel import (
    Attended,
    AttentionSpec,
    Inputs,
    InputSize,
    Kernel,
    KernelCost,
)
from attnbench.attention.kernels.tiled import TiledKernel
from attnbench.attention.kernels.windowed import WindowedKernel
from attnbench.errors import UnavailableError

BY_COST: tuple[Kernel, ...] = (WindowedKernel(), FusedKernel(), AdditiveKernel(), TiledKernel(), DenseKernel())


class AutoKernel:
    """The first kernel, in order of cost, that does not refuse."""

    name = "auto"

    def refusal(self, spec: AttentionSpec) -> str | None:
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        return choose(self, spec).cost(spec, size, device)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        return choose(self, spec)(spec, inputs)


def choose(kernel: Kernel, spec: AttentionSpec) -> Kernel:
    """The kernel that runs where `kernel` is asked for: itself, unless that is `AutoKernel`.

    Raises:
        UnavailableError: it cannot solve the problem; the message says which can.
    """
    able = [other for other in BY_COST if other.refusal(spec) is None]
    if isinstance(kernel, AutoKernel):
        return able[0]
    if reason := kernel.refusal(spec):
        names = ", ".join(f"kernel={other.name}" for other in able)
        raise UnavailableError(f"kernel={kernel.name}: cannot do this, for {reason}; kernel=auto can, and {names}")
    return kernel
