"""From the nodes of a config to the objects that they describe."""

import json
import logging
from functools import cache, lru_cache, partial
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf

from attnbench.attention import Attention
from attnbench.attention.heads import head_width
from attnbench.cost.contenders import Contender, OwnAttention
from attnbench.cost.measurement import MeasurementPlan
from attnbench.cost.memory import is_out_of_memory
from attnbench.cost.runner import ContenderSetup, Workload
from attnbench.cost.scaling import ScalingSettings
from attnbench.device import Compute, dtype
from attnbench.errors import UserError
from attnbench.job.inputs import inputs
from attnbench.job.kept_warnings import warnings_kept
from attnbench.models.initialise import initialise
from attnbench.models.model import Model
from attnbench.tasks.task import Task

log = logging.getLogger(__name__)

CHECKED_VOCABULARY = 8  # types of the small model that a check makes


def build(node: DictConfig, *args: Any, **kwargs: Any) -> Any:
    """The same as `hydra.utils.instantiate`, but errors that the user can correct are raised as they are.

    Raises:
        UserError: from the constructor, or because it does not have a key or does not take a type.
    """
    return _build(plain(node), *args, **kwargs)


def plain(node: DictConfig) -> Any:
    """The resolved node. Hydra would resolve it in place, and with it the nodes that it refers to."""
    return OmegaConf.to_container(node, resolve=True, throw_on_missing=True)


def as_text(node: DictConfig) -> str:
    """The resolved node as JSON. Equal nodes have equal texts."""
    return json.dumps(plain(node))


def _build(node: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return instantiate(node, *args, **kwargs)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if isinstance(cause, TypeError):
            raise UserError(f"{node['_target_']}: {cause}") from error
        raise


def build_task(node: DictConfig) -> Any:
    """What a config's `task` node describes. Jobs that follow each other in one process often have the same."""
    known = _build_task.cache_info().hits
    task, warnings = _build_task(as_text(node), _contents(node))
    if _build_task.cache_info().hits > known:  # these warnings are of this job too
        for text in warnings:
            log.warning("%s", text)
    return task


@lru_cache(maxsize=2)
def _build_task(node: str, contents: tuple[tuple[str, str], ...]) -> tuple[Any, list[str]]:
    """The task, and the warnings while it was built."""
    with warnings_kept() as warnings:
        return _build(json.loads(node)), warnings


def _contents(node: DictConfig) -> tuple[tuple[str, str], ...]:
    """The digests of the files that a task reads: it is another task if one of them has changed."""
    return tuple(inputs(plain(node)).items())


def build_model(node: DictConfig, source_vocabulary: int, target_vocabulary: int) -> Model:
    """The model of a config's `model` node, for vocabularies of these sizes."""
    try:
        return build(node)(source_vocabulary, target_vocabulary)
    except TypeError as error:
        # For example, an unknown key of a part of the model. The parts are made here, not when the config is read.
        raise UserError(f"model: {error}") from error


def build_initial_model(cfg: DictConfig, task: Task, device: torch.device) -> Model:
    """The model of a job with its initial values, on a device."""
    check_embeddings(cfg.model, task)
    model = build_model(cfg.model, len(task.source), len(task.target))
    initialise(model, cfg.seed)
    return model.to(device)


def check_embeddings(node: DictConfig, task: Task) -> None:
    """Raises a UserError if a model has the same embeddings for two vocabularies."""
    if node.get("shared_embeddings") and task.source.state() != task.target.state():
        raise UserError(
            "model.shared_embeddings=true: source and target have vocabularies of their own; "
            "set task.joint_vocabulary=true"
        )


def check_build(node: DictConfig) -> None:
    """Builds `node`, unless an equal node has been built before: the jobs of a sweep have most parts in common.

    Raises:
        UserError: as `build`.
    """
    _build_once(as_text(node))


def check_task(node: DictConfig) -> None:
    """Makes the task of `node`, unless an equal one has been made before. Its files are read.

    Raises:
        UserError: as `build`.
    """
    _make_task_once(as_text(node), _contents(node))


def check_model(node: DictConfig) -> None:
    """Builds a small model of `node`, unless one of an equal node has been built before.

    Raises:
        UserError: as `build_model`.
    """
    _build_model_once(as_text(node))


@cache  # an error is not kept
def _build_once(plain: str) -> None:
    _build(json.loads(plain))


@cache
def _make_task_once(node: str, contents: tuple[tuple[str, str], ...]) -> None:
    _build_task(node, contents)  # the job finds it there, if it runs in this process


@cache
def _build_model_once(plain: str) -> None:
    try:
        build_model(DictConfig(json.loads(plain)), CHECKED_VOCABULARY, CHECKED_VOCABULARY)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error) or "overflow" in str(error):
            raise UserError(f"model: too large for this machine: {str(error).partition(chr(10))[0]}") from error
        raise


def build_compute(cfg: DictConfig) -> Compute:
    """The device and the precision of a job.

    Raises:
        UserError: the machine has no such device, or there is no such precision.
    """
    return Compute(build(cfg.device), cfg.precision)


def attention_node(node: DictConfig) -> DictConfig | None:
    """The first attention layer in the config of a model, whatever its key; None if there is none."""
    for child in node.values():
        if isinstance(child, DictConfig):
            layer = get_object(child._target_) is Attention
            if found := child if layer else attention_node(child):
                return found
    return None


def contender_plan(cfg: DictConfig) -> MeasurementPlan:
    """The contender of a cost job's config, and its lengths."""
    head_dim, grid = head_width(cfg.width, cfg.heads), build(cfg.cost)
    make = partial(_build, plain(cfg.contender), cfg.heads, head_dim)
    contender = make()
    setup = _setup(cfg, make, grid, cfg.heads, head_dim)
    if isinstance(contender, Workload):
        return MeasurementPlan(setup, grid, of="model")
    return MeasurementPlan(setup, grid, contender.attention if isinstance(contender, OwnAttention) else None)


def attention_plan(cfg: DictConfig) -> MeasurementPlan | None:
    """The attention of a training job's model alone (the first, if there are several); None if there is none."""
    node = attention_node(cfg.model)
    if node is None:
        return None
    make, grid = partial[Contender | Workload](_layer, plain(node), cfg.model.width), build(cfg.cost)
    attention = _layer(*make.args).attention
    setup = _setup(cfg, make, grid, attention.heads, cfg.model.width // attention.heads)
    return MeasurementPlan(setup, grid, attention)


def _layer(plain: Any, width: int) -> OwnAttention:
    return OwnAttention(_build(plain)(width))


def _setup(
    cfg: DictConfig, make: partial[Contender | Workload], grid: ScalingSettings, heads: int, head_dim: int
) -> ContenderSetup:
    return ContenderSetup(make, grid.batch_size, heads, head_dim, build(cfg.device), dtype(cfg.precision), cfg.seed)
