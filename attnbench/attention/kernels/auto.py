"""The choice of a kernel: the cheapest kernel that can compute the attention."""

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

KERNELS_BY_COST: tuple[Kernel, ...] = (WindowedKernel(), FusedKernel(), AdditiveKernel(), TiledKernel(), DenseKernel())


class AutoKernel:
    """Uses the first kernel, in order of cost, that can compute the attention."""

    name = "auto"

    def refusal(self, spec: AttentionSpec) -> str | None:
        return None

    def cost(self, spec: AttentionSpec, size: InputSize, device: torch.device) -> KernelCost:
        return choose(self, spec).cost(spec, size, device)

    def __call__(self, spec: AttentionSpec, inputs: Inputs) -> Attended:
        return choose(self, spec)(spec, inputs)


def choose(kernel: Kernel, spec: AttentionSpec) -> Kernel:
    """The kernel that runs if the user asks for `kernel`: `kernel` itself, or the cheapest one for `AutoKernel`.

    Raises:
        UnavailableError: `kernel` cannot compute this attention. The message names the kernels that can.
    """
    able = [other for other in KERNELS_BY_COST if other.refusal(spec) is None]
    if isinstance(kernel, AutoKernel):
        return able[0]
    if reason := kernel.refusal(spec):
        names = ", ".join(f"kernel={other.name}" for other in (AutoKernel(), *able))
        raise UnavailableError(
            f"kernel={kernel.name}: cannot compute this attention, because {reason}. These kernels can: {names}"
        )
    return kernel
