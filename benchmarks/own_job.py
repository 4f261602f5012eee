"""The parts of a job of ours, for the benchmarks."""

from pathlib import Path
from typing import NamedTuple

from hydra import compose, initialize_config_dir

from attnbench.cli.paths import CONF
from attnbench.device import Compute
from attnbench.job.build import build, build_compute, build_initial_model
from attnbench.models.model import Model
from attnbench.tasks.task import Task
from attnbench.training.recipe import Recipe


class OwnJob(NamedTuple):
    """What a job trains: a model on a task, by a recipe."""

    model: Model
    task: Task
    recipe: Recipe
    compute: Compute
    seed: int


def prepare(overrides: list[str]) -> OwnJob:
    """Builds the parts of the job that the overrides describe."""
    with initialize_config_dir(str(Path(CONF).absolute()), version_base="1.3"):
        cfg = compose("train", overrides=overrides)
    task, compute = build(cfg.task), build_compute(cfg)
    return OwnJob(build_initial_model(cfg, task, compute.device), task, build(cfg.training), compute, cfg.seed)
