"""What a job does: `train` trains, evaluates and measures a model; `cost` measures an attention layer alone."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import torch
from omegaconf import DictConfig

from attnbench import checkpoint, record
from attnbench.device import autocast
from attnbench.job.building import build, build_model
from attnbench.job.identity import parts
from attnbench.measure import quiet
from attnbench.measure.quality import alignments, evaluate
from attnbench.measure.scaling import measure_scaling
from attnbench.measure.step import measure_step
from attnbench.models.initialise import initialise
from attnbench.models.rnn import RNN
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import Pair, Task
from attnbench.tracking import Run
from attnbench.training import Recipe, Stepper, fit

log = logging.getLogger(__name__)

ALIGNED_WORDS = 24  # source words of the longest sentence whose alignment is kept: as many as a heat map can label


@dataclass(frozen=True)
class Results:
    """The fields of a record that a job finds; what a command does not measure stays None."""

    training: record.Training | None = None
    quality: record.Quality | None = None
    step: record.StepCost | None = None
    scaling: record.Scaling | None = None
    alignments: list[record.Alignment] = field(default_factory=list)


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
        quality, aligned = _judge(cfg, folder, model, task, device)
        batch = Batches(task, task.train, recipe.batch_size, device).typical()
    with quiet.alone():
        step, scaling = _measure(cfg, model, batch, recipe, device)
    return Results(fitted.account, quality, step, scaling, aligned)


def cost(cfg: DictConfig, folder: Path, tracked: Run) -> Results:
    """Measures an attention layer at each length."""
    with quiet.alone():
        return Results(scaling=measure_scaling(build(cfg.attention), cfg.width, build(cfg.cost), build(cfg.device)))


def _judge(
    cfg: DictConfig, folder: Path, model: RNN, task: Task, device: torch.device
) -> tuple[record.Quality, list[record.Alignment]]:
    """Quality and alignments; all translations go to a file beside the record."""
    test = Batches(task, task.test, 2 * cfg.training.batch_size, device)
    with autocast(device, cfg.precision):
        quality, translations = evaluate(model, task, test, cfg.evaluation.samples)
        aligned = alignments(model, task, _short_pairs(task, cfg.evaluation.alignments), device)
    rows = [f"{pair.source}\t{pair.target}\t{text}\n" for pair, text in zip(task.test, translations, strict=True)]
    (folder / "translations.tsv").write_text("".join(["source\treference\thypothesis\n", *rows]), encoding="utf-8")
    return quality, aligned


def _measure(
    cfg: DictConfig, model: RNN, batch: Batch, recipe: Recipe, device: torch.device
) -> tuple[record.StepCost, record.Scaling | None]:
    """A training step of the whole model, and its attention alone against the length."""
    stepper = Stepper(model, recipe, budget=recipe.warmup + 1, device=device, precision=cfg.precision)
    step = measure_step(stepper, batch, device, repetitions=cfg.cost.repetitions)
    layer = cfg.model.decoder.get("attention")
    return step, None if layer is None else measure_scaling(build(layer), cfg.model.width, build(cfg.cost), device)


def _short_pairs(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread over those that are short enough to show."""
    by_length = sorted(task.test, key=lambda pair: len(pair.source.split()))
    short = [pair for pair in by_length if len(pair.source.split()) <= ALIGNED_WORDS] or by_length[:count]
    return [short[(i + 1) * len(short) // (count + 1)] for i in range(min(count, len(short)))]
