"""Training: the same to the last digit, early stopping, and the best weights are kept."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from attnbench.attention.selections import Gumbel, Reinforce, Selection, Soft
from attnbench.device import Compute
from attnbench.errors import UserError
from attnbench.models.rnn.rnn import RNN
from attnbench.tasks.batches import Batch, Batches
from attnbench.training import fit as fitting
from attnbench.training.fit import fit, validate
from attnbench.training.monitor import Validation
from attnbench.training.step import TrainingStep
from tests.training.small_model import CPU, RECIPE, callbacks, fitted, model, same, task, timeless


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5])
@pytest.mark.parametrize("selection", [Soft, Gumbel, Reinforce])
def test_a_seed_gives_the_same_to_the_last_digit(selection: type[Selection], teacher_forcing: float) -> None:
    recipe, made, found = replace(RECIPE, teacher_forcing=teacher_forcing), [], []
    for seed in (1, 1, 2):
        torch.manual_seed(torch.seed() % 1000)  # what was drawn before does not matter
        made.append(model(selection))
        found.append(timeless(fitted(made[-1], recipe, seed).account.history))
    assert found[0] == found[1]
    assert same(made[0], made[1])
    assert found[0] != found[2]
    assert not same(made[0], made[2])


def test_the_account_is_what_happened() -> None:
    made, recipe = model(), replace(RECIPE, updates=None, epochs=2, validate_every=2)
    account = fitted(made, recipe).account
    assert (account.updates, account.epochs, account.converged) == (8, 2.0, False)
    words = sum(len(task().target.encode(pair.target)) + 1 for pair in task().train)
    assert account.target_tokens == 2 * words
    assert account.parameters == sum(parameter.numel() for parameter in model().parameters())
    assert [point.update for point in account.history] == [2, 4, 6, 8]
    assert account.history[-1].train_loss < account.history[0].train_loss
    assert [point.validation_bleu for point in account.history] == [None] * 4
    kept = validate(made, task(), Batches(task(), task().validation, 8, CPU), Compute(CPU), translate=True)
    assert (account.validation_loss, account.validation_bleu) == kept
    assert account.validation_loss == min(point.validation_loss for point in account.history)


def script(monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> list[dict[str, Tensor]]:
    """Validation returns these losses, and BLEU to match. It keeps the weights at each call."""
    seen: list[dict[str, Tensor]] = []

    def validate(made: RNN, *arguments: object, translate: bool) -> Validation:
        seen.append({name: value.clone() for name, value in made.state_dict().items()})
        loss = losses[len(seen) - 1]
        return Validation(loss, 100 - loss)

    monkeypatch.setattr(fitting, "validate", validate)
    return seen


@pytest.mark.parametrize("stop_on", ["bleu", "loss"])
@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_it_ends_on_a_plateau_and_keeps_the_best(
    monkeypatch: pytest.MonkeyPatch, stop_on: Any, averaging: float
) -> None:
    seen = script(monkeypatch, [99.0, 5.0, 6.0, 5.0, 7.0, 1.0, 1.0])
    made, recipe = model(), replace(RECIPE, updates=14, validate_every=2, patience=0.5, averaging=averaging)
    account = fitted(made, replace(recipe, stop_on=stop_on)).account
    assert (account.converged, account.updates, account.best_update) == (True, 10, 4)
    assert len(account.history) == 5
    assert all(torch.equal(value, seen[1][name]) for name, value in made.state_dict().items())
    assert not all(torch.equal(value, seen[3][name]) for name, value in made.state_dict().items())


def test_a_gain_renews_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, [9.0, 10.0, 10.0, 8.0, 9.0, 9.0, 7.0, 8.0])
    account = fitted(model(), replace(RECIPE, updates=14, validate_every=2, patience=0)).account
    assert (account.converged, account.updates, account.best_update) == (False, 14, 14)


@pytest.mark.parametrize(("patience", "updates"), [(0.0, 10), (0.5, 10), (0.6, 10), (0.7, 14), (0.8, 20)])
def test_a_plateau_is_a_share_of_the_training_and_three_validations(
    monkeypatch: pytest.MonkeyPatch, patience: float, updates: int
) -> None:
    script(monkeypatch, [9.0, 5.0, *[5.0] * 20])
    account = fitted(model(), replace(RECIPE, updates=30, validate_every=2, patience=patience)).account
    assert (account.converged, account.updates) == (True, updates)


def test_small_gains_do_not_renew_patience_but_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, [1.0, 0.997, 0.995, 0.992, 0.9, 0.0])
    account = fitted(model(), replace(RECIPE, updates=12, validate_every=2, patience=0)).account
    assert (account.converged, account.updates, account.best_update) == (True, 8, 8)


def test_small_gains_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, [1.0, 0.995, 0.989, 0.984, 0.978, 0.975, 0.97])
    account = fitted(model(), replace(RECIPE, updates=12, validate_every=2, patience=0)).account
    assert (account.converged, account.updates) == (False, 12)


def test_what_is_validated_is_the_average_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = script(monkeypatch, [3.0, 2.0, 1.0, 0.0])
    trained: list[Tensor] = []
    step = TrainingStep.__call__

    def watched(self: TrainingStep, batch: Batch) -> Tensor:
        loss = step(self, batch)
        trained.append(next(self.model.parameters()).detach().clone())
        return loss

    monkeypatch.setattr(TrainingStep, "__call__", watched)
    made = model()
    fitted(made, replace(RECIPE, updates=3, validate_every=1, averaging=0.75))
    first, second, third = trained
    expected = [first, 0.75 * first + 0.25 * second]
    expected.append(0.75 * expected[1] + 0.25 * third)
    name = next(iter(dict(made.named_parameters())))
    for weights, average in zip(seen, expected, strict=False):
        torch.testing.assert_close(weights[name], average)


def test_seconds_are_a_bound() -> None:
    recipe = replace(RECIPE, updates=None, seconds=1e-9)
    account = fitted(model(), recipe).account
    assert (account.updates, account.converged, len(account.history)) == (1, False, 1)


def test_seconds_of_waiting_are_not_those_of_training() -> None:
    account = fit(model(), task(), RECIPE, Compute(CPU), seed=1, callbacks=callbacks(pause_s=1000.0)).account
    assert account.train_s == pytest.approx(-8000, abs=100)  # after all updates but the last


@pytest.mark.parametrize(
    ("losses", "validation_loss", "update"),
    [
        ([1.0, math.nan, 1.0, 1.0], 1.0, 2),
        ([1.0, 1.0, 1.0, math.inf, 1.0, 1.0], 1.0, 4),
        ([1.0, 1.0, 1.0, 1.0, 1.0, math.nan], 1.0, 6),
        ([1.0, 1.0, 1.0], math.nan, 3),
    ],
)
def test_a_loss_that_is_no_number_ends_it(
    monkeypatch: pytest.MonkeyPatch, losses: list[float], validation_loss: float, update: int
) -> None:
    given = iter(losses)
    monkeypatch.setattr(TrainingStep, "__call__", lambda self, batch: torch.tensor(next(given)))
    monkeypatch.setattr(fitting, "validate", lambda *arguments, translate: Validation(validation_loss, 0.0))
    message = rf"training\.learning_rate=0\.01: at update {update} the loss was not a finite number; lower it"
    with pytest.raises(UserError, match=message):
        fitted(model())


def test_a_rate_far_too_high_is_told() -> None:
    with pytest.raises(UserError, match=r"learning_rate=1e\+20: at update \d the loss was not a finite number"):
        fitted(model(), replace(RECIPE, learning_rate=1e20))
