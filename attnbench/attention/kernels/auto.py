"""The choice among kernels: the cheapest that can do what is asked."""

import torch

from attnbench.attention.kernels.dense import Dense
from attnbench.attention.kernels.fused import Fused
from attnbench.attention.kernels.kernel import Attended, Inputs, Kernel, Load, Problem, Size
from attnbench.attention.kernels.tiled import Additive, Tiled
from attnbench.attention.kernels.windowed import Windowed
from attnbench.errors import UnavailableError

BY_COST: tuple[Kernel, ...] = (Windowed(), Fused(), Additive(), Tiled(), Dense())


class Auto:
    """The first kernel, in order of cost, that does not refuse."""

    name = "auto"

    def refusal(self, problem: Problem) -> str | None:
        return None

    def load(self, problem: Problem, size: Size, device: torch.device) -> Load:
        return choose(self, problem).load(problem, size, device)

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        return choose(self, problem)(problem, inputs)


def choose(kernel: Kernel, problem: Problem) -> Kernel:
    """The kernel that runs where `kernel` is asked for: itself, unless that is `Auto`.

    Raises:
        UnavailableError: it cannot solve the problem; the message says which can.
    """
    able = [other for other in BY_COST if other.refusal(problem) is None]
    if isinstance(kernel, Auto):
        return able[0]
    if reason := kernel.refusal(problem):
        names = ", ".join(f"kernel={other.name}" for other in able)
        raise UnavailableError(f"kernel={kernel.name}: cannot do this, for {reason}; kernel=auto can, and {names}")
    return kernel
