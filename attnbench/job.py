"""One point of the grid: builds task and model from the config, trains, evaluates, measures, writes one record.

A job never knows that it is part of a sweep.
"""

import hashlib
import json
import logging
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from attnbench import checkpoint, record
from attnbench.device import autocast
from attnbench.environment import describe
from attnbench.errors import UserError
from attnbench.measure import quiet
from attnbench.measure.memory import is_out_of_memory
from attnbench.measure.quality import alignments, evaluate
from attnbench.measure.scaling import measure_scaling
from attnbench.measure.step import measure_step
from attnbench.models.initialise import initialise
from attnbench.models.rnn import RNN
from attnbench.record import Factor, Record
from attnbench.tasks.batches import Batches
from attnbench.tasks.task import Pair, Task
from attnbench.tracking import Run
from attnbench.training import Stepper, fit

log = logging.getLogger(__name__)

# What each command reads of the config. All else enters through these, by interpolation, or does not bear on the result.
PARTS = {
    "train": ("task", "model", "training", "evaluation", "cost", "device", "precision", "seed"),
    "cost": ("attention", "width", "cost", "device", "seed"),
}
# What may be overridden without making it another job.
UNNAMED = {"seed", "sweep", "experiment", "force", "progress", "tracker", "attention", "measure", "cost"}
CHECKED_VOCABULARY = 8  # types a side of the model that `check` makes: as few as will do
ALIGNED_WORDS = 24  # source words of the longest sentence whose alignment is kept: as many as a heat map can label


@dataclass(frozen=True)
class Results:
    """What a command found; what it does not measure stays None."""

    training: record.Training | None = None
    quality: record.Quality | None = None
    step: record.StepCost | None = None
    scaling: record.Scaling | None = None
    alignments: tuple[record.Alignment, ...] = ()


def run(cfg: DictConfig) -> Record:
    """Runs one job and writes its record, whatever happens; a job that is finished already is not run again.

    Returns:
        The record, also of an earlier run.

    Raises:
        Exception: whatever made the job fail, once the record of it is written.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    key = job_key(cfg)
    if not cfg.force and (before := finished(folder / record.NAME, key)):
        log.info("finished already: %s", folder)
        return before
    blank = _blank_record(cfg, key)
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(OmegaConf.create(blank.config), folder / "config.yaml")
    begun = time.perf_counter()
    tracker = build(cfg.tracker)
    name = HydraConfig.get().job.override_dirname or "default"
    try:
        with tracker(name=f"{name}/seed={cfg.seed}", group=cfg.sweep, folder=folder, config=blank.config) as tracked:
            results = COMMANDS[cfg.command](cfg, folder, tracked)
            done = replace(blank, status="finished", error=None, **vars(results), duration_s=time.perf_counter() - begun)
            done = replace(done, environment=describe(build(cfg.device)), alignments=list(results.alignments))
            tracked.result(done)
    except Exception as error:
        log.debug("", exc_info=True)
        status = "out_of_memory" if is_out_of_memory(error) else "failed"
        text = str(error) if isinstance(error, UserError) else traceback.format_exception_only(error)[-1].strip()
        record.write(
            replace(blank, status=status, error=text, duration_s=time.perf_counter() - begun), folder / record.NAME
        )
        raise
    record.write(done, folder / record.NAME)
    return done


def check(cfg: DictConfig) -> None:
    """Makes all of a job that can be made in a moment, so that a bad value is told before anything runs.

    Raises:
        UserError: a value that the job would stumble over.
    """
    build(cfg.device)
    if cfg.command == "train":
        build(cfg.training)
        make_model(cfg.model, CHECKED_VOCABULARY, CHECKED_VOCABULARY)
    else:
        build(cfg.attention)(cfg.width)
    build(cfg.cost)


def job_key(cfg: DictConfig) -> str:
    """A hash of all that bears on the result: jobs with equal keys are the same job, under whatever name."""
    text = json.dumps([cfg.command, _parts(cfg)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def finished(path: Path, key: str) -> Record | None:
    """The record at `path`, if it is of the job with this key and it finished."""
    if not path.is_file():
        return None
    try:
        found = record.read(path)
    except record.RecordError:
        return None
    return found if found.key == key and found.status == "finished" else None


def build(node: DictConfig, *args: Any, **kwargs: Any) -> Any:
    """`hydra.utils.instantiate`, with what the user can put right raised as it was, not wrapped.

    Raises:
        UserError: from the constructor, or for a key that it does not know.
    """
    try:
        return instantiate(node, *args, **kwargs)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if isinstance(cause, TypeError):
            raise UserError(f"{node.get('_target_')}: {cause}") from error
        raise


def make_model(node: DictConfig, source_vocabulary: int, target_vocabulary: int) -> RNN:
    """The model that a config's `model` node describes, for vocabularies of these sizes."""
    try:
        return build(node)(source_vocabulary, target_vocabulary)
    except TypeError as error:
        raise UserError(f"model: {error}") from error


