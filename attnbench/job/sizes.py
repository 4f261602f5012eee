"""How large a job is, before it runs: the parameters of its model, the operations of one of its training steps."""

import json
import math
from functools import cache
from typing import NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf

from attnbench.attention import Attention
from attnbench.cost.step_operations import step_flops
from attnbench.errors import UserError
from attnbench.job.build import as_text, build, build_compute, build_model, build_task, plain
from attnbench.job.threads import threads_restored
from attnbench.models.model import Model
from attnbench.tasks.batches import Batch, typical_batch
from attnbench.training.step import objective

# What the operations of a step depend on, of the training.
STEP = ("batch_size", "batch_tokens", "teacher_forcing", "loss")


class Width(NamedTuple):
    """A width, and the number of parameters of a model that has it."""

    value: int
    parameters: int


def parameters(cfg: DictConfig) -> int:
    """The number of parameters of a job's model."""
    return _parameters(as_text(cfg.model), as_text(cfg.task))


def nearest_width(cfg: DictConfig, goal: int) -> Width:
    """The width with which a job's model has as nearly as possible `goal` parameters. Its heads divide it.

    Raises:
        UserError: the width of the config is not that of the model.
    """
    own = OmegaConf.masked_copy(cfg, [str(name) for name in cfg if name != "hydra"])

    def having(width: int) -> Width:
        own.width = width
        return Width(width, parameters(own))

    layers = _model(cfg.model, cfg.task, "meta").modules()
    step = math.lcm(*(layer.heads for layer in layers if isinstance(layer, Attention)))
    low, high = having(step), having(2 * step)
    if low.parameters == high.parameters:
        raise UserError(f"width={cfg.width}: does not change the number of parameters of the model")
    while high.parameters < goal:
        low, high = high, having(2 * high.value)
    while high.value - low.value > step:
        middle = having((low.value + high.value) // (2 * step) * step)
        low, high = (middle, high) if middle.parameters < goal else (low, middle)
    return min(low, high, key=lambda width: abs(width.parameters - goal))


def training_step_flops(cfg: DictConfig) -> int:
    """The operations of a training step of a job, on a typical batch. It counts them, and trains nothing."""
    training = {key: value for key, value in plain(cfg.training).items() if key in STEP}
    return _step_flops(as_text(cfg.model), as_text(cfg.task), json.dumps(training), build_compute(cfg).device)


@cache
def _parameters(model: str, task: str) -> int:
    return sum(each.numel() for each in _model(_node(model), _node(task), "meta").parameters())


@cache
def _step_flops(model: str, task: str, training: str, device: torch.device) -> int:
    settings = _node(training)
    batch, loss = _typical(task, settings.batch_size, settings.batch_tokens), build(settings.loss)
    counted = _model(_node(model), _node(task), "cpu").train()

    def step() -> None:
        decoded = counted.read(batch.source, batch.lengths, batch.target, teacher_forcing=settings.teacher_forcing)
        objective(decoded, counted.output_map, batch.expected, loss).backward()

    with threads_restored():
        torch.set_num_threads(1)  # each product is small
        return step_flops(counted, step, device)


@cache
def _typical(task: str, size: int, tokens: int | None) -> Batch:
    return typical_batch(build_task(_node(task)), size, tokens, torch.device("cpu"))


def _model(model: DictConfig, task: DictConfig, device: str) -> Model:
    """The model of a job, without its initial values. On the device `meta`, it takes no memory."""
    built = build_task(task)
    with torch.device(device):
        return build_model(model, len(built.source), len(built.target))


def _node(text: str) -> DictConfig:
    return DictConfig(json.loads(text))
