"""Every variant learns: after a few steps on one batch, the loss is lower."""

import pytest
import torch

from tests.models import toy
from tests.models.learning import train

MODELS = {"rnn": ("score", "scope", "selection", "key_value", "decoder"), "transformer": ("positions",)}
VARIANTS = [
    f"model={model} {group}={name}" for model in MODELS for group in MODELS[model] for name in toy.options(group)
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_falls_and_all_of_the_attention_learns(variant: str) -> None:
    torch.manual_seed(0)
    model = toy.build(*variant.split())
    values = {path: value.clone() for path, value in model.named_parameters() if "attention." in path}
    before, after = train(model, steps=25)
    assert after < 0.9 * before
    for path, value in model.named_parameters():
        if path in values:
            assert not torch.equal(value, values[path]), path
