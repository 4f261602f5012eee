"""Chooses a few of many combinations: every pair of values that stands in one of them stands in a chosen one too.

`@covering("variant", COMBINATIONS)` parametrises a test with the chosen ones. With `pytest --every-combination`, the
test has all of them.
"""

import random
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, TypeVar

import pytest

Cell = TypeVar("Cell")
Values = tuple[Hashable, ...]
Goal = tuple[tuple[int, ...], Values]  # axes, and a value of each


def covering(
    argnames: str | Sequence[str], cells: Iterable[Any], *, together: Iterable[Sequence[int]] = ()
) -> pytest.MarkDecorator:
    """A mark for tests: parametrises as `pytest.mark.parametrize` does, with the cells that `chosen` returns."""
    return pytest.mark.covering(argnames, list(cells), tuple(together))


def parametrize(metafunc: pytest.Metafunc, every: bool) -> None:
    """Parametrises a test that has the mark: with all its cells if `every`."""
    for mark in metafunc.definition.iter_markers("covering"):
        argnames, cells, together = mark.args
        metafunc.parametrize(argnames, cells if every else chosen(cells, together=together), ids=_id)


def _id(part: object) -> str | None:
    return "-".join(map(str, values_of(part))) if isinstance(part, tuple) else None


def chosen(cells: Sequence[Cell], *, together: Iterable[Sequence[int]] = (), seed: int = 0) -> list[Cell]:
    """Some of the cells, in their order, that cover every pair of values of all cells.

    The axes of a cell are its items. The items of a tuple in a cell are axes too, so that cells can be products of
    products. `together` names more axes, by their numbers: each choice on all of them is covered as well.

    The algorithm is greedy: it takes the cell with the most goals that are not covered yet. `seed` decides between
    equal cells.
    """
    rows = [tuple(values_of(cell)) for cell in cells]
    goals = [set(goals_of(row, together)) for row in rows]
    order = random.Random(seed).sample(range(len(rows)), len(rows))
    missing = set[Goal]().union(*goals)
    taken = set[int]()
    while missing:
        best = max(order, key=lambda row: len(goals[row] & missing))
        taken.add(best)
        missing -= goals[best]
    return [cells[row] for row in sorted(taken)]


def values_of(cell: Any) -> Iterator[Hashable]:
    """The value on each axis."""
    for part in cell if isinstance(cell, tuple) else (cell,):
        if isinstance(part, tuple):
            yield from values_of(part)
        else:
            yield part


def goals_of(row: Values, together: Iterable[Sequence[int]] = ()) -> Iterator[Goal]:
    """The choices on one or two axes that a cell covers, and those on the axes of `together`."""
    numbers = range(len(row))
    for axes in (*combinations(numbers, 1), *combinations(numbers, 2), *together):
        yield tuple(axes), tuple(row[axis] for axis in axes)
