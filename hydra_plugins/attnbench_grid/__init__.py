"""The sweeper of `hydra/sweeper=grid`. Hydra takes plugins from the package `hydra_plugins` only."""

from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class GridSweeper(Sweeper):
    """Sweeps a union of grids, each the product of its axes; see `attnbench.cli.sweep`.

    Args:
        grids: each maps an override's key to its values, as on the command line (`dot,additive`).
        seeds: of each cell, as on the command line (`1,2,3`), where neither its grid nor the command line names seeds.
            None: the seed of the config.
    """

    def __init__(self, grids: list[dict[str, Any]], seeds: str | None) -> None:
        self.grids, self.seeds = grids, seeds
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self.hydra_context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        # Imported here: Hydra imports every plugin at each start, and only a sweep needs this.
        from attnbench.cli.sweep import run_sweep

        assert self.config is not None and self.launcher is not None and self.hydra_context is not None
        run_sweep(self.grids, self.seeds, arguments, self.config, self.hydra_context.config_loader, self.launcher)
