"""The attention layer alone, in a model of your own: which of 20 numbers is the largest?"""

import torch
from torch import Tensor, nn

from attnbench.attention import Additive, Attention, Global, Projected, Soft
from attnbench.attention.kernels import AutoKernel


class LargestNumber(nn.Module):
    """One learned query attends all numbers; the context is the guess."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        parts = {"score": Additive, "scope": Global, "selection": Soft, "key_value": Projected, "kernel": AutoKernel()}
        self.embed = nn.Sequential(nn.Linear(1, width), nn.Tanh())
        self.query = nn.Parameter(torch.zeros(1, 1, width))
        self.attention = Attention(width, **parts, heads=4)
        self.guess = nn.Linear(width, 1)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """From numbers `(B, S)` to guesses `(B,)` and weights `(B, S)`, the mean of all heads."""
        memory = self.attention.memory_of_states(self.embed(numbers[..., None]))
        attended = self.attention(self.query.expand(len(numbers), -1, -1), memory, want_weights=True)
        return self.guess(attended.context)[:, 0, 0], attended.weights.mean(1)[:, 0]


torch.manual_seed(1)
model = LargestNumber()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(300):
    numbers = torch.rand(64, 20)
    loss = (model(numbers)[0] - numbers.amax(1)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
numbers = torch.rand(1000, 20)
guesses, weights = model(numbers)
found = (weights.argmax(1) == numbers.argmax(1)).float().mean()
print(f"mean error {(guesses - numbers.amax(1)).abs().mean():.3f}; the largest has most weight in {100 * found:.0f} %")