def _train(cfg: DictConfig, folder: Path, tracked: Run) -> Results:
    with quiet.working() as breathe:
        device, recipe = build(cfg.device), build(cfg.training)
        task: Task = build(cfg.task)
        model = make_model(cfg.model, len(task.source), len(task.target))
        initialise(model, cfg.seed)
        model.to(device)
        fitted = fit(
            model,
            task,
            recipe,
            seed=cfg.seed,
            device=device,
            precision=cfg.precision,
            progress=cfg.progress,
            breathe=breathe,
            report=tracked.validation,
        )
        weights = {name: tensor.cpu() for name, tensor in fitted.weights.items()}
        saved = checkpoint.Checkpoint(_parts(cfg), weights, task.source, task.target)
        checkpoint.save(saved, folder / checkpoint.NAME)
        test = Batches(task, task.test, 2 * recipe.batch_size, device)
        with autocast(device, cfg.precision):
            quality, translations = evaluate(model, task, test, cfg.evaluation.samples)
            aligned = alignments(model, task, _short_pairs(task, cfg.evaluation.alignments), device)
        lines = (f"{pair.source}\t{pair.target}\t{text}\n" for pair, text in zip(task.test, translations, strict=True))
        (folder / "translations.tsv").write_text("".join(["source\treference\thypothesis\n", *lines]), encoding="utf-8")
    with quiet.alone():
        stepper = Stepper(model, recipe, budget=recipe.warmup + 1, device=device, precision=cfg.precision)
        batch = Batches(task, task.train, recipe.batch_size, device).typical()
        step = measure_step(stepper, batch, device, repetitions=cfg.cost.repetitions)
        layer = cfg.model.decoder.get("attention")
        scaling = None if layer is None else measure_scaling(build(layer), cfg.model.width, build(cfg.cost), device)
    return Results(fitted.account, quality, step, scaling, tuple(aligned))


def _cost(cfg: DictConfig, folder: Path, tracked: Run) -> Results:
    with quiet.alone():
        return Results(scaling=measure_scaling(build(cfg.attention), cfg.width, build(cfg.cost), build(cfg.device)))


COMMANDS: dict[str, Callable[[DictConfig, Path, Run], Results]] = {"train": _train, "cost": _cost}


def _short_pairs(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread over those that are short enough to show."""
    by_length = sorted(task.test, key=lambda pair: len(task.source.encode(pair.source)))
    short = [pair for pair in by_length if len(task.source.encode(pair.source)) <= ALIGNED_WORDS] or by_length[:count]
    return [short[(i + 1) * len(short) // (count + 1)] for i in range(min(count, len(short)))]


def _parts(cfg: DictConfig) -> dict[str, Any]:
    """The resolved config of all that the command reads."""
    parts = {name: cfg[name] for name in PARTS[cfg.command]}
    return {
        name: OmegaConf.to_container(part, resolve=True) if OmegaConf.is_config(part) else part
        for name, part in parts.items()
    }


def _factors(cfg: DictConfig) -> dict[str, Factor]:
    """What names this job: the choice of each group, the plain values that shape it, and what was overridden besides."""
    hydra = HydraConfig.get()
    attention = cfg.attention if cfg.command == "cost" else cfg.model.decoder.get("attention")
    unused = UNNAMED | (set() if attention is not None else set(cfg.attention))
    if "segmentation" not in cfg.get("task", {}):
        unused = unused | {"segmentation"}
    names = [name for name in hydra.runtime.choices if name in cfg and "/" not in name]
    named = {name: hydra.runtime.choices[name] for name in names}
    named |= {name: cfg[name] for name in ("heads", "length", "precision") if name in cfg}
    for override in hydra.overrides.task:
        key = override.partition("=")[0].lstrip("+~")
        if key not in hydra.runtime.choices and not OmegaConf.is_config(OmegaConf.select(cfg, key)):
            named[key] = OmegaConf.select(cfg, key)
    return {name: value for name, value in named.items() if name.partition(".")[0] not in unused}


def _blank_record(cfg: DictConfig, key: str) -> Record:
    """The record of a job that has not found anything yet."""
    return Record(
        version=record.VERSION,
        key=key,
        command=cfg.command,
        sweep=cfg.sweep,
        status="failed",
        error=None,
        factors=_factors(cfg),
        overrides=list(HydraConfig.get().overrides.task),
        seed=cfg.seed,
        config=_parts(cfg),
        environment=describe(torch.device("cpu")),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=0.0,
        training=None,
        quality=None,
        step=None,
        scaling=None,
        alignments=[],
    )
