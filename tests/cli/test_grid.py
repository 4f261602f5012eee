"""What is inside a swept group waits for the cells."""

from attnbench.cli.grid import for_cells


def test_what_is_inside_a_swept_group_is_a_sweep_of_one_value() -> None:
    given = ["scope=local_m,local_p", "scope.window=64", "heads=4", "score.positions=8", "seed=1,2"]
    assert for_cells(given) == ["scope=local_m,local_p", "scope.window=choice(64)", *given[2:]]


def test_a_sweep_inside_a_swept_group_stays() -> None:
    given = ["scope=local_m,local_p", "scope.window=4,8"]
    assert for_cells(given) == given


def test_nothing_waits_for_a_group_with_one_choice() -> None:
    assert for_cells(["scope=local_m", "scope.window=64"]) == ["scope=local_m", "scope.window=64"]
