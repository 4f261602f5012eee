"""The kernel of the additive scores."""

import torch

from attnbench.attention.kernels.additive_energies import Compare, cheapest_compare
from attnbench.attention.kernels.kernel import AttentionSpec
from attnbench.attention.kernels.tiled import TiledKernel
from attnbench.attention.scores import Perceptron, Score


class AdditiveKernel(TiledKernel):
    """Computes the additive scores with exponentials. It never holds a tensor of size n² · D."""

    name = "additive"

    def refusal(self, spec: AttentionSpec) -> str | None:
        if not isinstance(spec.score, Perceptron):
            return f"{type(spec.score).__name__} is not vᵀ tanh(φ(q) + ψ(k))"
        return super().refusal(spec)

    def choose_compare(self, score: Score, device: torch.device) -> tuple[Compare, int]:
        return cheapest_compare(score, device)
