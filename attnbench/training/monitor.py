"""The account of a training: losses, tokens, time, the best weights, and when to stop."""

import copy
import math
import time

import torch
from torch import Tensor, nn

from attnbench.errors import UserError
from attnbench.record import HistoryPoint, Training
from attnbench.tasks.batches import Batch, Batches
from attnbench.training.recipe import Recipe


class Monitor:
    """Keeps the account of a training: losses, tokens, time, the best weights, and whether to stop."""

    def __init__(self, recipe: Recipe, model: nn.Module, device: torch.device) -> None:
        self.recipe, self.model = recipe, model
        self.history: list[HistoryPoint] = []
        self.best_update = 0
        self.best_weights: dict[str, Tensor] = {}
        self.updates = self.tokens = 0
        self._best, self._since = -math.inf, 0
        # On the device: reading them at each update would wait for it.
        self._loss = torch.zeros((), device=device)  # summed since the last validation
        self._finite = torch.zeros((), device=device, dtype=torch.long)  # updates since then with a finite loss
        self._started, self._waited = time.perf_counter(), 0.0

    @property
    def exhausted(self) -> bool:
        """Whether too many validations have passed without a better one."""
        return self._since >= self.recipe.patience

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, without those spent waiting for others."""
        return time.perf_counter() - self._started - self._waited

    def count(self, loss: Tensor, batch: Batch, waited: float) -> None:
        """Counts an update, and the seconds spent waiting for others after it."""
        self._loss += loss
        self._finite += self._loss.isfinite()  # a sum that is not finite stays so
        self.updates += 1
        self.tokens += batch.target_tokens
        self._waited += waited

    def validated(self, bleu: float, loss: float) -> HistoryPoint:
        """Records a validation, and keeps the weights if it is the best so far.

        Raises:
            UserError: a loss is not a finite number.
        """
        before = self.history[-1].update if self.history else 0
        since, finite = self.updates - before, int(self._finite)
        if finite < since or not math.isfinite(loss):
            update, rate = before + min(finite + 1, since), self.recipe.learning_rate
            raise UserError(
                f"training.learning_rate={rate}: at update {update} the loss was not a finite number; lower it"
            )
        point = HistoryPoint(self.updates, self.elapsed_s, float(self._loss) / since, loss, bleu)
        self._loss.zero_()
        self._finite.zero_()
        self.history.append(point)
        merit = bleu if self.recipe.stop_on == "bleu" else -loss
        if merit > self._best:
            self._best, self._since, self.best_update = merit, 0, self.updates
            self.best_weights = copy.deepcopy(self.model.state_dict())
        else:
            self._since += 1
        return point

    def account(self, batches: Batches) -> Training:
        """The account, for the record."""
        return Training(
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            updates=self.updates,
            epochs=self.updates / len(batches),
            target_tokens=self.tokens,
            train_s=self.elapsed_s,
            best_update=self.best_update,
            longest_source=max(len(ids) - 1 for ids in batches.source),
            history=self.history,
            converged=self.exhausted,
        )
