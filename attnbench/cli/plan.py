"""The plan of a sweep: its jobs, checked before any of them runs, and which of them are finished already."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from attnbench import record
from attnbench.cli.cell_configs import CellConfigs
from attnbench.cli.grid import SEED, Cells, Grids, cells
from attnbench.cli.match import Cell, match
from attnbench.cli.paths import folder_name
from attnbench.cli.shared_parts import SharedParts
from attnbench.errors import UnavailableError, UserError
from attnbench.job.identity import PARTS, contents, job_key, key_of
from attnbench.job.run import check
from attnbench.record import EARLIER, Record

CONDITIONS = ("task", "length", "device")  # factors that are not part of a mechanism
SHORTCUT = "grid=none: only what you name"


@dataclass(frozen=True)
class PlannedJob:
    """One job of a sweep.

    Args:
        overrides: of its cell.
        key: of the job.
        cfg: its config, which is not to be changed; see `attnbench.cli.shared_parts.Resolved`.
        sweep: the folder of the sweep.
        folder: of the job.
        unavailable: the reason why it cannot run on this machine, or None.
        compose: makes its whole config, with interpolations and with Hydra's own.
    """

    overrides: list[str]
    key: str
    cfg: DictConfig
    sweep: Path
    folder: Path
    unavailable: str | None
    compose: Callable[[], DictConfig]

    @property
    def name(self) -> str:
        """Its overrides, as on a command line."""
        return _shown(self.overrides)

    @property
    def record(self) -> Path:
        return self.folder / record.NAME


@dataclass(frozen=True)
class Plan:
    """The jobs of a sweep.

    Args:
        jobs: each once.
        summary: says in words what they are: "default grid, 14 mechanisms × 2 seeds".
        add: plans a further job with these overrides, and checks it.
    """

    jobs: list[PlannedJob]
    summary: str
    add: Callable[[list[str]], PlannedJob]


def plan(grids: Grids, seeds: str | None, arguments: Sequence[str], config: DictConfig, loader: ConfigLoader) -> Plan:
    """The jobs of a sweep. A job that several cells describe is planned once.

    Args:
        grids, seeds: of the config; see `attnbench.cli.grid.cells`.
        arguments: overrides from the command line.
        config: composed without them.
        loader: composes the config of a cell.

    Raises:
        UserError: a cell that cannot run at all.
    """
    found = cells(grids, seeds, arguments, OverridesParser.create(config_loader=loader))
    add = Planner(CellConfigs(config, loader))
    jobs = [add(overrides) for overrides in _with_folder(found, arguments, config.command)]
    matched = any(OmegaConf.select(job.cfg, "match.equal") for job in jobs)
    to_match = [Cell(job.overrides, job.compose()) for job in jobs] if matched else []
    equal = match(to_match, rename=not _names_folder(arguments)) if matched else None
    summary = _summary(found.grid, _distinct(jobs))
    if equal:
        overrides, told = equal
        jobs, summary = [add(each) for each in overrides], f"{summary}; {told}"
    return Plan(_distinct(jobs), summary, add)


class Planner:
    """Plans the jobs of cells, and checks each. Cells that differ in their seed alone are checked once.

    Args:
        configs: makes the config of a cell.
    """

    def __init__(self, configs: CellConfigs) -> None:
        self.configs, self.shared = configs, SharedParts(configs)
        self.checked: dict[Any, tuple[str | None, list[str]]] = {}  # why a job cannot run, and what files it reads

    def __call__(self, overrides: list[str]) -> PlannedJob:
        """The job of a cell.

        Raises:
            UserError: it cannot run at all.
        """
        compose = partial(self.configs, overrides)
        found = self.shared(overrides) if self.configs.config.command == "train" else None
        if found is None:
            cfg = compose()
            sweep = Path(cfg.hydra.sweep.dir)
            refusal = _unavailable(cfg, overrides)
            return PlannedJob(overrides, job_key(cfg), cfg, sweep, sweep / cfg.hydra.sweep.subdir, refusal, compose)
        alike = (type(found.cfg.seed), *(variant for name, variant in found.variants.items() if name != SEED))
        own = {name: found.parts[name].plain for name in PARTS[found.cfg.procedure]}
        if alike not in self.checked:
            try:
                refusal = _unavailable(found.cfg, overrides)
            except UserError:
                refusal = _unavailable(compose(), overrides)  # its message names the key as it was written
            self.checked[alike] = refusal, contents(own)
        refusal, read = self.checked[alike]
        key = key_of(found.cfg.procedure, own, read)
        return PlannedJob(overrides, key, found.cfg, found.sweep, found.folder, refusal, compose)


def _unavailable(cfg: DictConfig, overrides: Sequence[str]) -> str | None:
    """The reason why a job cannot run on this machine, or None.

    Raises:
        UserError: it cannot run at all.
    """
    try:
        check(cfg)
    except UnavailableError as error:
        return str(error)
    except UserError as error:
        raise UserError(f"{_shown(overrides)}: {error}") from error
    return None


def _distinct(jobs: Sequence[PlannedJob]) -> list[PlannedJob]:
    """The jobs without those that have the key of an earlier one."""
    found: dict[str, PlannedJob] = {}
    for job in jobs:
        found.setdefault(job.key, job)
    return list(found.values())


def finished(folder: Path, keys: Container[str]) -> dict[str, Record]:
    """The finished records of a sweep with these keys. A file that cannot be read is not a finished record."""
    found = (record.find(path) for path, key in _finished(folder) if key in keys)
    return {each.key: each for each in found if each}


def count_finished(folder: Path) -> int:
    """How many jobs of a sweep are finished."""
    return len({key for _, key in _finished(folder)})


def _finished(folder: Path) -> Iterator[tuple[Path, str]]:
    """The finished records of a sweep, and their keys."""
    for path in sorted(folder.glob(f"*/*/{record.NAME}")):
        if path.parent.parent.name != EARLIER:
            outline = record.outline(path)
            if outline and outline.status == "finished":
                yield path, outline.key


def _with_folder(found: Cells, arguments: Sequence[str], command: str) -> list[list[str]]:
    """The overrides of each cell. A grid from the command line gets a folder of its own, named after its axes."""
    if not found.axes or _names_folder(arguments):
        return found.overrides
    name = folder_name("-".join(found.axes if command == "train" else [command, *found.axes]))
    return [[*cell, f"sweep={name}"] for cell in found.overrides]


def _names_folder(arguments: Sequence[str]) -> bool:
    return any(argument.startswith("sweep=") for argument in arguments)


def _summary(grid: str, jobs: Sequence[PlannedJob]) -> str:
    """The grid, how many mechanisms, conditions and seeds it has; and how to do without a grid of the config."""
    named = [{key: value for key, _, value in (o.partition("=") for o in job.overrides)} for job in jobs]
    counts = {
        "mechanism": len({_mechanism(each) for each in named}),
        **{name: len({each.get(name) for each in named}) for name in CONDITIONS},
        SEED: len({job.cfg.seed for job in jobs}),
    }
    parts = [counted(count, name) for name, count in counts.items() if count > 1 or name == "mechanism"]
    hint = "" if grid in ("your grid", "no grid") else f"; {SHORTCUT}"
    return f"{grid}, {' × '.join(parts)}{hint}"


def _mechanism(overrides: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """The overrides that are neither a condition nor the seed."""
    return frozenset(each for each in overrides.items() if each[0].partition(".")[0] not in (*CONDITIONS, SEED))


def counted(count: int, name: str) -> str:
    """A number with its noun: "1 job", "2 jobs"."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def _shown(overrides: Sequence[str]) -> str:
    return " ".join(override for override in overrides if not override.startswith("sweep="))
