"""Linear maps and dropout as in torch, compiled where they can be."""

from torch import Tensor, nn

from attnbench import compiled
from attnbench.compiled.dropout import dropout
from attnbench.compiled.linear import linear


class Linear(nn.Linear):
    """The same as `torch.nn.Linear`."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


class Dropout(nn.Dropout):
    """The same as `torch.nn.Dropout`, with other random numbers."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training and self.p and compiled.runs_on(input):
            return dropout(input, self.p)
        return super().forward(input)
