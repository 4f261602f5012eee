"""The average of the weights of a model, which is validated and kept instead of the weights themselves."""

import copy
from collections import deque
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from attnbench.models.model import Model
from attnbench.training.recipe import Recipe


class Average(Protocol):
    """An average of the weights of a model that is trained.

    Attributes:
        model: the model that has the average.
    """

    model: Model

    def updated(self) -> None:
        """Is called after each update of the trained model."""

    def before_validation(self) -> None:
        """Is called before each validation of `model`."""

    def state_dict(self) -> dict[str, Any]:
        """What the average consists of, for `load_state_dict`."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> object: ...


def average_of(trained: Model, recipe: Recipe) -> Average:
    """The average that a recipe asks for."""
    if recipe.averaging:
        return MovingAverage(trained, recipe.averaging)
    return LastAverage(trained, recipe.average_last) if recipe.average_last else NoAverage(trained)


class NoAverage:
    """The weights themselves."""

    def __init__(self, trained: Model) -> None:
        self.model = trained

    def updated(self) -> None: ...

    def before_validation(self) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class MovingAverage:
    """The exponential moving average over all updates. Polyak and Juditsky 1992."""

    def __init__(self, trained: Model, decay: float) -> None:
        self.trained, self.averaged = trained, AveragedModel(trained, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.model = cast(Model, self.averaged.module)
        _in_one_piece(self.model)

    def updated(self) -> None:
        self.averaged.update_parameters(self.trained)

    def before_validation(self) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return self.averaged.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.averaged.load_state_dict(state)


class LastAverage:
    """The mean of the weights at the last validations. Vaswani et al. 2017, section 6.1."""

    def __init__(self, trained: Model, count: int) -> None:
        self.trained, self.model = trained, copy.deepcopy(trained)
        self.last = deque[dict[str, Tensor]](maxlen=count)
        _in_one_piece(self.model)

    def updated(self) -> None: ...

    def before_validation(self) -> None:
        self.last.append({name: weights.detach().clone() for name, weights in self.trained.state_dict().items()})
        self._take_mean()

    def state_dict(self) -> dict[str, Any]:
        return {"last": list(self.last)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        device = next(self.trained.parameters()).device
        self.last.extend({name: weights.to(device) for name, weights in each.items()} for each in state["last"])
        if self.last:
            self._take_mean()

    def _take_mean(self) -> None:
        """Buffers that are no floating-point numbers are those of the last validation."""
        means = dict(self.last[-1])
        for name, weights in means.items():
            if weights.is_floating_point():
                means[name] = torch.stack([each[name] for each in self.last]).mean(0)
        self.model.load_state_dict(means)


def _in_one_piece(model: Model) -> None:
    """A copy has the weights of a recurrent network in many pieces; cuDNN wants one."""
    for module in model.modules():
        if isinstance(module, nn.RNNBase):
            module.flatten_parameters()
