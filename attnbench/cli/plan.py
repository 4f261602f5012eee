"""The plan of a sweep: its cells, checked before any of them runs, and what is finished of them already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from attnbench import record
from attnbench.cli.grid import cells, replaced
from attnbench.errors import UnavailableError, UserError
from attnbench.job import check, job_key
from attnbench.record import Record


@dataclass(frozen=True)
class PlannedJob:
    """One job of a sweep; `unavailable` says why it cannot run here, if nothing is wrong with it but that."""

    overrides: list[str]
    key: str
    cfg: DictConfig
    unavailable: str | None

    @property
    def name(self) -> str:
        """What it is, as on a command line."""
        return _shown(self.overrides)

    @property
    def sweep(self) -> Path:
        """The folder of the sweep."""
        return Path(self.cfg.hydra.sweep.dir)

    @property
    def folder(self) -> Path:
        """The folder of the job."""
        return self.sweep / self.cfg.hydra.sweep.subdir

    @property
    def record(self) -> Path:
        return self.folder / record.NAME


def plan(
    grids: Sequence[Mapping[str, Any]], arguments: Sequence[str], config: DictConfig, loader: ConfigLoader
) -> list[PlannedJob]:
    """The cells of a sweep, each job once however many cells describe it.

    Args:
        grids: of the config; see `attnbench.cli.grid.cells`.
        arguments: overrides from the command line.
        config: composed without them.
        loader: composes the config of a cell.

    Raises:
        UserError: a cell that cannot run at all.
    """
    planned: dict[str, PlannedJob] = {}
    for overrides in _overrides(grids, arguments, config.command, loader):
        cfg, unavailable = loader.load_sweep_config(config, overrides), None
        try:
            check(cfg)
        except UnavailableError as error:
            unavailable = str(error)
        except UserError as error:
            raise UserError(f"{_shown(overrides)}: {error}") from error
        key = job_key(cfg)
        planned.setdefault(key, PlannedJob(overrides, key, cfg, unavailable))
    return list(planned.values())


def finished(folder: Path) -> dict[str, Record]:
    """The finished records below a folder, by key; what cannot be read is not finished."""
    records = (record.find(path) for path in sorted(folder.glob(f"**/{record.NAME}")))
    return {found.key: found for found in records if found and found.status == "finished"}


def _overrides(
    grids: Sequence[Mapping[str, Any]], arguments: Sequence[str], command: str, loader: ConfigLoader
) -> list[list[str]]:
    """The overrides of each cell; a grid from the command line gets a folder of its own, named after its axes."""
    parser = OverridesParser.create(config_loader=loader)
    overrides = cells(grids, arguments, parser)
    axes = replaced(grids, arguments, parser)
    if axes and not any(argument.startswith("sweep=") for argument in arguments):
        name = "-".join(axes if command == "train" else [command, *axes])
        return [[*cell, f"sweep={name}"] for cell in overrides]
    return overrides


def _shown(overrides: Sequence[str]) -> str:
    return " ".join(override for override in overrides if not override.startswith("sweep="))
