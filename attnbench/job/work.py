"""What a job does: it trains, evaluates and measures a model."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from omegaconf import DictConfig

from attnbench import checkpoint, record
from attnbench.device import autocast
from attnbench.errors import UserError
from attnbench.job.building import build, build_model, layer_entry
from attnbench.job.identity import parts
from attnbench.measure import excerpt, quiet
from attnbench.measure.alignment import alignments
from attnbench.measure.alignment_quality import alignment_quality
from attnbench.measure.peak import device_peak
from attnbench.measure.quality import evaluate
from attnbench.measure.step import measure_step
from attnbench.measure.turns import measure_in_turns
from attnbench.models.initialise import initialise
from attnbench.models.model import Model
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import Task
from attnbench.tracking import Run
from attnbench.training import Recipe, Stepper, fit

log = logging.getLogger(__name__)

CHECKED_VOCABULARY = 8  # types a side of the model that a check makes: as few as will do


@dataclass(frozen=True)
class Results:
    """The fields of a record that a job finds; what a command does not measure stays None."""

    training: record.Training | None = None
    quality: record.Quality | None = None
    beyond: record.Quality | None = None
    step: record.StepCost | None = None
    scaling: record.Scaling | None = None
    alignment: record.AlignmentQuality | None = None
    alignments: list[record.Alignment] = field(default_factory=list)
    regression: record.Regression | None = None


def train(cfg: DictConfig, folder: Path, tracked: Run) -> Results:
    """Trains a model, keeps its best weights, judges it on the test set, and measures what a step of it costs."""
    device, recipe = build(cfg.device), build(cfg.training)

    def seen(point: record.HistoryPoint) -> None:
        loss, bleu = point.validation_loss, point.validation_bleu
        log.info("update %d: loss %.3f, validation loss %.3f, BLEU %.1f", point.update, point.train_loss, loss, bleu)
        tracked.validation(point)

    with quiet.working() as breathe:
        task = build(cfg.task)
        model = build_model(cfg.model, len(task.source), len(task.target))
        initialise(model, cfg.seed)
        fitted = fit(
            model.to(device),
            task,
            recipe,
            seed=cfg.seed,
            device=device,
            precision=cfg.precision,
            progress=cfg.progress,
            breathe=breathe,
            report=seen,
        )
        weights = {name: tensor.cpu() for name, tensor in fitted.weights.items()}
        saved = checkpoint.Checkpoint(parts(cfg), weights, task.source, task.target)
        checkpoint.save(saved, folder / checkpoint.NAME)
        judged = _judge(cfg, folder, model, task, device)
        batch = Batches(task, task.train, recipe.batch_size, device).typical()
    with quiet.alone():
        step, scaling = _measure(cfg, model, batch, recipe, device)
    return replace(judged, training=fitted.account, step=step, scaling=scaling)


def check_training(cfg: DictConfig) -> None:
    """Makes all parts of the job but its sentences.

    Raises:
        UserError: a value that it would stumble over.
    """
    autocast(build(cfg.device), cfg.precision)
    for part in (cfg.training, cfg.search, cfg.cost):
        build(part)
    build_model(cfg.model, CHECKED_VOCABULARY, CHECKED_VOCABULARY)


def _judge(cfg: DictConfig, folder: Path, model: Model, task: Task, device: torch.device) -> Results:
    """Quality and alignments; all translations of the test set go to a file beside the record."""
    test = Batches(task, task.test, 2 * cfg.training.batch_size, device)
    with autocast(device, cfg.precision):
        quality, translations = evaluate(model, task, test, build(cfg.search), cfg.evaluation.samples)
        beyond = _judge_beyond(cfg, model, task, device)
        alignment = alignment_quality(model, task, excerpt.to_judge(task, cfg.evaluation.aligned))
        aligned = alignments(model, task, excerpt.to_show(task, cfg.evaluation.alignments))
    rows = [f"{pair.source}\t{pair.target}\t{text}\n" for pair, text in zip(task.test, translations, strict=True)]
    (folder / "translations.tsv").write_text("".join(["source\treference\thypothesis\n", *rows]), encoding="utf-8")
    return Results(quality=quality, beyond=beyond, alignment=alignment, alignments=aligned)


def _judge_beyond(cfg: DictConfig, model: Model, task: Task, device: torch.device) -> record.Quality | None:
    """Quality on sentences longer than any in training; None where there are none, or a table of the model ends."""
    if not task.beyond:
        return None
    # Half as many at once as of the test set: they are up to twice as long.
    batches = Batches(task, task.beyond, cfg.training.batch_size, device)
    try:
        return evaluate(model, task, batches, build(cfg.search), samples=0)[0]
    except UserError as error:
        log.warning("sentences beyond the training length are not judged: %s", error)
        return None


def _measure(
    cfg: DictConfig, model: Model, batch: Batch, recipe: Recipe, device: torch.device
) -> tuple[record.StepCost, record.Scaling | None]:
    """A training step of the whole model, and its attention (its first, of several) alone against the length."""
    stepper = Stepper(model, recipe, budget=recipe.warmup + 1, device=device, precision=cfg.precision)
    step = measure_step(stepper, batch, device, repetitions=cfg.cost.repetitions)
    entry = layer_entry(cfg)
    if entry is None:
        return step, None
    peak = device_peak(device, entry.setup.dtype)
    return step, replace(measure_in_turns([entry])[0], peak=peak)
