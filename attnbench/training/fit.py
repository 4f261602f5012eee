"""The training loop: updates, validations, and the end on a plateau. The best weights are kept."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, SupportsFloat

import torch
from torch import Tensor
from tqdm import tqdm

from attnbench.device import Compute
from attnbench.generator_seed import generator_seed
from attnbench.models.decoding import Greedy
from attnbench.models.model import Model
from attnbench.quality.bleu import corpus_bleu
from attnbench.quality.evaluation import token_statistics, translate_all
from attnbench.record import HistoryPoint, Training
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import Task
from attnbench.training import interrupts
from attnbench.training.averaging import average_of
from attnbench.training.monitor import Monitor, Validation
from attnbench.training.recipe import Recipe
from attnbench.training.resume import State, StateFile, random_state, restore_random_state
from attnbench.training.soft_updates import SoftUpdates
from attnbench.training.step import TrainingStep

TOLD = 10  # updates


@dataclass(frozen=True)
class Fitted:
    """The result of training: its account, and the weights of the best validation (which the model also has)."""

    account: Training
    weights: dict[str, Tensor]


@dataclass(frozen=True)
class Callbacks:
    """What happens around the updates of a training.

    Args:
        progress: whether a bar shows the updates, the ETA, the loss and BLEU.
        pause: is called between two updates; returns the seconds that it waited, which are not counted as training.
        validated: is called with each validation.
        updated: is called after every `TOLD` updates, with the number of the update and its values: the loss, the
            learning rate, the norm of the gradient before it was clipped, and target tokens per second since the last
            call.
    """

    progress: bool
    pause: Callable[[], float]
    validated: Callable[[HistoryPoint], None]
    updated: Callable[[int, Mapping[str, SupportsFloat]], None]


def fit(
    model: Model,
    task: Task,
    recipe: Recipe,
    compute: Compute,
    *,
    seed: int,
    callbacks: Callbacks,
    kept: StateFile | None = None,
) -> Fitted:
    """Trains a model, and leaves it with the weights of its best validation.

    Args:
        model: on the device of `compute`; it is changed in place.
        task: its set `train` is trained on, its set `validation` is validated on.
        recipe: how the model is trained, and when its training ends.
        compute: device and precision.
        seed: of the data order, and of everything that is drawn in training.
        callbacks: what happens around the updates.
        kept: where the state of the training is kept, at each validation and when the process is asked to end. If a
            state is there, the training goes on from it, and ends with the same digits as if it had not been
            interrupted. None keeps nothing.

    Raises:
        UserError: training diverged: a loss is no longer a finite number.
    """
    torch.manual_seed(generator_seed(seed))
    batches = Batches(task, task.train, recipe.batch_size, compute.device, tokens=recipe.batch_tokens)
    validation = Batches(task, task.validation, 2 * recipe.batch_size, compute.device)
    translate = recipe.stop_on == "bleu"

    def validated(model: Model, *, translate: bool) -> Validation:
        return validate(model, task, validation, compute, translate=translate)

    training = _Training(model, recipe, compute, batches)
    if kept and (state := kept.load()):
        training.restore(state)
        kept.earlier_s = training.monitor.elapsed_s
    training.run(partial(_endless, batches, seed), partial(validated, translate=translate), callbacks, kept)
    monitor = training.monitor
    model.load_state_dict(monitor.best_weights)
    return Fitted(
        monitor.account(monitor.best if translate else validated(model, translate=True)), monitor.best_weights
    )


class _Training:
    """All that changes in a training: the model, its average, the optimiser, the account, and torch's random numbers.

    The order of the data is no part: it follows from the seed and the number of updates.
    """

    def __init__(self, model: Model, recipe: Recipe, compute: Compute, batches: Batches) -> None:
        self.model, self.step = model, TrainingStep(model, recipe, compute)
        self.average = average_of(model, recipe)
        self.soft_updates = SoftUpdates(model, recipe.most_updates(len(batches)))
        self.monitor = Monitor(recipe, self.average.model, batches, unjudged=self.soft_updates.first)
        self.told = 0.0, 0  # seconds and tokens when an update was told last

    def run(
        self,
        data: Callable[[int], Iterator[Batch]],
        validate: Callable[[Model], Validation],
        callbacks: Callbacks,
        kept: StateFile | None,
    ) -> None:
        """Updates and validates to the end.

        Args:
            data: the batches from an update on.
            validate: of the averaged model.
            callbacks, kept: see `fit`.
        """
        monitor = self.monitor
        for point in monitor.history:  # of an earlier process
            callbacks.validated(point)
        with _bar(monitor, callbacks.progress) as bar:
            try:
                for batch in () if monitor.ended else data(monitor.updates):
                    with interrupts.deferred():
                        self.soft_updates.before(monitor.updates)
                        monitor.count(loss := self.step(batch), batch)
                        self.average.updated()
                        if monitor.updates % TOLD == 0:
                            callbacks.updated(monitor.updates, self.values(loss))
                        bar.update()
                        if monitor.due:
                            self.average.before_validation()
                            point = monitor.validated(validate(self.average.model))
                            callbacks.validated(point)
                            bar.set_postfix_str(_postfix(point))
                            self.keep(kept)
                    if monitor.ended:
                        break
                    monitor.wait(callbacks.pause())
            except (KeyboardInterrupt, SystemExit):  # they come between two updates only
                self.keep(kept)
                raise
            finally:
                self.soft_updates.leave()

    def values(self, loss: Tensor) -> dict[str, SupportsFloat]:
        """What is told of an update. Tensors stay on the device: to read them would wait for it."""
        monitor, (before_s, before) = self.monitor, self.told
        self.told = monitor.elapsed_s, monitor.tokens
        return {
            "loss": loss,
            "learning_rate": float(self.step.schedule.get_last_lr()[0]),
            "gradient_norm": self.step.gradient_norm,
            "tokens_per_s": (monitor.tokens - before) / max(monitor.elapsed_s - before_s, 1e-9),
        }

    def keep(self, kept: StateFile | None) -> None:
        if kept:
            kept.save(self.state())

    def state(self) -> State:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        random = random_state()
        return {**parts, "monitor": self.monitor.state(), "random": random, "threads": torch.get_num_threads()}

    def restore(self, state: State) -> None:
        """Goes on from the state of an earlier process, with as many threads as it had."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.monitor.restore(state["monitor"])
        self.told = self.monitor.elapsed_s, self.monitor.tokens
        restore_random_state(state["random"])
        torch.set_num_threads(state["threads"])

    def _parts(self) -> dict[str, Any]:
        """The parts that have a `state_dict`."""
        step = self.step
        return {
            "model": self.model,
            "optimizer": step.optimizer,
            "schedule": step.schedule,
            "average": self.average,
        }


