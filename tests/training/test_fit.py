"""Training: the same to the last digit, early stopping, and the best weights are kept."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from attnbench.attention import Attention
from attnbench.attention.kernels import AutoKernel
from attnbench.attention.key_value import Tied
from attnbench.attention.scopes import Global
from attnbench.attention.scores import Additive
from attnbench.attention.selections import Gumbel, Reinforce, Selection, Soft
from attnbench.device import Compute
from attnbench.errors import UserError
from attnbench.models.initialise import initialise
from attnbench.models.model import Decoded, OutputMap
from attnbench.models.rnn.decoders import Luong
from attnbench.models.rnn.rnn import RNN
from attnbench.record import HistoryPoint
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.grammar import grammar
from attnbench.tasks.task import PAD, Task
from attnbench.training import fit as fitting
from attnbench.training.fit import Callbacks, fit, validate
from attnbench.training.loss import CrossEntropy
from attnbench.training.monitor import Validation
from attnbench.training.recipe import Recipe
from attnbench.training.step import TrainingStep, objective

CPU = torch.device("cpu")
SHAPE: dict[str, Any] = {
    "embedding": 8,
    "width": 8,
    "cell": "gru",
    "layers": 1,
    "bidirectional": True,
    "dropout": 0.2,
}
RECIPE = Recipe(
    loss=CrossEntropy(label_smoothing=0.1),
    batch_size=8,
    learning_rate=1e-2,
    warmup=2,
    averaging=0.5,
    weight_decay=0.01,
    clip=1.0,
    teacher_forcing=1.0,
    validate_every=3,
    patience=0.9,
    stop_on="loss",
    updates=9,
    epochs=None,
    seconds=None,
)


@cache
def task() -> Task:
    return grammar(length=8, train=32, validation=6, test=1)


def model(selection: type[Selection] = Soft, seed: int = 1) -> RNN:
    attention = partial(
        Attention, score=Additive, scope=Global, selection=selection, key_value=Tied, kernel=AutoKernel()
    )
    decoder = partial(Luong, attention=attention)
    made = RNN(len(task().source), len(task().target), decoder=decoder, **SHAPE)
    initialise(made, seed)
    return made


def fitted(made: RNN, recipe: Recipe = RECIPE, seed: int = 1) -> Any:
    """The result of training, without a progress bar."""
    return fit(made, task(), recipe, Compute(CPU), seed=seed, callbacks=callbacks())


def callbacks(pause_s: float = 0.0) -> Callbacks:
    return Callbacks(progress=False, pause=lambda: pause_s, validated=lambda point: None)


def timeless(history: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    return [replace(point, elapsed_s=0.0) for point in history]


def same(first: RNN, second: RNN) -> bool:
    """To the last bit."""
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


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
        ({"learning_rate": 0.0}, r"training\.learning_rate=0.0: must be greater than 0"),
        ({"patience": 3}, r"training\.patience=3: must be from 0 to less than 1"),
        ({"teacher_forcing": 1.5}, r"training\.teacher_forcing=1.5: must be from 0 to 1"),
    ],
)
def test_a_value_that_cannot_be_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(RECIPE, **changed)
