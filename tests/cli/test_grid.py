"""From grids and arguments to cells; a key inside a swept group is kept for the cells."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from attnbench.cli.grid import cells, for_cells
from attnbench.errors import UserError

GRIDS = [{"score": "dot,additive", "length": "10,20"}, {"decoder": "none", "length": "10,20"}]


@pytest.mark.parametrize(
    ("arguments", "jobs", "grid", "axes"),
    [
        ([], 6, "default grid", []),
        (["task=copy", "seed=1,2"], 12, "default grid", []),
        (["experiment=heads"], 6, "grid of experiment=heads", []),
        (["score=dot,general"], 2, "your grid", ["score"]),
        (["task=copy", "seed=1,2", "grid=none"], 2, "no grid", ["task"]),
        (["seed=1,2", "grid=none"], 2, "no grid", ["seed"]),
        (["task=copy", "task.train=8", "grid=none"], 1, "no grid", ["task"]),
        (["task=copy", "grid=default"], 6, "default grid", []),
    ],
)
def test_the_arguments_decide_about_the_grid(arguments: list[str], jobs: int, grid: str, axes: list[str]) -> None:
    found = cells(GRIDS, None, arguments, OverridesParser.create())
    assert (len(found.overrides), found.grid, found.axes) == (jobs, grid, axes)
    assert not any(override.startswith("grid=") for cell in found.overrides for override in cell)


@pytest.mark.parametrize("argument", ["grid=all", "grid=default,none", "grid=null"])
def test_another_grid_is_refused(argument: str) -> None:
    with pytest.raises(UserError, match=rf"{argument}: must be grid=default or grid=none"):
        cells(GRIDS, None, [argument], OverridesParser.create())


def test_what_is_inside_a_swept_group_is_a_sweep_of_one_value() -> None:
    given = ["scope=local_m,local_p", "scope.window=64", "heads=4", "score.positions=8", "seed=1,2"]
    assert for_cells(given) == ["scope=local_m,local_p", "scope.window=choice(64)", *given[2:]]


def test_a_sweep_inside_a_swept_group_stays() -> None:
    given = ["scope=local_m,local_p", "scope.window=4,8"]
    assert for_cells(given) == given


def test_nothing_waits_for_a_group_with_one_choice() -> None:
    assert for_cells(["scope=local_m", "scope.window=64"]) == ["scope=local_m", "scope.window=64"]
