"""The choice of combinations covers what it says, is small, and is the same each time."""

from collections.abc import Sequence
from itertools import product

import pytest

from tests.attention.variants import ABLE, KERNEL, SCOPE, SCORE, SOFT
from tests.covering import chosen, covering, goals_of, values_of

SIZES = list(product("abc", range(4), "xyz", [True, False]))
NESTED = [(variant, causal, padded) for variant in SOFT for causal in (True, False) for padded in (True, False)]


def covered(cells: Sequence[object], together: Sequence[Sequence[int]]) -> set[object]:
    return {goal for cell in cells for goal in goals_of(tuple(values_of(cell)), together)}


@pytest.mark.parametrize("together", [(), [(SCORE, SCOPE, KERNEL)]], ids=["pairs", "triples"])
@pytest.mark.parametrize("cells", [SIZES, ABLE, NESTED], ids=["product", "variants", "nested"])
def test_all_pairs_and_all_that_is_together_are_covered(
    cells: Sequence[object], together: Sequence[Sequence[int]]
) -> None:
    few = chosen(cells, together=together)
    assert len(few) == len(set(few)) < len(cells)
    assert few == [cell for cell in cells if cell in few]
    assert covered(few, together) == covered(cells, together)


def test_the_pairs_of_a_product_by_hand() -> None:
    few = chosen(SIZES)
    for first, second in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]:
        assert {(cell[first], cell[second]) for cell in few} == {(cell[first], cell[second]) for cell in SIZES}
    assert len(few) < 1.5 * 4 * 3  # no fewer than 4 × 3 can hold the pairs of the two longest axes


def test_the_axes_of_a_nested_cell_are_those_of_its_parts() -> None:
    assert tuple(values_of((("dot", "global"), True, (1, (2, 3))))) == ("dot", "global", True, 1, 2, 3)
    assert tuple(values_of("dot")) == ("dot",)


def test_the_choice_is_the_same_twice_and_depends_on_the_seed() -> None:
    assert chosen(NESTED) == chosen(NESTED)
    assert chosen(NESTED, seed=1) == chosen(NESTED, seed=1) != chosen(NESTED)


def test_on_one_axis_each_value_is_chosen() -> None:
    assert chosen(["a", "b", "c"]) == ["a", "b", "c"]
    assert chosen(["a", "b", "a"]) in (["a", "b"], ["b", "a"])


@covering(("letter", "number", "last", "flag"), SIZES)
def test_a_cell_is_the_arguments(letter: str, number: int, last: str, flag: bool) -> None:
    assert (letter, number, last, flag) in SIZES


class Collected:
    """A plugin that keeps the tests of a run."""

    items: Sequence[pytest.Item] = ()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = session.items


@pytest.mark.parametrize(("options", "count"), [((), len(chosen(SIZES))), (("--every-combination",), len(SIZES))])
def test_an_option_asks_for_all_combinations(options: tuple[str, ...], count: int) -> None:
    collected = Collected()
    marked = f"{__file__}::{test_a_cell_is_the_arguments.__name__}"
    plain = ("--collect-only", "-qq", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert pytest.main([marked, *plain, *options], plugins=[collected]) == pytest.ExitCode.OK
    assert len(collected.items) == count
