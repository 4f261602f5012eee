"""A few steps of training on one batch."""

from typing import Any

import torch

from attnbench.device import Compute
from attnbench.models.model import Model
from attnbench.tasks.batches import Batch
from attnbench.tasks.task import EOS
from attnbench.training.loss import CrossEntropy
from attnbench.training.recipe import Recipe
from attnbench.training.step import TrainingStep, objective
from tests.models import toy

RECIPE = Recipe(
    loss=CrossEntropy(label_smoothing=0.1),
    batch_size=4,
    batch_tokens=None,
    learning_rate=2e-2,
    warmup=2,
    schedule="constant",
    averaging=0.0,
    average_last=0,
    weight_decay=0.01,
    clip=1.0,
    teacher_forcing=1.0,
    validate_every=25,
    patience=0.0,
    stop_on="loss",
    updates=25,
    epochs=None,
    seconds=None,
)


def train(model: Model[Any], steps: int) -> tuple[float, float]:
    """The loss of the batch before and after `steps` on it, without dropout and without draws."""
    before = loss_of(model)
    step = TrainingStep(model, RECIPE, Compute(torch.device("cpu")))
    for _ in range(steps):
        step(batch())
    return before, loss_of(model)


def loss_of(model: Model[Any]) -> float:
    one = batch()
    with torch.no_grad():
        decoded = model.eval().read(one.source, one.lengths, one.target)
        return objective(decoded, model.output_map, one.expected, RECIPE.loss).item()


def batch() -> Batch:
    target = toy.targets()
    expected = torch.cat([target[:, 1:], torch.full_like(target[:, :1], EOS)], dim=1)
    return Batch(*toy.sources(), target, expected, list(range(4)), expected.numel())
