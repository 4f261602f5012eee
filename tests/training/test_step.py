"""A step of training, and what its recipe may hold."""

import math
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention.selections import Reinforce
from attnbench.device import Compute
from attnbench.errors import UserError
from attnbench.models.model import Decoded, OutputMap
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import PAD
from attnbench.training.step import TrainingStep, objective
from tests.training.small_model import CPU, RECIPE, model, task


def test_the_policy_is_paid_with_the_log_chance_of_the_truth() -> None:
    class Policy(Reinforce):
        def loss(self, draw: Any, reward: Tensor, mask: Tensor) -> Tensor:
            self.paid, self.mask = reward, mask
            return torch.tensor(100.0)

    policy, logits = Policy(), torch.randn(1, 2, 7, requires_grad=True)
    _, draw = policy.train()(torch.zeros(1, 1, 2, 3), torch.tensor([True] * 3), None)
    assert draw is not None
    expected = torch.tensor([[4, PAD]])
    same, state = OutputMap(torch.eye(7), None), cast(Any, None)  # the readouts are the logits
    loss = objective(Decoded(logits, state, draws=(draw,)), same, expected, RECIPE.loss)
    assert loss.item() == pytest.approx(100 + objective(Decoded(logits, state), same, expected, RECIPE.loss).item())
    assert policy.paid[0, 0].item() == pytest.approx(logits.log_softmax(-1)[0, 0, 4].item(), rel=1e-5)
    assert not policy.paid.requires_grad
    assert policy.mask.tolist() == [[True, False]]


@pytest.mark.parametrize(("updates", "epochs", "budget"), [(9, None, 9), (None, 2, 8), (9, 2, 8), (7, 2, 7)])
def test_the_bound_is_the_smaller_one(updates: int | None, epochs: int | None, budget: int) -> None:
    assert replace(RECIPE, updates=updates, epochs=epochs).most_updates(4) == budget


def test_the_rate_climbs_and_stays() -> None:
    step = TrainingStep(model(), replace(RECIPE, warmup=4), Compute(CPU))
    rates = []
    for _ in range(7):
        rates.append(step.optimizer.param_groups[0]["lr"] / RECIPE.learning_rate)
        step.optimizer.step()
        step.schedule.step()
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0])


def test_the_rate_climbs_and_falls_with_the_inverse_root() -> None:
    recipe = replace(RECIPE, warmup=4, schedule="inverse_sqrt")
    assert [recipe.rate(update) for update in (0, 1, 3, 8, 15, 63)] == pytest.approx([0.25, 0.5, 1, 2 / 3, 0.5, 0.25])


def test_a_step_clips_and_moves_the_rate() -> None:
    made = model()
    step = TrainingStep(made, replace(RECIPE, clip=1e-3, weight_decay=0.0), Compute(CPU))
    batch: Batch = next(Batches(task(), task().train, 8, CPU).in_order())
    assert step.optimizer.param_groups[0]["lr"] == pytest.approx(RECIPE.learning_rate / 2)
    norms: list[float] = []

    def see(*_: object) -> None:
        norms.append(math.sqrt(sum(float(p.grad.square().sum()) for p in made.parameters() if p.grad is not None)))

    step.optimizer.register_step_pre_hook(see)
    loss = step(batch)
    assert not loss.requires_grad
    [norm] = norms
    assert norm == pytest.approx(1e-3, rel=1e-2)
    assert step.optimizer.param_groups[0]["lr"] == pytest.approx(RECIPE.learning_rate)


def test_padding_does_not_change_a_step() -> None:
    batch = next(Batches(task(), task().train, 8, CPU).in_order())
    longer = replace(batch, target=F.pad(batch.target, (0, 3)), expected=F.pad(batch.expected, (0, 3)))
    losses = []
    for one in (batch, longer):
        made = model().eval()
        losses.append(
            objective(made.read(one.source, one.lengths, one.target), made.output_map, one.expected, RECIPE.loss).item()
        )
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"updates": None},
            r"training\.updates=null, training\.epochs=null, training\.seconds=null: one of",
        ),
        ({"seconds": 0.0}, r"training\.seconds=0.0: must be greater than 0"),
        ({"averaging": 1.0}, r"training\.averaging=1.0: must be from 0 to less than 1"),
        ({"validate_every": 0}, r"training\.validate_every=0: must be greater than 0"),
        ({"updates": 0}, r"training\.updates=0: must be 1 or more"),
        ({"stop_on": "chrf"}, r"training\.stop_on=chrf: must be bleu or loss"),
        ({"schedule": "cosine"}, r"training\.schedule=cosine: must be constant or inverse_sqrt"),
        ({"batch_tokens": 0}, r"training\.batch_tokens=0: must be 1 or more, or null"),
        ({"average_last": -1}, r"training\.average_last=-1: must be 0 or more"),
        ({"average_last": 2}, r"training\.average_last=2 training\.averaging=0\.5: one of them must be 0"),
        ({"learning_rate": 0.0}, r"training\.learning_rate=0.0: must be greater than 0"),
        ({"patience": 3}, r"training\.patience=3: must be from 0 to less than 1"),
        ({"teacher_forcing": 1.5}, r"training\.teacher_forcing=1.5: must be from 0 to 1"),
    ],
)
def test_a_value_that_cannot_be_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(RECIPE, **changed)
