"""Every variant learns: a few steps on one batch, and the loss is lower."""

import pytest
import torch
import toy

from attnbench.tasks.batches import Batch
from attnbench.tasks.task import EOS
from attnbench.training import Recipe, Stepper

RECIPE = Recipe(
    batch_size=4,
    updates=25,
    epochs=None,
    learning_rate=2e-2,
    warmup=2,
    weight_decay=0.01,
    clip=1.0,
    label_smoothing=0.1,
    teacher_forcing=1.0,
    validations=1,
    patience=1,
    stop_on="loss",
)
VARIANTS = [(group, name) for group in ("score", "scope", "selection", "decoder") for name in toy.options(group)]


def batch() -> Batch:
    target = toy.targets()
    ends = torch.full_like(target[:, :1], EOS)
    expected = torch.cat([target[:, 1:], ends], dim=1)
    return Batch(*toy.sources(), target, expected, list(range(4)), expected.numel())


@pytest.mark.parametrize(("group", "name"), VARIANTS)
def test_the_loss_falls(group: str, name: str) -> None:
    torch.manual_seed(0)
    model = toy.build(f"{group}={name}")
    before = {path: value.clone() for path, value in model.named_parameters() if path.startswith("decoder.attention")}
    stepper = Stepper(model, RECIPE, 25, torch.device("cpu"), "fp32")
    losses = [stepper(batch()).item() for _ in range(25)]
    assert sum(losses[-3:]) / 3 < 0.9 * losses[0]
    for path, value in model.named_parameters():
        if path in before and value.requires_grad:
            assert not torch.equal(value, before[path]), path
