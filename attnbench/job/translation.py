"""The job of translation: it trains, evaluates and measures a model."""

import logging
import time
from dataclasses import replace
from pathlib import Path

import torch
from omegaconf import DictConfig

from attnbench import record
from attnbench.cost import machine_lock
from attnbench.device import Compute
from attnbench.errors import UserError
from attnbench.files import write_whole
from attnbench.job.build import (
    CHECKED_VOCABULARY,
    build,
    build_compute,
    build_initial_model,
    build_model,
    build_task,
    check_build,
    check_embeddings,
    check_model,
    check_task,
)
from attnbench.job.costs import job_costs
from attnbench.job.identity import parts
from attnbench.job.lengths import check_lengths
from attnbench.job.results import Folders, Results
from attnbench.job.threads import take_threads_that_pay
from attnbench.models.model import Model
from attnbench.quality import example_sentences
from attnbench.quality.alignment import alignments
from attnbench.quality.alignment_quality import alignment_quality
from attnbench.quality.evaluation import evaluate
from attnbench.tasks.batches import Batches, typical_batch
from attnbench.tasks.task import Task
from attnbench.tasks.text import as_cell
from attnbench.tracking.tracker import TrackedRun
from attnbench.training import checkpoint
from attnbench.training.fit import Callbacks, fit
from attnbench.training.soft_updates import SoftUpdates

log = logging.getLogger(__name__)


def train(cfg: DictConfig, folders: Folders, tracked: TrackedRun) -> Results:
    """Trains a model, keeps its best weights, evaluates it on the test set, and finds or measures what it costs.

    A trial is only trained and validated: it keeps no weights, and never sees the test set.
    """
    compute, recipe = build_compute(cfg), build(cfg.training)

    def validated(point: record.HistoryPoint) -> None:
        log.info("update %d: loss %.3f, validation loss %.3f", point.update, point.train_loss, point.validation_loss)
        tracked.validation(point)

    with machine_lock.shared() as pause:
        task = build_task(cfg.task)
        model = build_initial_model(cfg, task, compute.device)
        check_lengths(model, task)
        if cfg.device.threads is None and compute.device.type == "cpu" and torch.get_num_threads() > 1:
            batch = typical_batch(task, recipe.batch_size, recipe.batch_tokens, compute.device)
            take_threads_that_pay(model, recipe, batch, compute)
        callbacks = Callbacks(cfg.progress, pause, validated, tracked.update)
        fitted = fit(model, task, recipe, compute, seed=cfg.seed, callbacks=callbacks, kept=folders.training)
        if cfg.trial:
            return Results(training=fitted.account)
        weights = {name: tensor.cpu() for name, tensor in fitted.weights.items()}
        saved = checkpoint.Checkpoint(parts(cfg), weights, task.source, task.target)
        checkpoint.save(saved, folders.own / checkpoint.NAME)
        evaluated = _evaluate(cfg, folders.own, model, task, compute)
    costs = job_costs(cfg, model, task, folders.costs)
    return replace(evaluated, training=fitted.account, step=costs.step, scaling=costs.scaling)


def check_training(cfg: DictConfig) -> None:
    """Makes all parts of the job.

    Raises:
        UserError: a value with which the job would fail.
    """
    build_compute(cfg)
    for part in (cfg.training, cfg.search, cfg.cost):
        check_build(part)
    check_model(cfg.model)
    if build(cfg.training).most_updates(1) is None:  # then no part of the training may be a share of the updates
        SoftUpdates(build_model(cfg.model, CHECKED_VOCABULARY, CHECKED_VOCABULARY), None)
    check_task(cfg.task)
    if cfg.model.get("shared_embeddings"):
        check_embeddings(cfg.model, build_task(cfg.task))


def _evaluate(cfg: DictConfig, folder: Path, model: Model, task: Task, compute: Compute) -> Results:
    """Quality and alignments. All translations of the test set are written to a file beside the record."""
    begun, test = time.perf_counter(), Batches(task, task.test, 2 * cfg.training.batch_size, compute.device)
    with compute.products(), compute.autocast():
        quality, translations = evaluate(model, task, test, build(cfg.search), cfg.evaluation.samples)
        beyond = _evaluate_beyond(cfg, model, task, compute.device)
        alignment = alignment_quality(model, task, example_sentences.sentences_to_judge(task, cfg.evaluation.aligned))
        shown = example_sentences.sentences_to_show(task, cfg.evaluation.alignments)
        aligned = alignments(model, task, shown)
    found = list(zip(task.test, translations, strict=True))
    said = dict(found)
    aligned = [replace(each, translation=said[pair]) for each, pair in zip(aligned, shown, strict=True)]
    rows = [("source", "reference", "hypothesis"), *((pair.source, pair.target, text) for pair, text in found)]
    lines = ["\t".join(map(as_cell, row)) + "\n" for row in rows]
    write_whole(folder / "translations.tsv", "".join(lines).encode())
    evaluation_s = time.perf_counter() - begun
    return Results(evaluation_s, quality=quality, beyond=beyond, alignment=alignment, alignments=aligned)


def _evaluate_beyond(cfg: DictConfig, model: Model, task: Task, device: torch.device) -> record.Quality | None:
    """Quality on sentences longer than every training sentence; None if there are none, or if the model cannot read
    them.
    """
    if not task.beyond:
        return None
    # Half as many at once as in the test set, because they are up to twice as long.
    batches = Batches(task, task.beyond, cfg.training.batch_size, device)
    try:
        return evaluate(model, task, batches, build(cfg.search), samples=0)[0]
    except UserError as error:
        log.warning("sentences beyond the training length are not evaluated: %s", error)
        return None
