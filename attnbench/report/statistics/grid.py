"""The empty cells of a grid of factors, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod

GridCell = tuple[tuple[str, str], ...]  # factors with their levels; factors that are not named may have any
MAX_CELLS = 100_000  # cells of a grid whose cells are listed one by one


@dataclass(frozen=True)
class Grid:
    """The cells of a grid, and which are missing."""

    cells: int  # of the full grid: all levels of all factors crossed
    missing_cells: int
    missing: tuple[GridCell, ...]  # pairs of levels that never meet, then single cells in which all pairs do


def grid(levels: Mapping[str, Sequence[str]], order: Mapping[str, Sequence[str]]) -> Grid:
    """Finds the cells that no job has.

    Args:
        levels: by factor, the level of each job.
        order: by factor, all its levels. Beyond `MAX_CELLS`, single cells are counted, not named.
    """
    factors, cells = list(order), prod(map(len, order.values()))
    pairs = [pair for one, other in combinations(factors, 2) for pair in _apart(one, other, levels, order)]
    seen, never = set(zip(*(levels[name] for name in factors), strict=True)), set(pairs)
    single: list[GridCell] = []
    if cells <= MAX_CELLS and len(factors) > 2:
        unseen = (tuple(zip(factors, each, strict=True)) for each in product(*order.values()) if each not in seen)
        single = [cell for cell in unseen if never.isdisjoint(combinations(cell, 2))]
    return Grid(cells, cells - len(seen), (*pairs, *single))


def _apart(
    one: str, other: str, levels: Mapping[str, Sequence[str]], order: Mapping[str, Sequence[str]]
) -> list[GridCell]:
    """The levels of two factors that never meet."""
    met = set(zip(levels[one], levels[other], strict=True))
    return [((one, a), (other, b)) for a, b in product(order[one], order[other]) if (a, b) not in met]
