"""What a job does: it trains, evaluates and measures a model."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import torch
from omegaconf import DictConfig

from attnbench import checkpoint, record
from attnbench.device import autocast, dtype
from attnbench.job.building import attention_node, build, build_model
from attnbench.job.identity import parts
from attnbench.measure import quiet
from attnbench.measure.alignment import alignments
from attnbench.measure.contenders import Layer
from attnbench.measure.quality import evaluate
from attnbench.measure.step import measure_step
from attnbench.measure.trial import Entry
from attnbench.measure.turns import measure_in_turns
from attnbench.models.initialise import initialise
from attnbench.models.model import Model
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import Pair, Task
from attnbench.tracking import Run
from attnbench.training import Recipe, Stepper, fit

log = logging.getLogger(__name__)

CHECKED_VOCABULARY = 8  # types a side of the model that a check makes: as few as will do
ALIGNED_WORDS = 24  # source words of the longest sentence whose alignment is kept: as many as a heat map can label


@dataclass(frozen=True)
class Results:
    """The fields of a record that a job finds; what a command does not measure stays None."""

    training: record.Training | None = None
    quality: record.Quality | None = None
    step: record.StepCost | None = None
    scaling: record.Scaling | None = None
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
        quality, aligned = _judge(cfg, folder, model, task, device)
        batch = Batches(task, task.train, recipe.batch_size, device).typical()
    with quiet.alone():
        step, scaling = _measure(cfg, model, batch, recipe, device)
    return Results(fitted.account, quality, step, scaling, aligned)


def check_training(cfg: DictConfig) -> None:
    """Makes all parts of the job but its sentences.

    Raises:
        UserError: a value that it would stumble over.
    """
    autocast(build(cfg.device), cfg.precision)
    for part in (cfg.training, cfg.search, cfg.cost):
        build(part)
    build_model(cfg.model, CHECKED_VOCABULARY, CHECKED_VOCABULARY)


def _judge(
    cfg: DictConfig, folder: Path, model: Model, task: Task, device: torch.device
) -> tuple[record.Quality, list[record.Alignment]]:
    """Quality and alignments; all translations go to a file beside the record."""
    test = Batches(task, task.test, 2 * cfg.training.batch_size, device)
    with autocast(device, cfg.precision):
        quality, translations = evaluate(model, task, test, build(cfg.search), cfg.evaluation.samples)
        aligned = alignments(model, task, _short_pairs(task, cfg.evaluation.alignments))
    rows = [f"{pair.source}\t{pair.target}\t{text}\n" for pair, text in zip(task.test, translations, strict=True)]
    (folder / "translations.tsv").write_text("".join(["source\treference\thypothesis\n", *rows]), encoding="utf-8")
    return quality, aligned


def _measure(
    cfg: DictConfig, model: Model, batch: Batch, recipe: Recipe, device: torch.device
) -> tuple[record.StepCost, record.Scaling | None]:
    """A training step of the whole model, and its attention (its first, of several) alone against the length."""
    stepper = Stepper(model, recipe, budget=recipe.warmup + 1, device=device, precision=cfg.precision)
    step = measure_step(stepper, batch, device, repetitions=cfg.cost.repetitions)
    node = attention_node(cfg.model)
    if node is None:
        return step, None
    attention = build(node)(cfg.model.width)
    shape = attention.heads, cfg.model.width // attention.heads
    entry = Entry(Layer(attention), *shape, build(cfg.cost), device, dtype(cfg.precision), cfg.seed)
    return step, measure_in_turns([entry])[0]


def _short_pairs(task: Task, count: int) -> list[Pair]:
    """`count` test pairs, spread over those that are short enough to show."""
    by_length = sorted(task.test, key=lambda pair: len(pair.source.split()))
    short = [pair for pair in by_length if len(pair.source.split()) <= ALIGNED_WORDS] or by_length[:count]
    return [short[(i + 1) * len(short) // (count + 1)] for i in range(min(count, len(short)))]
