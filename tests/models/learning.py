"""A few steps of training on one batch."""

from dataclasses import replace
from typing import Any

import torch

from attnbench.device import Compute
from attnbench.models.model import Model
from attnbench.tasks.batches import Batch
from attnbench.tasks.task import EOS
from attnbench.training.step import TrainingStep, objective
from tests.models import toy
from tests.training import small_model

RECIPE = replace(
    small_model.RECIPE, batch_size=4, learning_rate=2e-2, averaging=0.0, validate_every=25, patience=0.0, updates=25
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
