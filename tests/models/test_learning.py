"""Every variant learns: a few steps on one batch, and the loss is lower."""

from typing import Any

import pytest
import torch
import toy

from attnbench.losses import CrossEntropy
from attnbench.tasks.batches import Batch
from attnbench.tasks.task import EOS
from attnbench.training import Recipe, Stepper, objective

RECIPE = Recipe(
    loss=CrossEntropy(label_smoothing=0.1),
    batch_size=4,
    updates=25,
    epochs=None,
    learning_rate=2e-2,
    warmup=2,
    weight_decay=0.01,
    clip=1.0,
    teacher_forcing=1.0,
    validations=1,
    patience=1,
    stop_on="loss",
)
MODELS = {"rnn": ("score", "scope", "selection", "key_value", "decoder"), "transformer": ("positions",)}
VARIANTS = [
    f"model={model} {group}={name}" for model in MODELS for group in MODELS[model] for name in toy.options(group)
]


def batch() -> Batch:
    target = toy.targets()
    ends = torch.full_like(target[:, :1], EOS)
    expected = torch.cat([target[:, 1:], ends], dim=1)
    return Batch(*toy.sources(), target, expected, list(range(4)), expected.numel())


def loss_of(model: Any) -> float:
    one = batch()
    with torch.no_grad():
        return objective(model.eval()(one.source, one.lengths, one.target), one.expected, RECIPE.loss).item()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_falls_and_all_of_the_attention_learns(variant: str) -> None:
    torch.manual_seed(0)
    model = toy.build(*variant.split())
    before = {path: value.clone() for path, value in model.named_parameters() if "attention." in path}
    start = loss_of(model)
    stepper = Stepper(model, RECIPE, 25, torch.device("cpu"), "fp32")
    for _ in range(25):
        stepper(batch())
    assert loss_of(model) < 0.9 * start
    for path, value in model.named_parameters():
        if path in before:
            assert not torch.equal(value, before[path]), path