def _endless(batches: Batches, seed: int, start: int) -> Iterator[Batch]:
    """The batches of one epoch after another, without the first `start`."""
    first, skipped = divmod(start, len(batches))
    yield from itertools.islice(batches.shuffled(seed, first), skipped, None)
    for epoch in itertools.count(first + 1):
        yield from batches.shuffled(seed, epoch)


def validate(model: Model, task: Task, batches: Batches, compute: Compute, *, translate: bool) -> Validation:
    """Cross-entropy of the validation set and, if `translate`, BLEU of its greedy translations."""
    with compute.products(), compute.autocast():
        loss = token_statistics(model, batches).loss
        translations = translate_all(model, task, batches, Greedy()) if translate else None
    references = [pair.target for pair in task.validation]
    return Validation(loss, None if translations is None else corpus_bleu(translations, references, task.bleu))


def _bar(monitor: Monitor, progress: bool) -> "tqdm[Any]":
    total, done = monitor.most_updates, monitor.updates
    return tqdm(total=total, initial=done, unit="update", disable=not progress, dynamic_ncols=True)


def _postfix(point: HistoryPoint) -> str:
    bleu = "" if point.validation_bleu is None else f", BLEU {point.validation_bleu:.1f}"
    return f"loss {point.train_loss:.3f}, validation {point.validation_loss:.3f}{bleu}"
