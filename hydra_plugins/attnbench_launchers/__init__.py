"""The launchers of `hydra/launcher=ray`, `submitit_local` and `submitit_slurm`.

The launchers that Hydra's authors have released wait for the jobs in their order. The first job whose process dies ends
that wait, while the others run on. These here drive the same engines, and keep what each job returns as it ends. Their
configs have the same keys.
"""

import shutil
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from attnbench.errors import UserError


class EngineLauncher(Launcher):
    """Runs each job in a process of an engine, here or on other machines. Its record comes back with what it returns.

    Attributes:
        at_once: how many jobs run at once, where it is this machine that runs them.
    """

    at_once = 1

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        # Imported here and below: Hydra imports every plugin at each start, and only a sweep needs this.
        from attnbench.cli.engines.engine import Work

        self.work = Work(hydra_context, config, task_function)
        self.check()

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        return self.work.run(self.engine(), job_overrides, initial_job_idx)

    @abstractmethod
    def check(self) -> None:
        """Raises a UserError if the engine is not there."""

    @abstractmethod
    def engine(self) -> Any:
        """The engine; see `attnbench.cli.engines`."""

    def close(self) -> None:
        """Ends all processes that wait for further jobs."""


class RayLauncher(EngineLauncher):
    """Each job is a task of Ray.

    Args:
        ray: `init` are the arguments of `ray.init`: an `address` of a cluster, or None for this machine. `remote` are
            the options of `ray.remote` for each job, such as `num_cpus` and `num_gpus`.
    """

    def __init__(self, ray: DictConfig) -> None:
        self.ray = ray

    def check(self) -> None:
        from attnbench.cli.engines.engine import check_address, check_installed

        check_installed("ray")
        check_address(self.ray.init.get("address"))

    def engine(self) -> Any:
        from attnbench.cli.engines.ray_tasks import RayEngine

        return RayEngine(given(self.ray.init), given(self.ray.remote), self.at_once)

    def close(self) -> None:
        from attnbench.cli.engines.ray_tasks import shut_down

        shut_down()


class SubmititLauncher(EngineLauncher):
    """Each job is a process of its own on this machine.

    Args:
        parameters: of submitit's executor.
    """

    cluster = "local"

    def __init__(self, **parameters: Any) -> None:
        self.parameters = DictConfig(parameters)

    def check(self) -> None:
        from attnbench.cli.engines.engine import check_installed

        check_installed("submitit")

    def engine(self) -> Any:
        from attnbench.cli.engines.submitit_jobs import SubmititEngine

        return SubmititEngine(self.cluster, self.work.folder / ".submitit", given(self.parameters), self.at_once)


class SlurmLauncher(SubmititLauncher):
    """Each job is a job of slurm."""

    cluster = "slurm"

    def check(self) -> None:
        super().check()
        if not (shutil.which("srun") and shutil.which("sbatch")):
            raise UserError("hydra/launcher=submitit_slurm: there is no srun or sbatch here; start it on the cluster")


def given(options: DictConfig) -> dict[str, Any]:
    """The options that have a value."""
    plain = OmegaConf.to_container(options, resolve=True)
    assert isinstance(plain, dict)
    return {str(name): value for name, value in plain.items() if value is not None}
