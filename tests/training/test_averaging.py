"""The weights that are validated are the average that the recipe asks for."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attnbench.training.averaging import LastAverage, MovingAverage, NoAverage, average_of
from attnbench.training.resume import NAME, StateFile
from tests.training.small_model import RECIPE, model, same, timeless
from tests.training.test_resume import OWNER, interrupting, run, stop


def test_a_recipe_has_one_average() -> None:
    made = model()
    kinds = {"averaging": MovingAverage, "average_last": LastAverage}
    for name, kind in kinds.items():
        recipe = replace(RECIPE, **{"averaging": 0.0, "average_last": 0, name: 0.5 if name == "averaging" else 2})
        assert isinstance(average_of(made, recipe), kind)
    assert isinstance(average_of(made, replace(RECIPE, averaging=0.0)), NoAverage)


def test_the_mean_of_the_last_validations() -> None:
    made = model()
    average = LastAverage(made, 2)
    for value in (1.0, 2.0, 4.0):
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.fill_(value)
        average.updated()
        average.before_validation()
    assert {parameter.detach().mean().item() for parameter in average.model.parameters()} == {3.0}
    again = LastAverage(made, 2)
    again.load_state_dict(average.state_dict())
    assert same(again.model, average.model)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("after", [4, 7])  # updates; a validation is at 3 and 6
def test_it_goes_on_with_the_same_digits(tmp_path: Path, after: int) -> None:
    recipe = replace(RECIPE, averaging=0.0, average_last=2)
    whole, parted, lost = model(), model(), model()
    expected = run(whole, recipe, StateFile(tmp_path / "whole", OWNER)).account
    kept = StateFile(tmp_path / NAME, OWNER)
    with pytest.raises(KeyboardInterrupt):
        run(lost, recipe, kept, interrupting(after, stop))
    found = run(parted, recipe, kept).account
    assert timeless(found.history) == timeless(expected.history)
    assert same(parted, whole)
