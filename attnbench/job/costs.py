"""What a job's attention and its training step cost: measured once, and kept in a file for all jobs that share them.

Many jobs of a sweep have the same attention, or the same model and the same batch. The seed, the learning rate and the
length of the sentences change nothing about an attention alone.
"""

import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch
from omegaconf import DictConfig

from attnbench.cost import machine_lock
from attnbench.cost.device_peak import device_peak
from attnbench.cost.interleaving import measure_interleaved
from attnbench.cost.measurement import MeasurementPlan
from attnbench.cost.step import measure_step
from attnbench.device import Compute
from attnbench.environment import describe
from attnbench.files import write_whole
from attnbench.generator_seed import generator_seed
from attnbench.job.build import (
    as_text,
    attention_node,
    attention_plan,
    build,
    build_compute,
    build_initial_model,
    build_task,
    plain,
)
from attnbench.models.model import Model
from attnbench.record import Scaling, StepCost
from attnbench.tasks.batches import Batch, typical_batch
from attnbench.tasks.task import Task
from attnbench.training.step import TrainingStep

T = TypeVar("T", Scaling, StepCost)

FOLDER = "costs"  # in the folder of a sweep


@dataclass(frozen=True)
class Costs:
    """The costs of a job: of a training step of the whole model, and of its attention alone, if it has one."""

    step: StepCost
    scaling: Scaling | None


def job_costs(cfg: DictConfig, model: Model, task: Task, folder: Path | None) -> Costs:
    """The costs of a job, from the files of a folder, or measured now.

    Args:
        cfg: of the job.
        model: of the job; it is trained a little further if it is measured.
        task: of the job.
        folder: where costs are kept; None keeps and reads none.
    """
    compute, plan = build_compute(cfg), attention_plan(cfg)
    batch = typical_batch(task, cfg.training.batch_size, cfg.training.batch_tokens, compute.device)
    step = _find(folder, step_key(cfg, task, batch), StepCost) if folder else None
    scaling = _find(folder, attention_key(cfg), Scaling) if folder and plan else None
    if step and (scaling or not plan):
        return Costs(step, scaling)
    with machine_lock.exclusive():
        step = step or _measure_step(cfg, model, batch, compute)
        if plan and not scaling:
            [scaling] = _measure_attentions([plan], compute, lambda remaining_s: None)
    return Costs(step, scaling)


def measure_costs(cfgs: Sequence[DictConfig], folder: Path, seen: Callable[[str], object]) -> None:
    """Measures what is not in the folder yet: each distinct attention, in turns, and each distinct training step.

    Nothing else of ours runs in the meantime. If a job is forced, everything is measured again.

    Args:
        cfgs: of the jobs.
        folder: where costs are kept.
        seen: is called now and then with a text that says what is done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(cfg.force for cfg in cfgs):
        for path in folder.glob("*.json"):
            path.unlink()
    with machine_lock.exclusive(), _frozen():
        _keep_attentions(cfgs, folder, seen)
        _keep_steps(cfgs, folder, seen)


@contextmanager
def _frozen() -> Iterator[None]:
    """In this context, the garbage collection before each measurement of memory leaves out all that is there now."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def attention_key(cfg: DictConfig) -> str:
    """A hash of everything that bears on the cost of the attention alone."""
    node = attention_node(cfg.model)
    assert node is not None
    return _key(cfg, "attention", plain(node), cfg.model.width)


def step_key(cfg: DictConfig, task: Task, batch: Batch) -> str:
    """A hash of everything that bears on the cost of a training step: the model, the loss, the shape of the batch."""
    shapes = [len(task.source), len(task.target), *batch.source.shape, *batch.target.shape, batch.target_tokens]
    return _key(cfg, "step", plain(cfg.model), plain(cfg.training.loss), cfg.training.teacher_forcing, shapes)


def _key(cfg: DictConfig, *parts: Any) -> str:
    """A hash of `parts`, of how they are measured, and of the machine."""
    everything = [*parts, plain(cfg.cost), cfg.precision, _machine(build(cfg.device)), torch.get_num_threads()]
    return f"{parts[0]}-{hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:16]}"


@cache
def _machine(device: torch.device) -> list[Any]:
    here = describe(device)
    return [here.packages, here.git_commit, here.processor, here.cores, here.device_name]


def _find(folder: Path, key: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode((folder / f"{key}.json").read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _keep(folder: Path, key: str, found: Scaling | StepCost) -> None:
    write_whole(folder / f"{key}.json", msgspec.json.encode(found))


def _keep_attentions(cfgs: Sequence[DictConfig], folder: Path, seen: Callable[[str], object]) -> None:
    """One group after another: those on one device and in one precision are measured in turns."""
    groups: dict[Compute, dict[str, MeasurementPlan]] = {}
    for cfg in cfgs:
        if (plan := attention_plan(cfg)) and not _find(folder, key := attention_key(cfg), Scaling):
            groups.setdefault(build_compute(cfg), {})[key] = plan
    for compute, plans in groups.items():
        name = "1 attention" if len(plans) == 1 else f"{len(plans)} attentions"
        found = _measure_attentions(
            list(plans.values()), compute, lambda left_s, name=name: seen(f"{name}, about {left_s:.0f} s left")
        )
        for key, scaling in zip(plans, found, strict=True):
            _keep(folder, key, scaling)


def _measure_attentions(
    plans: Sequence[MeasurementPlan], compute: Compute, seen: Callable[[float], object]
) -> list[Scaling]:
    peak = device_peak(compute.device, plans[0].setup.dtype)
    return [replace(scaling, peak=peak) for scaling in measure_interleaved(plans, seen=seen)]


def _keep_steps(cfgs: Sequence[DictConfig], folder: Path, seen: Callable[[str], object]) -> None:
    in_order = sorted(cfgs, key=lambda cfg: as_text(cfg.task))
    for number, (_, group) in enumerate(groupby(in_order, lambda cfg: plain(cfg.task)), start=1):
        jobs = list(group)
        task = build_task(jobs[0].task)
        typical = cache(partial(typical_batch, task))
        for cfg in jobs:
            seen(f"training steps, task {number}")
            compute = build_compute(cfg)
            batch = typical(cfg.training.batch_size, cfg.training.batch_tokens, compute.device)
            if not _find(folder, key := step_key(cfg, task, batch), StepCost):
                model = build_initial_model(cfg, task, compute.device)
                with suppress(Exception):  # the job fails in the same way, and its record says why
                    _keep(folder, key, _measure_step(cfg, model, batch, compute))


def _measure_step(cfg: DictConfig, model: Model, batch: Batch, compute: Compute) -> StepCost:
    torch.manual_seed(generator_seed(cfg.seed))
    step = TrainingStep(model, build(cfg.training), compute)
    return measure_step(step, batch, compute.device, repetitions=cfg.cost.repetitions)
