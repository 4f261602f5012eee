"""A training of hard attention that begins soft."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch

from attnbench.attention.selections import Gumbel, Hard, Reinforce, Selection, Soft, StraightThrough
from attnbench.device import Compute
from attnbench.errors import UserError
from attnbench.training.fit import fit
from attnbench.training.soft_updates import SoftUpdates
from tests.training.small_model import CPU, RECIPE, callbacks, fitted, model, same, task, timeless


def softly(selection: Callable[..., Selection], share: float) -> Callable[..., Selection]:
    return partial(selection, soft_updates=share)


@pytest.mark.parametrize("selection", [Gumbel, Reinforce, StraightThrough])
def test_a_part_of_the_updates_is_soft(selection: Callable[..., Selection]) -> None:
    """The first of them is that of a soft selection, and the last is not."""
    soft, hard = fitted(model(Soft)).account, fitted(made := model(softly(selection, 0.4))).account
    assert len(soft.history) == len(hard.history) == 3  # after 3, 6 and 9 updates, of which 3 are soft
    assert hard.history[0].train_loss == soft.history[0].train_loss
    assert hard.history[1].train_loss != soft.history[1].train_loss
    assert hard.history[0].validation_loss != soft.history[0].validation_loss  # a validation is always hard
    assert not any(part.soft for part in made.modules() if isinstance(part, Hard))


def test_a_validation_of_the_soft_part_is_not_kept_and_ends_nothing() -> None:
    recipe = replace(RECIPE, learning_rate=1e-9, validate_every=1, patience=0.1, updates=20)
    account = fitted(model(softly(StraightThrough, 0.5)), recipe).account
    assert account.best_update == 11
    assert account.updates > 12


def test_a_training_that_ends_in_its_soft_part_has_weights() -> None:
    recipe = replace(RECIPE, seconds=1e-9)
    account = fitted(model(softly(Gumbel, 0.9)), recipe).account
    assert (account.updates, account.best_update) == (1, 1)


def test_later_updates_are_soft_by_chance() -> None:
    made = model(partial(Reinforce, expected=0.25, soft_updates=0.1))
    [part], updates = [part for part in made.modules() if isinstance(part, Hard)], SoftUpdates(made, 1000)
    torch.manual_seed(1)
    soft = []
    for update in range(1000):
        updates.before(update)
        soft.append(part.soft)
    assert all(soft[:100])
    assert 0.2 < sum(soft[100:]) / 900 < 0.3
    updates.leave()
    assert not part.soft


def test_without_a_soft_part_nothing_changes() -> None:
    first, second = model(Gumbel), model(softly(Gumbel, 0.0))
    assert timeless(fitted(first).account.history) == timeless(fitted(second).account.history)
    assert same(first, second)


def test_a_share_of_no_bound_is_refused() -> None:
    recipe = replace(RECIPE, updates=None, seconds=1.0)
    with pytest.raises(UserError, match=r"selection\.soft_updates=0\.5: is a share of training\.updates or of"):
        fit(model(softly(Gumbel, 0.5)), task(), recipe, Compute(CPU), seed=1, callbacks=callbacks())
    assert SoftUpdates(model(Gumbel), None).first == 0
