"""The recipe: how every model of a comparison is trained, and the schedule of the learning rate."""

import math
from dataclasses import dataclass
from typing import Literal

from attnbench.errors import UserError
from attnbench.training.loss import Loss


@dataclass(frozen=True)
class Recipe:
    """How a model is trained. It is the same for all mechanisms of a comparison.

    The optimiser is AdamW. The learning rate rises linearly to `learning_rate` over `warmup` updates, then falls to
    zero along a cosine that ends with the budget. The budget is the smaller of `updates` and `epochs`; None is no
    bound.

    Raises:
        UserError: a value out of range.
    """

    loss: Loss
    batch_size: int
    updates: int | None
    epochs: int | None
    learning_rate: float
    warmup: int  # updates
    weight_decay: float
    clip: float  # the largest norm of the gradient
    teacher_forcing: float  # the probability that a step reads the true previous token
    validations: int  # number of validations over the budget
    patience: int  # validations without a better one, after which training stops
    stop_on: Literal["bleu", "loss"]

    def __post_init__(self) -> None:
        if self.updates is None and self.epochs is None:
            raise UserError("training.updates=null, training.epochs=null: one of them must be a number")
        if self.stop_on not in ("bleu", "loss"):
            raise UserError(f"training.stop_on={self.stop_on}: must be bleu or loss")
        for key in ("batch_size", "validations", "patience", "learning_rate", "clip"):
            if not getattr(self, key) > 0:
                raise UserError(f"training.{key}={getattr(self, key)}: must be greater than 0")
        for key in ("updates", "epochs"):
            if (value := getattr(self, key)) is not None and value < 1:
                raise UserError(f"training.{key}={value}: must be 1 or more")
        if not 0 <= self.teacher_forcing <= 1:
            raise UserError(f"training.teacher_forcing={self.teacher_forcing}: must be from 0 to 1")

    def budget(self, batches_per_epoch: int) -> int:
        """The number of updates."""
        bounds = (self.updates, None if self.epochs is None else self.epochs * batches_per_epoch)
        return min(bound for bound in bounds if bound is not None)


def learning_rate_factor(update: int, warmup: int, budget: int) -> float:
    """The factor of the peak learning rate at an update: a linear rise, then half a cosine down to zero."""
    if update < warmup:
        return (update + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (update - warmup) / max(1, budget - warmup))))
