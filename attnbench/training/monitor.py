"""The account of a training: losses, tokens, time, the best weights, and when the training ends."""

import copy
import math
import time
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnbench.errors import UserError
from attnbench.record import HistoryPoint, Training
from attnbench.tasks.batches import Batch, Batches
from attnbench.training.recipe import Recipe
from attnbench.training.resume import State

# What a validation must gain on the best one, or it is a step of a plateau: a share of the loss, or points of BLEU.
LEAST_GAIN = {"loss": 0.01, "bleu": 0.1}
LEAST_VALIDATIONS = 3  # of a plateau

# The attributes of a monitor that are its state, with those that need no conversion.
KEPT = (
    *("best_update", "best_weights", "updates", "tokens", "lowest", "to_beat", "gained_at", "since"),
    *("loss", "finite"),
)


class Validation(NamedTuple):
    """How good weights are on the validation set: cross-entropy in nats a token, and BLEU, if it was computed."""

    loss: float
    bleu: float | None


class Monitor:
    """Keeps the account of a training.

    Args:
        recipe: how the model is trained.
        model: whose weights are validated, and kept if they are the best.
        batches: of an epoch.
        unjudged: updates at the beginning of the training whose validations count for nothing: the model was another
            one then. If the training ends before, its last validation counts.
    """

    def __init__(self, recipe: Recipe, model: nn.Module, batches: Batches, *, unjudged: int = 0) -> None:
        self.recipe, self.model, self.batches, self.unjudged = recipe, model, batches, unjudged
        self.most_updates = recipe.most_updates(len(batches))
        self.history: list[HistoryPoint] = []
        self.best = Validation(math.inf, None)
        self.best_update = 0
        self.best_weights: dict[str, Tensor] = {}
        self.updates = self.tokens = 0
        self.lowest = math.inf  # a loss, or minus BLEU
        self.to_beat = math.inf  # the same when it last gained enough
        self.gained_at, self.since = 0, 0  # the update of that validation, and validations since then
        # On the device: reading them at each update would wait for it.
        self.loss = torch.zeros((), device=batches.device)  # summed since the last validation
        self.finite = torch.zeros((), device=batches.device, dtype=torch.long)  # updates since then, finite loss
        self._started, self._waited = time.perf_counter(), 0.0

    def state(self) -> State:
        """All that the account consists of, for `restore`."""
        history, kept = [vars(point) for point in self.history], {name: getattr(self, name) for name in KEPT}
        return {**kept, "history": history, "best": tuple(self.best), "elapsed_s": self.elapsed_s}

    def restore(self, state: State) -> None:
        """Goes on with the account of an earlier process."""
        for name in KEPT:
            value = state[name]
            setattr(self, name, value.to(self.batches.device) if isinstance(value, Tensor) else value)
        self.best_weights = {name: value.to(self.batches.device) for name, value in state["best_weights"].items()}
        self.history = [HistoryPoint(**point) for point in state["history"]]
        self.best = Validation(*state["best"])
        self._started = time.perf_counter() - state["elapsed_s"]

    @property
    def converged(self) -> bool:
        """Whether the validation is on a plateau; see `Recipe`."""
        waited = self.updates - self.gained_at
        return self.since >= LEAST_VALIDATIONS and waited >= self.recipe.patience * self.updates

    @property
    def at_bound(self) -> bool:
        """Whether a bound of the recipe is reached."""
        over_time = self.recipe.seconds is not None and self.elapsed_s >= self.recipe.seconds
        return over_time or self.updates == self.most_updates

    @property
    def due(self) -> bool:
        """Whether the current update is to be validated."""
        return self.updates % self.recipe.validate_every == 0 or self.at_bound

    @property
    def ended(self) -> bool:
        """Whether the last update was validated, and is the last of the training."""
        validated = bool(self.history) and self.history[-1].update == self.updates
        return validated and (self.converged or self.at_bound)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, without those spent waiting for others."""
        return time.perf_counter() - self._started - self._waited

    def count(self, loss: Tensor, batch: Batch) -> None:
        """Counts an update."""
        self.loss += loss
        self.finite += self.loss.isfinite()  # a sum that is not finite stays so
        self.updates += 1
        self.tokens += batch.target_tokens

    def wait(self, waited_s: float) -> None:
        """Counts seconds that were spent waiting for others."""
        self._waited += waited_s

    def validated(self, found: Validation) -> HistoryPoint:
        """Records a validation, and keeps the weights if it is the best so far.

        Raises:
            UserError: a loss is not a finite number.
        """
        before = self.history[-1].update if self.history else 0
        since, finite = self.updates - before, int(self.finite)
        if finite < since or not math.isfinite(found.loss):
            update, rate = before + min(finite + 1, since), self.recipe.learning_rate
            raise UserError(
                f"training.learning_rate={rate}: at update {update} the loss was not a finite number; lower it"
            )
        point = HistoryPoint(self.updates, self.elapsed_s, float(self.loss) / since, *found)
        self.loss.zero_()
        self.finite.zero_()
        self.history.append(point)
        if self.updates > self.unjudged or self.at_bound:
            self._judge(found)
        return point

    def account(self, kept: Validation) -> Training:
        """The account, for the record. `kept` is the validation of the best weights."""
        return Training(
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            updates=self.updates,
            epochs=self.updates / len(self.batches),
            target_tokens=self.tokens,
            train_s=self.elapsed_s,
            best_update=self.best_update,
            longest_source=max(len(ids) - 1 for ids in self.batches.source),
            history=self.history,
            converged=self.converged,
            validation_loss=kept.loss,
            validation_bleu=kept.bleu,
        )

    def _judge(self, found: Validation) -> None:
        """Keeps the weights if they are the best, and counts how long they have gained too little."""
        if self.recipe.stop_on == "loss":
            value, enough = found.loss, self.to_beat * (1 - LEAST_GAIN["loss"])
        else:
            assert found.bleu is not None
            value, enough = -found.bleu, self.to_beat - LEAST_GAIN["bleu"]
        if value < self.lowest:
            self.lowest, self.best, self.best_update = value, found, self.updates
            self.best_weights = copy.deepcopy(self.model.state_dict())
        if value <= enough:
            self.to_beat, self.gained_at, self.since = value, self.updates, 0
        else:
            self.since += 1
