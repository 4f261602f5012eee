"""The choice among kernels: the cheapest that can do what is asked."""

from attnbench.attention.kernels.dense import Dense
from attnbench.attention.kernels.fused import Fused
from attnbench.attention.kernels.kernel import Attended, Inputs, Kernel, Problem


class Auto:
    """The first kernel, in order of cost, that does not refuse."""

    name = "auto"
    candidates: tuple[Kernel, ...] = (Fused(), Dense())

    def refusal(self, problem: Problem) -> str | None:
        return None

    def choose(self, problem: Problem) -> Kernel:
        return next(kernel for kernel in self.candidates if kernel.refusal(problem) is None)

    def __call__(self, problem: Problem, inputs: Inputs) -> Attended:
        return self.choose(problem)(problem, inputs)
