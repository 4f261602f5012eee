"""fit: updates, validation, early stopping, the best weights kept."""

import copy
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from attnbench.device import autocast
from attnbench.errors import UserError
from attnbench.losses import Loss
from attnbench.measure.quality import corpus_bleu, token_statistics, translate_all
from attnbench.models.decoding import Greedy
from attnbench.models.model import Model, Output
from attnbench.record import HistoryPoint, Training
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import PAD, Task


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the same for every mechanism that is compared.

    AdamW; the learning rate climbs to `learning_rate` over `warmup` updates, then falls to zero along a cosine that
    ends with the budget. The budget is the smaller of `updates` and `epochs`; None is no bound.

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
    teacher_forcing: float  # the chance that a step reads the true token before it
    validations: int  # how often over the budget
    patience: int  # validations without a better one before training stops
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
        """Updates in all."""
        bounds = (self.updates, None if self.epochs is None else self.epochs * batches_per_epoch)
        return min(bound for bound in bounds if bound is not None)


class Stepper:
    """One training step: forward, loss, backward, clip, update."""

    def __init__(self, model: Model, recipe: Recipe, budget: int, device: torch.device, precision: str) -> None:
        self.model, self.recipe, self.device, self.precision = model, recipe, device, precision
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda update: rate(update, recipe.warmup, budget)
        )

    def __call__(self, batch: Batch) -> Tensor:
        """The loss before the update, without its gradient."""
        self.model.train()
        with autocast(self.device, self.precision):
            output = self.model(batch.source, batch.lengths, batch.target, teacher_forcing=self.recipe.teacher_forcing)
        loss = objective(output, batch.expected, self.recipe.loss)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        # Let go here, not before the next step: the gradients then belong to the peak of the step that makes them.
        self.optimizer.zero_grad()
        return loss.detach()


def rate(update: int, warmup: int, budget: int) -> float:
    """The share of the peak learning rate at an update: a linear climb, then half a cosine down to zero."""
    if update < warmup:
        return (update + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (update - warmup) / max(1, budget - warmup))))


def objective(output: Output, expected: Tensor, loss: Loss) -> Tensor:
    """The mean loss over real tokens; for sampled attention, the losses of its policies besides."""
    logits = output.logits.float().flatten(0, 1)
    distance = loss(logits, expected.flatten())
    if not output.draws:
        return distance
    reward = -F.cross_entropy(logits.detach(), expected.flatten(), reduction="none").view_as(expected)
    return distance + sum(draw.loss(reward, expected != PAD) for draw in output.draws)


@dataclass(frozen=True)
class Fitted:
    """What training left: its account, and the weights of the best validation (already in the model)."""

    account: Training
    weights: dict[str, Tensor]


def fit(
    model: Model,
    task: Task,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    precision: str,
    progress: bool,
    breathe: Callable[[], float],
    report: Callable[[HistoryPoint], None],
) -> Fitted:
    """Trains a model and leaves it with the weights of its best validation.

    Args:
        model: on `device`; changed in place.
        task: trained on `train`, validated on `validation`.
        recipe: how.
        seed: of the data order and of all that is drawn in training.
        device: it runs on.
        precision: fp32 or bf16.
        progress: whether to show a bar with ETA, loss and BLEU.
        breathe: called between updates; answers the seconds it waited, which are not counted as training.
        report: called with each validation.

    Raises:
        UserError: training diverged, a loss is no finite number any more.
    """
    torch.manual_seed(seed)
    batches = Batches(task, task.train, recipe.batch_size, device)
    validation = Batches(task, task.validation, 2 * recipe.batch_size, device)
    budget = recipe.budget(len(batches))
    every = max(1, budget // recipe.validations)
    stepper = Stepper(model, recipe, budget, device, precision)
    watch = _Watch(recipe, model, device)
    with tqdm(total=budget, unit="update", disable=not progress, dynamic_ncols=True) as bar:
        for update, batch in enumerate(itertools.islice(_endless(batches, seed), budget), start=1):
            watch.step(stepper(batch), batch, breathe())
            bar.update()
            if update % every and update != budget:
                continue
            point = watch.validated(*validate(model, task, validation, device, precision))
            report(point)
            bar.set_postfix(loss=f"{point.train_loss:.3f}", BLEU=f"{point.validation_bleu:.1f}")
            if watch.exhausted:
                break
    model.load_state_dict(watch.best_weights)
    return Fitted(watch.account(batches), watch.best_weights)


def _endless(batches: Batches, seed: int) -> Iterator[Batch]:
    for epoch in itertools.count():
        yield from batches.shuffled(seed, epoch)


def validate(model: Model, task: Task, batches: Batches, device: torch.device, precision: str) -> tuple[float, float]:
    """BLEU of greedy translations, and cross-entropy in nats a token, of the validation set."""
    with autocast(device, precision):
        translations = translate_all(model, task, batches, Greedy())
        statistics = token_statistics(model, batches)
    references = [pair.target for pair in task.validation]
    return corpus_bleu(translations, references, task.bleu), statistics.loss


class _Watch:
    """Keeps the account of a training: losses, tokens, time, the best weights, and whether patience is at its end."""

    def __init__(self, recipe: Recipe, model: nn.Module, device: torch.device) -> None:
        self.recipe, self.model = recipe, model
        self.history: list[HistoryPoint] = []
        self.best_update = 0
        self.best_weights: dict[str, Tensor] = {}
        self.updates = self.tokens = 0
        self._best, self._since = -math.inf, 0
        # Kept there: reading them at each update would wait for the device.
        self._loss = torch.zeros((), device=device)  # summed since the last validation
        self._finite = torch.zeros((), device=device, dtype=torch.long)  # updates since then until it was not finite
        self._started, self._waited = time.perf_counter(), 0.0

    @property
    def exhausted(self) -> bool:
        return self._since >= self.recipe.patience

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._started - self._waited

    def step(self, loss: Tensor, batch: Batch, waited: float) -> None:
        """Counts an update, and the seconds spent waiting for others after it."""
        self._loss += loss
        self._finite += self._loss.isfinite()  # a sum that is not stays so
        self.updates += 1
        self.tokens += batch.target_tokens
        self._waited += waited

    def validated(self, bleu: float, loss: float) -> HistoryPoint:
        """Takes note of a validation, and of the weights if it is the best so far.

        Raises:
            UserError: a loss that is no finite number.
        """
        before = self.history[-1].update if self.history else 0
        since, finite = self.updates - before, int(self._finite)
        if finite < since or not math.isfinite(loss):
            update, rate = before + min(finite + 1, since), self.recipe.learning_rate
            raise UserError(
                f"training.learning_rate={rate}: at update {update} the loss was no finite number; lower it"
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
        return Training(
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            updates=self.updates,
            epochs=self.updates / len(batches),
            target_tokens=self.tokens,
            train_s=self.elapsed_s,
            stopped="patience" if self.exhausted else "budget",
            best_update=self.best_update,
            longest_source=max(len(ids) - 1 for ids in batches.source),
            history=self.history,
        )
