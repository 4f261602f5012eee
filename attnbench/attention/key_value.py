"""Turns states into keys and values.

The score compares each key with the query. The context vector is the weighted sum of the values.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.compiled.modules import Linear


class KeyValue(NamedTuple):
    """Keys and values, `(B, S, W)` each."""

    key: Tensor
    value: Tensor


class Tied(nn.Module):
    """The state is both key and value. Bahdanau et al. 2015, section 3.1; Luong et al. 2015, section 3.1."""

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(self, states: Tensor) -> KeyValue:
        return KeyValue(states, states)


class Split(nn.Module):
    """key = tanh(W_k h), value = tanh(W_v h): each state gets a key and a separate value. Daniluk et al. 2017, 2.2.

    In the paper, the network has an output of twice the width, whose halves are key and value. Here a state is mapped
    to both, so that the recurrent network is the same for each choice of keys and values.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key, self.value = Linear(width, width), Linear(width, width)

    def forward(self, states: Tensor) -> KeyValue:
        return KeyValue(torch.tanh(self.key(states)), torch.tanh(self.value(states)))


class Projected(nn.Module):
    """key = W_k h, value = W_v h. Vaswani et al. 2017, section 3.2.2."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key, self.value = Linear(width, width), Linear(width, width)

    def forward(self, states: Tensor) -> KeyValue:
        return KeyValue(self.key(states), self.value(states))
