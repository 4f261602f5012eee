"""What `match` sets in the cells of a sweep, so that mechanisms are compared at the same size, arithmetic or time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from attnbench.errors import UserError
from attnbench.job import sizes
from attnbench.job.build import as_text, attention_node

BOUNDS = ("training.updates", "training.epochs", "training.seconds")
NAMELESS = ("seed=", "sweep=")  # overrides that are no part of a mechanism
LARGE = 10**9


@dataclass(frozen=True)
class Cell:
    """A cell of a sweep: its overrides, and its config, which has been checked."""

    overrides: list[str]
    cfg: DictConfig

    def given(self, key: str) -> str | None:
        """The value of `key` among the overrides; None if there is none."""
        values = [value for name, _, value in (override.partition("=") for override in self.overrides) if name == key]
        return values[-1] if values else None

    def having(self, values: Mapping[str, Any]) -> "Cell":
        """The cell with these overrides instead of its own of the same keys. Its config stays."""
        kept = [override for override in self.overrides if override.partition("=")[0] not in values]
        return Cell([*kept, *(f"{key}={value}" for key, value in values.items())], self.cfg)


class Matched(NamedTuple):
    """For each cell, what is set; and in words what is equal then: "match=seconds: 60 s of training each"."""

    values: list[dict[str, Any]]
    told: str


def match(cells: Sequence[Cell], *, rename: bool) -> tuple[list[list[str]], str] | None:
    """Makes the cells of a sweep equal in what their `match` says.

    Args:
        cells: of the sweep.
        rename: whether the folder of the sweep gets a name of its own, such as `default-parameters`.

    Returns:
        The overrides of each cell, and in words what is equal. None if `match` says nothing.

    Raises:
        UserError: a cell in which this is not possible.
    """
    kinds = list(dict.fromkeys(OmegaConf.select(cell.cfg, "match.equal") for cell in cells))
    if kinds == [None]:  # also if the command has no match
        return None
    names = [kind or "none" for kind in kinds]
    if len(kinds) > 1:
        raise UserError(f"match={','.join(names)}: must be one value; run a sweep for each")
    if any(cell.cfg.procedure != "translation" for cell in cells):
        raise UserError(f"match={names[0]}: only translation has a width and a budget to set; leave match out")
    found = MATCHES[names[0]](cells)
    equal = [cell.having(values) for cell, values in zip(cells, found.values, strict=True)]
    if rename:
        equal = [cell.having({"sweep": f"{cell.cfg.sweep}-{names[0]}"}) for cell in equal]
    return [cell.overrides for cell in equal], found.told


def _parameters(cells: Sequence[Cell]) -> Matched:
    """Sets the widths, so that each model has about as many parameters as that of its reference."""
    _refuse_several(cells, "width", "parameters")
    goals = {key: sizes.parameters(cell.cfg) for key, cell in _references(cells).items()}
    known: dict[tuple[str, str], sizes.Width] = {}
    found = []
    for cell in cells:
        key = as_text(cell.cfg.task), as_text(cell.cfg.model)
        if key not in known:
            known[key] = sizes.nearest_width(cell.cfg, goals[key[0]])
        found.append(known[key])
    counts = _range([width.parameters for width in found])
    told = f"{_goal(cells, goals)}; there are {counts}, by width {_range([width.value for width in found])}"
    return Matched([{"width": width.value} for width in found], told)


def _flops(cells: Sequence[Cell]) -> Matched:
    """Sets the bounds on updates, so that each training has as many operations as that of its reference."""
    _refuse_several(cells, "training.updates", "flops")
    for cell in cells:
        if cell.cfg.training.updates is None:
            raise UserError("training.updates=null: match=flops needs a number, from which it makes those of all jobs")
        for key in BOUNDS[1:]:
            if (value := OmegaConf.select(cell.cfg, key)) is not None:
                raise UserError(f"{key}={value}: match=flops bounds a training by its updates alone; say {key}=null")
    goals = {
        key: cell.cfg.training.updates * sizes.training_step_flops(cell.cfg) for key, cell in _references(cells).items()
    }
    updates = [max(1, round(goals[as_text(cell.cfg.task)] / sizes.training_step_flops(cell.cfg))) for cell in cells]
    told = f"{_goal(cells, goals)}, by training.updates {_range(updates)}"
    return Matched([{"training.updates": number} for number in updates], told)


def _seconds(cells: Sequence[Cell]) -> Matched:
    """Bounds each training by seconds alone."""
    _refuse_several(cells, "match.seconds", "seconds")
    seconds = cells[0].cfg.match.seconds
    if type(seconds) not in (int, float) or not seconds > 0:
        shown = "null" if seconds is None else seconds
        raise UserError(f"match.seconds={shown}: must be a number greater than 0, the seconds of each training")
    for cell in cells:
        for key in BOUNDS:
            if (value := cell.given(key)) is not None:
                raise UserError(f"{key}={value}: match=seconds bounds a training by match.seconds alone; leave it out")
    values: dict[str, Any] = dict(zip(BOUNDS, ("null", "null", seconds), strict=True))
    return Matched([values for _ in cells], f"match=seconds: {seconds:g} s of training each")


MATCHES: dict[str, Callable[[Sequence[Cell]], Matched]] = {
    "parameters": _parameters,
    "flops": _flops,
    "seconds": _seconds,
}


def _refuse_several(cells: Sequence[Cell], key: str, equal: str) -> None:
    """Refuses a grid over a key that `match` sets or reads."""
    if len(values := list(dict.fromkeys(cell.given(key) for cell in cells))) > 1:
        several = ",".join(value for value in values if value is not None)
        raise UserError(f"{key}={several}: match={equal} needs one value for all jobs, or none")


def _references(cells: Sequence[Cell]) -> dict[str, Cell]:
    """For each task, its first cell with attention; its first cell, if none has attention."""
    attending = [cell for cell in cells if attention_node(cell.cfg.model)]
    found: dict[str, Cell] = {}
    for cell in [*attending, *cells]:
        found.setdefault(as_text(cell.cfg.task), cell)
    return found


def _goal(cells: Sequence[Cell], goals: Mapping[str, int]) -> str:
    """What the jobs are made equal to: "match=parameters: as many as score=dot, 61,234"."""
    equal, references = cells[0].cfg.match.equal, list(_references(cells).values())
    name = "the first job with attention of each task"
    if len(references) == 1:
        shared = set.intersection(*(set(cell.overrides) for cell in cells))
        own = [each for each in references[0].overrides if each not in shared and not each.startswith(NAMELESS)]
        name = " ".join(own) or "the first job"
    return f"match={equal}: as many as {name}, {_range(list(goals.values()))}"


def _range(numbers: Sequence[int]) -> str:
    """The least and the largest number. Large ones are rounded."""
    shown = [f"{number:,}" if number < LARGE else f"{number:.3g}" for number in (min(numbers), max(numbers))]
    return " to ".join(dict.fromkeys(shown))
