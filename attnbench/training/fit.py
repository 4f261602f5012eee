"""The training loop: updates, validation, early stopping. The best weights are kept."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from attnbench.device import Compute
from attnbench.models.decoding import Greedy
from attnbench.models.model import Model
from attnbench.quality.bleu import corpus_bleu
from attnbench.quality.evaluation import token_statistics, translate_all
from attnbench.record import HistoryPoint, Training
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import Task
from attnbench.training.monitor import Monitor
from attnbench.training.recipe import Recipe
from attnbench.training.step import TrainingStep


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
    """

    progress: bool
    pause: Callable[[], float]
    validated: Callable[[HistoryPoint], None]


def fit(model: Model, task: Task, recipe: Recipe, compute: Compute, *, seed: int, callbacks: Callbacks) -> Fitted:
    """Trains a model, and leaves it with the weights of its best validation.

    Args:
        model: on the device of `compute`; it is changed in place.
        task: its set `train` is trained on, its set `validation` is validated on.
        recipe: how the model is trained.
        compute: device and precision.
        seed: of the data order, and of everything that is drawn in training.
        callbacks: what happens around the updates.

    Raises:
        UserError: training diverged: a loss is no longer a finite number.
    """
    torch.manual_seed(seed)
    batches = Batches(task, task.train, recipe.batch_size, compute.device)
    validation = Batches(task, task.validation, 2 * recipe.batch_size, compute.device)
    budget = recipe.budget(len(batches))
    every = max(1, budget // recipe.validations)
    step = TrainingStep(model, recipe, budget, compute)
    monitor = Monitor(recipe, model, compute.device)
    with tqdm(total=budget, unit="update", disable=not callbacks.progress, dynamic_ncols=True) as bar:
        for update, batch in enumerate(itertools.islice(_endless(batches, seed), budget), start=1):
            monitor.count(step(batch), batch, callbacks.pause())
            bar.update()
            if update % every and update != budget:
                continue
            point = monitor.validated(*validate(model, task, validation, compute))
            callbacks.validated(point)
            bar.set_postfix(loss=f"{point.train_loss:.3f}", BLEU=f"{point.validation_bleu:.1f}")
            if monitor.exhausted:
                break
    model.load_state_dict(monitor.best_weights)
    return Fitted(monitor.account(batches), monitor.best_weights)


def _endless(batches: Batches, seed: int) -> Iterator[Batch]:
    for epoch in itertools.count():
        yield from batches.shuffled(seed, epoch)


def validate(model: Model, task: Task, batches: Batches, compute: Compute) -> tuple[float, float]:
    """BLEU of greedy translations, and cross-entropy in nats a token, of the validation set."""
    with compute.products(), compute.autocast():
        translations = translate_all(model, task, batches, Greedy())
        statistics = token_statistics(model, batches)
    references = [pair.target for pair in task.validation]
    return corpus_bleu(translations, references, task.bleu), statistics.loss
