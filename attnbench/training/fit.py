"""The training loop: updates, validations, and the end on a plateau. The best weights are kept."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from attnbench.device import Compute
from attnbench.models.decoding import Greedy
from attnbench.models.model import Model
from attnbench.quality.bleu import corpus_bleu
from attnbench.quality.evaluation import token_statistics, translate_all
from attnbench.record import HistoryPoint, Training
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import Task
from attnbench.training.monitor import Monitor, Validation
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
        recipe: how the model is trained, and when its training ends.
        compute: device and precision.
        seed: of the data order, and of everything that is drawn in training.
        callbacks: what happens around the updates.

    Raises:
        UserError: training diverged: a loss is no longer a finite number.
    """
    torch.manual_seed(seed)
    batches = Batches(task, task.train, recipe.batch_size, compute.device)
    validation = Batches(task, task.validation, 2 * recipe.batch_size, compute.device)
    step, average = TrainingStep(model, recipe, compute), _Average(model, recipe.averaging)
    monitor = Monitor(recipe, average.model, batches)
    translate = recipe.stop_on == "bleu"
    with tqdm(total=monitor.most_updates, unit="update", disable=not callbacks.progress, dynamic_ncols=True) as bar:
        for batch in _endless(batches, seed):
            monitor.count(step(batch), batch, callbacks.pause())
            average.update()
            bar.update()
            if monitor.updates % recipe.validate_every and not monitor.at_bound:
                continue
            point = monitor.validated(validate(average.model, task, validation, compute, translate=translate))
            callbacks.validated(point)
            bar.set_postfix_str(_postfix(point))
            if monitor.converged or monitor.at_bound:
                break
    model.load_state_dict(monitor.best_weights)
    kept = monitor.best if translate else validate(model, task, validation, compute, translate=True)
    return Fitted(monitor.account(kept), monitor.best_weights)


class _Average:
    """The exponential moving average of the weights of a model; its weights themselves, if `decay` is 0."""

    def __init__(self, trained: Model, decay: float) -> None:
        self.trained = trained
        self._averaged = AveragedModel(trained, multi_avg_fn=get_ema_multi_avg_fn(decay)) if decay else None
        for module in self.model.modules():
            if isinstance(module, nn.RNNBase):  # the copy has its weights in many pieces; cuDNN wants one
                module.flatten_parameters()

    @property
    def model(self) -> Model:
        """The model that has the average."""
        return cast(Model, self._averaged.module) if self._averaged else self.trained

    def update(self) -> None:
        if self._averaged:
            self._averaged.update_parameters(self.trained)


def _endless(batches: Batches, seed: int) -> Iterator[Batch]:
    for epoch in itertools.count():
        yield from batches.shuffled(seed, epoch)


def validate(model: Model, task: Task, batches: Batches, compute: Compute, *, translate: bool) -> Validation:
    """Cross-entropy of the validation set and, if `translate`, BLEU of its greedy translations."""
    with compute.products(), compute.autocast():
        loss = token_statistics(model, batches).loss
        translations = translate_all(model, task, batches, Greedy()) if translate else None
    references = [pair.target for pair in task.validation]
    return Validation(loss, None if translations is None else corpus_bleu(translations, references, task.bleu))


def _postfix(point: HistoryPoint) -> str:
    bleu = "" if point.validation_bleu is None else f", BLEU {point.validation_bleu:.1f}"
    return f"loss {point.train_loss:.3f}, validation {point.validation_loss:.3f}{bleu}"
