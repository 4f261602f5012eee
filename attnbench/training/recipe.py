"""The recipe: how every model of a comparison is trained, and when its training ends."""

from dataclasses import dataclass
from typing import Literal

from attnbench.errors import UserError
from attnbench.training.loss import Loss

BOUNDS = ("updates", "epochs", "seconds")


@dataclass(frozen=True)
class Recipe:
    """How a model is trained. It is the same for all mechanisms of a comparison, except what is tuned.

    The optimiser is AdamW. The learning rate rises linearly to `learning_rate` over `warmup` updates, and stays there:
    a rate that fell to zero would end every training, whether it has converged or not. Instead, an exponential moving
    average of the weights is validated and kept. It has the effect of a lower rate (Polyak and Juditsky 1992).

    The published recipe of a Transformer is another one: after `warmup`, the rate falls with the inverse square root of
    the update (Vaswani et al. 2017, section 5.3), and the weights of the last validations are averaged (section 6.1).

    A training has converged when its validation is on a plateau: in the last part of the training, none was better than
    the best before by `LEAST_GAIN` or more. This part is the share `patience` of all updates, and at least
    `LEAST_VALIDATIONS`. So a training that learns slowly, as with a low rate, is given more time. Then the training
    ends. It also ends at the first of the bounds `updates`, `epochs` and `seconds`, where None is no bound; then it has
    not converged.

    Raises:
        UserError: a value out of range.
    """

    loss: Loss
    batch_size: int  # sentences
    batch_tokens: int | None  # of the longer side, with padding; if given, a batch has as many sentences as fit
    learning_rate: float
    warmup: int  # updates
    schedule: Literal["constant", "inverse_sqrt"]  # of the learning rate after `warmup`
    averaging: float  # share of the old average in the new one, at each update; 0: no average
    average_last: int  # validations whose weights are averaged; 0: no such average
    weight_decay: float
    clip: float  # the largest norm of the gradient
    teacher_forcing: float  # the probability that a step reads the true previous token
    validate_every: int  # updates
    patience: float  # share of the updates so far
    stop_on: Literal["bleu", "loss"]  # what a validation is judged by
    updates: int | None
    epochs: int | None
    seconds: float | None  # of training, with validations

    def __post_init__(self) -> None:
        if all(getattr(self, key) is None for key in BOUNDS):
            given = ", ".join(f"training.{key}=null" for key in BOUNDS)
            raise UserError(f"{given}: one of them must be a number")
        if self.stop_on not in ("bleu", "loss"):
            raise UserError(f"training.stop_on={self.stop_on}: must be bleu or loss")
        if self.schedule not in ("constant", "inverse_sqrt"):
            raise UserError(f"training.schedule={self.schedule}: must be constant or inverse_sqrt")
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise UserError(f"training.batch_tokens={self.batch_tokens}: must be 1 or more, or null")
        if self.average_last < 0:
            raise UserError(f"training.average_last={self.average_last}: must be 0 or more")
        if self.average_last and self.averaging:
            raise UserError(
                f"training.average_last={self.average_last} training.averaging={self.averaging}: one of them must be 0"
            )
        for key in ("batch_size", "validate_every", "learning_rate", "clip"):
            if not getattr(self, key) > 0:
                raise UserError(f"training.{key}={getattr(self, key)}: must be greater than 0")
        for key, least in zip(BOUNDS, ("1 or more", "1 or more", "greater than 0"), strict=True):
            value = getattr(self, key)
            if value is not None and (value <= 0 if key == "seconds" else value < 1):
                raise UserError(f"training.{key}={value}: must be {least}")
        for key in ("averaging", "patience"):
            if not 0 <= (value := getattr(self, key)) < 1:
                raise UserError(f"training.{key}={value}: must be from 0 to less than 1")
        if not 0 <= self.teacher_forcing <= 1:
            raise UserError(f"training.teacher_forcing={self.teacher_forcing}: must be from 0 to 1")

    def rate(self, update: int) -> float:
        """The learning rate of an update, as a share of `learning_rate`; the first one is number 0."""
        risen = (update + 1) / max(1, self.warmup)
        return min(1.0, risen if self.schedule == "constant" else min(risen, risen**-0.5))

    def most_updates(self, batches_per_epoch: int) -> int | None:
        """The bound on updates, by `updates` and `epochs`; None if there is none."""
        bounds = (self.updates, None if self.epochs is None else self.epochs * batches_per_epoch)
        return min((bound for bound in bounds if bound is not None), default=None)
