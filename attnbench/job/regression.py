"""The job of kernel regression: it fits a score, if it has parameters, and evaluates the estimates."""

import torch
from omegaconf import DictConfig

from attnbench.attention import Attention
from attnbench.attention.scopes import Global
from attnbench.attention.selections import Soft
from attnbench.cost import machine_lock
from attnbench.errors import UserError
from attnbench.generator_seed import generator_seed
from attnbench.job.build import build
from attnbench.job.results import Folders, Results
from attnbench.models.initialise import initialise
from attnbench.tasks.regression import Points
from attnbench.tracking.tracker import TrackedRun
from attnbench.training.regression import WIDTH, evaluate_regression, fit


def regress(cfg: DictConfig, folders: Folders, tracked: TrackedRun) -> Results:
    """Pools the points of the task with the attention layer of the config."""
    device, points, layer, descent = build(cfg.device), _points(cfg), _layer(cfg), build(cfg.training)
    with machine_lock.shared():
        torch.manual_seed(generator_seed(cfg.seed))
        initialise(layer, cfg.seed)
        fit(layer.to(device), points.to(device), descent)
        return Results(regression=evaluate_regression(layer, points.to(device)))


def check_regression(cfg: DictConfig) -> None:
    """Makes all parts of the job.

    Raises:
        UserError: a value with which the job would fail.
    """
    _points(cfg)
    _layer(cfg)
    build(cfg.training)


def _points(cfg: DictConfig) -> Points:
    points = build(cfg.task)
    if not isinstance(points, Points):
        raise UserError("job=regression: needs points, not sentences; use task=kernel_regression")
    return points


def _layer(cfg: DictConfig) -> Attention:
    layer = build(cfg.attention)(WIDTH)
    if not isinstance(layer.scope, Global) or not isinstance(layer.selection, Soft):
        raise UserError("task=kernel_regression: pools all points; use scope=global selection=soft")
    return layer
