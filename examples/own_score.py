"""A score from outside the package: -‖q - k‖, checked against a plain loop, then used in the layer."""

import torch
from torch import Tensor

from attnbench.attention import Attention, Global, Score, Soft, Tied
from attnbench.attention.kernels import AutoKernel


class Euclidean(Score):
    """-‖q - k‖: the distance itself, not its square."""

    factored = False  # it is not a dot product of features, so that the fused kernel cannot compute it

    def compare(self, query_features: Tensor, key_features: Tensor) -> Tensor:
        return -torch.cdist(query_features, key_features)


if __name__ == "__main__":
    torch.manual_seed(1)
    layer = Attention(16, score=Euclidean, scope=Global, selection=Soft, key_value=Tied, kernel=AutoKernel(), heads=2)
    query, states = torch.randn(3, 5, 16), torch.randn(3, 7, 16)
    weights = layer(query, layer.memory_of_states(states), want_weights=True).weights
    first = torch.stack([-(query[0, 0, :8] - state[:8]).norm() for state in states[0]]).softmax(0)
    print(f"kernel {layer.chosen_kernel().name}; largest error {(weights[0, 0, 0] - first).abs().max():.1e}")
