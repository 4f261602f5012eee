"""From grids and a command line to the overrides of each cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from attnbench.errors import UserError
from attnbench.job.identity import UNNAMED

SEED = "seed"  # repeats a grid; it is not an axis of it
CHOICE = "grid"  # the key that keeps or drops the grids of the config

Grids = Sequence[Mapping[str, Any]]  # each maps an override's key to its values, as on the command line


@dataclass(frozen=True)
class Cells:
    """The cells of a sweep.

    Args:
        overrides: of each cell.
        grid: what they are cells of, in words: "default grid", "grid of experiment=heads", "your grid", "no grid".
        axes: the keys that name the folder of a grid from the command line; empty for a grid of the config.
    """

    overrides: list[list[str]]
    grid: str
    axes: list[str]


def cells(grids: Grids, seeds: str | None, arguments: Sequence[str], parser: OverridesParser) -> Cells:
    """The union of the grids, each the product of its axes, combined with the arguments of the command line.

    - An argument with several values for an axis of the grids replaces all grids, as in plain Hydra.
    - Any other argument holds for every cell (one value), or multiplies the cells (several values).
    - Seeds on the command line replace the seeds of a grid. Without either, a cell has `seeds`, as on a command line;
      None is the seed of the config.
    - `grid=none` drops all grids.

    Raises:
        UserError: `grid` is neither `default` nor `none`.
    """
    parsed = parser.parse_overrides(list(arguments))
    own = [argument for argument, override in zip(arguments, parsed, strict=True) if _key(override) != CHOICE]
    keys = [_key(override) for override in parsed if _key(override) != CHOICE]
    swept = [_key(override) for override in parsed if override.is_sweep_override()]
    if not all(_is_kept(override) for override in parsed if _key(override) == CHOICE):
        named = [key for key in keys if "." not in key and key not in UNNAMED]
        return Cells(_product([{}], seeds, own, parser), "no grid", named or swept)
    if _axes(grids) & set(swept):
        return Cells(_product([{}], seeds, own, parser), "your grid", swept)
    experiment = next((argument for argument in own if argument.startswith("experiment=")), None)
    name = f"grid of {experiment}" if experiment else "default grid"
    return Cells(_product(grids or [{}], seeds, own, parser), name if grids else "your grid", [])


def for_cells(arguments: Sequence[str]) -> list[str]:
    """The arguments, in which a key inside a swept group becomes a sweep of one value, so that only cells get it.

    Hydra composes a config before it sweeps. With `scope=local_m,local_p`, that config still has the default scope,
    which has no key `scope.window`.
    """
    overrides = OverridesParser.create().parse_overrides(list(arguments))
    swept = {override.key_or_group for override in overrides if override.is_sweep_override()}
    rewritten = []
    for argument, override in zip(arguments, overrides, strict=True):
        inside = override.key_or_group.partition(".")[0] in swept and not override.is_sweep_override()
        key, _, value = argument.partition("=")
        rewritten.append(f"{key}=choice({value})" if inside and value else argument)
    return rewritten


def _product(grids: Grids, seeds: str | None, arguments: Sequence[str], parser: OverridesParser) -> list[list[str]]:
    """The overrides of each cell of each grid."""
    reseeded = any(argument.startswith(f"{SEED}=") for argument in arguments)
    usual = {SEED: seeds} if seeds else {}
    union = []
    for grid in grids:
        axes = [f"{key}={value}" for key, value in {**usual, **grid}.items() if key != SEED or not reseeded]
        union += BasicSweeper.split_arguments(parser.parse_overrides([*axes, *arguments]), None)[0]
    return union


def _axes(grids: Grids) -> set[str]:
    return {key for grid in grids for key in grid} - {SEED}


def _is_kept(override: Override) -> bool:
    """Whether an override of `grid` keeps the grids of the config."""
    value = None if override.is_sweep_override() else override.value()
    if str(value) not in ("default", "none"):
        raise UserError(f"{override.input_line}: must be grid=default or grid=none")
    return value == "default"


def _key(override: Override) -> str:
    return override.get_key_element()
