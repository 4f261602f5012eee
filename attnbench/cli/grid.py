"""From grids and a command line to cells."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

SEED = "seed"  # repeats a grid, and is no axis of it


def cells(grids: Sequence[Mapping[str, Any]], arguments: Sequence[str], parser: OverridesParser) -> list[list[str]]:
    """The overrides of each cell: the union of the grids, each a product, under what the command line says.

    An argument with several values for an axis of the grids replaces the grids: what is named is then all that is
    crossed, as in plain Hydra. Any other argument holds for every cell (one value) or crosses them (several); seeds
    take the place of the grids' own.
    """
    if replaced(grids, arguments, parser) or not grids:
        grids = [{}]
    reseeded = any(argument.startswith(f"{SEED}=") for argument in arguments)
    union = []
    for grid in grids:
        axes = [f"{key}={value}" for key, value in grid.items() if key != SEED or not reseeded]
        overrides = parser.parse_overrides([*axes, *arguments])
        union += BasicSweeper.split_arguments(overrides, None)[0]
    return union


def for_cells(arguments: Sequence[str]) -> list[str]:
    """The arguments, those inside a swept group as sweeps of one value, which only cells get.

    Hydra composes a config before it sweeps: with scope=local_m,local_p it has the default scope still, which would not
    take a scope.window=64.
    """
    overrides = OverridesParser.create().parse_overrides(list(arguments))
    swept = {override.key_or_group for override in overrides if override.is_sweep_override()}
    found = []
    for argument, override in zip(arguments, overrides, strict=True):
        inside = override.key_or_group.partition(".")[0] in swept and not override.is_sweep_override()
        key, _, value = argument.partition("=")
        found.append(f"{key}=choice({value})" if inside and value else argument)
    return found


def replaced(grids: Sequence[Mapping[str, Any]], arguments: Sequence[str], parser: OverridesParser) -> list[str]:
    """The swept axes of the command line, if one of them is an axis of the grids; they then replace the grids."""
    axes = {key for grid in grids for key in grid} - {SEED}
    swept = [o.get_key_element() for o in parser.parse_overrides(list(arguments)) if o.is_sweep_override()]
    return swept if axes & set(swept) else []
